"""The cards of a comparison's tasks, with the objectives of its searches."""

from collections.abc import Sequence
from dataclasses import replace

from nasbench_lab.search.card import Objective, TaskCard
from nasbench_lab.search.contract import VALID_ACCURACY
from nasbench_lab.search.task import Task
from nasbench_lab.statistics import fronts


def card_of(task: Task, objectives: Sequence[str]) -> TaskCard:
    """The card of a task, with its search space, and with the true front if there are several objectives.

    Args:
        task: the task.
        objectives: names of its metrics; a search has looked for them before.
    """
    card = replace(task.card, space=task.space.notation)
    if tuple(objectives) == (VALID_ACCURACY,):
        return card
    metrics = [task.metrics[name] for name in objectives]
    higher = [metric.direction == "higher" for metric in metrics]
    card = replace(
        card,
        objectives=tuple(
            Objective(name, metric.direction == "higher", metric.unit)
            for name, metric in zip(objectives, metrics, strict=True)
        ),
    )
    points = task.points(objectives)
    if points is None or not len(points):
        return card
    front = fronts.nondominated(points, higher)
    return replace(
        card,
        front=tuple(tuple(point) for point in front.tolist()),
        worst=tuple(fronts.worst_of(points, higher).tolist()),
    )
