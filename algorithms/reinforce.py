"""REINFORCE on independent categorical distributions (Williams 1992; NATS-Bench's variant)."""

import math

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.search import SearchProcess
from nasbench_lab.spaces import SearchSpace

MOST_REJECTED = 500


def reinforce(
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    learning_rate: float = 0.01,
    baseline_decay: float = 0.9,
) -> SearchProcess:
    """Policy gradient: one categorical distribution per decision, one architecture a step.

    Williams, "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement
    Learning", 1992. The settings are those of NATS-Bench (Dong et al. 2021): logits start at 1e-3
    times a normal draw, Adam with `learning_rate`, and a debiased exponential moving average of the
    accuracies with `baseline_decay`, updated before the advantage is taken. If the space rejects an
    architecture, the policy draws again. In a space that rejects nearly all, such as the listed part of a
    large one, the policy might draw for ever: after 500 rejections in a row the space draws instead.
    """
    if not learning_rate > 0 or not 0 <= baseline_decay < 1:
        raise ValueError(
            "learning_rate is above 0 and baseline_decay lies in [0, 1);"
            f" received {learning_rate:g} and {baseline_decay:g}"
        )
    choices = np.array(space.cardinalities)
    one_hot = np.eye(choices.max())
    # Decisions with fewer choices than the widest get logits of minus infinity: probability 0.
    allowed = np.arange(choices.max()) < choices[:, None]
    logits = np.where(allowed, 1e-3 * rng.standard_normal(allowed.shape), -np.inf)
    adam = Adam(logits.shape, learning_rate)
    average = weight = 0.0
    rejected = 0
    while True:
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        thresholds = odds.cumsum(axis=1)
        total = thresholds[:, -1:]
        drawn = (thresholds > rng.random(total.shape) * total).argmax(axis=1)
        candidate = tuple(drawn.tolist())
        if not space.is_valid(candidate):
            rejected += 1
            if rejected < MOST_REJECTED:
                continue
            candidate = space.sample(rng)
            drawn = np.array(candidate)
        rejected = 0
        reward = (yield candidate).valid_accuracy
        average = baseline_decay * average + (1 - baseline_decay) * reward
        weight = baseline_decay * weight + (1 - baseline_decay)
        advantage = reward - average / weight
        # The gradient of log p(drawn) with respect to the logits is onehot(drawn) - p.
        logits += adam.step(advantage * (one_hot[drawn] - odds / total))


class Adam:
    """Adam (Kingma & Ba 2015, Algorithm 1, in the order of their section 2), ascending the gradient."""

    def __init__(self, shape: tuple[int, ...], learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self.beta1, self.beta2, self.epsilon = 0.9, 0.999, 1e-8
        self.mean = np.zeros(shape)
        self.square = np.zeros(shape)
        self.steps = 0

    def step(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """The change of the parameters for a gradient of the same shape."""
        self.steps += 1
        self.mean += (1 - self.beta1) * (gradient - self.mean)
        self.square += (1 - self.beta2) * (gradient * gradient - self.square)
        # Both moments start at zero. The rate and epsilon include the corrections for that.
        correction = math.sqrt(1 - self.beta2**self.steps)
        rate = self.learning_rate * correction / (1 - self.beta1**self.steps)
        step: NDArray[np.float64] = rate * self.mean / (np.sqrt(self.square) + self.epsilon * correction)
        return step
