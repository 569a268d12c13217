"""The contents of a table, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.search.card import unit_of
from nasbench_lab.search.contract import ENERGY, FLOPS, LATENCY, PARAMETERS, Metric
from nasbench_lab.spaces import Architecture, SearchSpace, find_space

LEAST, MOST = 0.0, 100.0  # bounds of accuracies, unless a data set has others
FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Measurement:
    """One quantity of one training.

    Attributes:
        values: shape `(architectures, len(epochs), len(seeds))`; missing values are NaN.
        epochs: the epochs of the training at which the quantity was recorded, ascending.
        seeds: one label per seed: its number, or `mean` if only the mean was published.
        failed: which values are missing because the training failed, of the shape of `values`; None if
            no training did. Only accuracies have it.
    """

    values: FloatArray
    epochs: tuple[int, ...]
    seeds: tuple[str, ...]
    failed: NDArray[np.bool_] | None = None


@dataclass(frozen=True, kw_only=True)
class Training:
    """The measurements of one training; its length is its key in `DataSet.trainings`.

    Trainings of different lengths are kept apart, even if they share epochs. With a cosine schedule,
    epoch 12 of 200 is not epoch 12 of 12.
    """

    valid_accuracy: Measurement | None = None
    test_accuracy: Measurement | None = None
    train_seconds: Measurement | None = None
    valid_seconds: Measurement | None = None


class MetricColumn(NamedTuple):
    """A metric with one value for each architecture.

    Attributes:
        metric: its direction and its unit. It is on request if `seconds` are given.
        values: shape `(A,)`; missing values are NaN.
        seconds: the time that each value takes to compute, shape `(A,)`; None if it costs nothing.
    """

    metric: Metric
    values: FloatArray
    seconds: FloatArray | None = None


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Everything a table lists about one data set, for A architectures.

    Attributes:
        title: a name for readers, such as `CIFAR-10`.
        space: name of the search space.
        trainings: by number of epochs.
        keys: `space.index` of each row's canonical architecture, ascending, shape `(A,)`; None if
            row i is architecture i of the space.
        plain_keys: whether `keys` are the indices of the architectures themselves. Functionally equal
            architectures then have rows of their own.
        metric: the quantity in the accuracy columns, with its unit in parentheses if it has one
            (`accuracy (%)`, `SSIM`); higher is better.
        least, most: the bounds of the accuracies, by the definition of the metric; may be infinite.
        parameters: millions, shape `(A,)`.
        flops: millions of multiply-adds, shape `(A,)`.
        latency: milliseconds by device, each of shape `(A,)`.
        energy: millijoules of one forward pass by device, each of shape `(A,)`.
        other_metrics: any other numbers that a search may see, such as zero-cost scores, by name.
    """

    title: str
    space: str
    trainings: Mapping[int, Training]
    keys: NDArray[np.int64] | None = None
    plain_keys: bool = False
    metric: str = "accuracy (%)"
    least: float = LEAST
    most: float = MOST
    parameters: FloatArray | None = None
    flops: FloatArray | None = None
    latency: Mapping[str, FloatArray] = field(default_factory=dict)
    energy: Mapping[str, FloatArray] = field(default_factory=dict)
    other_metrics: Mapping[str, MetricColumn] = field(default_factory=dict)

    @property
    def search_space(self) -> SearchSpace:
        """The space itself."""
        return find_space(self.space)

    def __len__(self) -> int:
        return len(self.keys) if self.keys is not None else self.search_space.size

    @property
    def accuracy(self) -> Metric:
        """The direction and the unit of the accuracies."""
        return Metric("higher", unit_of(self.metric))

    @cached_property
    def columns(self) -> Mapping[str, MetricColumn]:
        """All metrics with one value for each architecture, by the name that a search knows them by."""
        found = {}
        if self.parameters is not None:
            found["parameters"] = MetricColumn(PARAMETERS, self.parameters)
        if self.flops is not None:
            found["flops"] = MetricColumn(FLOPS, self.flops)
        found |= {f"latency:{device}": MetricColumn(LATENCY, each) for device, each in self.latency.items()}
        found |= {f"energy:{device}": MetricColumn(ENERGY, each) for device, each in self.energy.items()}
        return {**found, **self.other_metrics}

    def row(self, architecture: Architecture) -> int | None:
        """The row that lists an architecture; or the first that lists a functionally equal one; or None."""
        space = self.search_space
        if self.keys is None:
            return space.index(architecture)
        if self.plain_keys:
            row = _place(self.keys, space.index(architecture))
            if row is not None:
                return row
        keys, rows = self._distinct
        place = _place(keys, space.index(space.canonical(architecture)))
        return None if place is None else int(rows[place])

    @cached_property
    def _distinct(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The canonical index of each distinct architecture, ascending, and the first row that lists it."""
        assert self.keys is not None
        if not self.plain_keys:
            return self.keys, np.arange(len(self.keys))
        keys, rows = np.unique(self.search_space.canonical_indices(self.keys), return_index=True)
        return keys, rows.astype(np.int64)

    def rows(self, architectures: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """`row` of many architectures at once.

        Args:
            architectures: shape `(n, d)`.

        Returns:
            Shape `(n,)`; -1 if the table does not list the architecture.
        """
        space = self.search_space
        indices = space.indices(architectures)
        if self.keys is None:
            return indices
        rows = _places(self.keys, indices) if self.plain_keys else np.full(len(indices), -1)
        missed = np.flatnonzero(rows < 0)
        keys, first = self._distinct
        places = _places(keys, space.canonical_indices(indices[missed]))
        rows[missed] = np.where(places < 0, -1, first[places])
        return rows


def _place(keys: NDArray[np.int64], key: int) -> int | None:
    """The place of a key among ascending keys, or None."""
    place = int(np.searchsorted(keys, key))
    return place if place < len(keys) and keys[place] == key else None


def _places(keys: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """`_place` of many keys at once, shape `(n,)` to `(n,)`; -1 for those that are not there."""
    places = np.searchsorted(keys, wanted).astype(np.int64)
    places[places == len(keys)] = -1
    found = places >= 0
    found[found] = keys[places[found]] == wanted[found]
    return np.where(found, places, -1)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Everything that goes into a table.

    Attributes:
        name: the name used on the command line.
        title: the name used in papers.
        citation: the paper to cite.
        licence: the licence of the data.
        source_sha256: the SHA-256 of each official file read, by file name.
        data_sets: by the name used on the command line.
        provenance: how nasbench_lab measured the table: recipe, images and devices, by key. A table of your
            own says which rows were left out, if any. Empty for other tables.
    """

    name: str
    title: str
    citation: str
    licence: str
    source_sha256: Mapping[str, str]
    data_sets: Mapping[str, DataSet]
    provenance: Mapping[str, str] = field(default_factory=dict)


MEASUREMENTS = tuple(field.name for field in fields(Training))


def mean_over_seeds(values: FloatArray) -> NDArray[np.float64]:
    """Mean over the seeds present, shape `(A, S)` to `(A,)`; NaN if there are none."""
    present = ~np.isnan(values)
    counts = present.sum(axis=1)
    totals = np.where(present, values, 0.0).sum(axis=1, dtype=np.float64)
    means = np.full(len(values), np.nan)
    np.divide(totals, counts, out=means, where=counts > 0)
    return means
