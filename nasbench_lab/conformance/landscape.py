"""A task on any search space, to try an algorithm out: it needs no table, and answers at once."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from nasbench_lab.errors import UsageError
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.contract import PARAMETERS, VALID_ACCURACY, Evaluation, Metric, Metrics
from nasbench_lab.search.task import SharedNetwork, TaskDefaults
from nasbench_lab.spaces.base import Architecture, SearchSpace


class Landscape(TaskDefaults):
    """A task whose accuracy is the mean choice, from 0 to 100 %, so that single changes lead upward.

    An epoch costs one simulated second, and so does a step or a validation of the shared network. All
    fidelities belong to one training, and give the same accuracy. The number of parameters grows with the
    accuracy. Nothing is random.

    Args:
        space: any search space.
        fidelities: the epochs that a search may ask for, ascending; an evaluation takes the last by default.
        accuracy: another accuracy of an architecture, in percent.
        fails: says which trainings fail; by default none.
    """

    name = "landscape/test"
    charges_seconds = True
    resumable = True
    optimum = None
    lists_every_architecture = True

    def __init__(
        self,
        space: SearchSpace,
        *,
        fidelities: tuple[int, ...] = (1,),
        accuracy: Callable[[Architecture], float] | None = None,
        fails: Callable[[Architecture], bool] | None = None,
    ) -> None:
        self.space = space
        self.fidelities = fidelities
        self.epochs = fidelities[-1]
        self._highest = sum(space.cardinalities) - len(space.cardinalities)
        self._accuracy = accuracy or (lambda architecture: 100.0 * sum(architecture) / self._highest)
        self._fails = fails or (lambda architecture: False)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The accuracy and the number of parameters."""
        return {VALID_ACCURACY: Metric("higher", "%"), "parameters": PARAMETERS}

    @property
    def card(self) -> TaskCard:
        """The description of this task in figures and reports."""
        return TaskCard(
            name=self.name,
            title=f"Landscape on {self.space.name}",
            metric="accuracy (%)",
            searched="mean choice",
            reported="mean choice",
            cost="simulated seconds",
            optimum=None,
            digest="landscape",
            citation="none",
            licence="none",
        )

    def evaluate(
        self, architecture: Architecture, epochs: int | None, rng: np.random.Generator
    ) -> Evaluation:
        """Evaluate an architecture; a failed one has an accuracy of 0 %."""
        after = self.epochs if epochs is None else epochs
        if after not in self.fidelities:
            allowed = ", ".join(map(str, self.fidelities))
            raise UsageError(f"{self.name} has no accuracy after {after} epochs; it has {allowed}")
        if not self.space.is_valid(architecture):
            raise ValueError(f"{architecture!r} is not an architecture of {self.space.name}")
        failed = self._fails(architecture)
        return Evaluation(
            valid_accuracy=0.0 if failed else self._accuracy(architecture),
            seconds=float(after),
            epochs=after,
            source="table",
            metrics=Metrics({"parameters": float(sum(architecture))}),
            failed=failed,
            training="landscape",
            train_seconds=float(after),
        )

    def test_accuracy(self, architecture: Architecture) -> float:
        """The same accuracy; NaN if the training fails."""
        return float("nan") if self._fails(architecture) else self._accuracy(architecture)

    def shared_network(self, seed: int) -> SharedNetwork:
        """A network that learns nothing: its accuracy for an architecture is that of the landscape."""
        return LandscapeNetwork(self._accuracy)


class LandscapeNetwork:
    """A simulated network with shared weights; a step and a validation cost one second each."""

    def __init__(self, accuracy: Callable[[Architecture], float]) -> None:
        self._accuracy = accuracy

    def train(self, paths: Sequence[Architecture]) -> tuple[list[float], float]:
        """The loss of each path, and the seconds of all steps."""
        return [1.0 - self._accuracy(path) / 100 for path in paths], float(len(paths))

    def accuracy(self, architecture: Architecture) -> tuple[float, float]:
        """The accuracy in percent, and the seconds."""
        return self._accuracy(architecture), 1.0
