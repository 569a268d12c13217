"""The runs of a comparison in memory: the input of statistics and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import Run


@dataclass(frozen=True)
class Runs:
    """All runs of one algorithm on one task, joined: run `i` is `offsets[i]:offsets[i + 1]`.

    It holds the arrays of `nasbench_lab.search.run.Run`, concatenated.
    """

    offsets: NDArray[np.int64]
    architectures: NDArray[np.uint16]
    valid_accuracy: NDArray[np.float64]
    seconds: NDArray[np.float64]
    epochs: NDArray[np.int32]
    source: NDArray[np.uint8]
    test_accuracy: NDArray[np.float64]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> "Runs":
        """Join runs in the order given."""
        lengths = [len(run) for run in runs]

        def joined(name: str) -> NDArray:  # type: ignore[type-arg]
            return np.concatenate([getattr(run, name) for run in runs])

        return cls(
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            architectures=joined("architectures"),
            valid_accuracy=joined("valid_accuracy"),
            seconds=joined("seconds"),
            epochs=joined("epochs"),
            source=joined("source"),
            test_accuracy=joined("test_accuracy"),
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def run_of_step(self) -> NDArray[np.int64]:
        """The run each evaluation belongs to, shape `(offsets[-1],)`."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @cached_property
    def evaluations_spent(self) -> NDArray[np.float64]:
        """Evaluations of the run up to and including each step: 1, 2, ..."""
        steps = np.arange(self.offsets[-1]) - self.offsets[:-1][self.run_of_step]
        return (steps + 1).astype(np.float64)

    @cached_property
    def seconds_spent(self) -> NDArray[np.float64]:
        """Simulated seconds of the run up to and including each step."""
        spent = np.empty(len(self.seconds))
        for start, end in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            # Summed per run: a run's numbers must not depend on the runs stored before it.
            np.cumsum(self.seconds[start:end], out=spent[start:end])
        return spent

    def final(self) -> NDArray[np.float64]:
        """Reported accuracy of each run's last incumbent, in the metric's unit, shape `(runs,)`.

        NaN for a run without an incumbent (every evaluation failed).
        """
        final = np.full(len(self), np.nan)
        steps = self.incumbents()
        final[self.run_of_step[steps]] = self.test_accuracy[steps]
        return final

    def incumbents(self) -> NDArray[np.int64]:
        """Return the step of each run's last incumbent; runs without an incumbent are left out."""
        steps = np.flatnonzero(~np.isnan(self.test_accuracy))
        # Steps are ordered by run. The last step of a run comes right before a step of another run.
        return steps[np.append(np.diff(self.run_of_step[steps]) != 0, True)] if len(steps) else steps


@dataclass(frozen=True)
class Results:
    """A comparison's runs, by task name and algorithm label, in the order of the specification.

    Attributes:
        name: the name of the comparison's folder.
        protocol: the published protocol's name and its changed settings, or empty.
        tasks: one card per task.
        algorithms: unique labels; their order fixes each algorithm's colour.
        settings: each algorithm's function and all its hyperparameters, as text, by label.
        runs: `runs[task name, algorithm label]`.
        specification: the comparison as stored (plain JSON values), for the report.
        environment: versions, machine and date of the search, for the report.
    """

    name: str
    protocol: str
    tasks: tuple[TaskCard, ...]
    algorithms: tuple[str, ...]
    settings: Mapping[str, str]
    runs: Mapping[tuple[str, str], Runs]
    specification: Mapping[str, object]
    environment: Mapping[str, object]
