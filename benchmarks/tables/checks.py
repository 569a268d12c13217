"""Checks that keep wrong or unreadable tables from being written."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from nasbench_lab.benchmarks.tables.contents import (
    MEASUREMENTS,
    Contents,
    DataSet,
    FloatArray,
    Measurement,
    MetricColumn,
    Training,
)
from nasbench_lab.errors import TableError
from nasbench_lab.spaces import find_space


def check_contents(contents: Contents) -> None:
    """Raise `TableError` if the contents would make a wrong or unreadable table."""
    if not contents.data_sets:
        raise TableError(f"table {contents.name!r} has no data set")
    for name, data_set in contents.data_sets.items():
        where = f"table {contents.name!r}, data set {name!r}"
        _check_keys(data_set, where)
        if not data_set.least < data_set.most:
            raise TableError(f"{where}: least {data_set.least:g} is not below most {data_set.most:g}")
        for metric, column in data_set.columns.items():
            _check_metric(metric, column, data_set, where)
        if not data_set.trainings:
            raise TableError(f"{where}: there is no training")
        for epochs, training in data_set.trainings.items():
            for quantity, measurement in _measurements(training):
                _check_measurement(measurement, epochs, data_set, quantity, where)
            _check_times(training, epochs, where)


def _check_metric(name: str, column: MetricColumn, data_set: DataSet, where: str) -> None:
    least = -np.inf if name in data_set.other_metrics else 0.0
    check_values(column.values, (len(data_set),), least, np.inf, f"{where}: {name}")
    if column.metric.on_request != (column.seconds is not None):
        raise TableError(f"{where}: {name} is on request if it costs seconds, and only then")
    if column.seconds is not None:
        check_values(column.seconds, (len(data_set),), 0.0, np.inf, f"{where}: seconds of {name}")
        free = np.isnan(column.seconds) & ~np.isnan(column.values)
        if free.any():
            raise TableError(f"{where}: {name} has a value without its seconds in row {int(np.argmax(free))}")


def _check_keys(data_set: DataSet, where: str) -> None:
    if data_set.keys is None:
        return
    if data_set.keys.ndim != 1 or (np.diff(data_set.keys) <= 0).any():
        raise TableError(f"{where}: keys must ascend, each architecture once")
    row = _first_wrong_key(data_set.space, data_set.keys.astype(np.int64).tobytes(), data_set.plain_keys)
    if row is not None:
        kind = "an" if data_set.plain_keys else "a canonical"
        raise TableError(
            f"{where}: row {row} has key {data_set.keys[row]}, which is not the index of {kind}"
            f" architecture of {data_set.search_space.name}"
        )


@lru_cache(maxsize=2)
def _first_wrong_key(space_name: str, stored: bytes, plain: bool) -> int | None:
    """The first row whose key is not a canonical index, or if `plain` not that of an architecture; or None.

    The answer is cached, since data sets often list the same keys.
    """
    space = find_space(space_name)
    keys = np.frombuffer(stored, dtype=np.int64)
    wrong = (keys < 0) | (keys >= space.size)
    canonical = space.canonical_indices(keys[~wrong])
    wrong[~wrong] = canonical < 0 if plain else canonical != keys[~wrong]
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
    check_values(measurement.values, (len(data_set), len(epochs), len(seeds)), least, most, what)
    if measurement.failed is not None:
        _check_failed(measurement, accuracy, what)


def _check_failed(measurement: Measurement, accuracy: bool, what: str) -> None:
    failed = measurement.failed
    if failed is None or not accuracy or failed.dtype != np.bool_ or failed.shape != measurement.values.shape:
        raise TableError(
            f"{what}: failed trainings are truth values of an accuracy, in the shape of its values"
        )
    if not np.isnan(measurement.values[failed]).all():
        raise TableError(f"{what}: a failed training has a value; it must be missing")


def _check_times(training: Training, length: int, where: str) -> None:
    """Check that each accuracy a search may see has a cost: the time of its seed, or one for all seeds."""
    shown = training.valid_accuracy.seeds if training.valid_accuracy else ()
    for quantity in ("train_seconds", "valid_seconds"):
        measured = getattr(training, quantity)
        if measured is not None and len(measured.seeds) > 1 and not set(shown) <= set(measured.seeds):
            raise TableError(
                f"{where}: {quantity} after {length} epochs has the seeds {', '.join(measured.seeds)};"
                f" valid_accuracy needs {', '.join(shown)}, or one time for all of them"
            )


def check_values(values: FloatArray, shape: tuple[int, ...], least: float, most: float, what: str) -> None:
    if values.shape != shape:
        raise TableError(f"{what} has shape {values.shape}; its rows, epochs and seeds require {shape}")
    wrong = (values < least) | (values > most) | np.isinf(values)
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0].tolist())
        raise TableError(
            f"{what} must be a number between {least:g} and {most:g}; row {place[0]} has {values[place]:g}"
        )


def _measurements(training: Training) -> Iterator[tuple[str, Measurement]]:
    for name in MEASUREMENTS:
        measurement = getattr(training, name)
        if measurement is not None:
            yield name, measurement
