"""The data sets of a table, built from the records of NAS-Bench-201 and NATS-Bench."""

from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.formats.nats_files import Records, read_records
from nasbench_lab.benchmarks.formats.nats_records import PUBLISHED, Column, Costs, Curve, Layout
from nasbench_lab.benchmarks.tables.contents import DataSet, Measurement, Training
from nasbench_lab.errors import TableError
from nasbench_lab.spaces import SearchSpace, find_space

MOST_SEEDS = 8


def read_data_sets(path: Path, layout: Layout) -> tuple[dict[str, DataSet], dict[str, str]]:
    """Read the data sets in official files, and the digest of the files.

    If some architectures are missing, the table is partial. It then also answers for every cell that the
    benchmark treats as equal to a listed one. If the files hold several equal cells, the first is listed.

    Raises:
        TableError: anything is not as published. The message is one line.
    """
    records = read_records(path, layout)
    space = find_space(layout.space)
    rows, keys = _rows(sorted(records.trained), space)
    data_sets = {}
    for name in PUBLISHED:
        data_set = _data_set(name, layout, rows, keys, records, path)
        if data_set is not None:
            data_sets[name] = data_set
    return data_sets, records.source_sha256


def _rows(indices: list[int], space: SearchSpace) -> tuple[dict[int, int], NDArray[np.int64] | None]:
    """The row of each architecture that gets one, and the keys of a partial table (None if complete)."""
    if len(indices) == space.size:
        return {index: index for index in indices}, None
    first: dict[int, int] = {}
    for index in indices:
        first.setdefault(space.index(space.canonical(space.architecture(index))), index)
    keys = sorted(first)
    return {first[key]: row for row, key in enumerate(keys)}, np.array(keys, dtype=np.int64)


def _data_set(
    name: str,
    layout: Layout,
    rows: dict[int, int],
    keys: NDArray[np.int64] | None,
    records: Records,
    path: Path,
) -> DataSet | None:
    """One data set of the table; None if the files have no accuracies on it."""
    curves: dict[tuple[int, str], list[tuple[int, Curve]]] = defaultdict(list)
    costs: dict[int, list[tuple[int, Costs]]] = defaultdict(list)
    for index, row in rows.items():
        for trained in records.trained[index]:
            for curve in trained.curves:
                if curve.data_set == name:
                    curves[trained.epochs, curve.quantity].append((row, curve))
            costs[trained.epochs] += [(row, cost) for cost in trained.costs if cost.data_set == name]
    trainings = {}
    for epochs in sorted(set(layout.trainings.values())):
        valid = _measurement(curves[epochs, "valid_accuracy"], len(rows), None, path)
        test = _measurement(curves[epochs, "test_accuracy"], len(rows), None, path)
        if valid is None and test is None:
            continue
        trainings[epochs] = Training(
            valid_accuracy=valid,
            test_accuracy=test,
            train_seconds=_measurement(curves[epochs, "train_seconds"], len(rows), valid, path),
            valid_seconds=_measurement(curves[epochs, "valid_seconds"], len(rows), valid, path),
        )
    if not trainings:
        return None
    parameters, flops, latency = _columns(costs[max(trainings)], len(rows))
    return DataSet(
        title=PUBLISHED[name].title,
        space=layout.space,
        trainings=trainings,
        keys=keys,
        parameters=parameters,
        flops=flops,
        latency={} if np.isnan(latency).all() else {"gpu": latency},
    )


def _measurement(
    curves: list[tuple[int, Curve]], rows: int, like: Measurement | None, path: Path
) -> Measurement | None:
    """Curves as one array, with the epochs and seeds of `like` if it is given; None if there is no curve."""
    if not curves:
        return None
    recorded = {curve.epochs for _, curve in curves}
    epochs = sorted({epoch for held in recorded for epoch in held})
    seeds = [str(seed) for seed in sorted({curve.seed for _, curve in curves})]
    if like is not None:
        epochs, seeds = list(like.epochs), list(like.seeds)
    if len(seeds) > MOST_SEEDS:
        raise TableError(f"{path} has {len(seeds)} seeds of one training; the published files have up to 3")
    places = {held: np.searchsorted(epochs, held) for held in recorded}
    columns = {int(seed): place for place, seed in enumerate(seeds)}
    values = np.full((rows, len(epochs), len(seeds)), np.nan)
    for row, curve in curves:
        values[row, places[curve.epochs], columns[curve.seed]] = curve.values
    return Measurement(values, tuple(epochs), tuple(seeds))


def _columns(costs: list[tuple[int, Costs]], rows: int) -> Column:
    """Parameters, multiply-adds and latency, each from the lowest seed that has it, shape `(3, rows)`."""
    values = np.full((3, rows), np.nan)
    for row, cost in sorted(costs, key=lambda item: -item[1].seed):
        given = np.array([cost.parameters, cost.flops, cost.latency])
        values[:, row] = np.where(np.isnan(given), values[:, row], given)
    return values
