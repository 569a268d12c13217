"""Rules for every network; a new file in `benchmarks/training/networks` is tested automatically."""

import numpy as np
import pytest
import torch
from torch import nn

from nasbench_lab.benchmarks.training.networks import Shape, build_network, spaces_with_networks
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import find_space

pytestmark = pytest.mark.parametrize("space", spaces_with_networks())


def drawn(space: str, number: int):
    rng = np.random.default_rng(11)
    return [find_space(space).sample(rng) for _ in range(number)]


def small(**more) -> Shape:
    return Shape(**{"channels": 8, "stages": 2, "cells": 1, "image_size": 8} | more)


@pytest.mark.parametrize(
    "shape",
    [small(), small(image_size=13, classes=7, image_channels=1), small(image_size=32, stages=3)],
    ids=str,
)
def test_images_become_classes_and_gradients_are_finite(space, shape):
    for architecture in drawn(space, 3):
        torch.manual_seed(0)
        network = build_network(space, architecture, shape)
        images = torch.randn(3, shape.image_channels, shape.image_size, shape.image_size)
        classes = network(images)
        assert classes.shape == (3, shape.classes)
        nn.functional.cross_entropy(classes, torch.arange(3)).backward()
        for weights in network.parameters():
            assert weights.grad is None or torch.isfinite(weights.grad).all()
        assert any(weights.grad is not None and weights.grad.any() for weights in network.parameters())
        assert network.eval()(images[:1]).shape == (1, shape.classes)


def test_weights_follow_the_seed(space):
    (architecture,) = drawn(space, 1)

    def first_weights(seed):
        torch.manual_seed(seed)
        return torch.cat(
            [weights.flatten() for weights in build_network(space, architecture, small()).parameters()]
        )

    assert torch.equal(first_weights(1), first_weights(1))
    assert not torch.equal(first_weights(1), first_weights(2))


def test_batch_normalisation_is_as_asked(space):
    shape = small(batch_norm_momentum=0.003, batch_norm_epsilon=1e-3)
    for architecture in drawn(space, 4):
        for module in build_network(space, architecture, shape).modules():
            if isinstance(module, nn.BatchNorm2d):
                assert (module.momentum, module.eps) == (0.003, 1e-3)


def test_other_spaces_are_refused(space):
    with pytest.raises(UsageError, match=rf"of nats cannot be trained here; those of .*{space}.* can"):
        build_network("nats", (0,), small())
