"""Your own table, from a CSV or Parquet file and a TOML file that describes it.

The table has one row for each architecture, and a column for each quantity, epoch and seed. A complete
example, `table.csv`:

    cell,acc_a,acc_b,tested,hours,weights
    00000000,0.61,0.63,0.60,0.5,120000
    12012012,0.78,,0.77,1.5,450000

and `schema.toml`:

    title = "My benchmark"
    citation = "A. Author. My benchmark. 2026."
    licence = "CC BY 4.0"
    space = "nasbench_macro"             # a search space of nasbench_lab
    architecture = "cell"                # the column with architectures, as the space writes them

    [data_sets.cifar10]
    title = "CIFAR-10"
    metric = "accuracy (%)"              # optional; this is the default

    [data_sets.cifar10.columns]
    acc_a = { quantity = "valid_accuracy", unit = "fraction", epochs = 50, seed = "a" }
    acc_b = { quantity = "valid_accuracy", unit = "fraction", epochs = 50, seed = "b" }
    tested = { quantity = "test_accuracy", unit = "fraction", epochs = 50, seed = "mean" }
    hours = { quantity = "train_seconds", unit = "hours", epochs = 50, seed = "mean" }
    weights = { quantity = "parameters", unit = "count" }

are imported by `python -m nasbench_lab.data import --as my-table table.csv schema.toml`.

`epochs` says after which epoch a value was recorded, and `training` how many epochs that training had if it
went on (`epochs = 12, training = 200`). `train_seconds` counts from the start of the training,
`valid_seconds`
is one validation pass. An empty field (null in Parquet) is a missing value; nothing is imputed. A table that
does not list a whole space lists each distinct architecture once.

A metric that is not in percent, such as an SSIM or a negative loss (higher is better), has the unit `metric`
and gives its bounds: `metric = "negative loss"`, `least = -inf`, `most = 0`.

    quantity                          unit
    valid_accuracy, test_accuracy     percent, fraction, metric
    train_seconds, valid_seconds      seconds, minutes, hours
    parameters, flops                 count, thousands, millions
    latency (with `device = "..."`)   seconds, milliseconds
    energy (with `device = "..."`)    joules, millijoules
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.formats.limits import read_limited, read_text, sha256
from nasbench_lab.benchmarks.tables.contents import Contents, DataSet, Measurement, Training
from nasbench_lab.benchmarks.tables.schema import (
    ACCURACIES,
    MEASURED,
    ON_DEVICE,
    UNITS,
    Column,
    OwnDataSet,
    read_schema,
)
from nasbench_lab.errors import TableError, UsageError, unknown_name
from nasbench_lab.spaces import SearchSpace, find_space

MOST_BYTES = 2**31
Numbers = NDArray[np.float64]


def read_own_table(name: str, table: Path, schema: Path) -> Contents:
    """Read a table of your own; raises `TableError` that names file, row and column."""
    settings, described = read_schema(schema)
    file = _read_file(table)
    space = find_space(settings.space)
    order, keys = _rows(file, settings.architecture, space)
    return Contents(
        name=name,
        title=settings.title,
        citation=settings.citation,
        licence=settings.licence,
        source_sha256={path.name: sha256(path) for path in (table, schema)},
        data_sets={
            each: _data_set(data_set, columns, space, file, order, keys)
            for each, (data_set, columns) in described.items()
        },
    )


@dataclass(frozen=True)
class _File:
    """The columns of a file, and the word and number that name a row in an error."""

    path: Path
    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int]
    row_word: str

    def column(self, name: str) -> Sequence[Any]:
        if name not in self.columns:
            raise TableError(f"{self.path}: {unknown_name('column', name, self.columns)}")
        return self.columns[name]

    def error(self, row: int, column: str, complaint: str) -> TableError:
        return TableError(f"{self.path}, {self.row_word} {self.lines[row]}, column {column!r}: {complaint}")

    def numbers(self, name: str) -> Numbers:
        """A column as numbers, NaN for an empty field."""
        values = np.empty(len(self.lines))
        for row, field in enumerate(self.column(name)):
            try:
                values[row] = math.nan if field is None or field == "" else float(field)
            except (TypeError, ValueError):
                values[row] = math.inf
            missing = field is None or field == ""
            if not (missing or math.isfinite(values[row])) or isinstance(field, bool):
                raise self.error(
                    row, name, f"{str(field)[:80]!r} is not a number (a missing value is left empty)"
                )
        return values


def _read_file(path: Path) -> _File:
    file = _read_parquet(path) if _is_parquet(path) else _read_csv(path)
    if not file.lines:
        raise TableError(f"{path} has no rows")
    return file


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1" or path.suffix in (".parquet", ".pq")
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}") from None


def _read_csv(path: Path) -> _File:
    reader = csv.reader(read_text(path, MOST_BYTES).splitlines(), strict=True)
    lines, rows = [], []
    try:
        header = next(reader, [])
        for row in reader:
            if len(row) != len(header):
                raise TableError(
                    f"{path}, line {reader.line_num}: it has {len(row)} fields; the header has {len(header)}"
                )
            lines.append(reader.line_num)
            rows.append(row)
    except csv.Error as error:
        raise TableError(f"{path}, line {reader.line_num}: it cannot be read as CSV: {error}") from None
    for name in header:
        if header.count(name) > 1:
            raise TableError(f"{path}, line 1: it names the column {name!r} twice")
    columns = dict(zip(header, zip(*rows, strict=True), strict=True)) if rows else {}
    return _File(path, columns, lines, "line")


def _read_parquet(path: Path) -> _File:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UsageError(
            "reading Parquet needs pyarrow; install it with: pip install 'nasbench-lab[parquet]'"
        ) from None
    content = read_limited(path, MOST_BYTES)
    try:
        file = parquet.ParquetFile(pyarrow.BufferReader(content))
        claimed = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        if claimed > MOST_BYTES:
            raise TableError(f"{path} claims {claimed:,} bytes; {MOST_BYTES:,} are read at most")
        table = file.read()
        names = table.column_names
        columns = {name: table.column(i).to_pylist() for i, name in enumerate(names)}
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise TableError(f"{path} cannot be read as Parquet: {' '.join(str(error).split())[:200]}") from None
    if len(columns) != len(names):
        raise TableError(f"{path} names a column twice")
    return _File(path, columns, range(1, table.num_rows + 1), "row")


def _rows(file: _File, column: str, space: SearchSpace) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """The order of the file's rows in the table, and the keys; None if the whole space is listed."""
    architectures = []
    for row, text in enumerate(file.column(column)):
        try:
            architectures.append(space.parse(text if isinstance(text, str) else str(text)))
        except UsageError as error:
            raise file.error(row, column, str(error)) from None
    indices = np.array([space.index(architecture) for architecture in architectures], dtype=np.int64)
    if len(indices) == space.size and len(np.unique(indices)) == space.size:
        return np.argsort(indices), None
    keys = np.array(
        [space.index(space.canonical(architecture)) for architecture in architectures], dtype=np.int64
    )
    order = np.argsort(keys, kind="stable")
    again = np.flatnonzero(np.diff(keys[order]) == 0)
    if len(again):
        first, second = order[again[0]], order[again[0] + 1]
        same = "is listed again" if indices[first] == indices[second] else "is functionally equal to another"
        raise file.error(
            int(second),
            column,
            f"{space.format(architectures[second])} {same}, see {file.row_word} {file.lines[first]}; a table"
            " of a part of a space lists each distinct architecture once",
        )
    return order, keys[order]


def _data_set(
    described: OwnDataSet,
    columns: Mapping[str, Column],
    space: SearchSpace,
    file: _File,
    order: NDArray[np.int64],
    keys: NDArray[np.int64] | None,
) -> DataSet:
    values = {column: _converted(file, name, column, described)[order] for name, column in columns.items()}
    whole: dict[str, Numbers] = {}
    on_device: dict[str, dict[str, Numbers]] = {quantity: {} for quantity in ON_DEVICE}
    for column, numbers in values.items():
        if column.quantity in ON_DEVICE:
            on_device[column.quantity][column.device or ""] = numbers
        elif column.quantity not in MEASURED:
            whole[column.quantity] = numbers
    lengths = sorted({column.training for column in values if column.training is not None})
    return DataSet(
        title=described.title,
        space=space.name,
        metric=described.metric,
        least=described.least,
        most=described.most,
        keys=keys,
        parameters=whole.get("parameters"),
        flops=whole.get("flops"),
        **on_device,
        trainings={
            length: Training(**{quantity: _measurement(values, quantity, length) for quantity in MEASURED})
            for length in lengths
        },
    )


def _converted(file: _File, name: str, column: Column, described: OwnDataSet) -> Numbers:
    """A column in the table's own unit, each value within its range."""
    numbers = file.numbers(name)
    values: Numbers = numbers * UNITS[column.quantity][column.unit]
    accuracy = column.quantity in ACCURACIES
    least, most = (described.least, described.most) if accuracy else (0.0, math.inf)
    # 0.57 as a fraction is 56.99999999999999 percent; so 1.0000000000000002 may stand for all.
    wrong = (values < least) | (values > most + 1e-12 * abs(most))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise file.error(row, name, f"{numbers[row]:g} {column.unit} is out of range for {column.quantity}")
    if column.unit == "percent" and (present := numbers[~np.isnan(numbers)]).size and present.max() <= 1:
        raise TableError(
            f"{file.path}, column {name!r}: no value is above 1 percent; if these are fractions,"
            ' write unit = "fraction"'
        )
    return np.minimum(values, most)


def _measurement(values: Mapping[Column, Numbers], quantity: str, training: int) -> Measurement | None:
    columns = [column for column in values if (column.quantity, column.training) == (quantity, training)]
    if not columns:
        return None
    epochs = sorted({column.epochs or 0 for column in columns})
    seeds = list(dict.fromkeys(column.seed_label for column in columns))
    table = np.full((len(values[columns[0]]), len(epochs), len(seeds)), np.nan)
    for column in columns:
        table[:, epochs.index(column.epochs or 0), seeds.index(column.seed_label)] = values[column]
    return Measurement(table, tuple(epochs), tuple(seeds))
