"""A table of one's own, from a CSV or Parquet file and a TOML file that says what is in it.

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
    metric = "accuracy (%)"              # optional; this is what stands there otherwise

    [data_sets.cifar10.columns]
    acc_a = { quantity = "valid_accuracy", unit = "fraction", epochs = 50, seed = "a" }
    acc_b = { quantity = "valid_accuracy", unit = "fraction", epochs = 50, seed = "b" }
    tested = { quantity = "test_accuracy", unit = "fraction", epochs = 50, seed = "mean" }
    hours = { quantity = "train_seconds", unit = "hours", epochs = 50, seed = "mean" }
    weights = { quantity = "parameters", unit = "count" }

are imported by `python -m nasbench_lab.data import --as my-table table.csv schema.toml`.

`epochs` is when a value was recorded, and `training` how many epochs that training had where it went on
(`epochs = 12, training = 200`). `train_seconds` counts from the start of the training, `valid_seconds` is
one validation pass. An empty field (null in Parquet) is a missing value; nothing is imputed. A table that
does not list a whole space lists each distinct architecture once.

A metric that is not in percent, such as an SSIM or a negative loss (higher is better), has the unit `metric`
and says between what it lies: `metric = "negative loss"`, `least = -inf`, `most = 0`.

    quantity                          unit
    valid_accuracy, test_accuracy     percent, fraction, metric
    train_seconds, valid_seconds      seconds, minutes, hours
    parameters, flops                 count, thousands, millions
    latency (with `device = "..."`)   seconds, milliseconds
    energy (with `device = "..."`)    joules, millijoules
"""

import csv
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.formats.limits import is_number, read_limited, read_text, sha256
from nasbench_lab.benchmarks.tables.contents import LEAST, MOST, Contents, DataSet, Measurement, Training
from nasbench_lab.errors import TableError, UsageError, unknown_name
from nasbench_lab.spaces import SearchSpace, find_space

MOST_BYTES = 2**31
MOST_SCHEMA_BYTES = 2**20
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
ACCURACY = {"percent": 1.0, "fraction": 100.0, "metric": 1.0}
TIME = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0}
COUNT = {"count": 1e-6, "thousands": 1e-3, "millions": 1.0}
# By quantity: what one of each unit is in the table's own.
UNITS: dict[str, dict[str, float]] = {
    "valid_accuracy": ACCURACY,
    "test_accuracy": ACCURACY,
    "train_seconds": TIME,
    "valid_seconds": TIME,
    "parameters": COUNT,
    "flops": COUNT,
    "latency": {"seconds": 1000.0, "milliseconds": 1.0},
    "energy": {"joules": 1000.0, "millijoules": 1.0},
}
MEASURED = ("valid_accuracy", "test_accuracy", "train_seconds", "valid_seconds")
ON_DEVICE = ("latency", "energy")

Numbers = NDArray[np.float64]


def read_own_table(name: str, table: Path, schema: Path) -> Contents:
    """Read a table of one's own; raises `TableError` that names file, row and column."""
    described = Schema.read(schema)
    file = _read_file(table)
    space = find_space(described.space)
    order, keys = _rows(file, described.architecture, space)
    return Contents(
        name=name,
        title=described.title,
        citation=described.citation,
        licence=described.licence,
        source_sha256={path.name: sha256(path) for path in (table, schema)},
        data_sets={
            each: _data_set(data_set, space, file, order, keys)
            for each, data_set in described.data_sets.items()
        },
    )


@dataclass(frozen=True, kw_only=True)
class Column:
    """What a column holds.

    Attributes:
        name: as the file has it.
        quantity, unit: of `UNITS`.
        epochs: after which it was recorded, and `training`: how many that training had.
        seed: the label of the training seed.
        device: that a latency or an energy was measured on.
    """

    name: str
    quantity: str
    unit: str
    epochs: int = 0
    training: int = 0
    seed: str = ""
    device: str = ""


@dataclass(frozen=True, kw_only=True)
class OwnDataSet:
    """A data set as the schema has it."""

    title: str
    metric: str
    least: float
    most: float
    columns: Sequence[Column]


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What the TOML file says."""

    title: str
    citation: str
    licence: str
    space: str
    architecture: str
    data_sets: Mapping[str, OwnDataSet]

    @classmethod
    def read(cls, path: Path) -> "Schema":
        """Read and check a schema; raises `TableError` that names the file and the setting."""
        try:
            content = tomllib.loads(read_text(path, MOST_SCHEMA_BYTES))
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise TableError(f"{path} is not TOML: {' '.join(str(error).split())}") from None
        texts = ("title", "citation", "licence", "space", "architecture")
        top = _Settings(path, "", content, (*texts, "data_sets"))
        data_sets = top.get("data_sets", dict)
        if not data_sets:
            raise TableError(f"{path}: there is no data set; write one as [data_sets.NAME]")
        found = {each: _read_data_set(path, each, settings) for each, settings in data_sets.items()}
        schema = cls(**{name: top.get(name, str) for name in texts}, data_sets=found)
        try:
            find_space(schema.space)
        except UsageError as error:
            raise TableError(f"{path}: {error}") from None
        return schema


class _Settings:
    """A table of the TOML file: unknown settings are refused, and errors say where they are."""

    def __init__(self, path: Path, where: str, settings: Any, known: Iterable[str]) -> None:
        self._place = f"{path}: {where}".rstrip(": ")
        if not isinstance(settings, dict):
            raise TableError(f"{self._place} is {settings!r:.80}; it is a table of settings")
        for name in settings:
            if name not in known:
                raise TableError(f"{self._place}: {unknown_name('setting', name, known)}")
        self._settings = settings

    def get(self, name: str, kind: type, default: Any = None) -> Any:
        value = self._settings.get(name, default)
        if value is None:
            raise TableError(f"{self._place}: the setting {name!r} is missing")
        if not isinstance(value, kind) or value == "" or (kind is int and not is_number(value)):
            words = {str: "a text", int: "a whole number", dict: "a table of settings"}[kind]
            raise TableError(f"{self._place}: {name} is {words}; received {value!r:.80}")
        return value

    def number(self, name: str, default: float) -> float:
        value = self._settings.get(name, default)
        if not is_number(value):
            raise TableError(f"{self._place}: {name} is a number; received {value!r:.80}")
        return float(value)

    def choice(self, name: str, allowed: Iterable[str]) -> str:
        value: str = self.get(name, str)
        if value not in allowed:
            raise TableError(f"{self._place}: {unknown_name(name, value, allowed)}")
        return value

    def error(self, complaint: str) -> TableError:
        return TableError(f"{self._place}: {complaint}")


def _read_data_set(path: Path, name: str, settings: Any) -> OwnDataSet:
    where = f"data_sets.{name}"
    if not NAME.fullmatch(name):
        raise TableError(f"{path}: {where[:90]}: a name is made of letters, digits, '_', '.' and '-'")
    data_set = _Settings(path, where, settings, ("title", "metric", "least", "most", "columns"))
    columns = [
        _read_column(path, f"{where}.columns.{column}", column, each)
        for column, each in data_set.get("columns", dict).items()
    ]
    taken: dict[tuple[Any, ...], str] = {}
    for column in columns:
        what = (column.quantity, column.training, column.epochs, column.seed, column.device)
        if what in taken:
            raise data_set.error(f"the columns {taken[what]!r} and {column.name!r} hold the same quantity")
        taken[what] = column.name
    if not any(column.quantity.endswith("accuracy") for column in columns):
        raise data_set.error("no column holds valid_accuracy or test_accuracy")
    least, most = data_set.number("least", LEAST), data_set.number("most", MOST)
    if not least < most:
        raise data_set.error(f"least is below most; received {least:g} and {most:g}")
    return OwnDataSet(
        title=data_set.get("title", str),
        metric=data_set.get("metric", str, "accuracy (%)"),
        least=least,
        most=most,
        columns=columns,
    )


def _read_column(path: Path, where: str, name: str, content: Any) -> Column:
    known = ("quantity", "unit", "epochs", "training", "seed", "device")
    settings = _Settings(path, where, content, known)
    quantity = settings.choice("quantity", UNITS)
    unit = settings.choice("unit", UNITS[quantity])
    if quantity not in MEASURED:
        for setting in ("epochs", "training", "seed"):
            if setting in content:
                raise settings.error(f"{quantity} has no {setting}")
        device = settings.get("device", str) if quantity in ON_DEVICE else ""
        if "/" in device or device in (".", ".."):
            raise settings.error(f"a device is a name without '/'; received {device!r:.80}")
        return Column(name=name, quantity=quantity, unit=unit, device=device)
    epochs = settings.get("epochs", int)
    training = settings.get("training", int, epochs)
    if not 0 <= epochs <= training or training < 1:
        raise settings.error(f"epochs are between 0 and those of the training, {training}; received {epochs}")
    seed = content.get("seed")
    seed = str(seed) if isinstance(seed, int) and not isinstance(seed, bool) else settings.get("seed", str)
    return Column(name=name, quantity=quantity, unit=unit, epochs=epochs, training=training, seed=seed)


@dataclass(frozen=True)
class _File:
    """The columns of a file, and how to name its rows in an error."""

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
        """A column as numbers, NaN where a field is empty."""
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
    """The order of the file's rows in the table, and its keys: None where it lists the whole space."""
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
    space: SearchSpace,
    file: _File,
    order: NDArray[np.int64],
    keys: NDArray[np.int64] | None,
) -> DataSet:
    values = {column: _converted(file, column, described)[order] for column in described.columns}
    whole: dict[str, Numbers] = {}
    on_device: dict[str, dict[str, Numbers]] = {quantity: {} for quantity in ON_DEVICE}
    for column, numbers in values.items():
        if column.quantity in ON_DEVICE:
            on_device[column.quantity][column.device] = numbers
        elif column.quantity not in MEASURED:
            whole[column.quantity] = numbers
    lengths = sorted({column.training for column in values if column.quantity in MEASURED})
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


def _converted(file: _File, column: Column, described: OwnDataSet) -> Numbers:
    """A column in the table's own unit, each value within its range."""
    numbers = file.numbers(column.name)
    values: Numbers = numbers * UNITS[column.quantity][column.unit]
    accuracy = column.quantity.endswith("accuracy")
    least, most = (described.least, described.most) if accuracy else (0.0, math.inf)
    # 0.57 as a fraction is 56.99999999999999 percent; so may 1.0000000000000002 be all.
    wrong = (values < least) | (values > most + 1e-12 * abs(most))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise file.error(
            row, column.name, f"{numbers[row]:g} {column.unit} is out of range for {column.quantity}"
        )
    if column.unit == "percent" and (present := numbers[~np.isnan(numbers)]).size and present.max() <= 1:
        raise TableError(
            f"{file.path}, column {column.name!r}: no value is above 1 percent; where these are fractions,"
            ' write unit = "fraction"'
        )
    return np.minimum(values, most)


def _measurement(values: Mapping[Column, Numbers], quantity: str, training: int) -> Measurement | None:
    columns = [column for column in values if (column.quantity, column.training) == (quantity, training)]
    if not columns:
        return None
    epochs = sorted({column.epochs for column in columns})
    seeds = list(dict.fromkeys(column.seed for column in columns))
    table = np.full((len(values[columns[0]]), len(epochs), len(seeds)), np.nan)
    for column in columns:
        table[:, epochs.index(column.epochs), seeds.index(column.seed)] = values[column]
    return Measurement(table, tuple(epochs), tuple(seeds))
