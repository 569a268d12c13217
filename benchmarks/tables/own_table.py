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
`valid_seconds` is one validation pass.

An empty field (null in Parquet) is a missing value; nothing is imputed. The word `failed` in an accuracy says
that the training failed. A row that repeats another with the same values is left out, and the import says so;
with other values it is an error. Functionally equal architectures may have rows of their own. If only one of
them is listed, it answers for the others.

A CSV file may have commas, semicolons or tabs between its fields, and decimal commas if it has no commas
between them. Its text, and that of the schema, is UTF-8, UTF-16 or else Windows-1252. Both files may be
packed: gzip, bzip2, xz, or a zip archive of one file. A column name with a dot or a blank is written in
quotes: `"acc.top1 (%)" = { ... }`.

A column in percent with no value above 1 looks like fractions, and is refused. `small = true` in its settings
says that the values are right.

A metric that is not in percent, such as an SSIM or a negative loss (higher is better), has the unit `metric`
and gives its bounds: `metric = "negative loss"`, `least = -inf`, `most = 0`.

    quantity                          unit
    valid_accuracy, test_accuracy     percent, fraction, metric
    train_seconds, valid_seconds      seconds, minutes, hours
    parameters, flops                 count, thousands, millions
    latency (with `device = "..."`)   seconds, milliseconds
    energy (with `device = "..."`)    joules, millijoules
    metric (with `name = "..."`)      any text, or none

Any other number of an architecture is a `metric`, and a search sees it by its name. `direction` says whether
`higher` or `lower` values are better. Test values are no such metric: a search must not see them.

    zen = { quantity = "metric", name = "proxy:zen", direction = "higher", seconds = 0.4 }
    memory = { quantity = "metric", name = "memory", direction = "lower", unit = "MB" }

`seconds`, one number for all rows, is the time that a value takes to compute. `seconds_column = "..."` names
a column with the time for each row. A metric with such a time comes only with a query that names it, and is
charged if trainings are.

A search space that nasbench_lab does not have is declared in the schema, in place of `space = "..."`:

    [space]
    name = "my-space"

    [space.decisions]
    width = { values = [16, 32, 64], ordered = true }
    activation = { values = ["relu", "tanh"] }
    dropout = { values = [0.0, 0.5], when = { activation = "relu" } }   # exists only under this value

The table then has a column for each decision, called by its name, with the value of each row. A decision that
does not exist in a row is left empty. Or `architecture` names a column of texts such as
`width=16,activation=relu,dropout=0.5`. `when` names decisions declared before, each with one value or a list
of them. See `nasbench_lab.spaces.declared`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.formats.limits import sha256
from nasbench_lab.benchmarks.tables.contents import Contents, DataSet, Measurement, MetricColumn, Training
from nasbench_lab.benchmarks.tables.own_architectures import form_of
from nasbench_lab.benchmarks.tables.own_file import FAILED, Numbers, OwnFile, read_own_file
from nasbench_lab.benchmarks.tables.own_rows import LEFT_OUT, OwnRows, arrange
from nasbench_lab.benchmarks.tables.schema import (
    ACCURACIES,
    MEASURED,
    METRIC,
    ON_DEVICE,
    UNITS,
    Column,
    OwnDataSet,
    is_small,
    read_schema,
)
from nasbench_lab.errors import TableError
from nasbench_lab.spaces import SearchSpace


def read_own_table(name: str, table: Path, schema: Path) -> Contents:
    """Read a table of your own; raises `TableError` that names file, row and column."""
    settings, described = read_schema(schema)
    space = settings.search_space
    form = form_of(space, settings.architecture)
    settings_of = [column for _, columns in described.values() for column in columns.values()]
    numeric = {column for _, columns in described.values() for column in columns} | form.numeric
    numeric |= {column.seconds_column for column in settings_of if column.seconds_column is not None}
    file = read_own_file(table, [*form.columns, *numeric], numeric)
    indices = form.indices(file)
    values = {
        each: {column: _values(file, column, columns[column], data_set) for column in columns}
        for each, (data_set, columns) in described.items()
    }
    compared = {column: of.compared for columns in values.values() for column, of in columns.items()}
    compared |= {
        column.seconds_column: file.numbers(column.seconds_column)
        for column in settings_of
        if column.seconds_column is not None
    }
    rows = arrange(file, space, indices, compared)
    return Contents(
        name=name,
        title=settings.title,
        citation=settings.citation,
        licence=settings.licence,
        source_sha256={path.name: sha256(path) for path in (table, schema)},
        data_sets={
            each: _data_set(
                data_set,
                {columns[column]: of.at(rows.order) for column, of in values[each].items()},
                space,
                rows,
            )
            for each, (data_set, columns) in described.items()
        },
        provenance={LEFT_OUT: rows.repeated} if rows.repeated else {},
    )


@dataclass(frozen=True)
class _Values:
    """The values of a column, which of its trainings failed, and the seconds of a metric, each `(rows,)`."""

    numbers: Numbers
    failed: NDArray[np.bool_]
    seconds: Numbers | None = None

    @property
    def compared(self) -> Numbers:
        """Numbers that are equal if and only if the fields are; NaN for an empty field."""
        return np.where(self.failed, math.inf, self.numbers)

    def at(self, rows: NDArray[np.int64]) -> "_Values":
        seconds = None if self.seconds is None else self.seconds[rows]
        return _Values(self.numbers[rows], self.failed[rows], seconds)


def _data_set(
    described: OwnDataSet, values: Mapping[Column, _Values], space: SearchSpace, rows: OwnRows
) -> DataSet:
    whole: dict[str, Numbers] = {}
    on_device: dict[str, dict[str, Numbers]] = {quantity: {} for quantity in ON_DEVICE}
    metrics = {}
    for column, of in values.items():
        if column.quantity == METRIC:
            metrics[column.name or ""] = MetricColumn(column.metric, of.numbers, of.seconds)
        elif column.quantity in ON_DEVICE:
            on_device[column.quantity][column.device or ""] = of.numbers
        elif column.quantity not in MEASURED:
            whole[column.quantity] = of.numbers
    lengths = sorted({column.training for column in values if column.training is not None})
    return DataSet(
        title=described.title,
        space=space.definition,
        metric=described.metric,
        least=described.least,
        most=described.most,
        keys=rows.keys,
        plain_keys=rows.plain_keys,
        parameters=whole.get("parameters"),
        flops=whole.get("flops"),
        **on_device,
        other_metrics=metrics,
        trainings={
            length: Training(**{quantity: _measurement(values, quantity, length) for quantity in MEASURED})
            for length in lengths
        },
    )


def _values(file: OwnFile, name: str, column: Column, described: OwnDataSet) -> _Values:
    """A column in the table's own unit, each value within its range."""
    failed = file.failed(name)
    accuracy = column.quantity in ACCURACIES
    if failed.any() and not accuracy:
        raise file.error(
            int(np.argmax(failed)), name, f"only an accuracy says {FAILED!r}; leave {column.quantity} empty"
        )
    numbers = file.numbers(name)
    if column.quantity == METRIC:
        return _Values(numbers, failed, _seconds(file, name, column, numbers))
    values: Numbers = numbers * UNITS[column.quantity][column.unit or ""]
    least, most = (described.least, described.most) if accuracy else (0.0, math.inf)
    # 0.57 as a fraction is 56.99999999999999 percent; so 1.0000000000000002 may stand for all.
    wrong = (values < least) | (values > most + 1e-12 * abs(most))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise file.error(
            row,
            name,
            f"{numbers[row]:g} {column.unit} is out of range for {column.quantity}"
            " (a missing value is left empty)",
        )
    if column.unit == "percent" and not column.small and is_small(numbers):
        raise TableError(
            f"{file.path}, column {name!r}: no value is above 1 percent; if these are fractions,"
            ' write unit = "fraction"; if they are percent, add small = true'
        )
    return _Values(np.minimum(values, most), failed)


def _seconds(file: OwnFile, name: str, column: Column, numbers: Numbers) -> Numbers | None:
    """The seconds that each value of a metric takes to compute, shape `(rows,)`; None if it costs nothing."""
    if column.seconds_column is None:
        return None if column.seconds is None else np.full(len(numbers), column.seconds)
    seconds = file.numbers(column.seconds_column)
    wrong = (seconds < 0) | (np.isnan(seconds) & ~np.isnan(numbers))
    if wrong.any():
        row = int(np.argmax(wrong))
        received = "none" if np.isnan(seconds[row]) else f"{seconds[row]:g}"
        raise file.error(
            row, column.seconds_column, f"a value of {name!r} takes 0 seconds or more; received {received}"
        )
    return seconds


def _measurement(values: Mapping[Column, _Values], quantity: str, training: int) -> Measurement | None:
    columns = [column for column in values if (column.quantity, column.training) == (quantity, training)]
    if not columns:
        return None
    epochs = sorted({column.epochs or 0 for column in columns})
    seeds = list(dict.fromkeys(column.seed_label for column in columns))
    table = np.full((len(values[columns[0]].numbers), len(epochs), len(seeds)), np.nan)
    failed = np.zeros(table.shape, dtype=np.bool_)
    for column in columns:
        place = slice(None), epochs.index(column.epochs or 0), seeds.index(column.seed_label)
        table[place], failed[place] = values[column].numbers, values[column].failed
    return Measurement(table, tuple(epochs), tuple(seeds), failed if failed.any() else None)
