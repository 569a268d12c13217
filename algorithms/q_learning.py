"""Q-learning over one decision after another, MetaQNN (Baker et al. 2017)."""

import math
from collections.abc import Sequence

import numpy as np

from nasbench_lab.search import SearchProcess
from nasbench_lab.spaces import Architecture, SearchSpace

# Table 2 of the paper: for so many new architectures, a decision is random with probability epsilon.
SCHEDULE = (
    (1.0, 1500),
    (0.9, 100),
    (0.8, 100),
    (0.7, 100),
    (0.6, 150),
    (0.5, 150),
    (0.4, 150),
    (0.3, 150),
    (0.2, 150),
    (0.1, 150),
)
MOST_REPEATED = 100
MOST_REJECTED = 500


def q_learning(
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    architectures: int = 150,
    alpha: float = 0.01,
    gamma: float = 1.0,
    replay: int = 128,
) -> SearchProcess:
    """Choose each decision by the Q-value of the choice after the last one; learn from all so far.

    Baker, Gupta, Naik & Raskar, "Designing Neural Network Architectures using Reinforcement Learning", ICLR
    2017. A state is the number of the decision and the choice before, as the paper's is a layer and its
    depth. The accuracy is the reward of the last decision. Three things differ. The paper trains 2,700
    architectures: its schedule is shrunk to `architectures`, with the same shares. Q starts at the first
    accuracy, for the scale of accuracies differs between tasks (the paper's 0.5 is that of a middling
    network). A failed training has the lowest accuracy so far.

    As in the paper, an architecture that was trained before is not trained again: its accuracy is learned
    again, here without replay, and does not count in the schedule. After 100 of them in a row it is trained
    again. After 500 tuples in a row that are no architecture, the space draws one.

    Args:
        space, rng: as for every algorithm.
        architectures: number of new architectures until epsilon reaches its last value.
        alpha, gamma: learning rate and discount of equation 3.
        replay: number of architectures that are drawn from the memory and learned after each training.
    """
    if architectures < 1 or replay < 1 or not (0 < alpha <= 1 and 0 <= gamma <= 1):
        raise ValueError(
            "architectures and replay are 1 or more, alpha lies in (0, 1] and gamma in [0, 1];"
            f" received {architectures}, {replay}, {alpha:g} and {gamma:g}"
        )
    values = QValues(space.cardinalities)
    memory: list[tuple[Architecture, float]] = []
    known: dict[Architecture, float] = {}
    repeated = trained = 0
    worst = math.inf
    while True:
        candidate = values.draw(epsilon_after(trained, architectures), space, rng)
        if candidate not in known or repeated == MOST_REPEATED:
            evaluation = yield candidate
            accuracy = evaluation.valid_accuracy
            if evaluation.failed or not math.isfinite(accuracy):
                accuracy = worst
            if math.isinf(accuracy):
                continue  # No training has succeeded yet, so there is nothing to learn.
            worst = min(worst, accuracy)
            if not memory:
                values.start(accuracy)
            trained += candidate not in known
            repeated, known[candidate] = 0, accuracy
            memory.append((candidate, accuracy))
            for i in (rng.random(replay) * len(memory)).astype(int).tolist():
                values.learn(memory[i][0], memory[i][1], alpha, gamma)
        else:
            repeated += 1
            values.learn(candidate, known[candidate], alpha, gamma)


def epsilon_after(trained: int, architectures: int) -> float:
    """The epsilon after so many trained architectures, of a schedule shrunk to `architectures`."""
    total = sum(number for _, number in SCHEDULE)
    end = 0
    for epsilon, number in SCHEDULE:
        end += number
        if trained * total < end * architectures:
            return epsilon
    return SCHEDULE[-1][0]


class QValues:
    """Q(s, u): `table[i][c][u]` for choice u of decision i after choice c of the decision before."""

    def __init__(self, cardinalities: Sequence[int]) -> None:
        before = (1, *cardinalities)
        self.table = [[[0.0] * n for _ in range(before[i])] for i, n in enumerate(cardinalities)]

    def start(self, value: float) -> None:
        """Set all values."""
        self.table = [[[value] * len(row) for row in rows] for rows in self.table]

    def draw(self, epsilon: float, space: SearchSpace, rng: np.random.Generator) -> Architecture:
        """An architecture, each decision random with probability epsilon and else the first of the best."""
        for _ in range(MOST_REJECTED):
            choice = 0
            drawn: list[int] = []
            for rows, (coin, which) in zip(
                self.table, rng.random((len(self.table), 2)).tolist(), strict=True
            ):
                row = rows[choice]
                choice = int(which * len(row)) if coin < epsilon else row.index(max(row))
                drawn.append(choice)
            if space.is_valid(tuple(drawn)):
                return tuple(drawn)
        return space.sample(rng)

    def learn(self, architecture: Architecture, accuracy: float, alpha: float, gamma: float) -> None:
        """Equation 3 for each decision, the last one first: Q <- (1 - α) Q + α (r + γ max Q')."""
        target = accuracy
        for i in range(len(architecture) - 1, -1, -1):
            row = self.table[i][architecture[i - 1] if i else 0]
            choice = architecture[i]
            row[choice] += alpha * (target - row[choice])
            target = gamma * max(row)
