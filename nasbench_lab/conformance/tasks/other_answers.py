"""Rules of a task: scores, reported accuracies, and the network with shared weights."""

import math

import numpy as np

from nasbench_lab.conformance.rules import Rule, require, shown
from nasbench_lab.conformance.tasks.subject import Subject, is_finite
from nasbench_lab.errors import UnlistedArchitecture, UsageError
from nasbench_lab.search.contract import VALID_ACCURACY
from nasbench_lab.search.run import SOURCES


def metrics_on_request_are_answered(subject: Subject) -> None:
    """`score` gives each of them as a finite number, and says what it costs."""
    task = subject.task
    for name in (name for name, metric in task.metrics.items() if metric.on_request):
        for architecture in subject.architectures:
            try:
                scores = task.score(architecture, [name])
            except UnlistedArchitecture:
                continue
            value = scores.values.get(name)
            require(
                is_finite(value), f"score({architecture}, [{name!r}]) is {value!r}; it is a finite number"
            )
            require(
                is_finite(scores.seconds) and scores.seconds >= 0 and scores.source in SOURCES,
                f"score({architecture}, [{name!r}]) gave {shown(scores)}; seconds are from 0 up, and the"
                f" source is one of {', '.join(SOURCES)}",
            )


def reported_accuracies_are_numbers(subject: Subject) -> None:
    """A finite number, NaN if the training failed, or `UnlistedArchitecture`; never above the optimum."""
    task, known = subject.task, 0
    for architecture in subject.architectures:
        try:
            accuracy = task.test_accuracy(architecture)
        except UnlistedArchitecture:
            require(not task.lists_every_architecture, f"no test accuracy of {architecture}")
            continue
        require(
            isinstance(accuracy, float) and not math.isinf(accuracy),
            f"test_accuracy({architecture}) is {accuracy!r}; it is a finite number; NaN if it failed",
        )
        known += not math.isnan(accuracy)
        require(
            task.optimum is None or math.isnan(accuracy) or accuracy <= task.optimum,
            f"test_accuracy({architecture}) is {accuracy}, above the optimum {task.optimum}",
        )
    require(known, f"no test accuracy of any of {shown(list(subject.architectures))}")


def points_are_those_of_the_reported_accuracies(subject: Subject) -> None:
    """A column per objective, and the optimum among them; or None."""
    task = subject.task
    points = task.points([VALID_ACCURACY])
    if points is None:
        return
    require(
        points.ndim == 2 and points.shape[1] == 1 and np.isfinite(points).all(),
        f"points(['valid_accuracy']) has shape {points.shape}; expected one finite number per architecture",
    )
    require(
        task.optimum is None or points.max() == task.optimum,
        f"the best of points(['valid_accuracy']) is {points.max()}, but optimum is {task.optimum}",
    )


def its_shared_network_can_be_trained(subject: Subject) -> None:
    """Losses and seconds for each step; `UsageError` if the task trains none."""
    try:
        network = subject.task.shared_network(0)
    except UsageError:
        return
    paths = list(subject.architectures[:2])
    losses, seconds = network.train(paths)
    require(
        len(losses) == len(paths) and all(map(is_finite, losses)) and is_finite(seconds) and seconds >= 0,
        f"train({paths}) gave the losses {shown(losses)} and {seconds!r} seconds",
    )
    accuracy, seconds = network.accuracy(paths[0])
    require(
        is_finite(accuracy) and is_finite(seconds) and seconds >= 0,
        f"accuracy({paths[0]}) gave {accuracy!r} and {seconds!r} seconds",
    )


RULES: tuple[Rule, ...] = (
    metrics_on_request_are_answered,
    reported_accuracies_are_numbers,
    points_are_those_of_the_reported_accuracies,
    its_shared_network_can_be_trained,
)
