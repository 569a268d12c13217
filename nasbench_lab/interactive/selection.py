"""The tasks and algorithms that a call names; unknown names are errors with the nearest known ones."""

from collections.abc import Sequence

from nasbench_lab.comparison.results import Results
from nasbench_lab.errors import UsageError, unknown_name
from nasbench_lab.search.card import TaskCard


def chosen_tasks(results: Results, task: str | None) -> tuple[TaskCard, ...]:
    """The task of this name, or all tasks if it is None."""
    if task is None:
        return results.tasks
    by_name = {card.name: card for card in results.tasks}
    if not isinstance(task, str) or task not in by_name:
        raise unknown_name("task", str(task), by_name)
    return (by_name[task],)


def the_task(results: Results, task: str | None) -> TaskCard:
    """The task of this name, or the only one if it is None."""
    chosen = chosen_tasks(results, task)
    if len(chosen) != 1:
        names = ", ".join(card.name for card in chosen)
        raise UsageError(f"axes show one of {len(chosen)} tasks; name it with task=..., one of {names}")
    return chosen[0]


def chosen_algorithms(results: Results, algorithms: str | Sequence[str] | None) -> tuple[str, ...]:
    """The labels given, in the order of the comparison, or all labels if it is None."""
    if algorithms is None:
        return results.algorithms
    asked = [algorithms] if isinstance(algorithms, str) else list(algorithms)
    for label in asked:
        if label not in results.algorithms:
            raise unknown_name("algorithm", str(label), results.algorithms)
    if not asked:
        raise UsageError(f"name at least one algorithm of {', '.join(results.algorithms)}; received none")
    return tuple(label for label in results.algorithms if label in asked)
