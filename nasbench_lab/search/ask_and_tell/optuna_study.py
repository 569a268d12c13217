"""Samplers of Optuna (Akiba et al., KDD 2019, arXiv 1907.10902) as algorithms."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_lab.search.ask_and_tell.optimiser import (
    MOST_SEEDS,
    MOST_TRIES,
    as_algorithm,
    check_installed,
    decisions_of,
    objective_of,
)
from nasbench_lab.search.contract import Algorithm, Evaluation, TaskInfo
from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.declared import DeclaredSpace

if TYPE_CHECKING:
    import optuna


def from_optuna(sampler: "Callable[..., optuna.samplers.BaseSampler]") -> Algorithm:
    """Make an algorithm of a sampler of Optuna.

    A decision is a parameter of a trial: an integer if it is an ordered decision of a `DeclaredSpace`, else a
    categorical one. Its name is that of the decision, or its position; its value is the number of the
    choice. A trial has no parameter for an inactive decision.

    The objectives of the task are minimised, with the sign changed where higher is better. A failed
    evaluation is a failed trial. An invalid proposal is a pruned trial, and the sampler is asked again. The
    search ends if the sampler has tried everything.

    Args:
        sampler: makes the sampler of one search: `sampler(seed)`. Its keyword-only parameters are
            hyperparameters.
    """

    def optuna_sampler(
        space: SearchSpace, rng: np.random.Generator, *, task: TaskInfo, **settings: Any
    ) -> "OptunaStudy":
        """A sampler of Optuna."""
        check_installed("optuna")
        return OptunaStudy(space, rng, sampler(int(rng.integers(MOST_SEEDS)), **settings), task)

    return as_algorithm(optuna_sampler, sampler)


class OptunaStudy:
    """A study of Optuna, each of whose trials is an architecture."""

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        sampler: "optuna.samplers.BaseSampler",
        task: TaskInfo,
    ) -> None:
        self._space = space
        self._rng = rng
        self._task = task
        self._study = _quiet_study(sampler, len(task.objectives))
        self._trial: optuna.Trial | None = None
        self._is_exhausted = False

    def ask(self) -> Architecture | None:
        """The architecture of the next trial; None if the sampler has tried everything."""
        for _ in range(MOST_TRIES):
            if self._is_exhausted:
                return None
            architecture = self._next_trial()
            if self._space.is_valid(architecture):
                return architecture
            self._finish("PRUNED")
        self._study.enqueue_trial(self._parameters(self._space.sample(self._rng)))
        return self._next_trial()

    def tell(self, architecture: Architecture, evaluation: Evaluation) -> None:
        """Finish the trial."""
        losses = objective_of(self._task, evaluation)
        self._finish("FAIL" if losses is None else "COMPLETE", losses)

    def _next_trial(self) -> Architecture:
        self._trial = self._study.ask()
        choices: list[int] = []
        for name, count, ordered in decisions_of(self._space):
            if not self._is_active(choices):
                choices.append(0)
            elif ordered:
                choices.append(self._trial.suggest_int(name, 0, count - 1))
            else:
                choices.append(self._trial.suggest_categorical(name, range(count)))
        return tuple(choices)

    def _is_active(self, choices: list[int]) -> bool:
        """Whether the decision after these choices is active; it depends on earlier ones alone."""
        if not isinstance(self._space, DeclaredSpace):
            return True
        rest = [0] * (len(self._space.cardinalities) - len(choices))
        return self._space.active((*choices, *rest))[len(choices)]

    def _parameters(self, architecture: Architecture) -> dict[str, int]:
        names = [name for name, _, _ in decisions_of(self._space)]
        return dict(zip(names, architecture, strict=True))

    def _finish(self, state: str, losses: list[float] | None = None) -> None:
        from optuna.trial import TrialState

        assert self._trial is not None
        try:
            self._study.tell(self._trial, losses, TrialState[state])
        except RuntimeError as error:
            # A sampler that has tried everything stops the study, which Optuna refuses outside of `optimize`.
            if "Study.stop" not in str(error):
                raise
            self._is_exhausted = True


def _quiet_study(sampler: "optuna.samplers.BaseSampler", objectives: int) -> "optuna.Study":
    """A new study in memory, without a line about it in the terminal."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        return optuna.create_study(sampler=sampler, directions=["minimize"] * objectives)
    finally:
        optuna.logging.set_verbosity(verbosity)
