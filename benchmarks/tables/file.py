"""The table: one HDF5 file per benchmark, written once from official files, opened in milliseconds.

    /                        format_version, name, title, citation, licence, source_sha256,
                             provenance, created_by, digest
    /<data set>              title, space, metric; least and most, if they are not 0 and 100; plain_keys,
                             if keys are those of the architectures themselves
        keys                 (A,) index of each row's canonical architecture, ascending; absent if
                             row i is architecture i of the space
        parameters           (A,) millions
        flops                (A,) millions of multiply-adds
        latency/<device>     (A,) milliseconds
        energy/<device>      (A,) millijoules
        metrics/<name>/      any other metric of an architecture, with direction and unit; optional
            values           (A,) in its unit
            seconds          (A,) seconds to compute each value; absent if it costs nothing
        trainings/<epochs>/  one group for each separate training, named by its length
            valid_accuracy   (A, epoch, seed) in the metric's unit: percent, for accuracies
            test_accuracy    (A, epoch, seed) in the metric's unit
            train_seconds    (A, epoch, seed) cumulative seconds of training
            valid_seconds    (A, epoch, seed) seconds of one validation pass
        failed/<epochs>/     of accuracies with failed trainings: (A, epoch, seed) truth values, by quantity

Each array under `trainings` has its own `epochs` and `seeds` attributes, since published tables
record different quantities at different epochs and seeds. Missing values are NaN, never imputed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py

from nasbench_lab.benchmarks.formats.hdf5 import (
    DAMAGE,
    check_digest,
    created,
    digest_of,
    opened,
    plain,
    read_array,
)
from nasbench_lab.benchmarks.tables.checks import check_contents
from nasbench_lab.benchmarks.tables.contents import (
    LEAST,
    MEASUREMENTS,
    MOST,
    Contents,
    DataSet,
    Measurement,
    MetricColumn,
    Training,
)
from nasbench_lab.benchmarks.tables.embedded import is_embedded
from nasbench_lab.errors import TableError, UsageError, unknown_name
from nasbench_lab.files import replacing
from nasbench_lab.search.contract import Metric
from nasbench_lab.spaces import find_space
from nasbench_lab.version import __version__

FORMAT_VERSION = 1


def write_table(contents: Contents, path: Path) -> None:
    """Check the contents and write them to `path`.

    An existing file is replaced only after the new file is complete and reads back as written. Raises
    `TableError` if the contents would make a wrong or unreadable table.
    """
    check_contents(contents)
    with replacing(path) as temporary:
        with created(temporary) as file:
            _write(file, contents)
        Table(temporary).verify()


def _write(file: h5py.File, contents: Contents) -> None:
    file.attrs["format_version"] = FORMAT_VERSION
    file.attrs["created_by"] = f"nasbench_lab {__version__}"
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
    # Default bounds are not written, so the digests of tables with default bounds stay the same.
    if (data_set.least, data_set.most) != (LEAST, MOST):
        group.attrs["least"], group.attrs["most"] = data_set.least, data_set.most
    if data_set.plain_keys:
        group.attrs["plain_keys"] = True
    for name in ("keys", "parameters", "flops"):
        if getattr(data_set, name) is not None:
            group[name] = getattr(data_set, name)
    for quantity in ("latency", "energy"):
        for device, values in getattr(data_set, quantity).items():
            group[f"{quantity}/{device}"] = values
    for name, column in data_set.other_metrics.items():
        of = group.create_group(f"metrics/{name}")
        of.attrs["direction"], of.attrs["unit"] = column.metric.direction, column.metric.unit
        of["values"] = column.values
        if column.seconds is not None:
            of["seconds"] = column.seconds
    for epochs, training in data_set.trainings.items():
        for name in MEASUREMENTS:
            measurement = getattr(training, name)
            if measurement is not None:
                array = group.create_dataset(f"trainings/{epochs}/{name}", data=measurement.values)
                array.attrs["epochs"] = measurement.epochs
                array.attrs["seeds"] = measurement.seeds
                if measurement.failed is not None:
                    group[f"failed/{epochs}/{name}"] = measurement.failed


class Table:
    """A table file, opened read-only. Each data set is read once, at its first use.

    Attributes:
        path: the path of the file.
        name, title, citation, licence, digest, created_by: as stored in the file.
        source_sha256: one line `digest  name` for each official file.
        provenance: how nasbench_lab measured the table, see `Contents`.
        data_set_names: in the order in which they were written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with opened(path) as file:
                attributes = {key: plain(value) for key, value in file.attrs.items()}
        except FileNotFoundError:
            raise self._absent() from None
        except DAMAGE as error:
            raise self._damaged(error) from None
        version = attributes.get("format_version")
        if version != FORMAT_VERSION:
            raise TableError(
                f"{path} has table format version {version}; this version of nasbench_lab reads"
                f" {FORMAT_VERSION}; {self._remedy()}"
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
        remedy = self._remedy() if is_embedded(self.path) else f"delete it and {self._remedy()}"
        return TableError(f"the table {self.path} is damaged ({' '.join(reason.split())}); {remedy}")

    def _remedy(self) -> str:
        if is_embedded(self.path):
            return "it is a part of nasbench_lab, so install nasbench_lab again"
        return f"import the official files again: python -m nasbench_lab.data import {self.path.stem} FILE"

    def _absent(self) -> TableError:
        return TableError(f"there is no table at {self.path}")

    def _changed(self) -> TableError:
        return TableError(
            f"the table {self.path} changed while it was open, so results would mix two tables;"
            " run this again"
        )

    def data_set(self, name: str) -> DataSet:
        """Read one data set.

        Raises `UsageError` if the table has no data set of that name. Raises `TableError` if the table is
        damaged, or if it was removed or replaced after it was opened. Raises `RefusedError` if the operating
        system refuses to read it.
        """
        if name not in self.data_set_names:
            raise unknown_name(f"data set of {self.name}", name, self.data_set_names)
        if name not in self._read:
            try:
                before = _identity(self.path)
                with opened(self.path) as file:
                    if file.attrs["digest"] != self.digest:
                        raise self._changed()
                    read = _read_data_set(file[name])
                # Large arrays are mapped by path, and another file may have taken that path by then.
                if _identity(self.path) != before:
                    raise self._changed()
            except FileNotFoundError:
                raise self._absent() from None
            except (*DAMAGE, UsageError) as error:
                raise self._damaged(error) from None
            self._read[name] = read
        return self._read[name]

    def verify(self) -> None:
        """Check the content against its stored digest; raises `TableError` if they differ."""
        check_digest(self.path, self.digest, self._damaged)


def _identity(path: Path) -> tuple[int, int, int]:
    """Inode number, size and modification time: they tell apart two files that had the same path."""
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
        plain_keys=bool(group.attrs.get("plain_keys", False)),
        parameters=column("parameters"),
        flops=column("flops"),
        latency={device: column(f"latency/{device}") for device in group.get("latency", {})},
        energy={device: column(f"energy/{device}") for device in group.get("energy", {})},
        other_metrics={name: _read_metric(each, rows) for name, each in group.get("metrics", {}).items()},
        trainings={
            int(epochs): Training(
                **{
                    name: _read_measurement(array, rows, group.get(f"failed/{epochs}/{name}"))
                    for name, array in training.items()
                }
            )
            for epochs, training in sorted(group["trainings"].items(), key=lambda item: int(item[0]))
        },
    )


def _read_metric(group: h5py.Group, rows: int) -> MetricColumn:
    direction, unit = group.attrs["direction"], group.attrs["unit"]
    if direction not in ("higher", "lower") or not isinstance(unit, str):
        raise ValueError(f"{group.name} has direction {direction!r} and unit {unit!r}")
    seconds = read_array(group["seconds"], rows) if "seconds" in group else None
    metric = Metric(direction, unit, on_request=seconds is not None)
    return MetricColumn(metric, read_array(group["values"], rows), seconds)


def _read_measurement(array: h5py.Dataset, rows: int, failed: h5py.Dataset | None) -> Measurement:
    epochs = tuple(array.attrs["epochs"].tolist())
    seeds = tuple(array.attrs["seeds"].tolist())
    shape = rows, len(epochs), len(seeds)
    return Measurement(
        read_array(array, *shape), epochs, seeds, None if failed is None else read_array(failed, *shape)
    )
