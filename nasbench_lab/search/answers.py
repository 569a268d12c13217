"""The answers to the requests of one search, and the blame for a request that has none."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nasbench_lab.errors import AlgorithmError, EvaluationError, NasbenchLabError, place_of
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.contract import (
    SHARED_ACCURACY,
    VALID_ACCURACY,
    Evaluation,
    Metrics,
    Query,
    Share,
    Shared,
    Start,
)
from nasbench_lab.search.task import SharedNetwork, Task
from nasbench_lab.search.trainings import Trainings
from nasbench_lab.spaces.base import SearchSpace


class Answers:
    """Answers requests of one search, with all that the search began before: trainings, a shared network.

    Args:
        task: the source of evaluations.
        budget: says how promotions are charged.
        rng: the generator of the task's draws.
        shared_seed: of the network with shared weights, if the search asks for one.
        objectives: metrics that every evaluation must have.
    """

    def __init__(
        self,
        task: Task,
        budget: Budget,
        rng: np.random.Generator,
        shared_seed: int,
        objectives: Sequence[str],
    ) -> None:
        self._task = task
        self._rng = rng
        self._shared_seed = shared_seed
        self._needed = tuple(name for name in objectives if task.metrics[name].on_request)
        self._trainings = Trainings(task, rng, budget)
        self._network: SharedNetwork | None = None
        self.asked: set[str] = set()
        """Metrics that the search asked for by name."""
        self.depend_on_history = bool(self._needed)
        """Whether a bare architecture needs `evaluate`; otherwise the task alone can answer it."""

    def evaluate(self, query: Any) -> tuple[Evaluation, int]:
        """The evaluation of an architecture or a query, and the number of epochs that it is charged."""
        try:
            architecture, epochs, metrics = query if type(query) is Query else Query(query)
            if metrics == (VALID_ACCURACY,) and not self._needed:
                return self._train(architecture, epochs)
            if not metrics or not self._task.space.is_valid(architecture):
                raise ValueError(query)
            return self._measure(Query(architecture, epochs, tuple(metrics)))
        except Exception as error:
            self.explain(query, error)
            raise

    def _train(self, architecture: Any, epochs: int | None) -> tuple[Evaluation, int]:
        self.depend_on_history = True
        return self._trainings.evaluate(architecture, epochs)

    def _measure(self, query: Query) -> tuple[Evaluation, int]:
        """The evaluation of a query that asks for other metrics than the accuracy."""
        architecture, epochs, metrics = query
        self.asked.update(name for name in metrics if name != VALID_ACCURACY)
        evaluation, charged = Evaluation(math.nan, 0.0, 0), 0
        if VALID_ACCURACY in metrics:
            evaluation, charged = self._train(architecture, epochs)
            metrics = (*metrics, *self._needed)
        values = dict(evaluation.metrics)
        seconds, source = evaluation.seconds, evaluation.source
        if SHARED_ACCURACY in metrics:
            values[SHARED_ACCURACY], spent = self._shared_network().accuracy(architecture)
            seconds += spent
        known = {VALID_ACCURACY, *values}
        missing = [name for name in dict.fromkeys(metrics) if name not in known]
        if missing:
            scores = self._task.score(architecture, missing)
            values |= scores.values
            seconds += scores.seconds
            source = evaluation.source if VALID_ACCURACY in metrics else scores.source
        return evaluation._replace(metrics=Metrics(values), seconds=seconds, source=source), charged

    def share(self, request: Share) -> Shared:
        """Train the shared network for one step on each path."""
        try:
            paths = list(request.paths)
            for path in paths:
                if (blame := _wrong_request(path, None, self._task.space)) is not None:
                    raise blame
            if not paths:
                raise AlgorithmError("the algorithm yielded a Share without paths; give at least one")
            losses, seconds = self._shared_network().train(paths)
        except Exception as error:
            self._explain_failure("trained the shared network", error)
            raise
        return Shared(tuple(losses), seconds)

    def _shared_network(self) -> SharedNetwork:
        if self._network is None:
            self._network = self._task.shared_network(self._shared_seed)
        return self._network

    def explain(self, query: Any, error: Exception) -> None:
        """Raise the error that says who is to blame for a failed evaluation, unless `error` does."""
        architecture, epochs, metrics = query if type(query) is Query else Query(query)
        if (blame := _wrong_request(architecture, epochs, self._task.space)) is not None:
            raise blame from None
        if isinstance(metrics, str) or not all(isinstance(name, str) for name in metrics) or not metrics:
            raise AlgorithmError(
                f"the algorithm asked for metrics={metrics!r}; metrics is a tuple of names"
            ) from None
        self._explain_failure(f"evaluated {self._task.space.format(architecture)}", error)

    def _explain_failure(self, work: str, error: Exception) -> None:
        if not isinstance(error, NasbenchLabError | OSError):
            raise EvaluationError(
                f"{self._task.name} failed while it {work}: {type(error).__name__}: {error}{place_of(error)}"
            ) from error

    def prepare(self, batch: Sequence[Any]) -> None:
        """Announce a batch to the task: those that are valid and are to be trained."""
        queries = [query if type(query) is Query else Query(query) for query in batch]
        if all(self._task.space.is_valid(query.architecture) for query in queries):
            self._task.prepare([query for query in queries if VALID_ACCURACY in query.metrics], self._rng)


def check_recommendation(architecture: object, space: SearchSpace) -> None:
    """Raise `AlgorithmError` if an algorithm returned something other than an architecture."""
    if not space.is_valid(architecture):  # type: ignore[arg-type]
        raise AlgorithmError(
            f"the algorithm returned {architecture!r}; it returns nothing, or an architecture of {space.name}"
            " as its recommendation"
        )


def _wrong_request(architecture: object, epochs: object, space: SearchSpace) -> AlgorithmError | None:
    """The error for a request that no task could answer; None if the request is right."""
    if isinstance(architecture, Query | Share | Start):
        return AlgorithmError(
            f"the algorithm yielded {type(architecture).__name__} inside of another request; Start and Share"
            " are yielded alone, and Start holds a Query"
        )
    if not space.is_valid(architecture):  # type: ignore[arg-type]
        return AlgorithmError(
            f"the algorithm yielded {architecture!r}, which is not an architecture of {space.name};"
            f" expected a tuple of {len(space.cardinalities)} whole numbers, each below its cardinality"
            f" {space.cardinalities}, such as {space.sample(np.random.default_rng(0))}"
        )
    if epochs is not None and not (isinstance(epochs, int) and epochs > 0):
        return AlgorithmError(f"the algorithm asked for epochs={epochs!r}; epochs is a whole number above 0")
    return None
