"""The table: one HDF5 file per benchmark, written once from official files, opened in milliseconds.

    /                        format_version, name, title, citation, licence, source_sha256,
                             provenance, created_by, digest
    /<data set>              title, space, metric; least and most, where these are not 0 and 100
        keys                 (A,) index of each row's canonical architecture, ascending; absent where
                             row i is architecture i of the space
        parameters           (A,) millions
        flops                (A,) millions of multiply-adds
        latency/<device>     (A,) milliseconds
        energy/<device>      (A,) millijoules
        trainings/<epochs>/  one group for each separate training, named by its length
            valid_accuracy   (A, epoch, seed) in the metric's unit: percent, for accuracies
            test_accuracy    (A, epoch, seed) in the metric's unit
            train_seconds    (A, epoch, seed) cumulative seconds of training
            valid_seconds    (A, epoch, seed) seconds of one validation pass

Each array under `trainings` carries its own `epochs` and `seeds` attributes, since published tables
record different quantities at different epochs and seeds. What is missing is NaN, never imputed.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

import nasbench_lab
from nasbench_lab.errors import TableError, UsageError, unknown_name
from nasbench_lab.files import replacing
from nasbench_lab.spaces import Architecture, SearchSpace, find_space

FORMAT_VERSION = 1
LEAST_MAPPED = 2**20  # bytes of an array from which on it is mapped into memory, not read
LEAST, MOST = 0.0, 100.0  # of accuracies, unless a data set says otherwise
FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Measurement:
    """One quantity of one training.

    Attributes:
        values: shape `(architectures, len(epochs), len(seeds))`, NaN where missing.
        epochs: the epochs of the training at which it was recorded, ascending.
        seeds: a label per seed: its number, or `mean` where only the mean was published.
    """

    values: FloatArray
    epochs: tuple[int, ...]
    seeds: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Training:
    """What was recorded of one training; its length is its key in `DataSet.trainings`.

    Trainings of different lengths are kept apart even where they share epochs: with a cosine schedule
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
        title: for people, such as `CIFAR-10`.
        space: name of the search space.
        trainings: by number of epochs.
        keys: `space.index` of each row's canonical architecture, ascending, shape `(A,)`; None where
            row i is architecture i of the space.
        metric: what the accuracies measure, with unit in parentheses where it has one (`accuracy (%)`,
            `SSIM`); higher is better.
        least, most: between which the accuracies lie, as a matter of their definition; may be infinite.
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
            Shape `(n,)`, -1 where the table does not list the architecture.
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
    """All that goes into a table.

    Attributes:
        name: as on the command line.
        title: as in papers.
        citation: the paper to cite.
        licence: of the data.
        source_sha256: of each official file read, by file name.
        data_sets: by the name used on the command line.
        provenance: of a table that was measured here: how, on what and with what, by key.
    """

    name: str
    title: str
    citation: str
    licence: str
    source_sha256: Mapping[str, str]
    data_sets: Mapping[str, DataSet]
    provenance: Mapping[str, str] = field(default_factory=dict)


MEASUREMENTS = tuple(field.name for field in fields(Training))

# All that HDF5 raises where a file is not what it should be, and what its values can then cause.
DAMAGE = (
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
)


def write_table(contents: Contents, path: Path) -> None:
    """Check the contents and write them to `path`.

    An existing file is replaced only once the new one is whole and reads back as written. Raises
    `TableError` where the contents would make a table that lies or cannot be read.
    """
    _check(contents)
    with replacing(path) as temporary:
        # The 1.10 format keeps a checksum beside each piece of its own structure.
        with h5py.File(temporary, "w", libver=("v110", "v110")) as file:
            _write(file, contents)
        Table(temporary).verify()


def _write(file: h5py.File, contents: Contents) -> None:
    file.attrs["format_version"] = FORMAT_VERSION
    file.attrs["created_by"] = f"nasbench_lab {nasbench_lab.__version__}"
    for name in ("name", "title", "citation", "licence"):
        file.attrs[name] = getattr(contents, name)
    file.attrs["source_sha256"] = [f"{digest}  {name}" for name, digest in contents.source_sha256.items()]
    if contents.provenance:
        file.attrs["provenance"] = [f"{key}: {fact}" for key, fact in contents.provenance.items()]
    for name, data_set in contents.data_sets.items():
        _write_data_set(file.create_group(name, track_order=True), data_set)
    file.attrs["data_sets"] = list(contents.data_sets)
    file.attrs["digest"] = digest_of(file)


def _write_data_set(group: h5py.Group, data_set: DataSet) -> None:
    for name in ("title", "space", "metric"):
        group.attrs[name] = getattr(data_set, name)
    # Left out where they are as usual, so that the digests of such tables stay what they were.
    if (data_set.least, data_set.most) != (LEAST, MOST):
        group.attrs["least"], group.attrs["most"] = data_set.least, data_set.most
    for name in ("keys", "parameters", "flops"):
        if getattr(data_set, name) is not None:
            group[name] = getattr(data_set, name)
    for quantity in ("latency", "energy"):
        for device, values in getattr(data_set, quantity).items():
            group[f"{quantity}/{device}"] = values
    for epochs, training in data_set.trainings.items():
        for name in MEASUREMENTS:
            measurement = getattr(training, name)
            if measurement is not None:
                array = group.create_dataset(f"trainings/{epochs}/{name}", data=measurement.values)
                array.attrs["epochs"] = measurement.epochs
                array.attrs["seeds"] = measurement.seeds


def _check(contents: Contents) -> None:
    """Refuse what would make a table that lies or cannot be read."""
    if not contents.data_sets:
        raise TableError(f"table {contents.name!r} has no data set")
    for name, data_set in contents.data_sets.items():
        where = f"table {contents.name!r}, data set {name!r}"
        _check_keys(data_set, where)
        if not data_set.least < data_set.most:
            raise TableError(f"{where}: least {data_set.least:g} is not below most {data_set.most:g}")
        columns = {"parameters": data_set.parameters, "flops": data_set.flops}
        columns |= {f"latency on {device}": values for device, values in data_set.latency.items()}
        columns |= {f"energy on {device}": values for device, values in data_set.energy.items()}
        for quantity, values in columns.items():
            if values is not None:
                _check_values(values, (len(data_set),), 0.0, np.inf, f"{where}: {quantity}")
        if not data_set.trainings:
            raise TableError(f"{where}: there is no training")
        for epochs, training in data_set.trainings.items():
            for quantity, measurement in _measurements(training):
                _check_measurement(measurement, epochs, data_set, quantity, where)
            _check_times(training, epochs, where)


def _check_keys(data_set: DataSet, where: str) -> None:
    if data_set.keys is None:
        return
    if data_set.keys.ndim != 1 or (np.diff(data_set.keys) <= 0).any():
        raise TableError(f"{where}: keys must ascend, each architecture once")
    row = _first_wrong_key(data_set.space, data_set.keys.astype(np.int64).tobytes())
    if row is not None:
        raise TableError(
            f"{where}: row {row} has key {data_set.keys[row]}, which is not the index of a canonical"
            f" architecture of {data_set.space}"
        )


@lru_cache(maxsize=2)
def _first_wrong_key(space_name: str, stored: bytes) -> int | None:
    """The first row whose key is no canonical index; remembered, as data sets often list the same."""
    space = find_space(space_name)
    keys = np.frombuffer(stored, dtype=np.int64)
    wrong = (keys < 0) | (keys >= space.size)
    wrong[~wrong] = space.canonical_indices(keys[~wrong]) != keys[~wrong]
    return int(np.argmax(wrong)) if wrong.any() else None


def _check_measurement(
    measurement: Measurement, length: int, data_set: DataSet, quantity: str, where: str
) -> None:
    epochs, seeds = measurement.epochs, measurement.seeds
    what = f"{where}: {quantity} after {length} epochs"
    if not epochs or list(epochs) != sorted(set(epochs)) or epochs[0] < 0 or epochs[-1] > length:
        raise TableError(f"{what} must be recorded at ascending epochs up to {length}; received {epochs}")
    if not seeds or len(set(seeds)) != len(seeds):
        raise TableError(f"{what} must name each seed once; received {seeds}")
    accuracy = quantity.endswith("accuracy")
    least, most = (data_set.least, data_set.most) if accuracy else (0.0, np.inf)
    _check_values(measurement.values, (len(data_set), len(epochs), len(seeds)), least, most, what)


def _check_times(training: Training, length: int, where: str) -> None:
    """Each accuracy that a search may see has its cost: of its own seed, or one for all seeds."""
    shown = training.valid_accuracy.seeds if training.valid_accuracy else ()
    for quantity in ("train_seconds", "valid_seconds"):
        measured = getattr(training, quantity)
        if measured is not None and len(measured.seeds) > 1 and not set(shown) <= set(measured.seeds):
            raise TableError(
                f"{where}: {quantity} after {length} epochs is of the seeds {', '.join(measured.seeds)};"
                f" valid_accuracy asks for {', '.join(shown)}, or for one time for all of them"
            )


def _check_values(values: FloatArray, shape: tuple[int, ...], least: float, most: float, what: str) -> None:
    if values.shape != shape:
        raise TableError(f"{what} has shape {values.shape}; its rows, epochs and seeds ask for {shape}")
    wrong = (values < least) | (values > most) | np.isinf(values)
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0].tolist())
        raise TableError(
            f"{what} is a number between {least:g} and {most:g}; row {place[0]} has {values[place]:g}"
        )


def _measurements(training: Training) -> Iterator[tuple[str, Measurement]]:
    for name in MEASUREMENTS:
        measurement = getattr(training, name)
        if measurement is not None:
            yield name, measurement


def digest_of(file: h5py.File) -> str:
    """SHA-256 over names, attributes, shapes and values; the same content gives the same digest."""
    total = hashlib.sha256()

    def add(name: str, item: h5py.Group | h5py.Dataset) -> None:
        attributes = {
            key: _plain(value) for key, value in item.attrs.items() if key not in ("digest", "created_by")
        }
        total.update(repr((name, sorted(attributes.items()))).encode())
        if isinstance(item, h5py.Dataset):
            values = read_array(item)
            total.update(repr((values.shape, values.dtype.str)).encode())
            total.update(values.tobytes())

    add("/", file)
    names: list[str] = []
    file.visit(names.append)
    for name in sorted(names):
        add(name, file[name])
    return total.hexdigest()


def check_digest(path: Path, digest: str, damaged: Callable[[str | BaseException], TableError]) -> None:
    """Compare a file with the digest it was written with; raises what `damaged` makes of a reason."""
    try:
        with h5py.File(path, "r") as file:
            found = digest_of(file)
    except DAMAGE as error:
        raise damaged(error) from None
    if found != digest:
        raise damaged(f"its content has digest {found[:12]}, not {digest[:12]} as written")


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


class Table:
    """A table file, opened read-only. Data sets are read when asked for, once per process.

    Attributes:
        path: of the file.
        name, title, citation, licence, digest, created_by: as written.
        source_sha256: of the official files, one `digest  name` line each.
        provenance: of a table that was measured here, see `Contents`.
        data_set_names: in the order written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with h5py.File(path, "r") as file:
                attributes = {key: _plain(value) for key, value in file.attrs.items()}
        except FileNotFoundError:
            raise TableError(f"there is no table at {path}") from None
        except DAMAGE as error:
            raise self._damaged(error) from None
        version = attributes.get("format_version")
        if version != FORMAT_VERSION:
            raise TableError(
                f"{path} has table format version {version}; this version of nasbench_lab reads"
                f" {FORMAT_VERSION}. Import the official files again."
            )
        for name in ("name", "title", "citation", "licence", "digest", "created_by"):
            if not isinstance(attributes.get(name), str):
                raise self._damaged(f"attribute {name} is missing")
        for name in ("source_sha256", "data_sets"):
            if not isinstance(attributes.get(name), list):
                raise self._damaged(f"attribute {name} is missing")
        self.name: str = attributes["name"]
        self.title: str = attributes["title"]
        self.citation: str = attributes["citation"]
        self.licence: str = attributes["licence"]
        self.digest: str = attributes["digest"]
        self.created_by: str = attributes["created_by"]
        self.source_sha256: Sequence[str] = tuple(attributes["source_sha256"])
        lines = attributes.get("provenance", [])
        self.provenance = dict(
            line.split(": ", 1) for line in lines if isinstance(line, str) and ": " in line
        )
        self.data_set_names: tuple[str, ...] = tuple(attributes["data_sets"])
        self._read: dict[str, DataSet] = {}

    def _damaged(self, reason: str | BaseException) -> TableError:
        if isinstance(reason, BaseException):
            reason = f"{type(reason).__name__}: {reason}"
        return TableError(
            f"the table {self.path} is damaged ({' '.join(reason.split())}); delete it and import the"
            f" official files again: python -m nasbench_lab.data import {self.path.stem} FILE"
        )

    def _changed(self) -> TableError:
        return TableError(
            f"the table {self.path} changed while it was open, so that results would be of two tables;"
            " run this again"
        )

    def data_set(self, name: str) -> DataSet:
        """Read one data set.

        Raises `UsageError` when the table has none of that name, `TableError` when it is damaged or another
        table took its place since this one was opened.
        """
        if name not in self.data_set_names:
            raise unknown_name(f"data set of {self.name}", name, self.data_set_names)
        if name not in self._read:
            try:
                before = _identity(self.path)
                with h5py.File(self.path, "r") as file:
                    if file.attrs["digest"] != self.digest:
                        raise self._changed()
                    read = _read_data_set(file[name])
                # Large arrays are mapped by the path, which by then may be another file's.
                if _identity(self.path) != before:
                    raise self._changed()
            except (*DAMAGE, UsageError) as error:
                raise self._damaged(error) from None
            self._read[name] = read
        return self._read[name]

    def verify(self) -> None:
        """Compare the content with the digest it was written with; raises `TableError`."""
        check_digest(self.path, self.digest, self._damaged)


def _identity(path: Path) -> tuple[int, int, int]:
    """What differs between two files that have had the same path: number on the disk, size and time."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _read_data_set(group: h5py.Group) -> DataSet:
    keys = read_array(group["keys"]) if "keys" in group else None
    space = group.attrs["space"]
    rows = find_space(space).size if keys is None else len(keys)

    def column(name: str) -> Any:
        return read_array(group[name], rows) if name in group else None

    return DataSet(
        title=group.attrs["title"],
        space=space,
        metric=group.attrs["metric"],
        least=float(group.attrs.get("least", LEAST)),
        most=float(group.attrs.get("most", MOST)),
        keys=keys,
        parameters=column("parameters"),
        flops=column("flops"),
        latency={device: column(f"latency/{device}") for device in group.get("latency", {})},
        energy={device: column(f"energy/{device}") for device in group.get("energy", {})},
        trainings={
            int(epochs): Training(
                **{name: _read_measurement(array, rows) for name, array in training.items()}
            )
            for epochs, training in sorted(group["trainings"].items(), key=lambda item: int(item[0]))
        },
    )


def _read_measurement(array: h5py.Dataset, rows: int) -> Measurement:
    epochs = tuple(array.attrs["epochs"].tolist())
    seeds = tuple(array.attrs["seeds"].tolist())
    return Measurement(read_array(array, rows, len(epochs), len(seeds)), epochs, seeds)


def read_array(array: h5py.Dataset, *shape: int) -> Any:
    """Read an array once its shape is as expected and it can be inside the file."""
    if shape and array.shape != shape:
        raise ValueError(f"{array.name} has shape {array.shape}, not {shape}")
    size = array.file.id.get_filesize()
    if array.nbytes > size:
        raise ValueError(f"{array.name} claims more bytes than the file has")
    offset = array.id.get_offset()
    if offset is None or array.nbytes < LEAST_MAPPED:
        return array[...]
    if offset + array.nbytes > size:
        raise ValueError(f"{array.name} claims bytes beyond the end of the file")
    # Only what is looked at is read, and processes share it.
    return np.memmap(array.file.filename, array.dtype, "r", offset, array.shape).view(np.ndarray)
