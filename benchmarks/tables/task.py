"""A task that answers from a table: one data set under one protocol."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.tables.contents import (
    DataSet,
    FloatArray,
    Measurement,
    Training,
    mean_over_seeds,
)
from nasbench_lab.benchmarks.tables.file import Table
from nasbench_lab.errors import UnlistedArchitecture, UsageError
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.contract import VALID_ACCURACY, Evaluation, Metric, Metrics
from nasbench_lab.search.task import Scores, TaskDefaults, unknown_metric
from nasbench_lab.spaces import Architecture, SearchSpace
from nasbench_lab.spaces.listed import ListedSpace


class TabularTask(TaskDefaults):
    """A task that looks evaluations up in one data set of a table.

    Args:
        table: an open table.
        data_set: one of its data sets.
        epochs: training epochs behind the accuracy a search sees; None for the longest training.
            If the table has a training of exactly that length, it is used. Otherwise the accuracy is
            that epoch of the longest training. If a search asks for other epochs, the answer comes from
            the first of these trainings that recorded them: the task's own training, if it is not the
            longest; a training of exactly the length asked for; the longest training.
        seed: the training seed a search sees: `random` (drawn anew at each evaluation), `mean`
            (over the seeds present), or one of the table's seed labels.
        cost: the cost of an evaluation: the listed seconds, or one for each training epoch.
        only_listed: whether the space is the part that the table lists: all architectures that have an
            evaluation after the task's epochs, a failed one included, and an accuracy to report. Other
            epochs can be asked for if all of these have an evaluation after them.

    Raises:
        UsageError: the table cannot support such a task. The message says which tasks it can support.
    """

    def __init__(
        self,
        table: Table,
        data_set: str,
        *,
        epochs: int | None = None,
        seed: str = "random",
        cost: Literal["seconds", "epochs"] = "seconds",
        only_listed: bool = False,
    ) -> None:
        self.name = f"{table.name}/{data_set}"
        self.seed = seed
        self._table = table
        self._data: DataSet = table.data_set(data_set)
        self.space: SearchSpace = self._data.search_space
        self._cost_unit = cost
        self._shown = {
            length: training if cost == "seconds" else _charged_by_epochs(training)
            for length, training in self._data.trainings.items()
            if training.valid_accuracy is not None
        }
        if not self._shown:
            raise UsageError(
                f"{self.name} lists no validation accuracy, and test accuracy is never shown to a search,"
                " so it cannot be searched; choose another benchmark"
            )
        self.epochs = epochs if epochs is not None else max(self._shown)
        # By epochs, then by architecture: the evaluations to draw from, one per seed.
        self._known: dict[int | None, dict[Architecture, tuple[Evaluation, ...]]] = {None: {}}
        valid, training = self._measured(self.epochs)
        self._check_seed(valid)
        self._check_times(self.epochs, training)
        self._part: NDArray[np.bool_] | None = None
        if only_listed and not self._lists_the_whole_space:
            self._part = self._answered(self.epochs)
            self.space = self._listed_space(self._part)

    @property
    def charges_seconds(self) -> bool:
        """Whether the table lists training times."""
        return self._measured(self.epochs)[1].train_seconds is not None

    @property
    def _cost_in_words(self) -> str:
        if self._cost_unit == "epochs":
            return "training epochs"
        return "simulated seconds" if self.charges_seconds else "evaluations"

    @property
    def optimum(self) -> float | None:
        """The best reported accuracy of any architecture that can be searched, in the metric's unit."""
        reached = self.reported if self._part is None else self.reported[self._part]
        known = reached[~np.isnan(reached)]
        return float(known.max()) if len(known) else None

    @cached_property
    def metrics(self) -> Mapping[str, Metric]:
        """The accuracy, and every column of the table with one value per architecture."""
        columns = {name: column.metric for name, column in self._data.columns.items()}
        return {VALID_ACCURACY: self._data.accuracy, **columns}

    @cached_property
    def resumable(self) -> bool:
        """Whether all fidelities are read off one training."""
        return len({self._length(epochs) for epochs in self.fidelities}) == 1

    @property
    def lists_every_architecture(self) -> bool:
        """Whether every architecture of the space has an evaluation and an accuracy to report."""
        return self._part is not None or self._lists_the_whole_space

    @cached_property
    def _lists_the_whole_space(self) -> bool:
        return self._data.keys is None and bool(self._answered(self.epochs).all())

    def _answered(self, epochs: int) -> NDArray[np.bool_]:
        """Whether each row has an evaluation after some epochs, and an accuracy to report, shape `(A,)`."""
        valid, training = self._measured(epochs)
        failed = self._failed_after(epochs)
        labels = _required(training.valid_accuracy).seeds
        seen = ~np.isnan(valid) | failed
        for measured in (training.train_seconds, training.valid_seconds):
            seen &= ~np.isnan(_seconds(measured, epochs, labels))
        if self.seed in labels:
            seen &= np.array(labels) == self.seed
        # As in `evaluate`: an architecture whose trainings all failed is never reported.
        return seen.any(axis=1) & (~np.isnan(self.reported) | (failed | ~seen).all(axis=1))

    def _listed_space(self, answered: NDArray[np.bool_]) -> ListedSpace:
        data = self._data

        def lists(architecture: Architecture) -> bool:
            row = data.row(architecture)
            return row is not None and bool(answered[row])

        rows = np.flatnonzero(answered)
        try:
            return ListedSpace(self.space, rows if data.keys is None else data.keys[rows], lists)
        except UsageError as error:
            raise UsageError(f"{self.name} cannot be searched within what it lists: {error}") from None

    def evaluate(
        self, architecture: Architecture, epochs: int | None, rng: np.random.Generator
    ) -> Evaluation:
        """Look one architecture up.

        Raises `UnlistedArchitecture` if the table has no such entry, or has no accuracy to report if the
        architecture becomes the incumbent.
        """
        try:
            seeds = self._known[epochs][architecture]
        except KeyError:
            seeds = self._look_up(architecture, epochs)
        return seeds[0] if len(seeds) == 1 else seeds[int(rng.random() * len(seeds))]

    def score(self, architecture: Architecture, metrics: Sequence[str]) -> Scores:
        """Look metrics up; raises `UnlistedArchitecture` if the table lacks one of them.

        The seconds of those that cost some are charged if trainings are.
        """
        row = self._data.row(architecture)
        if row is None:
            raise self._unlisted(architecture)
        values, seconds = {}, 0.0
        for name in metrics:
            if name not in self._data.columns:
                raise unknown_metric(self.name, name, self.metrics)
            column = self._data.columns[name]
            values[name] = float(column.values[row])
            if math.isnan(values[name]):
                raise self._unlisted(architecture, name)
            if column.seconds is not None and self.charges_seconds:
                seconds += float(column.seconds[row])
        return Scores(values, seconds, "table")

    def test_accuracy(self, architecture: Architecture) -> float:
        """The reported accuracy of an incumbent: mean over seeds after the longest training, see `optimum`.

        Raises `UnlistedArchitecture` if the table does not list the architecture, or lists it without
        this value.
        """
        row = self._data.row(architecture)
        if row is None:
            raise self._unlisted(architecture)
        self._check_reported(architecture, row)
        return float(self.reported[row])

    def points(self, objectives: Sequence[str]) -> NDArray[np.float64] | None:
        """The reported values of every row that has them all; None if the table lists only a part."""
        if not self.lists_every_architecture:
            return None
        columns = [
            self.reported if name == VALID_ACCURACY else self._data.columns[name].values
            for name in objectives
        ]
        points = np.stack(columns, axis=1).astype(np.float64)
        if self._part is not None:
            points = points[self._part]
        return points[~np.isnan(points).any(axis=1)]

    def valid_accuracies(self, rows: NDArray[np.int64], epochs: int | None = None) -> FloatArray:
        """Validation accuracies of many rows at once, in the metric's unit, shape `(len(rows), seeds)`."""
        valid, _ = self._measured(epochs or self.epochs)
        # Several times faster than `valid[rows]`, which gathers row by row.
        taken: FloatArray = np.take(valid, rows, axis=0)
        return taken

    def rows(self, architectures: NDArray[np.integer]) -> NDArray[np.int64]:
        """Rows of many architectures, shape `(n, d)` to `(n,)`; -1 if not listed."""
        return self._data.rows(architectures)

    @property
    def card(self) -> TaskCard:
        """The description of this task in figures and reports."""
        valid, training = self._measured(self.epochs)
        seeds = valid.shape[1]
        seen = f"the training with seed {self.seed}"
        if seeds == 1:
            (label,) = _required(training.valid_accuracy).seeds
            seen = _seed_in_words(label)
        elif self.seed == "random":
            seen = f"one of {seeds} training seeds, drawn at random each time"
        elif self.seed == "mean":
            seen = f"mean over up to {seeds} training seeds"
        split, measured, length = self._report
        quantity = self._data.metric.partition(" (")[0]
        over = (
            "mean over the training seeds" if len(measured.seeds) > 1 else _seed_in_words(measured.seeds[0])
        )
        within = ""
        if self._part is not None:
            within = f", among the {int(self._part.sum()):,} architectures that the table lists"
        return TaskCard(
            name=self.name,
            title=f"{self._table.title}, {self._data.title}",
            metric=self._data.metric,
            searched=f"validation {quantity} after {self.epochs} epochs ({seen}){within}",
            reported=f"{split} {quantity} after {length} epochs ({over})",
            cost=self._cost_in_words,
            optimum=self.optimum,
            digest=self._table.digest,
            citation=self._table.citation,
            licence=self._table.licence,
        )

    @cached_property
    def _report(self) -> tuple[str, Measurement, int]:
        """Split, measurement and length of the reported training; the test split if the table has it."""
        for split in ("test", "validation"):
            lengths = [
                length
                for length, training in self._data.trainings.items()
                if (training.test_accuracy if split == "test" else training.valid_accuracy) is not None
            ]
            if lengths:
                training = self._data.trainings[max(lengths)]
                measured = training.test_accuracy if split == "test" else training.valid_accuracy
                return split, _required(measured), max(lengths)
        raise AssertionError("a task has validation accuracies")

    @cached_property
    def reported(self) -> FloatArray:
        """The reported accuracy of each row, shape `(A,)`; for the harness, never for a search."""
        return mean_over_seeds(self._report[1].values[:, -1, :])

    def _measured(self, epochs: int) -> tuple[FloatArray, Training]:
        """Validation accuracies `(A, seeds)` after some epochs, and the training they belong to."""
        training = self._shown[self._length(epochs)]
        valid = _required(training.valid_accuracy)
        return valid.values[:, valid.epochs.index(epochs), :], training

    def _failed_after(self, epochs: int) -> NDArray[np.bool_]:
        """Whether the training of each row and seed failed by some epochs, shape `(A, seeds)`."""
        measured = _required(self._measured(epochs)[1].valid_accuracy)
        if measured.failed is None:
            return np.broadcast_to(np.False_, (len(self._data), len(measured.seeds)))
        failed: NDArray[np.bool_] = measured.failed[:, measured.epochs.index(epochs), :]
        return failed

    def _length(self, epochs: int) -> int:
        """The length of the training that an accuracy after some epochs is read off."""
        recorded = {length: _required(each.valid_accuracy).epochs for length, each in self._shown.items()}
        longest = max(recorded)
        # A task on short trainings reads earlier epochs from their own curve, as NATS-Bench does.
        own = (self.epochs,) if self.epochs < longest else ()
        for length in (*own, epochs, *sorted(recorded, reverse=True)):
            if epochs in recorded.get(length, ()):
                return int(length)
        raise UsageError(
            f"{self.name} lists no validation accuracy after {epochs} epochs; it lists"
            f" {', '.join(map(str, sorted(self._recorded)))}"
        )

    @cached_property
    def fidelities(self) -> tuple[int, ...]:
        """All epochs that a search may ask for, ascending: those with an accuracy and, if needed, a time."""
        return tuple(sorted(filter(self._is_fidelity, self._recorded)))

    @property
    def _recorded(self) -> set[int]:
        return {epochs for each in self._shown.values() for epochs in _required(each.valid_accuracy).epochs}

    def _is_fidelity(self, epochs: int) -> bool:
        try:
            self._check_times(epochs, self._measured(epochs)[1])
        except UsageError:
            return False
        return epochs > 0 and (self._part is None or bool(self._answered(epochs)[self._part].all()))

    def _check_seed(self, valid: FloatArray) -> None:
        if self.seed in ("random", "mean"):
            return
        labels = _required(self._measured(self.epochs)[1].valid_accuracy).seeds
        if self.seed not in labels:
            raise UsageError(
                f"{self.name} has no training seed {self.seed!r}; it has {', '.join(labels)}, 'random'"
                " and 'mean'"
            )
        missing = int((np.isnan(valid) & ~self._failed_after(self.epochs))[:, labels.index(self.seed)].sum())
        if missing:
            raise UsageError(
                f"training seed {self.seed} of {self.name} is missing for {missing:,} of {len(valid):,}"
                " architectures; use 'random' or 'mean', which take the seeds that are present"
            )

    def _check_times(self, epochs: int, training: Training) -> None:
        """Raise `UsageError` if evaluations after these epochs would cost nothing, or too little."""
        if training.train_seconds is None and self.charges_seconds:
            raise UsageError(
                f"{self.name} lists no training time after {epochs} epochs, so such an evaluation would be"
                f" free; evaluate after {self.epochs} epochs only"
            )
        for quantity in ("train_seconds", "valid_seconds"):
            measured = getattr(training, quantity)
            if measured is not None and epochs not in measured.epochs:
                raise UsageError(
                    f"{self.name} lists no {quantity} after {epochs} epochs, so the cost of such an"
                    f" evaluation is unknown; it lists them after {', '.join(map(str, measured.epochs))}"
                )

    def _look_up(self, architecture: Architecture, epochs: int | None) -> tuple[Evaluation, ...]:
        if not self.space.is_valid(architecture):
            raise ValueError(f"{architecture!r} is not an architecture of {self.space.name}")
        after = self.epochs if epochs is None else epochs
        valid, training = self._measured(after)
        self._check_times(after, training)
        row = self._data.row(architecture)
        if row is None:
            raise self._unlisted(architecture)
        accuracies = valid[row].tolist()
        labels = _required(training.valid_accuracy).seeds
        train_cost = _cost(training.train_seconds, after, row, labels)
        cost = train_cost + _cost(training.valid_seconds, after, row, labels)
        seconds, train_seconds = cost.tolist(), train_cost.tolist()
        failed = self._failed_after(after)[row]
        present = np.flatnonzero(~np.isnan(cost) & (~np.isnan(valid[row]) | failed)).tolist()
        if self.seed not in ("random", "mean"):
            present = [seed for seed in present if labels[seed] == self.seed]
        if not present:
            raise self._unlisted(architecture, f"evaluation after {after} epochs (seed {self.seed})")
        if not failed[present].all():
            # Raised here, not after the search, so a fallback can both evaluate and report it.
            self._check_reported(architecture, row)
        for seed in np.flatnonzero(failed).tolist():
            accuracies[seed] = self._worst
        if self.seed == "mean":
            # As in live training, a mean of trainings fails with any of them, and costs all of them.
            failed = np.array([failed[present].any()])
            mean = sum(accuracies[seed] for seed in present) / len(present)
            accuracies = [self._worst if failed[0] else mean]
            seconds, train_seconds = (
                [sum(each[seed] for seed in present)] for each in (seconds, train_seconds)
            )
            labels, present = ("mean",), [0]
        length = self._length(after)
        metrics = self._metrics_of(row)
        known = tuple(
            Evaluation(
                valid_accuracy=accuracies[seed],
                seconds=seconds[seed],
                epochs=after,
                source="table",
                metrics=metrics,
                failed=bool(failed[seed]),
                training=f"{length} epochs, seed {labels[seed]}",
                train_seconds=train_seconds[seed],
            )
            for seed in present
        )
        self._known.setdefault(epochs, {})[architecture] = known
        return known

    def _metrics_of(self, row: int) -> Mapping[str, float]:
        """The metrics of one row that come unasked, read-only; missing values are left out."""
        values = {
            name: float(column.values[row])
            for name, column in self._data.columns.items()
            if not column.metric.on_request
        }
        return Metrics({name: value for name, value in values.items() if not math.isnan(value)})

    @cached_property
    def _worst(self) -> float:
        """The accuracy told for a failed training: none is worse, so a failure is never the best."""
        if math.isfinite(self._data.least):
            return self._data.least
        return float(np.nanmin(self._measured(self.epochs)[0]))

    def _check_reported(self, architecture: Architecture, row: int) -> None:
        # Without this error the harness would skip the architecture and report a worse one.
        if math.isnan(self.reported[row]):
            split, _, length = self._report
            raise self._unlisted(architecture, f"{split} accuracy after {length} epochs")

    def _unlisted(self, architecture: Architecture, missing: str = "") -> UnlistedArchitecture:
        """The error for an architecture without a row, or whose row lacks the value that `missing` names."""
        cell, name = self.space.format(architecture), self._table.name
        if missing:
            lacks = f"lists no {missing} of {cell}: its row has no value for it yet."
        else:
            count = len(self._data)
            rows = f"{count:,} row{'s' * (count != 1)}"
            lacks = f"does not list {cell}: its table has only {rows}. Import a table with more of them."
        return UnlistedArchitecture(
            f"{self.name} {lacks} Or search only what it lists: --only-listed. Or let a surrogate answer:"
            f" python -m nasbench_lab.data fit {name}, then --fallback surrogate; or train it:"
            " --fallback live"
        )


def _charged_by_epochs(training: Training) -> Training:
    """The same training, with its epochs in the place of its seconds."""
    shown = _required(training.valid_accuracy)
    epochs = np.array(shown.epochs, dtype=np.float64)[None, :, None]
    values = np.broadcast_to(epochs, (len(shown.values), len(shown.epochs), 1))
    return replace(training, train_seconds=Measurement(values, shown.epochs, ("all",)), valid_seconds=None)


def _seed_in_words(label: str) -> str:
    """Describe a seed label, such as `mean`, `mean of 111 and 777` or `777`, for a reader."""
    if label == "mean":
        return "mean over the training seeds"
    if not label.startswith("mean"):
        return "one training"
    return label.replace("mean of ", "mean of training seeds ", 1)


def _cost(measured: Measurement | None, epochs: int, row: int, seeds: tuple[str, ...]) -> FloatArray:
    """Seconds of one row after some epochs, for each seed; 0 if they were not measured."""
    return np.zeros(len(seeds)) + np.broadcast_to(_seconds(measured, epochs, seeds, row), len(seeds))


def _seconds(
    measured: Measurement | None, epochs: int, seeds: tuple[str, ...], row: int | slice = slice(None)
) -> FloatArray:
    """Seconds after some epochs, for each seed in the last dimension, or one for all; 0 if not measured."""
    if measured is None:
        return np.zeros(1)
    spent: FloatArray = measured.values[row, measured.epochs.index(epochs), :]
    # A single published time is charged for every seed.
    return spent if len(measured.seeds) == 1 else spent[..., [measured.seeds.index(seed) for seed in seeds]]


def _required(measurement: Measurement | None) -> Measurement:
    assert measurement is not None
    return measurement
