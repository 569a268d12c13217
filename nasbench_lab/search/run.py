"""The record of one search, evaluation by evaluation."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.errors import EvaluationError
from nasbench_lab.search.contract import Evaluation
from nasbench_lab.search.task import Task
from nasbench_lab.spaces.base import Architecture


@dataclass(frozen=True)
class Run:
    """The record of one search: its n evaluations, in order.

    Attributes:
        architectures: shape `(n, d)`.
        valid_accuracy: the accuracies the search saw, in the metric's unit, shape `(n,)`; NaN if the training
            failed.
        seconds: the cost of each evaluation, shape `(n,)`.
        epochs: shape `(n,)`.
        source: indices into `SOURCES`, shape `(n,)`.
        test_accuracy: the accuracy reported for each new incumbent, in the same unit, shape `(n,)`; NaN if
            the incumbent did not change. The search never saw it.
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
_SOURCE_NUMBERS = {name: number for number, name in enumerate(SOURCES)}


def record(architectures: list[Architecture], evaluations: list[Evaluation], task: Task) -> Run:
    """The record of a search, with the reported accuracy of each incumbent looked up in the task."""
    fields = Evaluation._fields
    values = zip(*evaluations, strict=True) if evaluations else [()] * len(fields)
    columns: dict[str, Any] = dict(zip(fields, values, strict=True))
    # A failed training has no accuracy, even if the search received a number for it.
    seen, failed = columns["valid_accuracy"], columns["failed"]
    valid_accuracy = seen if True not in failed else np.where(failed, np.nan, seen).tolist()
    test_accuracy = np.full(len(evaluations), np.nan)
    for step, accuracy in incumbents(
        valid_accuracy, columns["epochs"], lambda step: task.test_accuracy(architectures[step])
    ):
        test_accuracy[step] = accuracy
    return Run(
        architectures=np.array(architectures, dtype=np.uint16).reshape(-1, len(task.space.cardinalities)),
        valid_accuracy=np.array(valid_accuracy, dtype=np.float64),
        seconds=np.array(columns["seconds"], dtype=np.float64),
        epochs=np.array(columns["epochs"], dtype=np.int32),
        source=np.array(_source_numbers(columns["source"]), dtype=np.uint8),
        test_accuracy=test_accuracy,
    )


def _source_numbers(sources: Sequence[str]) -> list[int]:
    try:
        return [_SOURCE_NUMBERS[source] for source in sources]
    except KeyError as error:
        known = ", ".join(SOURCES)
        raise EvaluationError(f"the source of an evaluation is one of {known}; received {error}") from None


def incumbents(
    valid_accuracy: Sequence[float], epochs: Sequence[int], report: Callable[[int], float]
) -> Iterator[tuple[int, float]]:
    """Yield each step at which the incumbent changes, in order, with the accuracy reported for it.

    The incumbent is the evaluation with the highest validation accuracy among those with the most epochs so
    far, because accuracies of different fidelities are not compared. The first of equal ones stays. A failed
    evaluation (NaN) never becomes the incumbent. Neither does an architecture whose full training failed, for
    which `report` gives NaN.
    """
    best = (0, -math.inf)
    for step, reached in enumerate(zip(epochs, valid_accuracy, strict=True)):
        if reached > best and not math.isnan(reached[1]) and not math.isnan(accuracy := report(step)):
            best = reached
            yield step, accuracy
