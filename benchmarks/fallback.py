"""A chain of tasks: the second answers for architectures that the first does not list."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.errors import UnlistedArchitecture, UsageError
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.contract import Evaluation, Metric, Query
from nasbench_lab.search.task import Scores, SharedNetwork, Task, TaskDefaults, unknown_metric
from nasbench_lab.spaces import Architecture, SearchSpace


class FallbackTask(TaskDefaults):
    """Asks `first`, and then `second` if the first raises `UnlistedArchitecture`.

    Each evaluation keeps the source that answered it, and the card names both. A chain of three is
    `FallbackTask(FallbackTask(table, surrogate), live)`. If the two answer after different numbers of epochs,
    only evaluations with the larger number can be incumbents: accuracies of different fidelities are not
    compared.

    Args:
        first: the task that is asked first; the chain has its name.
        second: a task on the same space, which counts cost in the same unit.

    Raises:
        UsageError: the two have different spaces, metrics or units of cost, or a metric that both have
            differs in its direction or its unit.
    """

    def __init__(self, first: Task, second: Task) -> None:
        self.name = first.name
        self.space: SearchSpace = first.space
        self._first, self._second = first, second
        self._misses: set[tuple[Architecture, int | None]] = set()
        if first.space.definition != second.space.definition:
            raise UsageError(
                f"{second.name} cannot answer for {first.name}: its space is {second.space.name}, not"
                f" {first.space.name}"
            )
        metrics = first.card.metric, second.card.metric
        if metrics[0] != metrics[1]:
            raise UsageError(
                f"{second.name} cannot answer for {first.name}: its metric is {metrics[1]}, not {metrics[0]},"
                " so one search would compare two metrics"
            )
        for name in sorted(set(first.metrics) & set(second.metrics)):
            one, other = first.metrics[name], second.metrics[name]
            if (one.direction, one.unit) != (other.direction, other.unit):
                raise UsageError(
                    f"{second.name} cannot answer for {first.name}: its {name} is {_in_words(other)}, not"
                    f" {_in_words(one)}, so one search would compare two metrics"
                )
        if first.charges_seconds != second.charges_seconds:
            charges, free = (first, second) if first.charges_seconds else (second, first)
            raise UsageError(
                f"{second.name} cannot answer for {first.name}: {charges.name} charges seconds and"
                f" {free.name} does not, so the costs of a run could not be added up"
            )

    @property
    def epochs(self) -> int:
        """The first task's epochs."""
        return self._first.epochs

    @property
    def fidelities(self) -> tuple[int, ...]:
        """The epochs that both tasks have."""
        return tuple(epochs for epochs in self._first.fidelities if epochs in self._second.fidelities)

    @property
    def resumable(self) -> bool:
        """Whether either task reads all its fidelities off one training."""
        return self._first.resumable and self._second.resumable

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics that either task has; one that costs seconds in either of them is on request."""
        first, second = self._first.metrics, self._second.metrics
        costly = {name for each in (first, second) for name, metric in each.items() if metric.on_request}
        return {
            name: metric._replace(on_request=name in costly) for name, metric in {**second, **first}.items()
        }

    @property
    def charges_seconds(self) -> bool:
        """Whether evaluations have a cost in seconds; the same for both tasks."""
        return self._first.charges_seconds

    @property
    def optimum(self) -> float | None:
        """The optimum of the first task if it lists every architecture, otherwise None.

        The best of a part is not the optimum: an incumbent from outside that part may be better, and its
        regret would be below 0. So if the first task lists only a part, accuracies are reported, not regrets.
        """
        return self._first.optimum if self._first.lists_every_architecture else None

    @property
    def lists_every_architecture(self) -> bool:
        """Whether every architecture of the space has an answer."""
        return self._first.lists_every_architecture or self._second.lists_every_architecture

    def evaluate(
        self, architecture: Architecture, epochs: int | None, rng: np.random.Generator
    ) -> Evaluation:
        """Ask the first, then the second; raises `UnlistedArchitecture` if neither has an answer."""
        evaluation = self._of_first(architecture, epochs, rng)
        return evaluation or self._second.evaluate(architecture, epochs, rng)

    def prepare(self, queries: Sequence[Query], rng: np.random.Generator) -> None:
        """Announce a batch to both tasks: the second gets only the queries that the first does not answer."""
        self._first.prepare(queries, rng)
        ahead = copy.deepcopy(rng)
        missed = [
            query for query in queries if self._of_first(query.architecture, query.epochs, ahead) is None
        ]
        self._second.prepare(missed, rng)

    def _of_first(
        self, architecture: Architecture, epochs: int | None, rng: np.random.Generator
    ) -> Evaluation | None:
        if (architecture, epochs) not in self._misses:
            try:
                return self._first.evaluate(architecture, epochs, rng)
            except UnlistedArchitecture:
                self._misses.add((architecture, epochs))
        return None

    def test_accuracy(self, architecture: Architecture) -> float:
        """The accuracy to report for an incumbent, in the metric's unit: from the first, else the second."""
        try:
            return self._first.test_accuracy(architecture)
        except UnlistedArchitecture:
            return self._second.test_accuracy(architecture)

    def score(self, architecture: Architecture, metrics: Sequence[str]) -> Scores:
        """Ask the tasks that have all these metrics: the first, then the second if it has no entry."""
        able = [task for task in (self._first, self._second) if set(metrics) <= set(task.metrics)]
        if not able:
            missing = set(metrics) - set(self._first.metrics) or set(metrics) - set(self._second.metrics)
            raise unknown_metric(self.name, min(missing), self.metrics)
        try:
            return able[0].score(architecture, metrics)
        except UnlistedArchitecture:
            return able[-1].score(architecture, metrics)

    def shared_network(self, seed: int) -> SharedNetwork:
        """The second task's network with shared weights: a table has none."""
        return self._second.shared_network(seed)

    def points(self, objectives: Sequence[str]) -> NDArray[np.float64] | None:
        """The reported values of all architectures; None unless the first task lists them all."""
        return self._first.points(objectives)

    @property
    def card(self) -> TaskCard:
        """The card of the first task, extended by the second task's descriptions and digest."""
        card, other = self._first.card, self._second.card
        if self._first.lists_every_architecture:
            return replace(card, digest=f"{card.digest}+{other.digest}")
        return replace(
            card,
            searched=f"{card.searched}; where unlisted, {other.searched}",
            reported=f"{card.reported}; where unlisted, {other.reported}",
            optimum=self.optimum,
            digest=f"{card.digest}+{other.digest}",
        )


def _in_words(metric: Metric) -> str:
    unit = f"in {metric.unit}" if metric.unit else "without a unit"
    return f"{unit}, {metric.direction} is better"
