"""The runs of a comparison in memory: the input of statistics and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import SOURCES, Run


@dataclass(frozen=True)
class Runs:
    """All runs of one algorithm on one task, joined: run `i` is `offsets[i]:offsets[i + 1]`.

    It holds the arrays of `nasbench_lab.search.run.Run`, concatenated, with these differences: `clock` is
    always there; `recommended_accuracy` has one value per run, NaN if its algorithm recommended nothing.
    """

    offsets: NDArray[np.int64]
    architectures: NDArray[np.uint16]
    valid_accuracy: NDArray[np.float64]
    seconds: NDArray[np.float64]
    epochs: NDArray[np.int32]
    source: NDArray[np.uint8]
    test_accuracy: NDArray[np.float64]
    clock: NDArray[np.float64]
    metrics: Mapping[str, NDArray[np.float64]]
    archive: NDArray[np.float64] | None
    recommended_accuracy: NDArray[np.float64]

    @classmethod
    def of(cls, runs: Sequence[Run], *, recommended: bool = False) -> "Runs":
        """Join runs in the order given.

        Args:
            runs: in the order of their numbers.
            recommended: whether a recommendation becomes the last incumbent of its run. It then follows as a
                step of its own, without an evaluation and without cost.
        """
        if recommended:
            runs = [_with_recommendation(run) for run in runs]
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
            # Summed per run: a run's numbers must not depend on the runs stored before it.
            clock=np.concatenate(
                [np.cumsum(run.seconds) if run.clock is None else run.clock for run in runs]
            ),
            metrics={
                name: np.concatenate([run.metrics.get(name, np.full(len(run), np.nan)) for run in runs])
                for name in sorted({name for run in runs for name in run.metrics})
            },
            archive=None if any(run.archive is None for run in runs) else joined("archive"),
            recommended_accuracy=np.array([run.recommended_accuracy for run in runs]),
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __repr__(self) -> str:
        return f"<Runs: {len(self):,} runs, {self.evaluations.sum():,} evaluations>"

    @cached_property
    def run_of_step(self) -> NDArray[np.int64]:
        """The run each evaluation belongs to, shape `(offsets[-1],)`."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @cached_property
    def evaluations_spent(self) -> NDArray[np.float64]:
        """Evaluations of the run up to and including each step: 1, 2, ...

        A step that trained nothing does not count, such as the look at a zero-cost score.
        """
        trained = np.concatenate([[0], np.cumsum(self.epochs > 0)])
        counts = trained[1:] - trained[self.offsets[:-1]][self.run_of_step]
        return np.asarray(counts, dtype=np.float64)

    @cached_property
    def evaluations(self) -> NDArray[np.int64]:
        """The number of evaluations of each run, shape `(runs,)`."""
        trained = np.concatenate([[0], np.cumsum(self.epochs > 0)])
        counts: NDArray[np.int64] = np.diff(trained[self.offsets])
        return counts

    def cost(self, unit: str) -> NDArray[np.float64]:
        """The cost of the run up to and including each step, in a task's unit of cost."""
        return self.evaluations_spent if unit == "evaluations" else self.clock

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


def _with_recommendation(run: Run) -> Run:
    """A run with its recommendation as a last step; the run itself if there is none."""
    if run.recommended is None:
        return run
    clock = np.cumsum(run.seconds) if run.clock is None else run.clock
    nothing = {name: np.append(values, np.nan) for name, values in run.metrics.items()}
    return replace(
        run,
        architectures=np.vstack([run.architectures, run.recommended]),
        valid_accuracy=np.append(run.valid_accuracy, np.nan),
        seconds=np.append(run.seconds, 0.0),
        epochs=np.append(run.epochs, 0).astype(np.int32),
        source=np.append(run.source, len(SOURCES)).astype(np.uint8),
        test_accuracy=np.append(run.test_accuracy, run.recommended_accuracy),
        clock=np.append(clock, clock[-1] if len(clock) else 0.0),
        metrics=nothing,
        archive=None if run.archive is None else np.append(run.archive, np.nan),
    )


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

    def __repr__(self) -> str:
        sizes = f"{len(self.tasks)} x {len(self.algorithms)} tasks and algorithms"
        return f"<Results of {self.name}: {sizes}, {sum(map(len, self.runs.values())):,} runs>"
