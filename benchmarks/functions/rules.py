"""The values that an evaluation function may return."""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nasbench_lab.benchmarks.functions.results import Result
from nasbench_lab.errors import EvaluationError, UsageError
from nasbench_lab.search.card import in_percent, unit_of
from nasbench_lab.search.contract import SHARED_ACCURACY, VALID_ACCURACY, Evaluation, Metric


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The metrics of a task, and the checks of values that its functions return.

    Attributes:
        metric: the name of the accuracy, with its unit if it has one.
        worst: the least value; None for no limit. One in percent has 0.
        further: the other metrics by name.
        resumable: whether a longer evaluation goes on with a shorter one.

    Raises `UsageError` if the metrics cannot be used.
    """

    metric: str
    worst: float | None
    further: Mapping[str, Metric]
    resumable: bool

    def __post_init__(self) -> None:
        if not isinstance(self.metric, str) or not self.metric.strip() or not self.metric.isprintable():
            raise UsageError(
                "metric is the name of a value, higher is better, such as 'accuracy (%)' or 'score';"
                f" received {self.metric!r:.80}"
            )
        if self.worst is not None and not math.isfinite(self.worst):
            raise UsageError(f"worst is a finite number, or None for no limit; received {self.worst}")
        for name, metric in self.further.items():
            if not isinstance(metric, Metric) or metric.direction not in ("higher", "lower"):
                raise UsageError(
                    f"each of metrics is a Metric, such as {{'size': Metric('lower', 'kB')}}; received"
                    f" {metric!r:.80} for {name!r:.40}"
                )
            if name in (VALID_ACCURACY, SHARED_ACCURACY) or metric.on_request:
                raise UsageError(
                    f"the metric {name!r:.40} cannot be declared: an evaluation returns it unasked, under a"
                    f" name other than {VALID_ACCURACY} and {SHARED_ACCURACY}"
                )

    @property
    def metrics(self) -> dict[str, Metric]:
        """All metrics that a search may see."""
        return {VALID_ACCURACY: Metric("higher", unit_of(self.metric)), **self.further}

    @property
    def least(self) -> float:
        """The accuracy told for a failed evaluation: none is worse."""
        if self.worst is not None:
            return self.worst
        return 0.0 if in_percent(self.metric) else -math.inf

    def result(self, returned: object, measured: float, of: str) -> Result:
        """The result of an evaluation that returned something.

        Args:
            returned: a number, or an `Evaluation`, whose seconds of 0 mean that they were not given.
            measured: seconds of the call.
            of: the call in words, for errors.

        Raises `EvaluationError` if it is neither of both, or holds a value that cannot be.
        """
        evaluation = returned if isinstance(returned, Evaluation) else Evaluation(returned)  # type: ignore[arg-type]
        accuracy = _number(evaluation.valid_accuracy, "the accuracy", of)
        seconds = self._seconds(evaluation.seconds, of) or measured
        train_seconds = self._seconds(evaluation.train_seconds, of) or seconds
        if train_seconds > seconds:
            raise EvaluationError(
                f"{of} gave {train_seconds:g} train_seconds, which are a part of its {seconds:g} seconds"
            )
        failure = "it says so itself" if evaluation.failed else ""
        if not math.isfinite(accuracy):
            failure = failure or f"the accuracy is {accuracy}"
        return Result(
            accuracy=None if failure else self.checked(accuracy, of),
            seconds=seconds,
            train_seconds=train_seconds if self.resumable else 0.0,
            metrics=self._metrics(evaluation.metrics, of),
            failure=failure,
        )

    def tested(self, returned: object, measured: float, of: str) -> Result:
        """The result of a test, which returned a number; raises `EvaluationError` for anything else."""
        accuracy = _number(returned, "the test value", of)
        failure = "" if math.isfinite(accuracy) else f"the test value is {accuracy}"
        value = None if failure else self.checked(accuracy, of)
        return Result(accuracy=value, seconds=measured, train_seconds=0.0, metrics={}, failure=failure)

    def checked(self, accuracy: float, of: str) -> float:
        """Return an accuracy; raises `EvaluationError` if it lies outside of what the metric allows."""
        most = 100.0 if in_percent(self.metric) else math.inf
        if not self.least <= accuracy <= most:
            allowed = f"from {self.least:g} to {most:g}" if most < math.inf else f"{self.least:g} or more"
            raise EvaluationError(
                f"{of} returned {accuracy:g}; {self.metric} is {allowed} (metric='score' has no limits)"
            )
        return accuracy

    def _seconds(self, seconds: object, of: str) -> float:
        value = _number(seconds, "the seconds", of)
        if not 0 <= value < math.inf:
            raise EvaluationError(f"{of} gave {value:g} seconds; seconds are finite, and 0 or more")
        return value

    def _metrics(self, metrics: Mapping[str, float], of: str) -> dict[str, float]:
        """The metrics that have a value; NaN says that a value is missing."""
        values = {name: _number(value, f"the metric {name}", of) for name, value in metrics.items()}
        for name, value in values.items():
            if name not in self.further:
                declared = ", ".join(self.further) or "none"
                raise EvaluationError(
                    f"{of} returned the metric {name!r:.40}, which was not declared (declared: {declared});"
                    f" add metrics={{{name!r:.40}: Metric('lower', 'unit')}}"
                )
            if math.isinf(value):
                raise EvaluationError(
                    f"{of} returned the metric {name} as {value}; NaN says that it is missing"
                )
        return {name: value for name, value in values.items() if not math.isnan(value)}


def _number(value: object, what: str, of: str) -> float:
    """A value as a float; raises `EvaluationError` if it is no number."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise EvaluationError(
            f"{of}: {what} is {value!r:.80} of the type {type(value).__name__}; return a number, such as"
            " float(accuracy), or an Evaluation"
        )
    try:
        return float(value)
    except OverflowError:  # a whole number that no float can hold
        return math.inf
