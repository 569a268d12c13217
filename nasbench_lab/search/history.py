"""The history of one search while it runs, and the limits at which it ends."""

import math
import time
from dataclasses import dataclass, field

from nasbench_lab.errors import UsageError
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.contract import Evaluation
from nasbench_lab.search.task import Task
from nasbench_lab.spaces.base import Architecture

MOST_FREE = 10_000
"""Evaluations in a row that may cost nothing if the budget limits their cost alone."""
MOST_IDLE = 1_000_000
"""Requests in a row that may spend nothing of the budget, such as scores that cost nothing."""


@dataclass
class History:
    """All evaluations of a search, in the order in which they finished.

    Attributes:
        architectures, evaluations: one each.
        clock: simulated seconds from the start to the end of each evaluation; None while they are the sum of
            the seconds of all evaluations so far.
    """

    architectures: list[Architecture] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    clock: list[float] | None = None

    def keep_clock(self) -> list[float]:
        """Begin to keep the clock, and return it."""
        if self.clock is None:
            self.clock, spent = [], 0.0
            for evaluation in self.evaluations:
                spent += evaluation.seconds
                self.clock.append(spent)
        return self.clock


class Limits:
    """The limits of a budget on a task, as numbers: infinite if there is no such limit."""

    def __init__(self, budget: Budget, task: Task) -> None:
        self.evaluations = budget.evaluations or math.inf
        self.seconds = budget.seconds or math.inf
        self.epochs = budget.trainings * task.epochs if budget.trainings else math.inf
        self.target = math.inf if budget.target_accuracy is None else budget.target_accuracy
        self.deadline = time.monotonic() + budget.real_seconds if budget.real_seconds else math.inf
        self.discard = budget.over_budget == "discard"
        self.may_be_endless = not (budget.evaluations or budget.trainings or budget.real_seconds)
        self._task = task.name
        self._idle = 0  # requests in a row that spent nothing
        self._trained = 0  # architectures trained before the last one of them

    def check_endless(self, free: int) -> None:
        """Raise `UsageError` if so many evaluations in a row were free that the budget is never spent."""
        if free >= MOST_FREE:
            raise UsageError(
                f"the last {MOST_FREE:,} evaluations of {self._task} cost 0 seconds, so a budget of seconds"
                " is never spent; set budget_evaluations"
            )

    def note_idle(self, seconds: float, trained: int) -> None:
        """Count a request that trains no architecture; raises `UsageError` if they never spend the budget.

        Args:
            seconds: its cost.
            trained: the number of architectures that the search has trained so far.
        """
        spends = self.deadline < math.inf or (self.seconds < math.inf and seconds > 0)
        self._idle = 0 if spends or trained > self._trained else self._idle + 1
        self._trained = trained
        if self._idle >= MOST_IDLE:
            raise UsageError(
                f"the last {MOST_IDLE:,} requests to {self._task} trained no architecture and spent nothing"
                " of the budget; set budget_seconds or budget_real_seconds"
            )
