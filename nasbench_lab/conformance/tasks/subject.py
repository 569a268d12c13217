"""A task under check, and architectures to ask it for."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nasbench_lab.conformance.rules import require
from nasbench_lab.errors import UnlistedArchitecture
from nasbench_lab.search.task import Task
from nasbench_lab.spaces.base import Architecture

MOST_DRAWN = 1_000
EXAMPLES = 5


class Subject(NamedTuple):
    """A task, and architectures that it answers."""

    task: Task
    architectures: Sequence[Architecture]


def answered_by(task: Task, count: int = EXAMPLES) -> list[Architecture]:
    """Architectures that a task evaluates, drawn at random.

    Raises `ConformanceError` if it evaluates none of many.
    """
    rng, found = np.random.default_rng(0), list[Architecture]()
    for _ in range(MOST_DRAWN):
        architecture = task.space.sample(rng)
        try:
            task.evaluate(architecture, None, fresh_rng())
        except UnlistedArchitecture as error:
            require(not task.lists_every_architecture, f"it lists every architecture, but {error}")
            continue
        found.append(architecture)
        if len(found) == count:
            break
    require(found, f"it lists none of {MOST_DRAWN:,} random architectures; give some that it lists")
    return found


def fresh_rng() -> np.random.Generator:
    """A generator that is always in the same state."""
    return np.random.default_rng(11)


def is_finite(value: object) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
