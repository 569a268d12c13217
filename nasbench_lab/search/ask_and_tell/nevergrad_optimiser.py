"""Optimisers of nevergrad (Bennet et al., SIGEVOlution 2021) as algorithms."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_lab.errors import UsageError, unknown_name
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
    from nevergrad.optimization.base import Optimizer

WORST_LOSS = 1e20  # nevergrad clips losses of 5e20 and more, with a warning


def from_nevergrad(optimiser: "str | Callable[..., Optimizer]") -> Algorithm:
    """Make an algorithm of an optimiser of nevergrad.

    A decision is a `TransitionChoice` if it is an ordered decision of a `DeclaredSpace`, else a deterministic
    `Choice`: nevergrad's default one is drawn at random from weights, and what is drawn says little about
    them. An inactive decision has its first choice, whatever nevergrad proposes.

    The objective of the task is minimised, with the sign changed if higher is better. A failed evaluation and
    an invalid proposal have a loss of 1e20; after an invalid one, the optimiser is asked again.

    Args:
        optimiser: a name in `nevergrad.optimizers.registry`, or a configured family of optimisers, such as
            `nevergrad.optimizers.ParametrizedOnePlusOne(crossover=True)`.
    """

    def make(space: SearchSpace, rng: np.random.Generator, *, task: TaskInfo) -> "NevergradOptimiser":
        check_installed("nevergrad")
        return NevergradOptimiser(space, rng, optimiser, task)

    make.__doc__ = f"{optimiser} of nevergrad."
    make.__name__ = make.__qualname__ = str(optimiser)
    return as_algorithm(make, make)


class NevergradOptimiser:
    """An optimiser of nevergrad, each of whose candidates is an architecture."""

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        optimiser: "str | Callable[..., Optimizer]",
        task: TaskInfo,
    ) -> None:
        import nevergrad

        if len(task.objectives) > 1:
            raise UsageError(
                "an optimiser of nevergrad searches for one objective here; received"
                f" {', '.join(task.objectives)}"
            )
        if isinstance(optimiser, str) and optimiser not in nevergrad.optimizers.registry:
            raise unknown_name("optimiser of nevergrad", optimiser, nevergrad.optimizers.registry)
        family: Any = nevergrad.optimizers.registry[optimiser] if isinstance(optimiser, str) else optimiser
        self._space = space
        self._rng = rng
        self._task = task
        self._candidate: Any = None
        seeds = rng.integers(MOST_SEEDS, size=2).tolist()
        self._global = GlobalGenerator(seeds[0])
        with self._global:
            parameters: list[Any] = [
                nevergrad.p.TransitionChoice(range(count))
                if ordered
                else nevergrad.p.Choice(range(count), deterministic=True)
                for _, count, ordered in decisions_of(space)
            ]
            parametrization = nevergrad.p.Tuple(*parameters)
            parametrization.random_state = np.random.RandomState(seeds[1])
            self._optimiser = family(parametrization=parametrization, budget=task.budget.evaluations)

    def ask(self) -> Architecture:
        """The architecture of the next candidate."""
        for _ in range(MOST_TRIES):
            with self._global:
                self._candidate = self._optimiser.ask()
            architecture = tuple(int(choice) for choice in self._candidate.value)
            if isinstance(self._space, DeclaredSpace):
                architecture = self._space.canonical(architecture)
            if self._space.is_valid(architecture):
                return architecture
            self._tell(WORST_LOSS)
        self._candidate = None
        return self._space.sample(self._rng)

    def tell(self, architecture: Architecture, evaluation: Evaluation) -> None:
        """Tell the loss of the candidate. A random architecture, which is no candidate, is not told."""
        if self._candidate is not None:
            losses = objective_of(self._task, evaluation)
            self._tell(WORST_LOSS if losses is None else losses[0])

    def _tell(self, loss: float) -> None:
        with self._global:
            self._optimiser.tell(self._candidate, loss)


class GlobalGenerator:
    """NumPy's global generator in a state of its own, within a `with` block.

    Many optimisers of nevergrad draw from it, whatever the generator of the parametrization.
    """

    def __init__(self, seed: int) -> None:
        self._own: Any = np.random.RandomState(seed).get_state()

    def __enter__(self) -> None:
        self._others = np.random.get_state()  # noqa: NPY002
        np.random.set_state(self._own)  # noqa: NPY002

    def __exit__(self, *error: object) -> None:
        self._own = np.random.get_state()  # noqa: NPY002
        np.random.set_state(self._others)  # noqa: NPY002
