"""Networks of plain chains: their layers, and the smallest images they take."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nasbench_lab.benchmarks.training.networks import Shape
from nasbench_lab.benchmarks.training.networks.chain import network
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces.chain import SPACES

(space,) = SPACES


def shape(size=32, **more) -> Shape:
    return Shape(channels=1, stages=1, cells=1, image_size=size, **more)


def built(text, size=32):
    return network(space.parse(text), shape(size))


def test_layers_are_those_of_the_text():
    layers = built("conv3x3-32-s2-relu|pool|conv5x5-16-s1-tanh|dropout-0.5|fc-128-sigmoid|dropout-0.25")
    kinds = [nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.Conv2d, nn.BatchNorm2d, nn.Tanh, nn.Dropout]
    kinds += [nn.Flatten, nn.Linear, nn.Sigmoid, nn.Dropout, nn.Flatten, nn.Linear]
    assert [type(layer) for layer in layers] == kinds
    assert (layers[0].kernel_size, layers[0].stride, layers[0].out_channels) == ((3, 3), (2, 2), 32)
    assert (layers[4].kernel_size, layers[4].stride, layers[4].out_channels) == ((5, 5), (1, 1), 16)
    assert (layers[7].p, layers[11].p) == (0.5, 0.25)
    assert (layers[9].in_features, layers[9].out_features) == (16 * 8 * 8, 128)
    assert (layers[-1].in_features, layers[-1].out_features) == (128, 10)


@pytest.mark.parametrize(
    "text",
    [
        "fc-64-relu",
        "conv3x3-16-s1-sigmoid",
        "conv5x5-64-s2-tanh|pool|conv3x3-16-s2-relu",
        "conv3x3-16-s1-relu|pool|conv3x3-16-s2-relu|pool|conv5x5-16-s1-relu|fc-64-tanh|fc-64-tanh",
    ],
)
@pytest.mark.parametrize("size", [8, 9, 15, 32])
def test_small_and_odd_images_are_taken(text, size):
    assert built(text, size)(torch.randn(2, 3, size, size)).shape == (2, 10)


@given(seed=st.integers(0, 2**32 - 1), size=st.integers(8, 32))
@settings(max_examples=15)
def test_any_architecture_takes_any_image_size(seed, size):
    architecture = space.sample(np.random.default_rng(seed))
    with torch.device("meta"):
        assert network(architecture, shape(size))(torch.empty(2, 3, size, size)).shape == (2, 10)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_equal_architectures_have_equal_networks(seed):
    architecture = space.sample(np.random.default_rng(seed))
    with torch.device("meta"):
        assert str(network(architecture, shape())) == str(network(space.canonical(architecture), shape()))


def test_smaller_images_are_refused():
    with pytest.raises(UsageError, match="take images of 8 pixels a side or more; received 7"):
        built("fc-64-relu", 7)
