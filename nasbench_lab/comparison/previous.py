"""Evaluations on other tasks, for algorithms that learn from earlier ones."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from nasbench_lab.errors import UnlistedArchitecture, UsageError
from nasbench_lab.search.contract import Evaluation, Previous
from nasbench_lab.search.task import Task
from nasbench_lab.spaces import Architecture

MOST_MISSES = 100
"""Draws in a row that a table may not list, before a task is refused."""
COMPARED = 30
"""Architectures whose reported values tell whether two tasks are one."""


def earlier_tasks(task: str, learn_from: Sequence[str]) -> list[str]:
    """The tasks to learn from in a search on `task`: all of them but itself.

    Raises `UsageError` if none is left.
    """
    others = [name for name in learn_from if name != task]
    if learn_from and not others:
        raise UsageError(f"a search on {task} cannot learn from itself; name another task in learn_from")
    return others


def check_different(task: Task, name: str, earlier: Task, earlier_name: str) -> None:
    """Raise `UsageError` if an earlier task has the values of the task itself, under another name."""
    if task.space.definition != earlier.space.definition:
        return
    rng = np.random.default_rng(0)
    drawn = [task.space.sample(rng) for _ in range(COMPARED)]
    values = [(_reported(task, each), _reported(earlier, each)) for each in drawn]
    both = [pair for pair in values if None not in pair]
    if both and all(one == other for one, other in both):
        raise UsageError(
            f"{earlier_name} has the same values as {name}, so that a search would learn from its own task;"
            " leave it out of learn_from"
        )


def _reported(task: Task, architecture: Architecture) -> float | None:
    try:
        return task.test_accuracy(architecture)
    except UnlistedArchitecture:
        return None


def evaluations_on(
    tasks: Sequence[str],
    count: int,
    seed: np.random.SeedSequence,
    open_task: Callable[[str], Task],
) -> tuple[Previous, ...]:
    """Evaluations of `count` architectures on each task, drawn uniformly from its space.

    Args:
        tasks: names of tasks.
        count: evaluations of each.
        seed: of the run; each task has a generator of its own, spawned from it.
        open_task: opens a task by its name.

    Raises `UsageError` if a task lists hardly any of its architectures.
    """
    return tuple(_evaluations(open_task(name), name, count, seed) for name in tasks)


def _evaluations(task: Task, name: str, count: int, seed: np.random.SeedSequence) -> Previous:
    words = np.frombuffer(hashlib.sha256(f"learn from {name}".encode()).digest()[:16], dtype="<u4").tolist()
    rng = np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, *words)))
    architectures: list[Architecture] = []
    evaluations: list[Evaluation] = []
    misses = 0
    while len(architectures) < count:
        architecture = task.space.sample(rng)
        try:
            evaluations.append(task.evaluate(architecture, None, rng))
        except UnlistedArchitecture as error:
            misses += 1
            if misses >= MOST_MISSES:
                raise UsageError(f"nothing can be learned from {name}: {error}") from None
            continue
        misses = 0
        architectures.append(architecture)
    return Previous(task=name, space=task.space, architectures=architectures, evaluations=evaluations)
