"""The contents of a table, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    """

    values: FloatArray
    epochs: tuple[int, ...]
    seeds: tuple[str, ...]


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


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Everything a table lists about one data set, for A architectures.

    Attributes:
        title: a name for readers, such as `CIFAR-10`.
        space: name of the search space.
        trainings: by number of epochs.
        keys: `space.index` of each row's canonical architecture, ascending, shape `(A,)`; None if
            row i is architecture i of the space.
        metric: the quantity in the accuracy columns, with its unit in parentheses if it has one
            (`accuracy (%)`, `SSIM`); higher is better.
        least, most: the bounds of the accuracies, by the definition of the metric; may be infinite.
        parameters: millions, shape `(A,)`.
        flops: millions of multiply-adds, shape `(A,)`.
        latency: milliseconds by device, each of shape `(A,)`.
        energy: millijoules of one forward pass by device, each of shape `(A,)`.
    """

    title: str
    space: str
    trainings: Mapping[int, Training]
    keys: NDArray[np.int64] | None = None
    metric: str = "accuracy (%)"
    least: float = LEAST
    most: float = MOST
    parameters: FloatArray | None = None
    flops: FloatArray | None = None
    latency: Mapping[str, FloatArray] = field(default_factory=dict)
    energy: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def search_space(self) -> SearchSpace:
        """The space itself."""
        return find_space(self.space)

    def __len__(self) -> int:
        return len(self.keys) if self.keys is not None else self.search_space.size

    def row(self, architecture: Architecture) -> int | None:
        """The row that lists an architecture, or None."""
        space = self.search_space
        if self.keys is None:
            return space.index(architecture)
        key = space.index(space.canonical(architecture))
        row = int(np.searchsorted(self.keys, key))
        return row if row < len(self.keys) and self.keys[row] == key else None

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
        keys = space.canonical_indices(indices)
        rows = np.searchsorted(self.keys, keys).astype(np.int64)
        rows[rows == len(self.keys)] = -1
        listed = rows >= 0
        listed[listed] = self.keys[rows[listed]] == keys[listed]
        return np.where(listed, rows, -1)


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
        provenance: how nasbench_lab measured the table: recipe, images and devices, by key. Empty for
            other tables.
    """

    name: str
    title: str
    citation: str
    licence: str
    source_sha256: Mapping[str, str]
    data_sets: Mapping[str, DataSet]
    provenance: Mapping[str, str] = field(default_factory=dict)


MEASUREMENTS = tuple(field.name for field in fields(Training))
