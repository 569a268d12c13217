"""The contract between an algorithm and the harness: what an algorithm may ask, and what it is told.

An algorithm is a generator function `algorithm(space, rng, **hyperparameters)`. It yields a request, and the
harness sends back the answer:

    request                       answer
    architecture                  Evaluation, after the task's own epochs
    Query(architecture, ...)      Evaluation, after other epochs or of other metrics
    a list of either              a list of Evaluations, in the same order
    Start(query)                  None while a worker is free, else the next Finished
    Share(paths)                  Shared: a step of the shared network for each path

`return architecture` ends the search and recommends that architecture. The harness owns the budget, the
stopping and the test accuracy. An algorithm that names a keyword parameter `task` is given a `TaskInfo`; one
that names `previous` is given a tuple of `Previous`.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from nasbench_lab.search.budget import Budget
from nasbench_lab.spaces.base import Architecture, SearchSpace

VALID_ACCURACY = "valid_accuracy"
SHARED_ACCURACY = "shared_accuracy"


class Metric(NamedTuple):
    """What is known of a metric.

    Attributes:
        direction: whether `higher` or `lower` values are better.
        unit: such as `%`, `ms`; empty if it has none.
        on_request: whether it costs seconds of its own, and so only comes with a `Query` that names it.
    """

    direction: Literal["higher", "lower"]
    unit: str = ""
    on_request: bool = False


# The metrics of any network, each with its direction and its unit.
PARAMETERS = Metric("lower", "millions")
FLOPS = Metric("lower", "millions of multiply-adds")
LATENCY = Metric("lower", "ms")
ENERGY = Metric("lower", "mJ")


class Metrics(Mapping[str, float]):
    """Values of metrics by name; read-only, so that evaluations can be kept and shared."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"Metrics({self._values})"


NO_METRICS = Metrics({})


class Evaluation(NamedTuple):
    """Everything a search may learn about an architecture. By design, the test accuracy is not part of it.

    Attributes:
        valid_accuracy: in the unit of the task's metric (percent for accuracies), higher is better. The
            worst possible value if the training failed; NaN if the query did not ask for it.
        seconds: the cost charged, in (simulated) seconds; 0 if the task charges none.
        epochs: training epochs behind the accuracy; 0 if nothing was trained.
        source: `table`, `surrogate`, `live` or `surrogate outside of its fit`.
        metrics: all other metrics that are known, by the names in `TaskInfo.metrics`: `parameters`, `flops`,
            `latency:DEVICE`, `energy:DEVICE`, zero-cost scores. Read-only.
        failed: whether the training diverged or broke off and so has no accuracy. A failed evaluation is
            recorded as failed and never becomes an incumbent.
        training: the training that the accuracy was read off, by its length and seed. A longer evaluation
            with the same text goes on with that training. Empty if unknown.
        train_seconds: the part of the cost that a longer evaluation of the same training does not repeat.
    """

    valid_accuracy: float
    seconds: float = 0.0
    epochs: int = 1
    source: str = "live"
    metrics: Mapping[str, float] = NO_METRICS
    failed: bool = False
    training: str = ""
    train_seconds: float = 0.0

    def value(self, metric: str) -> float:
        """The value of a metric; NaN if it is unknown, or if it is the accuracy of a failed training."""
        if metric == VALID_ACCURACY:
            return float("nan") if self.failed else self.valid_accuracy
        return self.metrics.get(metric, float("nan"))


class Query(NamedTuple):
    """An architecture at a fidelity, and with the metrics, that the algorithm chooses.

    Attributes:
        architecture: of the task's space.
        epochs: of `TaskInfo.fidelities`; None for the task's own.
        metrics: the metrics that are wanted. Those that cost nothing come unasked. Without `valid_accuracy`,
            nothing is trained, and the evaluation does not count as one in a budget of evaluations.
    """

    architecture: Architecture
    epochs: int | None = None
    metrics: tuple[str, ...] = (VALID_ACCURACY,)


class Start(NamedTuple):
    """Start a query on a free worker, without waiting for its result.

    The answer is None as long as another worker is free. Otherwise the clock goes on to the next query that
    finishes, and the answer is its `Finished`. An algorithm that starts queries makes no other requests.
    """

    query: Query


class Finished(NamedTuple):
    """A query that was started and has finished, with its evaluation."""

    query: Query
    evaluation: Evaluation


class Share(NamedTuple):
    """Train the one network whose weights all architectures share.

    Attributes:
        paths: architectures. Each one is trained for one step, on the next batch of training images.

    `Query(architecture, metrics=("shared_accuracy",))` asks for the validation accuracy of an architecture
    with the shared weights.
    """

    paths: Sequence[Architecture]


class Shared(NamedTuple):
    """The answer to `Share`: the training loss of each path, in nats, and the seconds that were charged."""

    losses: Sequence[float]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class TaskInfo:
    """The facts about a task that an algorithm may know. It receives them as its keyword parameter `task`.

    Attributes:
        epochs: training epochs of an evaluation if the algorithm asks for none.
        fidelities: all epochs that a `Query` may ask for, ascending.
        resumable: whether all fidelities belong to one training, and a longer evaluation of an architecture
            is charged its new epochs alone.
        charges_seconds: whether evaluations cost seconds.
        metrics: what a search may see, `valid_accuracy` included, by name.
        objectives: the metrics that the search is to optimise; `("valid_accuracy",)` unless set.
        workers: number of evaluations that run at once.
        budget: the limits of the search.
    """

    epochs: int
    fidelities: tuple[int, ...]
    resumable: bool
    charges_seconds: bool
    metrics: Mapping[str, Metric]
    objectives: tuple[str, ...]
    workers: int
    budget: Budget

    def losses(self, evaluation: Evaluation) -> tuple[float, ...]:
        """The value of each objective, with the sign changed where higher is better.

        Lower is better for every one of them. An objective that is unknown or failed is infinite.
        """
        return tuple(loss(evaluation.value(name), self.metrics[name]) for name in self.objectives)


def loss(value: float, metric: Metric) -> float:
    """A value of a metric so that lower is better; infinite for NaN."""
    if value != value:
        return float("inf")
    return -value if metric.direction == "higher" else value


@dataclass(frozen=True, kw_only=True)
class Previous:
    """Evaluations on another task, for an algorithm that names the keyword parameter `previous`.

    Attributes:
        task: `benchmark/data set`.
        space: of that task; it may be another than the one that is searched.
        architectures: drawn uniformly from that space.
        evaluations: one for each, after that task's own epochs. They cost nothing.
    """

    task: str
    space: SearchSpace
    architectures: Sequence[Architecture]
    evaluations: Sequence[Evaluation]


Request = Architecture | Query | list[Architecture] | list[Query] | Start | Share
# The harness sends back what the table above says. The type is Any, so that a simple algorithm reads
# `evaluation.valid_accuracy` without a cast.
SearchProcess = Generator[Request, Any, Architecture | None]
Algorithm = Callable[..., SearchProcess]
