"""The record of one search, evaluation by evaluation."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.errors import EvaluationError
from nasbench_lab.search.archive import reported_of_archive
from nasbench_lab.search.contract import VALID_ACCURACY, Evaluation
from nasbench_lab.search.history import History
from nasbench_lab.search.incumbents import IncumbentRule, incumbents
from nasbench_lab.search.task import Task
from nasbench_lab.spaces.base import Architecture


@dataclass(frozen=True)
class Run:
    """The record of one search: its n evaluations, in the order in which they ended.

    Attributes:
        architectures: shape `(n, d)`.
        valid_accuracy: the accuracies the search saw, in the metric's unit, shape `(n,)`; NaN if the training
            failed, or if the search asked for other metrics only.
        seconds: the cost of each evaluation, shape `(n,)`.
        epochs: shape `(n,)`; 0 if the search asked for other metrics only.
        source: indices into `SOURCES`, shape `(n,)`.
        test_accuracy: the accuracy reported for each new incumbent, in the same unit, shape `(n,)`; NaN if
            the incumbent did not change. The search never saw it.
        clock: simulated seconds from the start of the search to the end of each evaluation, shape `(n,)`;
            None if they are the sum of `seconds` so far: with one worker and no shared network.
        metrics: the values that the search saw of other metrics, by name, each of shape `(n,)`; NaN if
            unknown. All of them if the search has other objectives than the accuracy, otherwise those that
            it asked for by name.
        archive: if the search has several objectives, the accuracy reported for each evaluation that no
            earlier one dominates, shape `(n,)`; NaN for the others. None if it has one objective.
        recommended: the architecture that the algorithm returned, shape `(d,)`, or None.
        recommended_accuracy: the accuracy reported for it; NaN if there is none.
    """

    architectures: NDArray[np.uint16]
    valid_accuracy: NDArray[np.float64]
    seconds: NDArray[np.float64]
    epochs: NDArray[np.int32]
    source: NDArray[np.uint8]
    test_accuracy: NDArray[np.float64]
    clock: NDArray[np.float64] | None = None
    metrics: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    archive: NDArray[np.float64] | None = None
    recommended: NDArray[np.uint16] | None = None
    recommended_accuracy: float = float("nan")

    def __len__(self) -> int:
        return len(self.valid_accuracy)


OUTSIDE_OF_FIT = "surrogate outside of its fit"
"""The source of a prediction for an architecture unlike all those that the surrogate was fitted on."""
SOURCES = ("table", "surrogate", "live", OUTSIDE_OF_FIT)
_SOURCE_NUMBERS = {name: number for number, name in enumerate(SOURCES)}


def record(
    history: History,
    task: Task,
    objectives: Sequence[str],
    asked: Set[str],
    rule: IncumbentRule,
    recommended: Architecture | None,
) -> Run:
    """The record of a search, with the reported accuracies looked up in the task."""
    architectures, evaluations = history.architectures, history.evaluations
    fields = Evaluation._fields
    values = zip(*evaluations, strict=True) if evaluations else [()] * len(fields)
    columns: dict[str, Any] = dict(zip(fields, values, strict=True))
    # A failed training has no accuracy, even if the search received a number for it.
    seen, failed = columns["valid_accuracy"], columns["failed"]
    valid_accuracy = seen if True not in failed else np.where(failed, np.nan, seen).tolist()
    test_accuracy = np.full(len(evaluations), np.nan)
    for step, accuracy in incumbents(
        valid_accuracy, columns["epochs"], rule, lambda step: task.test_accuracy(architectures[step])
    ):
        test_accuracy[step] = accuracy
    several = tuple(objectives) != (VALID_ACCURACY,)
    kept = {name for each in columns["metrics"] for name in each} if several else asked
    return Run(
        architectures=np.array(architectures, dtype=np.uint16).reshape(-1, len(task.space.cardinalities)),
        valid_accuracy=np.array(valid_accuracy, dtype=np.float64),
        seconds=np.array(columns["seconds"], dtype=np.float64),
        epochs=np.array(columns["epochs"], dtype=np.int32),
        source=np.array(_source_numbers(columns["source"]), dtype=np.uint8),
        test_accuracy=test_accuracy,
        clock=None if history.clock is None else np.array(history.clock, dtype=np.float64),
        metrics={
            name: np.array([each.get(name, np.nan) for each in columns["metrics"]]) for name in sorted(kept)
        },
        archive=reported_of_archive(history, task, objectives) if several else None,
        recommended=None if recommended is None else np.array(recommended, dtype=np.uint16),
        recommended_accuracy=np.nan if recommended is None else task.test_accuracy(recommended),
    )


def _source_numbers(sources: Sequence[str]) -> list[int]:
    try:
        return [_SOURCE_NUMBERS[source] for source in sources]
    except KeyError as error:
        known = ", ".join(SOURCES)
        raise EvaluationError(f"the source of an evaluation is one of {known}; received {error}") from None
