"""The contract between a benchmark and the harness: a task answers what algorithms ask.

A class for a task takes `TaskDefaults` as its base, and defines what that leaves open of `Task`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.errors import UsageError, unknown_name
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.contract import VALID_ACCURACY, Evaluation, Metric, Query
from nasbench_lab.spaces.base import Architecture, SearchSpace


class Scores(NamedTuple):
    """Metrics of an architecture that need no training of it.

    Attributes:
        values: by the names that were asked for.
        seconds: the cost charged for all of them.
        source: as in `Evaluation`.
    """

    values: Mapping[str, float]
    seconds: float
    source: str


class SharedNetwork(Protocol):
    """One network whose weights all architectures share. A search has its own, from initialisation on."""

    def train(self, paths: Sequence[Architecture]) -> tuple[list[float], float]:
        """Take one step for each path in turn; returns the loss of each, in nats, and the seconds."""

    def accuracy(self, architecture: Architecture) -> tuple[float, float]:
        """Validation accuracy with the shared weights, in percent, and the seconds of the pass."""


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
    def resumable(self) -> bool:
        """Whether all fidelities are read off one training, so that a longer evaluation goes on with it."""

    @property
    def charges_seconds(self) -> bool:
        """Whether evaluations have a cost in seconds; otherwise only their number counts."""

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """All metrics that a search may see, `valid_accuracy` included."""

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

    def test_accuracy(self, architecture: Architecture) -> float:
        """The value reported for an incumbent: mean over seeds at full budget, in the metric's unit."""

    def prepare(self, queries: Sequence[Query], rng: np.random.Generator) -> None:
        """Get ready for a batch, which is then evaluated one by one; `rng` is not advanced."""

    def score(self, architecture: Architecture, metrics: Sequence[str]) -> Scores:
        """Metrics other than `valid_accuracy`; raises `UsageError` for one that the task does not have."""

    def shared_network(self, seed: int) -> SharedNetwork:
        """A new network with shared weights; raises `UsageError` if the task trains nothing."""

    def points(self, objectives: Sequence[str]) -> NDArray[np.float64] | None:
        """The reported values of all architectures of the space; None if they are not all known.

        Args:
            objectives: names of metrics. For `valid_accuracy` the value is `test_accuracy`.

        Returns:
            Shape `(architectures, objectives)`, without rows that lack one of the values. For the harness,
            never for a search.
        """


class TaskDefaults:
    """The answers of a task that has one accuracy and nothing else."""

    name: str

    @property
    def resumable(self) -> bool:
        """False: each fidelity is a training of its own."""
        return False

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The accuracy alone, without a unit."""
        return {VALID_ACCURACY: Metric("higher")}

    def prepare(self, queries: Sequence[Query], rng: np.random.Generator) -> None:
        """Do nothing: an evaluation takes no time, or gains nothing from a batch."""

    def score(self, architecture: Architecture, metrics: Sequence[str]) -> Scores:
        """Raise `UsageError`: there is no such metric."""
        raise unknown_metric(self.name, metrics[0], self.metrics)

    def shared_network(self, seed: int) -> SharedNetwork:
        """Raise `UsageError`: nothing is trained."""
        raise UsageError(
            f"{self.name} has no network with shared weights: that takes live training (--fallback live"
            " --recipe RECIPE)"
        )

    def points(self, objectives: Sequence[str]) -> NDArray[np.float64] | None:
        """Return None: the values of all architectures are not known."""
        return None


def unknown_metric(task: str, name: str, metrics: Mapping[str, Metric]) -> UsageError:
    """The error for a metric that a task does not have."""
    remedy = "Separate names by spaces (in Python: a list)." if "," in name else ""
    return unknown_name(f"metric of {task}", name, metrics, remedy)
