"""The scores of small networks against values that are computed in another way."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from nasbench_lab.benchmarks.training.scores import grad_norm, jacob_cov, naswot, score_names, synflow


def batch(count=6, size=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(count, 3, size, size, generator=generator, dtype=torch.float64)
    return images, torch.randint(4, (count,), generator=generator)


def small_network():
    torch.manual_seed(3)
    layers = [nn.Conv2d(3, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 4)]
    return nn.Sequential(*layers).double()


def test_there_are_four():
    assert score_names() == ("grad_norm", "jacob_cov", "naswot", "synflow")


# grad_norm


def test_grad_norm_by_finite_differences():
    images, labels = batch()
    network = small_network()
    step, expected = 1e-5, 0.0
    for weights in (network[0].weight, network[4].weight):
        flat = weights.data.view(-1)
        slopes = []
        for i in range(len(flat)):
            value, losses = flat[i].item(), []
            for moved in (value + step, value - step):
                flat[i] = moved
                with torch.no_grad():
                    losses.append(functional.cross_entropy(network(images), labels).item())
            flat[i] = value
            slopes.append((losses[0] - losses[1]) / (2 * step))
        expected += float(np.linalg.norm(slopes))
    assert grad_norm.score(network, images, labels) == pytest.approx(expected, rel=1e-6)


def test_grad_norm_of_what_the_loss_does_not_reach_is_nothing():
    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.unused, self.bias = nn.Linear(3, 3), nn.Parameter(torch.zeros(4))

        def forward(self, images):
            return self.bias.expand(len(images), 4)

    assert grad_norm.score(Constant(), *batch()) == 0


# synflow


def test_synflow_by_hand():
    """Two dense layers on a single pixel: each layer's flow is the sum of |b_j a_j| over hidden units."""
    first, second = nn.Linear(1, 2, bias=False), nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[2.0], [-3.0]]))
        second.weight.copy_(torch.tensor([[-5.0, 7.0]]))
    network = nn.Sequential(nn.Flatten(), first, nn.ReLU(), second)
    flow = 2 * 5 + 3 * 7
    images, labels = torch.full((4, 1, 1, 1), -9.0), torch.zeros(4, dtype=torch.long)
    assert synflow.score(network, images, labels) == pytest.approx(math.log(1 + 2 * flow))


def test_synflow_with_a_bias_and_normalisation():
    """The bias flows, too, but is not counted; batch normalisation is as if it were not there."""
    dense = nn.Linear(1, 1)
    with torch.no_grad():
        dense.weight.fill_(-2.0)
        dense.bias.fill_(-4.0)
    last = nn.Linear(1, 1, bias=False)
    nn.init.constant_(last.weight, 3.0)
    middle = nn.Sequential(nn.BatchNorm1d(1), nn.ReLU())
    network = nn.Sequential(nn.Flatten(), dense, middle, last)
    expected = 2 * 3 + 3 * (2 + 4)
    found = synflow.score(network, torch.zeros(2, 1, 1, 1), torch.zeros(2, dtype=torch.long))
    assert found == pytest.approx(math.log(1 + expected))


def test_synflow_of_a_network_that_passes_nothing_on():
    last = nn.Linear(48, 4, bias=False)
    network = nn.Sequential(nn.Flatten(), last)
    nn.init.zeros_(last.weight)
    assert synflow.score(network, *batch()) == 0


def test_synflow_of_a_deep_network_is_finite():
    """Single precision would overflow."""
    layers = [nn.Linear(48, 48, bias=False) for _ in range(60)]
    for layer in layers:
        nn.init.ones_(layer.weight)
    found = synflow.score(nn.Sequential(nn.Flatten(), *layers), *batch())
    assert found == pytest.approx(61 * math.log(48) + math.log(60))


# naswot


class Functions(nn.Module):
    """One rectifier of each kind that PyTorch knows."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.ModuleList(nn.Linear(48, 48) for _ in range(5))

    def hidden(self, images):
        """The units before each rectifier."""
        x, seen = images.flatten(1), []
        for layer in self.layers:
            seen.append(layer(x))
            x = seen[-1].clamp(min=0)
        return seen

    def forward(self, images):
        a, b, c, d, e = self.layers
        x = functional.relu(a(images.flatten(1)))
        x = nn.ReLU(inplace=True)(b(x))
        x = torch.relu(c(x))
        x = d(x).relu()
        return e(x).relu_()


def test_naswot_is_the_kernel_of_equal_units():
    images, labels = batch(count=5)
    network = Functions().double()
    with torch.no_grad():
        on = torch.cat(network.hidden(images), dim=1).numpy() > 0
    hamming = np.array([[(one != other).sum() for other in on] for one in on])
    expected = np.log(np.linalg.det((on.shape[1] - hamming).astype(float)))
    assert naswot.score(network, images, labels) == pytest.approx(expected)


def test_naswot_without_a_difference_between_images():
    images, labels = batch()
    same = images[:1].expand(6, -1, -1, -1)
    assert naswot.score(Functions().double(), same, labels) == -math.inf


def test_naswot_without_rectifiers():
    network = nn.Sequential(nn.Flatten(), nn.Linear(48, 4), nn.Tanh()).double()
    assert math.isnan(naswot.score(network, *batch()))


# jacob_cov


def test_jacob_cov_of_a_network_of_one_dense_layer():
    """Every image has the same gradient: one eigenvalue is the number of images, the others are 0."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(48, 4)).double()
    values = np.array([6.0] + [0.0] * 5) + 1e-5
    expected = -np.sum(np.log(values) + 1 / values)
    assert jacob_cov.score(network, *batch()) == pytest.approx(expected, rel=1e-3)


def test_jacob_cov_by_finite_differences():
    images, labels = batch(count=4)
    network = nn.Sequential(nn.Flatten(), nn.Linear(48, 20), nn.Tanh(), nn.Linear(20, 4)).double()
    step, rows = 1e-5, np.zeros((4, 48))
    with torch.no_grad():
        for i in range(48):
            moved = torch.zeros(48, dtype=torch.float64)
            moved[i] = step
            moved = moved.view(3, 4, 4)
            rows[:, i] = (network(images + moved) - network(images - moved)).sum(dim=1) / (2 * step)
    values = np.linalg.eig(np.corrcoef(rows))[0] + 1e-5
    expected = -np.sum(np.log(values) + 1 / values)
    assert jacob_cov.score(network, images, labels) == pytest.approx(expected, rel=1e-6)
    assert images.grad is None


def test_jacob_cov_without_a_gradient():
    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(4))

        def forward(self, images):
            return self.bias.expand(len(images), 4)

    assert math.isnan(jacob_cov.score(Constant(), *batch()))
