"""A task with two objectives that exclude each other, and the size of the front that a search finds on it."""

import dataclasses

import numpy as np

from nasbench_lab.conformance import Landscape
from nasbench_lab.search import Budget, Evaluation, search
from nasbench_lab.search.contract import PARAMETERS, Metrics
from nasbench_lab.spaces import find_space
from nasbench_lab.statistics.fronts import hypervolume
from tests.searches import task_info

SPACE = find_space("nasbench201")
ONE = task_info(1)
TWO = dataclasses.replace(
    ONE, objectives=("valid_accuracy", "parameters"), metrics={**ONE.metrics, "parameters": PARAMETERS}
)


class Bent(Landscape):
    """Few parameters and a high accuracy exclude each other along a curve."""

    def evaluate(self, architecture, epochs, rng):
        """The accuracy counts the fourth choices, the parameters the squared distance from the first."""
        accuracy = 10.0 * sum(choice == 4 for choice in architecture)
        parameters = float(sum((choice - 1) ** 2 for choice in architecture))
        return Evaluation(accuracy, 1.0, metrics=Metrics({"parameters": parameters}))


def mean_volume(algorithm) -> float:
    """The mean hypervolume of all that 10 searches of 600 evaluations found on the bent task."""

    def volume(seed):
        run = search(
            algorithm,
            Bent(SPACE),
            Budget(evaluations=600),
            np.random.SeedSequence(seed),
            objectives=("valid_accuracy", "parameters"),
        )
        rows = run.architectures
        points = np.stack([10.0 * (rows == 4).sum(axis=1), ((rows - 1.0) ** 2).sum(axis=1)], axis=1)
        return hypervolume(points, np.array([0.0, 54.0]), [True, False])

    return float(np.mean([volume(seed) for seed in range(10)]))
