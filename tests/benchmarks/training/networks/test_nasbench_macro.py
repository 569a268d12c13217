"""NAS-Bench-Macro networks against their published sizes."""

import gzip
import json
from typing import Any

import pytest
import torch
from torch import nn

from nasbench_lab.benchmarks.training.networks import Shape
from nasbench_lab.benchmarks.training.networks.count import count
from nasbench_lab.benchmarks.training.networks.nasbench_macro import network
from nasbench_lab.spaces.nasbench_macro import SPACES

(space,) = SPACES
PUBLISHED = Shape(channels=32, stages=3, cells=3)


def counted(text, shape=PUBLISHED):
    with torch.device("meta"):
        return count(network(space.parse(text), shape), shape)


def test_published_parameters_and_flops(published_data):
    with gzip.open(published_data / "nasbench-macro" / "nas-bench-macro_cifar10.json.gz", "rt") as file:
        published = json.load(file)
    for text in ["00000000", "11111111", "22222222", *list(published)[::150]]:
        found = counted(text)
        assert round(found.parameters * 1e6) == published[text]["params"]
        assert round(found.flops * 1e6) == published[text]["flops"]


def test_identities_within_a_stage_are_nothing():
    assert counted("00102202") == counted("00120220")
    identities = network(space.parse("00000000"), PUBLISHED)
    assert sum(isinstance(module, nn.Conv2d) for module in identities.modules()) == 1 + 3 + 1


@pytest.mark.parametrize(("size", "left"), [(8, 1), (13, 2), (32, 4)])
def test_three_stages_halve_the_resolution(size, left):
    layers: Any = network(space.parse("12012012"), Shape(channels=8, stages=3, cells=1))
    before_pooling = layers[: [isinstance(layer, nn.AdaptiveAvgPool2d) for layer in layers].index(True)]
    assert before_pooling(torch.randn(2, 3, size, size)).shape == (2, 40 * 8, left, left)


def test_a_block_adds_its_input_only_where_it_fits():
    layers: Any = network(space.parse("11111111"), Shape(channels=8, stages=3, cells=1))
    blocks = [layer for layer in layers if hasattr(layer, "residual")]
    assert [block.residual for block in blocks] == [False, True, False, True, True, False, True, True]
    block = blocks[1].eval()
    nn.init.zeros_(block.layers[-1].weight)
    images = torch.randn(2, 16, 4, 4)
    assert torch.equal(block(images), images)
