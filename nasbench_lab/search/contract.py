"""The contract between an algorithm and the harness."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from nasbench_lab.search.budget import Budget
from nasbench_lab.search.card import TaskCard
from nasbench_lab.spaces.base import Architecture, SearchSpace


class Evaluation(NamedTuple):
    """Everything a search may learn about an architecture. By design, the test accuracy is not part of it.

    Attributes:
        valid_accuracy: in the unit of the task's metric (percent for accuracies), higher is better; 0 if the
            training failed.
        seconds: the cost charged, in (simulated) seconds; 0 if the task charges none.
        epochs: training epochs behind the accuracy.
        source: `table`, `surrogate` or `live`.
        parameters: trainable weights, in millions; None if unknown.
        flops: multiply-adds of one forward pass, in millions; None if unknown.
        latency: duration of one forward pass, in milliseconds; None if unknown.
        failed: whether the training diverged or broke off and so has no accuracy. A failed evaluation is
            recorded as failed and never becomes an incumbent.
        training: the training that the accuracy was read off, by its length and seed. A longer evaluation
            with the same text goes on with that training. Empty if unknown.
        train_seconds: the part of the cost that a longer evaluation of the same training does not repeat.
    """

    valid_accuracy: float
    seconds: float
    epochs: int
    source: str
    parameters: float | None = None
    flops: float | None = None
    latency: float | None = None
    failed: bool = False
    training: str = ""
    train_seconds: float = 0.0


class Query(NamedTuple):
    """An architecture at a fidelity that the algorithm chooses (`None`: the task's own epochs)."""

    architecture: Architecture
    epochs: int | None = None


@dataclass(frozen=True, kw_only=True)
class TaskInfo:
    """The facts about a task that an algorithm may know. It receives them as its keyword parameter `task`.

    Attributes:
        epochs: training epochs of an evaluation if the algorithm asks for none.
        fidelities: all epochs that a `Query` may ask for, ascending.
        charges_seconds: whether evaluations cost seconds.
        budget: the limits of the search.
    """

    epochs: int
    fidelities: tuple[int, ...]
    charges_seconds: bool
    budget: Budget


Request = Architecture | Query | list[Architecture] | list[Query]
# The harness sends back an Evaluation, or a list of them for a list. The type is Any, so that a simple
# algorithm reads `evaluation.valid_accuracy` without a cast.
SearchProcess = Generator[Request, Any, None]
Algorithm = Callable[..., SearchProcess]


class Task(Protocol):
    """The source of evaluations: one data set under one protocol."""

    @property
    def name(self) -> str:
        """`benchmark/data set`."""

    @property
    def space(self) -> SearchSpace:
        """The space that is searched."""

    @property
    def epochs(self) -> int:
        """Training epochs of an evaluation if the search asks for none."""

    @property
    def fidelities(self) -> tuple[int, ...]:
        """All epochs that a search may ask for, ascending."""

    @property
    def charges_seconds(self) -> bool:
        """Whether evaluations have a cost in seconds; otherwise only their number counts."""

    @property
    def optimum(self) -> float | None:
        """The best `test_accuracy` of any architecture; None if unknown."""

    @property
    def lists_every_architecture(self) -> bool:
        """Whether every architecture of the space can be evaluated; `optimum` is then the best of all."""

    @property
    def card(self) -> TaskCard:
        """The description of this task in figures and reports."""

    def evaluate(
        self, architecture: Architecture, epochs: int | None, rng: np.random.Generator
    ) -> Evaluation:
        """Evaluate an architecture for a search; raises `UnlistedArchitecture` if it has no entry."""

    def prepare(self, queries: Sequence[Query], rng: np.random.Generator) -> None:
        """Get ready for a batch, which is then evaluated one by one; `rng` is not advanced."""

    def test_accuracy(self, architecture: Architecture) -> float:
        """The value reported for an incumbent: mean over seeds at full budget, in the metric's unit."""
