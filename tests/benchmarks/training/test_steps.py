from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from nasbench_lab.benchmarks.training.steps import Steps
from tests.live_training import TINY

CPU = torch.device("cpu")
RECIPE = replace(TINY, train_images=1000, batch_size=50, epochs=5, nesterov=False)
IMAGES, LABELS = torch.ones(2, 1), torch.zeros(2, dtype=torch.long)


def rates(recipe, count):
    """Learning rate and momentum of each step, and the learning rate after the last step."""
    network = nn.Linear(1, 2)
    steps = Steps(recipe, network, CPU)
    optimizer = steps.parts[0]
    (group,) = optimizer.param_groups
    course = []
    optimizer.register_step_pre_hook(lambda *_: course.append((group["lr"], group["momentum"])))
    for _ in range(count):
        steps.take(network, IMAGES, LABELS)
    return np.array(course).T, group["lr"]


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
def test_cosine_falls_to_nothing(optimizer):
    recipe = replace(RECIPE, optimizer=optimizer, schedule="cosine", learning_rate=0.4)
    (course, momentum), left = rates(recipe, 100)
    np.testing.assert_allclose(course, 0.2 * (1 + np.cos(np.pi * np.arange(100) / 100)), rtol=1e-9)
    assert left == pytest.approx(0, abs=1e-12)
    assert set(momentum) == {0.9}


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
def test_one_cycle_rises_and_falls(optimizer):
    recipe = replace(RECIPE, optimizer=optimizer, schedule="one_cycle", learning_rate=0.5)
    (course, momentum), _ = rates(recipe, 100)
    assert course[0] == pytest.approx(0.5 / 25)
    assert course.max() == course[29] == pytest.approx(0.5)
    assert (np.diff(course[:30]) > 0).all()
    assert (np.diff(course[29:]) < 0).all()
    assert course[-1] == pytest.approx(0.5 / 25 / 1e4)
    assert (momentum[0], momentum[29], momentum[-1]) == pytest.approx((0.95, 0.85, 0.95))


@pytest.mark.parametrize(("momentum", "least", "most"), [(0.9, 0.85, 0.95), (0.5, 0.45, 0.55), (0, 0, 0)])
def test_one_cycle_takes_the_momentum_of_the_recipe(momentum, least, most):
    (_, course), _ = rates(replace(RECIPE, momentum=momentum), 100)
    assert (course.min(), course.max()) == (least, most)


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_after_its_end_the_schedule_begins_again(schedule):
    course, _ = rates(replace(RECIPE, schedule=schedule), 250)
    np.testing.assert_array_equal(course[:, 100:200], course[:, :100])
    np.testing.assert_array_equal(course[:, 200:], course[:, :50])


def test_a_step_is_that_of_gradient_descent():
    recipe = replace(RECIPE, momentum=0, weight_decay=0, schedule="cosine", learning_rate=0.3)
    network = nn.Linear(1, 2)
    before = [weights.detach().clone() for weights in network.parameters()]
    expected = cross_entropy(network(IMAGES), LABELS)
    gradients = torch.autograd.grad(expected, list(network.parameters()))
    loss = Steps(recipe, network, CPU).take(network, IMAGES, LABELS)
    assert loss == expected
    assert not loss.requires_grad
    for old, gradient, new in zip(before, gradients, network.parameters(), strict=True):
        torch.testing.assert_close(new, old - 0.3 * gradient)
