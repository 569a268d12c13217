"""When a search ends."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nasbench_lab.errors import UsageError

if TYPE_CHECKING:
    pass


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
