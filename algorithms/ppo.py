"""Proximal policy optimisation, PPO (Schulman et al. 2017)."""

import math

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.search import SearchProcess
from nasbench_lab.spaces import Architecture, SearchSpace

MOST_REJECTED = 500
Array = NDArray[np.float64]


def ppo(
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    batch_size: int = 10,
    epochs: int = 10,
    clip: float = 0.2,
    learning_rate: float = 0.03,
) -> SearchProcess:
    """Draw a batch of architectures, and take several steps that keep the policy near the one that drew it.

    Schulman, Wolski, Dhariwal, Radford & Klimov, "Proximal Policy Optimization Algorithms", 2017, Algorithm 1
    with the clipped objective of equation 7; ε = 0.2 and 10 epochs are those of its section 6.1. Here each
    decision is a step, and its state is its number: the policy is a table of logits, not a network. There is
    no value network: the advantage of all decisions of an architecture is its accuracy, less the mean of the
    batch, in standard deviations of the batch. Batches are small, so an epoch is one step of Adam, and the
    learning rate is ours. A repeated architecture is trained again. A failed training counts as the lowest
    accuracy so far. After 500 tuples in a row that are no architecture, the space draws one.

    Args:
        space, rng: as for every algorithm.
        batch_size: architectures that are drawn at once.
        epochs: K, the number of steps for a batch.
        clip: ε; a ratio of probabilities beyond 1 - ε or 1 + ε earns nothing more.
        learning_rate: of Adam.
    """
    if batch_size < 2 or epochs < 1 or not (0 < clip < 1 and learning_rate > 0):
        raise ValueError(
            "batch_size is 2 or more, epochs 1 or more, clip between 0 and 1, and learning_rate above 0;"
            f" received {batch_size}, {epochs}, {clip:g} and {learning_rate:g}"
        )
    choices = np.array(space.cardinalities)
    # Decisions with fewer choices than the widest get logits of minus infinity: probability 0.
    logits = np.where(np.arange(choices.max()) < choices[:, None], 0.0, -np.inf)
    adam = Adam(logits.shape, learning_rate)
    lowest = math.inf
    while True:
        old = probabilities(logits)
        batch = [_draw(old, space, rng) for _ in range(batch_size)]
        evaluations = yield batch
        known = [e.valid_accuracy for e in evaluations if not e.failed and math.isfinite(e.valid_accuracy)]
        lowest = min([lowest, *known])
        if math.isinf(lowest):
            continue  # No training has succeeded yet, so there is nothing to learn.
        accuracies = [lowest if e.failed else max(e.valid_accuracy, lowest) for e in evaluations]
        advantages = np.array(accuracies) - np.mean(accuracies)
        advantages /= advantages.std() or 1.0
        for _ in range(epochs):
            logits += adam.step(clipped_gradient(logits, old, np.array(batch), advantages, clip))


def probabilities(logits: Array) -> Array:
    """The probability of each choice of each decision, shape `(d, most choices)`."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Array = odds / odds.sum(axis=1, keepdims=True)
    return shares


def clipped_gradient(
    logits: Array, old: Array, batch: NDArray[np.int64], advantages: Array, clip: float
) -> Array:
    """The gradient of L^CLIP (equation 7), the mean of min(r A, clip(r, 1 - ε, 1 + ε) A), by the logits.

    Args:
        logits: shape `(d, most choices)`.
        old: the probabilities that drew the batch, of the same shape.
        batch: one architecture a row, shape `(n, d)`.
        advantages: A, of each architecture, shape `(n,)`.
        clip: ε.
    """
    new = probabilities(logits)
    decisions = np.arange(len(logits))
    ratios = new[decisions, batch] / old[decisions, batch]  # r_t of the paper, shape (n, d)
    gains = ratios * advantages[:, None]
    # Where the clipped term is the smaller one, it is constant.
    gains[gains > np.clip(ratios, 1 - clip, 1 + clip) * advantages[:, None]] = 0.0
    # The gradient of a ratio by the logits is the ratio times (onehot - p).
    gradient: Array = -new * gains.sum(axis=0)[:, None]
    np.add.at(gradient, (np.broadcast_to(decisions, batch.shape), batch), gains)
    gradient /= batch.size
    return gradient


def _draw(shares: Array, space: SearchSpace, rng: np.random.Generator) -> Architecture:
    ends = shares.cumsum(axis=1)
    for _ in range(MOST_REJECTED):
        drawn = (ends > rng.random((len(ends), 1)) * ends[:, -1:]).argmax(axis=1)
        if space.is_valid(candidate := tuple(drawn.tolist())):
            return candidate
    return space.sample(rng)


class Adam:
    """Adam (Kingma & Ba 2015, Algorithm 1), ascending the gradient."""

    def __init__(self, shape: tuple[int, ...], learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self.mean, self.square, self.steps = np.zeros(shape), np.zeros(shape), 0

    def step(self, gradient: Array) -> Array:
        """The change of the parameters for a gradient of the same shape."""
        self.steps += 1
        self.mean = 0.9 * self.mean + 0.1 * gradient
        self.square = 0.999 * self.square + 0.001 * gradient**2
        mean, square = self.mean / (1 - 0.9**self.steps), self.square / (1 - 0.999**self.steps)
        change: Array = self.learning_rate * mean / (np.sqrt(square) + 1e-8)
        return change
