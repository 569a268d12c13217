"""The budget of a search."""

import math
from dataclasses import dataclass
from typing import Literal

from nasbench_lab.errors import UsageError
from nasbench_lab.search.card import TaskCard
from nasbench_lab.settings import check_fields


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The limits of a search, which ends at the first one it reaches.

    Attributes:
        evaluations: number of evaluations.
        trainings: full trainings: the epochs charged, divided by those of the task's own evaluations.
        seconds: simulated seconds: with one worker, the sum of all seconds that were charged.
        real_seconds: seconds of wall-clock time.
        target_accuracy: a validation accuracy, in the metric's unit, that ends the search once seen.
        over_budget: whether the evaluation that goes over `seconds` still counts (`include`, as in
            NATS-Bench) or not (`discard`, as in NAS-Bench-201).
        workers: number of simulated workers; `seconds` then limits their clock.
        promotions: the charge for more epochs of a training that the search began: the new epochs alone
            (`continue`), or all of them (`restart`, as in NATS-Bench).
    """

    evaluations: int | None = None
    trainings: float | None = None
    seconds: float | None = None
    real_seconds: float | None = None
    target_accuracy: float | None = None
    workers: int = 1
    over_budget: Literal["include", "discard"] = "include"
    promotions: Literal["continue", "restart"] = "continue"

    def __post_init__(self) -> None:
        check_fields(self)
        limits = {
            "evaluations": self.evaluations,
            "trainings": self.trainings,
            "seconds": self.seconds,
            "real_seconds": self.real_seconds,
        }
        for name, limit in limits.items():
            if limit is not None and not 0 < limit < math.inf:
                raise UsageError(f"the budget of {name} must be a finite number above 0; received {limit:g}")
        if all(limit is None for limit in limits.values()):
            raise UsageError(
                "a search needs a budget: set at least one of evaluations, trainings, seconds or"
                " real_seconds (a target accuracy alone may never be reached)"
            )
        if self.workers < 1:
            raise UsageError(f"the number of workers is 1 or more; received {self.workers}")
        if self.target_accuracy is not None and not math.isfinite(self.target_accuracy):
            raise UsageError(
                f"the target accuracy must be a finite number; received {self.target_accuracy:g}"
            )


def check_target(target: float | None, card: TaskCard) -> None:
    """Raise `UsageError` for a target that no accuracy of a task can reach: an accuracy in percent."""
    in_percent = card.in_percent and card.quantity.endswith("accuracy")
    if target is not None and in_percent and not 0 <= target <= 100:
        raise UsageError(
            f"the target accuracy of {card.name} is from 0 to 100, in percent; received {target:g}"
        )
