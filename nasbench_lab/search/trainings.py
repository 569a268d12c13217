"""The trainings of one search: a longer evaluation of an architecture goes on with the training it began."""

from typing import Any

import numpy as np

from nasbench_lab.search.budget import Budget
from nasbench_lab.search.contract import Evaluation
from nasbench_lab.search.task import Task
from nasbench_lab.spaces.base import Architecture


class Trainings:
    """The last training of each architecture, for algorithms that choose their own epochs.

    An evaluation with more epochs than the last one of the same architecture goes on with the same training,
    if the task has both from one training. It has the same seed, and draws nothing from `rng`. It is charged
    its new epochs alone, unless the budget's `promotions` say `restart`. Any other evaluation begins a new
    training.

    Args:
        task: the source of evaluations.
        rng: the generator of the task's draws.
        budget: says how promotions are charged.
    """

    def __init__(self, task: Task, rng: np.random.Generator, budget: Budget) -> None:
        self._task = task
        self._rng = rng
        self._continues = budget.promotions == "continue"
        self._again = np.random.Generator(type(rng.bit_generator)())
        # By architecture: the state of `rng` before the training's draws, and its last evaluation.
        self._last: dict[Architecture, tuple[Any, Evaluation]] = {}

    def evaluate(self, architecture: Architecture, epochs: int | None) -> tuple[Evaluation, int]:
        """An evaluation with the seconds that are charged for it, and the number of epochs charged."""
        promoted = self._promoted(architecture, epochs)
        if promoted is not None:
            return promoted
        state = self._rng.bit_generator.state
        evaluation = self._task.evaluate(architecture, epochs, self._rng)
        self._last[architecture] = state, evaluation
        return evaluation, evaluation.epochs

    def _promoted(self, architecture: Architecture, epochs: int | None) -> tuple[Evaluation, int] | None:
        """The evaluation that goes on with the last training; None if there is no such training."""
        if architecture not in self._last:
            return None
        state, last = self._last[architecture]
        if (self._task.epochs if epochs is None else epochs) <= last.epochs:
            return None
        self._again.bit_generator.state = state
        longer = self._task.evaluate(architecture, epochs, self._again)
        if not longer.training or (longer.training, longer.source) != (last.training, last.source):
            return None
        self._last[architecture] = state, longer
        if not self._continues:
            return longer, longer.epochs
        seconds = max(0.0, longer.seconds - last.train_seconds)
        return longer._replace(seconds=seconds), longer.epochs - last.epochs
