"""The archive of a search with several objectives: the evaluations that no earlier one dominates."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.search.contract import loss
from nasbench_lab.search.history import History
from nasbench_lab.search.task import Task


def reported_of_archive(history: History, task: Task, objectives: Sequence[str]) -> NDArray[np.float64]:
    """The accuracy reported for each evaluation that enters the archive, shape `(n,)`; NaN for the others.

    An evaluation enters if no earlier one is at least as good in every objective. An evaluation that lacks an
    objective, such as a failed one, never enters, nor does an architecture without a reported accuracy.
    """
    reported = np.full(len(history.evaluations), np.nan)
    metrics = [task.metrics[name] for name in objectives]
    front = np.empty((0, len(objectives)))  # the losses of the archive's members
    for step, evaluation in enumerate(history.evaluations):
        point = np.array(
            [loss(evaluation.value(name), of) for name, of in zip(objectives, metrics, strict=True)]
        )
        if not np.isfinite(point).all() or (front <= point).all(axis=1).any():
            continue
        accuracy = task.test_accuracy(history.architectures[step])
        if math.isnan(accuracy):
            continue
        reported[step] = accuracy
        front = np.vstack([front[~(point <= front).all(axis=1)], point])
    return reported
