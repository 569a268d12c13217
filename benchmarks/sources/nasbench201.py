"""NAS-Bench-201 (Dong & Yang 2020; topology space of NATS-Bench, Dong et al. 2021): 15,625 cells.

It is imported from the official files, per seed and epoch (see `nasbench_lab.benchmarks.formats.nats_files`),
or from a joined CSV. The CSV has one row per cell, in the official order, and lists only the end of each
training. Accuracies are in percent. Two kinds of CSV columns are never imported. `*_e200_valtest_*` mixes
validation and test images, so a search that saw it would see test data. `*_e12_test` comes from networks that
were also trained on the validation images.
"""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.formats.limits import read_text, sha256
from nasbench_lab.benchmarks.formats.nats_files import is_nats
from nasbench_lab.benchmarks.formats.nats_records import Layout
from nasbench_lab.benchmarks.sources.base import Source, only_file
from nasbench_lab.benchmarks.sources.nats import read_data_sets
from nasbench_lab.benchmarks.tables.contents import Contents, DataSet, Measurement, Training
from nasbench_lab.errors import TableError
from nasbench_lab.spaces import find_space

NAME = "nasbench201"
FILES = (
    "the folder NATS-tss-v1_0-3ffb9-simple, NATS-tss-v1_0-3ffb9.pickle.pbz2, NAS-Bench-201-v1_1-096897.pth"
    " or a joined CSV, nb201_combined.csv.gz"
)
LAYOUT = Layout("nasbench201", {"12": 12, "200": 200, "less": 12, "full": 200})
MOST_BYTES = 64 * 2**20

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Published:
    """Title and column prefix of a data set in the CSV, and the seeds behind its 12-epoch accuracies."""

    title: str
    prefix: str
    short_seed: str


PUBLISHED = {
    "cifar10": Published("CIFAR-10", "c10", "mean of 111 and 777"),
    "cifar100": Published("CIFAR-100", "c100", "111"),
    "imagenet16-120": Published("ImageNet16-120", "in16", "111"),
}

# Seeds are numbered in the order in which a cell lists them. A cell with two seeds lacks the third, no
# matter which number it had.
SEEDS = ("s0", "s1", "s2")


def convert(paths: Sequence[Path]) -> Contents:
    """Read official files or the CSV; raises `TableError` on anything that is not as published."""
    path = only_file(paths, NAME, FILES)
    if is_nats(path):
        data_sets, digests = read_data_sets(path, LAYOUT)
    else:
        file = _CsvFile(path)
        file.check_cells()
        data_sets = {name: _data_set(file, name) for name in PUBLISHED}
        digests = {path.name: sha256(path)}
    return SOURCE.contents(data_sets, digests)


def _data_set(file: "_CsvFile", name: str) -> DataSet:
    published = PUBLISHED[name]
    prefix = published.prefix
    seconds = file.numbers(f"{prefix}_e200_train_time_s", most=1e7)
    if name == "cifar10":
        valid = Measurement(_by_seed(file)[:, None, :], (200,), SEEDS)
    else:
        valid = _final(file.numbers(f"{prefix}_e200_valid_mean"), 200, "mean")
    return DataSet(
        title=published.title,
        space="nasbench201",
        parameters=file.numbers("params_c10", most=1e8) / 1e6 if name == "cifar10" else None,
        trainings={
            12: Training(
                valid_accuracy=_final(file.numbers(f"{prefix}_e12_valid"), 12, published.short_seed),
                train_seconds=_final(seconds * 12 / 200, 12, "mean"),
            ),
            200: Training(
                valid_accuracy=valid,
                test_accuracy=_final(file.numbers(f"{prefix}_e200_test_mean"), 200, "mean"),
                train_seconds=_final(seconds, 200, "mean"),
            ),
        },
    )


def _final(values: Column, epochs: int, seed: str) -> Measurement:
    return Measurement(values[:, None, None], (epochs,), (seed,))


def _by_seed(file: "_CsvFile") -> Column:
    """Validation accuracy on CIFAR-10 per seed, shape `(15625, 3)`, checked against seed count and mean."""
    valid = np.stack([file.numbers(f"c10_e200_valid_{seed}", may_be_missing=True) for seed in SEEDS], axis=1)
    counts = file.numbers("n_seeds_200", most=3)
    means = file.numbers("c10_e200_valid_mean")
    present = (~np.isnan(valid)).sum(axis=1)
    file.require(present == counts, "n_seeds_200", "differs from the number of seeds that have a value")
    file.require(present > 0, "n_seeds_200", "says that no seed was trained")
    close = np.abs(np.nansum(valid, axis=1) / np.maximum(present, 1) - means) < 1e-3
    file.require(close, "c10_e200_valid_mean", "is not the mean of the seeds")
    return valid


class _CsvFile:
    """The rows of the CSV as text and its columns as numbers; errors name the file, line and column."""

    def __init__(self, path: Path) -> None:
        self._path = path
        reader = csv.reader(read_text(path, MOST_BYTES).splitlines(), strict=True)
        try:
            self._header = next(reader, [])
            self._rows = list(reader)
        except csv.Error as error:
            raise self._error(reader.line_num, f"cannot be read as CSV: {error}") from None
        if len(set(self._header)) != len(self._header):
            raise self._error(1, "names a column twice")
        for line, row in enumerate(self._rows, start=2):
            if len(row) != len(self._header):
                raise self._error(line, f"has {len(row)} fields; the header has {len(self._header)}")

    def check_cells(self) -> None:
        """Check that every cell of the space is listed once, in the official order; raises `TableError`."""
        space = find_space("nasbench201")
        if len(self._rows) != space.size:
            raise TableError(f"{self._path} has {len(self._rows):,} cells; all {space.size:,} are needed")
        indices, cells = self._texts("arch"), self._texts("arch_str")
        for i, (index, cell) in enumerate(zip(indices, cells, strict=True)):
            if index != str(i):
                raise self._error(i + 2, f"column 'arch' is {index[:80]!r}; in the official order it is {i}")
            expected = space.format(space.architecture(i))
            if cell != expected:
                raise self._error(
                    i + 2, f"column 'arch_str' is {cell[:80]!r}; in the official order it is {expected!r}"
                )

    def numbers(self, column: str, *, most: float = 100.0, may_be_missing: bool = False) -> Column:
        """A column of numbers between 0 and `most`; empty fields are NaN if `may_be_missing` is true."""
        values = np.empty(len(self._rows))
        for i, text in enumerate(self._texts(column)):
            if not text and may_be_missing:
                values[i] = np.nan
                continue
            try:
                values[i] = float(text)
            except ValueError:
                values[i] = math.nan
            if not 0 <= values[i] <= most:
                raise self._error(
                    i + 2, f"column {column!r} is {text[:80]!r}; expected a number between 0 and {most:g}"
                )
        return values

    def require(self, holds: NDArray[np.bool_], column: str, complaint: str) -> None:
        """Raise `TableError` for the first row that fails a check."""
        if not holds.all():
            raise self._error(int(np.argmin(holds)) + 2, f"column {column!r} {complaint}")

    def _texts(self, column: str) -> list[str]:
        if column not in self._header:
            raise TableError(f"{self._path} has no column {column!r}; expected {FILES}")
        place = self._header.index(column)
        return [row[place] for row in self._rows]

    def _error(self, line: int, complaint: str) -> TableError:
        return TableError(f"{self._path}, line {line}: {complaint}")


SOURCE = Source(
    name=NAME,
    title="NAS-Bench-201",
    citation=(
        "X. Dong and Y. Yang. NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search."
        " ICLR 2020."
    ),
    licence="MIT",
    homepage="https://github.com/D-X-Y/NATS-Bench",
    files=FILES,
    convert=convert,
    optima={
        ("cifar10", "valid"): 91.6067,
        ("cifar10", "test"): 94.3733,
        ("cifar100", "valid"): 73.4933,
        ("cifar100", "test"): 73.5133,
        ("imagenet16-120", "valid"): 46.7333,
        ("imagenet16-120", "test"): 47.3111,
    },
)
