"""The contract between an algorithm and the harness."""

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from nasbench_lab.spaces.base import Architecture, SearchSpace

if TYPE_CHECKING:
    from nasbench_lab.search.card import TaskCard


class Evaluation(NamedTuple):
    """What a search may learn about an architecture. It holds no test accuracy, by design.

    Attributes:
        valid_accuracy: in the unit of the task's metric (percent, for accuracies), higher is better; 0
            where the training failed.
        seconds: the cost charged, in (simulated) seconds; 0 where the task charges none.
        epochs: training epochs behind the accuracy.
        source: `table`, `surrogate` or `live`.
        parameters: trainable weights, in millions, where known.
        flops: multiply-adds of one forward pass, in millions, where known.
        latency: of one forward pass, in milliseconds, where known.
        failed: whether the training diverged or broke off, so that there is no accuracy. It is recorded as
            such, and is never an incumbent.
    """

    valid_accuracy: float
    seconds: float
    epochs: int
    source: str
    parameters: float | None = None
    flops: float | None = None
    latency: float | None = None
    failed: bool = False


class Query(NamedTuple):
    """An architecture at a fidelity of the algorithm's choice (`None`: the task's own epochs)."""

    architecture: Architecture
    epochs: int | None = None


Request = Architecture | Query | list[Architecture] | list[Query]
# Sent back is an Evaluation, or a list of them for a list; typed Any so that the simple algorithm
# reads `evaluation.valid_accuracy` without a cast.
SearchProcess = Generator[Request, Any, None]
Algorithm = Callable[[SearchSpace, np.random.Generator], SearchProcess]


class Task(Protocol):
    """One data set under one protocol: where evaluations come from."""

    @property
    def name(self) -> str:
        """`benchmark/data set`."""

    @property
    def space(self) -> SearchSpace:
        """The space that is searched."""

    @property
    def charges_seconds(self) -> bool:
        """Whether evaluations have a cost in seconds; otherwise only their number counts."""

    @property
    def optimum(self) -> float | None:
        """The best `test_accuracy` of any architecture, where known."""

    @property
    def lists_every_architecture(self) -> bool:
        """Whether every architecture of the space has an answer, so that `optimum` is the space's."""

    @property
    def card(self) -> "TaskCard":
        """What figures and reports say about this task."""

    def evaluate(
        self, architecture: Architecture, epochs: int | None, rng: np.random.Generator
    ) -> Evaluation:
        """Answer a search; raises `UnlistedArchitecture` on a miss."""

    def prepare(self, queries: Sequence[Query], rng: np.random.Generator) -> None:
        """Be told of a batch before its evaluations are asked for, one by one; `rng` is not advanced."""

    def test_accuracy(self, architecture: Architecture) -> float:
        """What the harness reports of an incumbent: mean over seeds at full budget, in the metric's unit."""
