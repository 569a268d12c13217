"""NAS-Bench-101 (Ying et al. 2019): 423,624 cells, trained for 4, 12, 36 and 108 epochs, three times each.

It is imported from a complete official TFRecord file, or from a CSV with some of the cells. The CSV becomes a
partial table without test accuracy. Each training has its own learning-rate schedule, so the trainings are
kept apart. The official files record a training halfway and at its end, the CSV only at its end.
"""

import base64
import binascii
import csv
import json
import operator
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.fetch import Download
from nasbench_lab.benchmarks.formats.limits import read_text, sha256
from nasbench_lab.benchmarks.formats.tfrecord import read_records
from nasbench_lab.benchmarks.sources.base import Source, only_file
from nasbench_lab.benchmarks.tables.contents import Contents, DataSet, Measurement, Training
from nasbench_lab.errors import TableError
from nasbench_lab.refusals import explaining_refusals
from nasbench_lab.spaces import Architecture
from nasbench_lab.spaces.nasbench101 import SPACES

NAME = "nasbench101"
FILES = "nasbench_full.tfrecord or nasbench_only108.tfrecord; or nb101_30k.csv.gz, some of the cells"
CELLS = 423_624
TRAININGS = (4, 12, 36, 108)
REPEATS = ("1", "2", "3")

# An official record has about 380 bytes.
LEAST_RECORD_BYTES, MOST_RECORD_BYTES = 200, 2**14
MOST_CSV_BYTES = 2**26
MOST_SECONDS = 1e6

# RESULTS is the part of a record that is kept. EVALUATION is an EvaluationData message without a checkpoint
# path: five pairs of a tag and a value. FIXED_BYTES holds the lengths of 64-bit and 32-bit fields.
RESULTS = struct.Struct("=6f")
EVALUATION = struct.Struct("<BdBdBdBdBd")
EVALUATION_TAGS = (0x09, 0x11, 0x19, 0x21, 0x29)
DOUBLE = struct.Struct("<d")
FIXED_BYTES = {1: 8, 5: 4}

CSV_OPERATIONS = {"3": "conv3x3-bn-relu", "1": "conv1x1-bn-relu", "2": "maxpool3x3"}
CSV_VERTICES = ("2", "3", "4", "5", "6", "7")
CSV_NUMBERS = {"params": 2.0**31, f"train_time_e{TRAININGS[-1]}_s": MOST_SECONDS} | {
    f"valid_e{epochs}": 1.0 for epochs in TRAININGS
}
CSV_COLUMNS = ("hash", "n_vertices", "adj_upper_rowmajor", "ops", *CSV_NUMBERS)

(SPACE,) = SPACES

FloatArray = NDArray[np.float32]


def convert(paths: Sequence[Path]) -> Contents:
    """Read an official file or the CSV; raises `TableError` on anything that is not as published."""
    path = only_file(paths, NAME, FILES)
    data_set = _from_csv(path) if _is_csv(path) else _from_records(path)
    some = "" if len(data_set) == CELLS else f" ({len(data_set):,} of {CELLS:,} cells)"
    contents = SOURCE.contents({"cifar10": data_set}, {path.name: sha256(path)})
    return replace(contents, title=SOURCE.title + some)


def _is_csv(path: Path) -> bool:
    try:
        with explaining_refusals(path), path.open("rb") as file:
            start = file.read(5)
    except FileNotFoundError:
        raise TableError(f"there is no file {path}") from None
    return start == b"hash," or start[:2] == b"\x1f\x8b"


class _Record(NamedTuple):
    """One training of one cell, from an official record.

    Attributes:
        cell: module hash, adjacency matrix and operations.
        epochs: length of the training.
        parameters: number of parameters of the network.
        results: validation accuracy and test accuracy, in percent, and training time, in seconds. First the
            three values halfway, then the three at the end.
    """

    cell: tuple[str, str, str]
    epochs: int
    parameters: int
    results: tuple[float, ...]


def _from_records(path: Path) -> DataSet:
    """Read all cells of an official file."""
    least = CELLS * len(REPEATS) * LEAST_RECORD_BYTES
    size = path.stat().st_size
    if size < least:
        raise TableError(
            f"{path} has {size:,} bytes; an official record file has at least {least:,}. Expected {FILES}"
        )
    cells = _Cells()
    read = 0
    try:
        for data in read_records(path, MOST_RECORD_BYTES):
            read += 1
            cells.add(_decoded(data))
    except ValueError as error:
        raise TableError(f"{path}, record {read:,}: {error}; fetch the file again") from None
    try:
        return cells.data_set()
    except ValueError as error:
        raise TableError(f"{path}: {error}; fetch the file again") from None


class _Cells:
    """Collects the records of an official file; raises `ValueError` if they are not as published."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], int] = {}
        self._row_of_key: dict[int, int] = {}
        self._parameters: list[int] = []
        self._repeats = {epochs: bytearray(CELLS) for epochs in TRAININGS}
        # The arrays are not filled in advance, so trainings without records take no memory.
        self._results = {epochs: np.empty((CELLS, len(REPEATS), 6), np.float32) for epochs in TRAININGS}
        self._written = {epochs: values.data.cast("B") for epochs, values in self._results.items()}

    def add(self, record: _Record) -> None:
        """Add one record."""
        row = self._rows.get(record.cell, -1)
        if row < 0:
            row = self._rows[record.cell] = self._row(record)
        repeats = self._repeats[record.epochs]
        repeat = repeats[row]
        if repeat == len(REPEATS):
            raise ValueError(
                f"there are more than {repeat} trainings of this cell for {record.epochs} epochs"
            )
        repeats[row] += 1
        RESULTS.pack_into(
            self._written[record.epochs], (row * len(REPEATS) + repeat) * RESULTS.size, *record.results
        )

    def _row(self, record: _Record) -> int:
        """The row of a cell; a new row if the cell was not seen before in any order of its vertices."""
        module_hash, adjacency, operations = record.cell
        key = _key(SPACE.from_published(adjacency, operations.split(",")), module_hash)
        row = self._row_of_key.setdefault(key, len(self._row_of_key))
        if row == CELLS:
            raise ValueError(f"there are more than {CELLS:,} cells")
        if row == len(self._parameters):
            self._parameters.append(record.parameters)
        return row

    def data_set(self) -> DataSet:
        """All records as a data set; raises `ValueError` if a cell or one of its repeats is missing."""
        trainings = [epochs for epochs, repeats in self._repeats.items() if any(repeats)]
        for epochs in trainings:
            complete = self._repeats[epochs].count(len(REPEATS))
            if complete != CELLS:
                raise ValueError(
                    f"{complete:,} of {CELLS:,} cells have all {len(REPEATS)} trainings for {epochs} epochs;"
                    " all cells are needed"
                )
        keys = np.array(list(self._row_of_key), dtype=np.int64)
        order = np.argsort(keys)
        return DataSet(
            title="CIFAR-10",
            space=NAME,
            keys=keys[order],
            parameters=np.array(self._parameters)[order] / 1e6,
            trainings={epochs: _training(self._results[epochs], epochs, order) for epochs in trainings},
        )


def _training(results: FloatArray, epochs: int, order: NDArray[np.int64]) -> Training:
    """One training of all cells, from results of shape `(cells, repeats, 6)`."""

    def measurement(quantity: int) -> Measurement:
        halfway_and_end = results[:, :, [quantity, quantity + 3]].swapaxes(1, 2)
        return Measurement(halfway_and_end[order], (epochs // 2, epochs), REPEATS)

    return Training(valid_accuracy=measurement(0), test_accuracy=measurement(1), train_seconds=measurement(2))


def _key(architecture: Architecture | None, module_hash: str) -> int:
    """Key of a cell in the table; raises `ValueError` if it is not a cell or has another official hash."""
    if architecture is None:
        raise ValueError(f"{module_hash[:32]!r} is not a cell of {SPACE.name}")
    if SPACE.module_hash(architecture) != module_hash:
        raise ValueError(f"the hash {module_hash[:32]!r} does not match its cell")
    return SPACE.index(SPACE.canonical(architecture))


def _decoded(data: bytes) -> _Record:
    """Decode a record from its bytes; raises `ValueError` if they are not a record as published."""
    try:
        module_hash, epochs, adjacency, operations, metrics = json.loads(data.decode())
        for text in (module_hash, adjacency, operations, metrics):
            if type(text) is not str:
                raise TypeError
    except (ValueError, TypeError, RecursionError):
        raise ValueError("it is not a JSON list of hash, epochs, adjacency, operations and metrics") from None
    if type(epochs) is not int or epochs not in TRAININGS:
        raise ValueError(
            f"a training of {epochs!r:.20} epochs; expected one of {', '.join(map(str, TRAININGS))}"
        )
    try:
        evaluations, parameters = _metrics(base64.b64decode(metrics, validate=True))
    except (binascii.Error, struct.error, LookupError, TypeError, ValueError):
        raise ValueError("its metrics are not the base64 of a ModelMetrics message") from None
    # The first evaluation is at initialisation.
    if len(evaluations) != 3:
        raise ValueError(f"it has {len(evaluations)} evaluations; expected three")
    _, (_, half_seconds, _, half_valid, half_test), (_, seconds, _, valid, test) = evaluations
    for accuracy in (half_valid, half_test, valid, test):
        if not 0 <= accuracy <= 1:
            raise ValueError(f"the accuracy {accuracy:g} is not between 0 and 1")
    if not 0 <= half_seconds <= seconds <= MOST_SECONDS:
        raise ValueError(f"the training times {half_seconds:g} and {seconds:g} do not ascend from 0")
    if not 0 <= parameters < 2**31:
        raise ValueError(f"it has {parameters} parameters")
    results = (100 * half_valid, 100 * half_test, half_seconds, 100 * valid, 100 * test, seconds)
    return _Record((module_hash, adjacency, operations), epochs, parameters, results)


def _metrics(message: bytes) -> tuple[list[tuple[float, ...]], int]:
    """Evaluations and number of parameters from a ModelMetrics message."""
    evaluations = []
    parameters = -1
    for field, value in _fields(message):
        if field == 1:
            evaluations.append(_evaluation(value))
        elif field == 2:
            parameters = operator.index(value)
    return evaluations, parameters


def _evaluation(message: bytes) -> tuple[float, ...]:
    """Epoch, seconds, and training, validation and test accuracy from an EvaluationData message."""
    if len(message) == EVALUATION.size:
        values = EVALUATION.unpack(message)
        if values[::2] == EVALUATION_TAGS:
            return values[1::2]
    found = dict(_fields(message))
    return tuple([DOUBLE.unpack(found[number])[0] for number in range(1, 6)])


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each field of a protocol-buffer message: a varint as int, the rest as bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        length = FIXED_BYTES.get(kind)
        if length is None:
            if kind != 2:
                raise ValueError("unknown kind of field")
            length, at = _varint(message, at)
        at += length
        if at > len(message):
            raise ValueError("the message ends inside a field")
        yield number, message[at - length : at]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A variable-length whole number, and the position after it."""
    number = shift = 0
    while True:
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than ten bytes")


def _from_csv(path: Path) -> DataSet:
    """Read the cells of a CSV, each with one run of each training and no test accuracy."""
    rows = csv.reader(read_text(path, MOST_CSV_BYTES).splitlines(), strict=True)
    values: dict[int, list[float]] = {}
    try:
        header = next(rows, [])
        missing = [column for column in CSV_COLUMNS if column not in header]
        if missing:
            raise ValueError(f"there is no column {missing[0]!r}")
        for row in rows:
            if len(row) != len(header):
                raise ValueError(f"there are {len(row)} fields; the header has {len(header)}")
            cell = dict(zip(header, row, strict=True))
            key = _key(_csv_architecture(cell), cell["hash"])
            if key in values:
                raise ValueError(f"the cell {cell['hash']} is listed twice")
            values[key] = [_number(cell, column, most) for column, most in CSV_NUMBERS.items()]
    except (csv.Error, ValueError) as error:
        raise TableError(f"{path}, line {max(1, rows.line_num)}: {error}") from None
    if not values:
        raise TableError(f"{path} lists no cell")
    keys = np.array(sorted(values), dtype=np.int64)
    columns = np.array([values[key] for key in keys.tolist()])
    parameters, seconds, *accuracies = columns.T
    return DataSet(
        title="CIFAR-10",
        space=NAME,
        keys=keys,
        parameters=parameters / 1e6,
        trainings={
            epochs: Training(
                valid_accuracy=_final(100 * accuracy, epochs),
                # Published only for the longest training.
                train_seconds=_final(seconds, epochs) if epochs == max(TRAININGS) else None,
            )
            for epochs, accuracy in zip(TRAININGS, accuracies, strict=True)
        },
    )


def _final(values: NDArray[np.float64], epochs: int) -> Measurement:
    return Measurement(values[:, None, None], (epochs,), ("one run",))


def _csv_architecture(cell: dict[str, str]) -> Architecture | None:
    """The cell of a row; None if it is invalid.

    A row lists the upper triangle of the adjacency matrix, row by row, and one digit per operation.
    """
    count, upper, digits = cell["n_vertices"], cell["adj_upper_rowmajor"], cell["ops"]
    if count not in CSV_VERTICES or len(upper) != int(count) * (int(count) - 1) // 2:
        return None
    edges = iter(upper)
    adjacency = "".join(
        next(edges) if source < target else "0"
        for source in range(int(count))
        for target in range(int(count))
    )
    operations = [CSV_OPERATIONS.get(digit, "") for digit in digits]
    if len(operations) != int(count) - 2:
        return None
    return SPACE.from_published(adjacency, ["input", *operations, "output"])


def _number(cell: dict[str, str], column: str, most: float) -> float:
    try:
        number = float(cell[column])
    except ValueError:
        number = float("nan")
    if not 0 <= number <= most:
        raise ValueError(
            f"column {column!r} is {cell[column][:80]!r}; expected a number between 0 and {most:g}"
        )
    return number


SOURCE = Source(
    name=NAME,
    title="NAS-Bench-101",
    citation=(
        "C. Ying, A. Klein, E. Christiansen, E. Real, K. Murphy and F. Hutter. NAS-Bench-101: Towards"
        " Reproducible Neural Architecture Search. ICML 2019."
    ),
    licence="Apache-2.0",
    homepage="https://github.com/google-research/nasbench",
    files=FILES,
    convert=convert,
    optima={
        ("cifar10", "valid"): 100 * (1 - 0.04944576819737756),
        ("cifar10", "test"): 100 * (1 - 0.056824247042338016),
    },
    rows=CELLS,
    downloads=(
        # The checksums are from the official README.
        Download(
            url="https://storage.googleapis.com/nasbench/nasbench_full.tfrecord",
            checksum="sha256:3d64db8180fb1b0207212f9032205064312b6907a3bbc81eabea10db2f5c7e9c",
            size=2_085_986_016,
        ),
        Download(
            url="https://storage.googleapis.com/nasbench/nasbench_only108.tfrecord",
            checksum="sha256:4c39c3936e36a85269881d659e44e61a245babcb72cb374eacacf75d0e5f4fd1",
            size=522_767_376,
        ),
    ),
)
