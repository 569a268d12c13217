"""An optimiser that proposes and is told, in turn, as a generator function."""

import inspect
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from nasbench_lab.errors import UsageError
from nasbench_lab.search.contract import Algorithm, Evaluation, Query, SearchProcess, TaskInfo
from nasbench_lab.settings import keyword_parameters
from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.declared import DeclaredSpace

MOST_TRIES = 100
"""Invalid proposals in a row, after which a random architecture takes the place of the next one."""
MOST_SEEDS = 2**31


class AskAndTell(Protocol):
    """An optimiser of one search."""

    def ask(self) -> Architecture | Query | None:
        """The next architecture, or query, to evaluate; None if there is nothing more to propose."""

    def tell(self, proposal: Any, evaluation: Any) -> None:
        """Take note of the evaluation of the last proposal."""


def same(evaluation: Evaluation) -> Evaluation:
    """The evaluation itself."""
    return evaluation


def ask_and_tell(
    make: Callable[..., AskAndTell], *, told: Callable[[Evaluation], object] = same
) -> Algorithm:
    """Make an algorithm of an optimiser.

    Args:
        make: makes the optimiser of one search: `make(space, rng)`. Its keyword-only parameters are
            hyperparameters, or `task` and `previous`, as those of an algorithm.
        told: what `tell` receives for an evaluation, such as `lambda e: -e.valid_accuracy`; by default the
            `Evaluation` itself. A failed one has `failed` set.
    """
    return as_algorithm(make, make, told)


def as_algorithm(
    make: Callable[..., AskAndTell],
    described_by: Callable[..., object],
    told: Callable[[Evaluation], object] = same,
) -> Algorithm:
    """An algorithm with the hyperparameters of both functions, named and described by the second."""

    def algorithm(space: SearchSpace, rng: np.random.Generator, **settings: Any) -> SearchProcess:
        optimiser = make(space, rng, **settings)
        while (proposal := optimiser.ask()) is not None:
            evaluation = yield proposal
            optimiser.tell(proposal, told(evaluation))
        return None

    named = next((each for each in (described_by, make) if _has_name(each)), ask_and_tell)
    algorithm.__name__, algorithm.__module__ = named.__name__, named.__module__
    algorithm.__qualname__ = named.__qualname__
    algorithm.__doc__ = described_by.__doc__ or make.__doc__ or "An optimiser with `ask` and `tell`."
    keywords = keyword_parameters(make) | keyword_parameters(described_by)
    positional = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("space", "rng")
    ]
    algorithm.__signature__ = inspect.Signature([*positional, *keywords.values()])  # type: ignore[attr-defined]
    return algorithm


def _has_name(function: Callable[..., object]) -> bool:
    return getattr(function, "__name__", "<lambda>") != "<lambda>"


def decisions_of(space: SearchSpace) -> list[tuple[str, int, bool]]:
    """Name, number of choices, and whether they have an order, of each decision."""
    if isinstance(space, DeclaredSpace):
        named = space.decisions.items()
        return [(name, len(decision.values), decision.ordered) for name, decision in named]
    return [(str(position), choices, False) for position, choices in enumerate(space.cardinalities)]


def check_installed(module: str) -> None:
    """Raise `UsageError` if an optional package is not installed."""
    if find_spec(module) is None:
        raise UsageError(f"{module} is not installed: pip install 'nasbench-lab[optimisers]'")


def objective_of(task: TaskInfo, evaluation: Evaluation) -> list[float] | None:
    """The losses of an evaluation, lower is better; None if it failed, or lacks one of the objectives."""
    losses = list(task.losses(evaluation))
    return None if evaluation.failed or any(np.isinf(losses)) else losses
