"""The file of your own table: its columns, read from CSV or Parquet."""

import csv
import io
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.formats.limits import read_limited
from nasbench_lab.benchmarks.formats.text import decoded
from nasbench_lab.errors import TableError, UsageError, unknown_name
from nasbench_lab.refusals import explaining_refusals

MOST_BYTES = 2**31
ADVICE = "check the file, or save it again"
SEPARATORS = (",", ";", "\t")
FAILED = "failed"
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class OwnFile:
    """The columns of a file.

    Attributes:
        path: the file.
        columns: the fields of each column, by its name.
        lines: the number of each row in the file, for errors.
        row_word: the word for such a number: `line` or `row`.
        decimal: the decimal mark of its numbers, a point or a comma.
    """

    path: Path
    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int]
    row_word: str
    decimal: str = "."

    def column(self, name: str) -> Sequence[Any]:
        """The fields of a column; raises `TableError` if there is no such column."""
        if name not in self.columns:
            known = map(on_one_line, self.columns)
            raise TableError(f"{self.path}: {unknown_name('column', name, known)}")
        return self.columns[name]

    def error(self, row: int, column: str, complaint: str) -> TableError:
        """The error for one field."""
        return TableError(f"{self.path}, {self.row_word} {self.lines[row]}, column {column!r}: {complaint}")

    def numbers(self, name: str) -> Numbers:
        """A column as numbers, shape `(rows,)`; NaN for an empty field and for `failed`."""
        values = np.full(len(self.lines), math.nan)
        for row, field in enumerate(self.column(name)):
            if not (is_empty(field) or is_failed(field)):
                values[row] = self._number(row, name, field)
        return values

    def failed(self, name: str) -> NDArray[np.bool_]:
        """The fields of a column that say `failed`, shape `(rows,)`."""
        return np.array([is_failed(field) for field in self.column(name)], dtype=np.bool_)

    def _number(self, row: int, name: str, field: object) -> float:
        shown = f"{str(field)[:80]!r}"
        if isinstance(field, str) and self.decimal == ",":
            if "." in field:
                raise self.error(
                    row,
                    name,
                    f"{shown} has a point, and other numbers of the file have a decimal comma; write the same"
                    " decimal mark throughout, and none between thousands",
                )
            field = field.replace(",", ".")
        try:
            value = math.nan if isinstance(field, bool) else float(field)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            raise self.error(row, name, f"{shown} is not a number (a missing value is left empty)")
        return value


def on_one_line(name: str) -> str:
    """A name as an error shows it; spreadsheets allow line breaks in the names of columns."""
    return name if name.isprintable() else repr(name)[1:-1]


def is_empty(field: object) -> bool:
    """Whether a field holds nothing."""
    return field is None or (isinstance(field, str) and not field.strip())


def is_failed(field: object) -> bool:
    """Whether a field says that the training failed."""
    return isinstance(field, str) and field.strip().lower() == FAILED


def read_own_file(path: Path, names: Collection[str], numeric: Collection[str]) -> OwnFile:
    """Read a CSV or Parquet file, which may be packed.

    Args:
        path: the file.
        names: the columns that it should have; they tell the separator of a CSV file.
        numeric: the columns with numbers; they tell its decimal mark.

    Raises:
        TableError: the file cannot be read. The message names the file and the line.
        UsageError: it is Parquet, and pyarrow is not installed.
    """
    content = read_limited(path, MOST_BYTES, ADVICE)
    if content.startswith(b"PAR1") or path.suffix in (".parquet", ".pq"):
        file = _read_parquet(path, content)
    else:
        file = _read_csv(path, decoded(content, path), set(names), numeric)
    if not file.lines:
        raise TableError(f"{path} has no rows")
    return file


def _read_csv(path: Path, text: str, names: set[str], numeric: Collection[str]) -> OwnFile:
    separator = max(SEPARATORS, key=lambda each: _likelihood(text, each, names))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header: list[str] = []
    lines, rows = [], []
    try:
        for row in reader:
            if all(is_empty(field) for field in row):
                continue
            if not header:
                header = row
                _check_header(path, header, reader.line_num)
                continue
            if len(row) != len(header):
                raise TableError(
                    f"{path}, line {reader.line_num}: it has {len(row)} fields; the header has {len(header)}"
                )
            lines.append(reader.line_num)
            rows.append(row)
    except csv.Error as error:
        raise TableError(f"{path}, line {reader.line_num}: it cannot be read as CSV: {error}") from None
    columns = dict(zip(header, zip(*rows, strict=True), strict=True)) if rows else {}
    commas = any("," in field for name in numeric for field in columns.get(name, ()))
    return OwnFile(path, columns, lines, "line", "," if commas and separator != "," else ".")


def _likelihood(text: str, separator: str, names: set[str]) -> tuple[int, int]:
    """The number of expected names in the header if this separates its fields, then its number of fields."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        header = next((row for row in reader if not all(is_empty(field) for field in row)), [])
    except csv.Error:
        return 0, 0
    return len(names & set(header)), len(header)


def _check_header(path: Path, header: Sequence[str], line: int) -> None:
    for name in header:
        if header.count(name) > 1:
            raise TableError(f"{path}, line {line}: it names the column {name!r} twice")


def _read_parquet(path: Path, content: bytes) -> OwnFile:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UsageError(
            "reading Parquet needs pyarrow; install it with: pip install 'nasbench-lab[parquet]'"
        ) from None
    try:
        with explaining_refusals(path):
            file = parquet.ParquetFile(pyarrow.BufferReader(content))
            groups = (file.metadata.row_group(i) for i in range(file.metadata.num_row_groups))
            claimed = sum(group.total_byte_size for group in groups)
            if claimed > MOST_BYTES:
                raise TableError(f"{path} claims {claimed:,} bytes; {MOST_BYTES:,} are read at most")
            table = file.read()
            names = table.column_names
            columns = {name: table.column(i).to_pylist() for i, name in enumerate(names)}
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise TableError(f"{path} cannot be read as Parquet: {' '.join(str(error).split())[:200]}") from None
    if len(columns) != len(names):
        raise TableError(f"{path} names a column twice")
    return OwnFile(path, columns, range(1, table.num_rows + 1), "row")
