"""RMSProp against TensorFlow's formula, written a second time in NumPy."""

from typing import Any

import numpy as np
import pytest
import torch

from nasbench_lab.benchmarks.training.rmsprop import TensorFlowRMSprop

RATES = (0.2, 0.15, 0.05, 0.0, 0.1)


def tensorflow_steps(start, gradients, rates, *, decay, momentum, epsilon, weight_decay):
    """Steps of `tf.train.RMSPropOptimizer` of TensorFlow 1, from the docstring of its `rmsprop.py`.

        mean_square = decay * mean_square{t-1} + (1-decay) * gradient ** 2
        mom = momentum * mom{t-1} + learning_rate * g_t / sqrt(mean_square + epsilon)
        delta = - mom

    `ones_initializer` makes its slot `rms`; its slot `momentum` starts at zero. NASBench's loss includes
    `weight_decay * l2_loss(weights)`, whose gradient is `weight_decay * weights`.
    """
    weights, mean_square, mom = start.astype(np.float64), np.ones(start.shape), np.zeros(start.shape)
    for gradient, rate in zip(gradients, rates, strict=True):
        whole = gradient + weight_decay * weights
        mean_square = decay * mean_square + (1 - decay) * whole**2
        mom = momentum * mom + rate * whole / np.sqrt(mean_square + epsilon)
        weights = weights - mom
    return weights


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("epsilon", [1.0, 1e-10])
@pytest.mark.parametrize("weight_decay", [0.0, 1e-2])
def test_steps_are_those_of_tensorflow(momentum, epsilon, weight_decay):
    rng = np.random.default_rng(0)
    start = rng.normal(size=(3, 4))
    # Gradients from tiny to large show whether epsilon is under the root, and how the state starts.
    gradients = rng.normal(size=(5, 3, 4)) * np.array([1e-3, 1, 10, 100, 0.1])[:, None, None]
    weights = torch.nn.Parameter(torch.from_numpy(start.copy()))
    idle = torch.nn.Parameter(torch.ones(2))
    optimizer = TensorFlowRMSprop(
        [weights, idle], lr=RATES[0], momentum=momentum, weight_decay=weight_decay, epsilon=epsilon
    )
    for gradient, rate in zip(gradients, RATES, strict=True):
        optimizer.param_groups[0]["lr"] = rate
        weights.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
        assert np.array_equal(weights.grad.numpy(), gradient)
    settings = {"decay": 0.9, "momentum": momentum, "epsilon": epsilon, "weight_decay": weight_decay}
    expected = tensorflow_steps(start, gradients, RATES, **settings)
    np.testing.assert_allclose(weights.detach().numpy(), expected, rtol=1e-12)
    assert torch.equal(idle, torch.ones(2))


def test_it_is_not_the_one_of_pytorch():
    """With the published epsilon of 1, the two differ by far more than rounding."""
    steps = []
    kind: Any
    for kind, settings in ((TensorFlowRMSprop, {}), (torch.optim.RMSprop, {"alpha": 0.9, "eps": 1.0})):
        weights = torch.nn.Parameter(torch.zeros(1))
        weights.grad = torch.full((1,), 10.0)
        kind([weights], lr=1.0, momentum=0.0, weight_decay=0.0, **settings).step()
        steps.append(-weights.item())
    assert steps == pytest.approx([10 / (0.9 + 10 + 1) ** 0.5, 10 / (10**0.5 + 1)])


def test_goes_on_from_its_state():
    def two_steps(interrupted):
        weights = torch.nn.Parameter(torch.ones(3))
        optimizer = TensorFlowRMSprop([weights], lr=0.1, momentum=0.9, weight_decay=1e-4)
        for value in (1.0, -2.0):
            weights.grad = torch.full((3,), value)
            optimizer.step()
            if interrupted:
                state = optimizer.state_dict()
                optimizer = TensorFlowRMSprop([weights], lr=0.3, momentum=0.1, weight_decay=0.0)
                optimizer.load_state_dict(state)
        return weights.detach()

    assert torch.equal(two_steps(True), two_steps(False))
