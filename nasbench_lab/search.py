"""One search: an algorithm, a task, a budget and a seed give a run.

An algorithm is a generator function `algorithm(space, rng, **hyperparameters)`. It yields what it
wants evaluated and is sent what a search is allowed to learn. The harness owns budget, stopping and
test accuracy.
"""

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.errors import AlgorithmError, UnlistedArchitecture, UsageError
from nasbench_lab.spaces.base import Architecture, SearchSpace

if TYPE_CHECKING:
    from nasbench_lab.results import TaskCard


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


@dataclass(frozen=True, kw_only=True)
class Budget:
    """When a search ends: at whichever limit comes first.

    Attributes:
        evaluations: how many evaluations.
        seconds: simulated seconds, the sum of `Evaluation.seconds`.
        real_seconds: by the clock on the wall.
        target_accuracy: a validation accuracy, in the metric's unit, that ends the search once seen.
        over_budget: whether the evaluation that goes over `seconds` still counts (`include`, as in
            NATS-Bench) or not (`discard`, as in NAS-Bench-201).
    """

    evaluations: int | None = None
    seconds: float | None = None
    real_seconds: float | None = None
    target_accuracy: float | None = None
    over_budget: Literal["include", "discard"] = "include"

    def __post_init__(self) -> None:
        limits = {
            "evaluations": self.evaluations,
            "seconds": self.seconds,
            "real_seconds": self.real_seconds,
        }
        for name, limit in limits.items():
            if limit is not None and not limit > 0:
                raise UsageError(f"the budget of {name} must be above 0; received {limit:g}")
        if all(limit is None for limit in limits.values()):
            raise UsageError(
                "a search needs a budget: set at least one of evaluations, seconds or real_seconds"
                " (a target accuracy alone may never be reached)"
            )
        if self.over_budget not in ("include", "discard"):
            raise UsageError(f"over_budget is 'include' or 'discard'; received {self.over_budget!r}")


@dataclass(frozen=True)
class Run:
    """What one search did, evaluation by evaluation (n of them, in order).

    Attributes:
        architectures: shape `(n, d)`.
        valid_accuracy: what the search saw, in the metric's unit, shape `(n,)`; NaN where the training
            failed.
        seconds: what each evaluation cost, shape `(n,)`.
        epochs: shape `(n,)`.
        source: shape `(n,)`, indices into `SOURCES`.
        test_accuracy: of each new incumbent, in the same unit, shape `(n,)`; NaN where the incumbent did not
            change. The search never saw it.
    """

    architectures: NDArray[np.uint16]
    valid_accuracy: NDArray[np.float64]
    seconds: NDArray[np.float64]
    epochs: NDArray[np.int32]
    source: NDArray[np.uint8]
    test_accuracy: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.valid_accuracy)


SOURCES = ("table", "surrogate", "live")


def search(algorithm: Algorithm, task: Task, budget: Budget, seed: np.random.SeedSequence) -> Run:
    """Run one search to the end of its budget, or until the algorithm returns.

    The algorithm and the task draw from two generators spawned from `seed`, so that the noise a task
    adds does not change what the algorithm draws. Raises `AlgorithmError` when the algorithm yields
    what is not an architecture of the space, or nothing at all.
    """
    # What `seed.spawn(2)` gives the first time: that call would change the seed it is called on.
    algorithm_rng, task_rng = (
        np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, child)))
        for child in range(2)
    )
    process = algorithm(task.space, algorithm_rng)
    if not isinstance(process, Generator):
        raise AlgorithmError(
            f"an algorithm is a generator function, one that yields architectures; it returned {process!r}"
        )
    architectures, evaluations = _drive(process, task, budget, task_rng)
    return _record(architectures, evaluations, task)


def _drive(
    process: SearchProcess, task: Task, budget: Budget, rng: np.random.Generator
) -> tuple[list[Architecture], list[Evaluation]]:
    """Answer what the algorithm yields until it returns or the budget is used up."""
    architectures: list[Architecture] = []
    evaluations: list[Evaluation] = []
    evaluate = task.evaluate
    most_evaluations = budget.evaluations or math.inf
    most_seconds = budget.seconds or math.inf
    target = math.inf if budget.target_accuracy is None else budget.target_accuracy
    deadline = time.monotonic() + budget.real_seconds if budget.real_seconds else None
    discard = budget.over_budget == "discard"
    spent = 0.0
    try:
        request = next(process, None)
        if request is None:
            raise AlgorithmError("the algorithm ended, or yielded None, before asking for any evaluation")
        while True:
            batch: Any = request if type(request) is list else (request,)
            answers = []
            if len(batch) > 1:
                _prepare(batch[: budget.evaluations and budget.evaluations - len(evaluations)], task, rng)
            for query in batch:
                architecture, epochs = query, None
                if type(query) is Query:
                    architecture, epochs = query
                try:
                    evaluation = evaluate(architecture, epochs, rng)
                except (UnlistedArchitecture, TypeError, ValueError, IndexError):
                    _check(architecture, epochs, task.space)
                    raise
                spent += evaluation.seconds
                if discard and spent > most_seconds:
                    return architectures, evaluations
                architectures.append(architecture)
                evaluations.append(evaluation)
                answers.append(evaluation)
                if (
                    len(evaluations) >= most_evaluations
                    or spent >= most_seconds
                    or evaluation.valid_accuracy >= target
                    or (deadline is not None and time.monotonic() >= deadline)
                ):
                    return architectures, evaluations
            if not batch:
                raise AlgorithmError("the algorithm yielded an empty list; yield at least one architecture")
            request = process.send(answers if batch is request else answers[0])
    except StopIteration:
        return architectures, evaluations
    finally:
        process.close()


def _prepare(batch: Sequence[Any], task: Task, rng: np.random.Generator) -> None:
    queries = [query if type(query) is Query else Query(query) for query in batch]
    if all(task.space.is_valid(query.architecture) for query in queries):
        task.prepare(queries, rng)


def _check(architecture: object, epochs: object, space: SearchSpace) -> None:
    """Say what is wrong with a request that the task could not answer, where the algorithm is to blame."""
    if not space.is_valid(architecture):  # type: ignore[arg-type]
        raise AlgorithmError(
            f"the algorithm yielded {architecture!r}, which is not an architecture of {space.name}:"
            f" that is a tuple of {len(space.cardinalities)} whole numbers, each below its cardinality"
            f" {space.cardinalities}, such as {space.sample(np.random.default_rng(0))}"
        ) from None
    if epochs is not None and not (isinstance(epochs, int) and epochs > 0):
        raise AlgorithmError(
            f"the algorithm asked for epochs={epochs!r}; epochs is a whole number above 0"
        ) from None


def _record(architectures: list[Architecture], evaluations: list[Evaluation], task: Task) -> Run:
    columns = zip(*evaluations, strict=True) if evaluations else [()] * len(Evaluation._fields)
    seen, seconds, epochs, source, *_, failed = columns
    # A training that failed has no accuracy, whatever a search was told for it.
    valid_accuracy = seen if True not in failed else np.where(failed, np.nan, seen).tolist()
    test_accuracy = np.full(len(evaluations), np.nan)
    for step, accuracy in incumbents(
        valid_accuracy, epochs, lambda step: task.test_accuracy(architectures[step])
    ):
        test_accuracy[step] = accuracy
    return Run(
        architectures=np.array(architectures, dtype=np.uint16).reshape(-1, len(task.space.cardinalities)),
        valid_accuracy=np.array(valid_accuracy, dtype=np.float64),
        seconds=np.array(seconds, dtype=np.float64),
        epochs=np.array(epochs, dtype=np.int32),
        source=np.array([SOURCES.index(name) for name in source], dtype=np.uint8),
        test_accuracy=test_accuracy,
    )


def incumbents(
    valid_accuracy: Sequence[float], epochs: Sequence[int], report: Callable[[int], float]
) -> Iterator[tuple[int, float]]:
    """The steps at which the incumbent changes, in order, and what is reported of it.

    The incumbent is the evaluation with the highest validation accuracy among those with the most
    epochs so far (accuracies of different fidelities are not compared); of equal ones the first. An
    evaluation that failed (NaN) is never one, nor is one whose training to the end failed, so that
    `report` gives NaN.
    """
    best = (0, -math.inf)
    for step, reached in enumerate(zip(epochs, valid_accuracy, strict=True)):
        if reached > best and not math.isnan(reached[1]) and not math.isnan(accuracy := report(step)):
            best = reached
            yield step, accuracy
