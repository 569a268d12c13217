"""A task for tests of algorithms: it needs no table, and works on any space."""

import numpy as np

from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.contract import Evaluation
from nasbench_lab.search.task import TaskDefaults


class Landscape(TaskDefaults):
    """A task on any space; its accuracy is the scaled mean choice, so better neighbors exist."""

    charges_seconds = True
    epochs = 1
    fidelities: tuple[int, ...] = (1,)
    optimum = 100.0
    name = "landscape/test"
    # A search asks for neither.
    card: TaskCard
    lists_every_architecture: bool

    def __init__(self, space):
        self.space = space
        self.highest = sum(space.cardinalities) - len(space.cardinalities)

    def test_accuracy(self, architecture):
        return 100.0 * sum(architecture) / self.highest

    def prepare(self, queries, rng):
        assert all(self.space.is_valid(query.architecture) for query in queries)

    def evaluate(self, architecture, epochs, rng):
        assert self.space.is_valid(architecture)
        return Evaluation(self.test_accuracy(architecture), 1.0, epochs or 10, "table")

    def shared_network(self, seed):
        return NoisyNetwork(self, seed)


class NoisyNetwork:
    """Shared weights that give the accuracy with noise, and less noise with every step."""

    def __init__(self, task, seed):
        self.task, self.rng, self.steps = task, np.random.default_rng(seed), 0

    def train(self, paths):
        assert all(self.task.space.is_valid(path) for path in paths)
        self.steps += len(paths)
        return [1.0] * len(paths), 0.1 * len(paths)

    def accuracy(self, architecture):
        noise = self.rng.normal(0, 100 / (1 + self.steps))
        return self.task.test_accuracy(architecture) + noise, 0.1
