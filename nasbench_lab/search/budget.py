"""The budget of a search."""

from dataclasses import dataclass
from typing import Literal

from nasbench_lab.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The limits of a search, which ends at the first one it reaches.

    Attributes:
        evaluations: number of evaluations.
        seconds: simulated seconds, the sum of `Evaluation.seconds`.
        real_seconds: seconds of wall-clock time.
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
