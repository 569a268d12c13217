"""Counts against numbers worked out by hand."""

import pytest
import torch
from torch import nn

from nasbench_lab.benchmarks.training.networks import Shape
from nasbench_lab.benchmarks.training.networks.count import count

SHAPE = Shape(channels=1, stages=1, cells=1, image_size=8)


@pytest.mark.parametrize(
    ("layer", "parameters", "flops"),
    [
        (nn.Conv2d(3, 16, 3, padding=1, bias=False), 3 * 16 * 9, 8 * 8 * 3 * 16 * 9),
        (nn.Conv2d(3, 16, 3, stride=2, padding=1), 3 * 16 * 9 + 16, 4 * 4 * 3 * 16 * 9),
        (nn.Conv2d(3, 6, 5, groups=3), 6 * 25 + 6, 4 * 4 * 6 * 25),
        (nn.Sequential(nn.Flatten(), nn.Linear(192, 10)), 192 * 10 + 10, 192 * 10),
        (nn.BatchNorm2d(3), 6, 0),
        (nn.MaxPool2d(2), 0, 0),
    ],
    ids=str,
)
def test_counted_by_hand(layer, parameters, flops):
    found = count(layer, SHAPE)
    assert found.parameters == pytest.approx(parameters / 1e6)
    assert found.flops == pytest.approx(flops / 1e6)


def test_a_layer_used_twice_costs_twice():
    layer = nn.Conv2d(3, 3, 1, bias=False)
    assert count(nn.Sequential(layer, layer), SHAPE) == pytest.approx((9e-6, 2 * 64 * 9e-6))


def test_what_is_not_trained_is_no_parameter():
    layer = nn.Conv2d(3, 3, 1, bias=False).requires_grad_(False)
    assert count(layer, SHAPE) == pytest.approx((0, 64 * 9e-6))


def test_the_network_stays_as_it_is():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout(0.5))
    before = {name: values.clone() for name, values in network.state_dict().items()}
    count(network, SHAPE)
    assert network.training
    assert all(module.training and not module._forward_hooks for module in network.modules())
    assert all(torch.equal(before[name], values) for name, values in network.state_dict().items())
