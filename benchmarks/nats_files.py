"""Reads the official files of NAS-Bench-201 and NATS-Bench, which are records of the same form.

They come as a folder of one packed pickle per architecture (`NATS-tss-v1_0-3ffb9-simple`), as one packed
pickle of everything (`NATS-tss-v1_0-3ffb9.pickle.pbz2`), or as a file of `torch.save`
(`NAS-Bench-201-v1_1-096897.pth`). Nothing in them is executed (see `benchmarks.pickles`), and each
architecture is reduced to what the table lists as soon as it was read.

What is taken, and from where:

- CIFAR-10: validation accuracy from the training on `cifar10-valid` (half of the training images), split
  `x-valid`; test accuracy from the training on `cifar10` (all of them), split `ori-test`.
- CIFAR-100 and ImageNet16-120: splits `x-valid` and `x-test`. Their `ori-test` is both together: a search
  that saw it would see test data, so it is never read.
- The shorter trainings are trainings of their own, with their own schedule, and are kept apart.
- A seed that an architecture lacks is NaN.
- Cost: `train_seconds` is the sum of the seconds of each epoch so far; `valid_seconds` is one validation
  pass, the mean over the epochs so far, as in the official `simulate_train_eval`.
- Parameters, multiply-adds (both in millions) and latency (of one batch on the authors' GPU) are those of
  the longest training, lowest seed; for some cells the shorter training's records differ.
"""

import bz2
import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.pickles import Readable, read_plain
from benchmarks.sources.base import is_number, sha256
from benchmarks.table import DataSet, Measurement, Training
from benchmarks.torch_files import is_torch_file, opened_pickle
from nasbench_lab.errors import TableError
from nasbench_lab.processes import explaining_lost_processes
from nasbench_lab.spaces import SearchSpace, find_space

PACKED_START = b"BZh"
CELL_FILE = re.compile(r"([0-9]{6})\.pickle\.pbz2")
META_FILE = "meta.pickle.pbz2"

# Several times what the published files have.
MOST_BYTES = 4 * 2**20
MOST_UNPACKED = 8
MOST_SEEDS = 8
MOST_SECONDS = 1e9
MOST_MILLIONS = 1e6

# Below this number of files, starting other processes takes longer than reading.
MANY_FILES = 200

Column = NDArray[np.float64]
# A range where there are no gaps: a whole benchmark has half a million curves.
Epochs = range | tuple[int, ...]


class Published(NamedTuple):
    """Where the records of a data set are: by split, the name it was trained under and the official split."""

    title: str
    valid: tuple[str, str]
    test: tuple[str, str]


PUBLISHED = {
    "cifar10": Published("CIFAR-10", ("cifar10-valid", "x-valid"), ("cifar10", "ori-test")),
    "cifar100": Published("CIFAR-100", ("cifar100", "x-valid"), ("cifar100", "x-test")),
    "imagenet16-120": Published(
        "ImageNet16-120", ("ImageNet16-120", "x-valid"), ("ImageNet16-120", "x-test")
    ),
}
TRAINED_UNDER = {name for published in PUBLISHED.values() for name, _ in (published.valid, published.test)}


@dataclass(frozen=True)
class Layout:
    """What the files of one benchmark must hold.

    Attributes:
        space: name of the search space, whose order is the official one.
        trainings: number of epochs by the official names of the trainings.
    """

    space: str
    trainings: Mapping[str, int]


class Curve(NamedTuple):
    """One quantity over the epochs of one training, with one seed."""

    data_set: str
    quantity: str
    seed: int
    epochs: Epochs
    values: Column


class Costs(NamedTuple):
    """What a record says of the network: millions, millions and milliseconds; NaN where it does not."""

    data_set: str
    seed: int
    parameters: float
    flops: float
    latency: float


@dataclass(frozen=True)
class Trained:
    """All that is kept of the trainings of one architecture with one length."""

    index: int
    epochs: int
    curves: list[Curve]
    costs: list[Costs]


@dataclass
class Records:
    """All that was read.

    Attributes:
        source_sha256: of the file, or of the list of the folder's files with theirs.
        trained: by official index, then number of epochs.
    """

    source_sha256: dict[str, str]
    trained: dict[int, list[Trained]] = field(default_factory=dict)


def is_nats(path: Path) -> bool:
    """Whether a path is a folder, or a file that is packed or of `torch.save`."""
    if path.is_dir():
        return True
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError:
        return False
    return start.startswith(PACKED_START) or is_torch_file(start)


def read_data_sets(path: Path, layout: Layout) -> tuple[dict[str, DataSet], dict[str, str]]:
    """The data sets that official files hold, and the digest of the files.

    Where not all architectures are there, the table is a partial one: it then answers for every cell that
    the benchmark holds to be the same as one that is there; of several such the first is listed.

    Raises:
        TableError: with one line, on anything that is not as published.
    """
    records = _read_folder(path, layout) if path.is_dir() else _read_file(path, layout)
    if not records.trained:
        raise TableError(f"{path} holds no architecture")
    space = find_space(layout.space)
    rows, keys = _rows(sorted(records.trained), space)
    data_sets = {}
    for name in PUBLISHED:
        data_set = _data_set(name, layout, rows, keys, records, path)
        if data_set is not None:
            data_sets[name] = data_set
    return data_sets, records.source_sha256


# Reading --------------------------------------------------------------------------------------------


def _read_folder(folder: Path, layout: Layout) -> Records:
    """One file per architecture, read on all cores where there are many."""
    named = ((CELL_FILE.fullmatch(path.name), path) for path in sorted(folder.iterdir()))
    paths = {int(match[1]): path for match, path in named if match}
    if not paths:
        raise TableError(f"{folder} has no files such as 000000.pickle.pbz2; expected is a `simple` folder")
    meta = folder / META_FILE
    digests = []
    if meta.exists():
        listed, digest = _read_packed(meta)
        _check_meta(listed, layout, str(meta))
        digests.append(f"{digest}  {meta.name}\n")
    records = Records({})
    with explaining_lost_processes("no table was written: start again, with more memory free"):
        for index, trained, digest in _in_parallel(paths, layout):
            records.trained[index] = trained
            digests.append(f"{digest}  {paths[index].name}\n")
    records.source_sha256[f"{folder.name}/"] = hashlib.sha256("".join(digests).encode()).hexdigest()
    return records


def _in_parallel(paths: Mapping[int, Path], layout: Layout) -> Iterable[tuple[int, list[Trained], str]]:
    if len(paths) < MANY_FILES:
        return (_read_cell(path, index, layout) for index, path in paths.items())
    from joblib import Parallel, delayed

    calls = (delayed(_read_cell)(path, index, layout) for index, path in paths.items())
    results: Iterator[tuple[int, list[Trained], str]] = Parallel(
        n_jobs=-1, batch_size=32, return_as="generator"
    )(calls)
    return results


def _read_cell(path: Path, index: int, layout: Layout) -> tuple[int, list[Trained], str]:
    """The file of one architecture: its index, its trainings and the file's digest."""
    states, digest = _read_packed(path)
    where = str(path)
    if type(states) is not dict:
        raise TableError(f"{where} does not hold records by training")
    found = {name: _trained(state, layout, where) for name, state in states.items()}
    return index, _checked(index, found, layout, where), digest


def _read_packed(path: Path) -> tuple[Any, str]:
    """What a small packed file holds, and the file's digest."""
    try:
        with path.open("rb") as file:
            packed = file.read(MOST_BYTES + 1)
        if len(packed) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES:,} bytes, which the published file does not")
        unpacked = _Limited(bz2.BZ2File(BytesIO(packed)), MOST_BYTES)
        return read_plain(unpacked), hashlib.sha256(packed).hexdigest()
    except (OSError, EOFError, ValueError) as error:
        raise TableError(f"{path} cannot be read: {error}; fetch it again") from None


def _read_file(path: Path, layout: Layout) -> Records:
    """Everything in one file, each architecture reduced while it is read."""
    where = str(path)

    def reduce(state: dict[Any, Any]) -> None:
        if "all_results" in state:
            trained = _trained(state, layout, where)
            _empty(state)
            state["trained"] = trained

    try:
        with path.open("rb") as file:
            packed = file.read(3) == PACKED_START
        if packed:
            most = MOST_BYTES + MOST_UNPACKED * path.stat().st_size
            with bz2.BZ2File(path) as unpacked:
                content = read_plain(_Limited(unpacked, most), finished=reduce)
        else:
            with opened_pickle(path) as pickled:
                content = read_plain(pickled, weights=True, finished=reduce, alone=False)
    except (OSError, EOFError, ValueError) as error:
        raise TableError(f"{path} cannot be read: {error}; fetch it again") from None
    _check_meta(content, layout, where)
    states = content.get("arch2infos")
    if type(states) is not dict:
        raise TableError(f"{where} has no records: 'arch2infos' is missing")
    records = Records({path.name: sha256(path)})
    for index, by_training in states.items():
        if type(by_training) is not dict:
            raise TableError(f"{where}, architecture {_short(index)}: there are no records by training")
        found = {
            name: state.get("trained") if type(state) is dict else None for name, state in by_training.items()
        }
        records.trained[index] = _checked(index, found, layout, where)
    return records


class _Limited:
    """A file that gives no more than was agreed."""

    def __init__(self, file: Readable, most_bytes: int) -> None:
        self._file = file
        self._most = most_bytes
        self._given = 0

    def read(self, size: int, /) -> bytes:
        data = self._file.read(size)
        self._given += len(data)
        if self._given > self._most:
            raise ValueError(
                f"it unpacks to more than {self._most:,} bytes, which the published file does not"
            )
        return data


def _empty(state: dict[Any, Any]) -> None:
    """Free what the pickle's memory would otherwise keep."""
    for result in state["all_results"].values():
        for value in result.values():
            if type(value) is dict:
                value.clear()
        result.clear()
    state.clear()


# Checking and reducing ------------------------------------------------------------------------------


def _check_meta(content: Any, layout: Layout, where: str) -> None:
    """Every architecture of the space, in the official order."""
    space = find_space(layout.space)
    listed = content.get("meta_archs") if type(content) is dict else None
    if type(listed) is not list or len(listed) != space.size:
        raise TableError(f"{where} does not list the {space.size:,} architectures of {space.name}")
    for index, text in enumerate(listed):
        if text != space.format(space.architecture(index)):
            raise TableError(f"{where} lists another architecture at {index} than is published")


def _checked(index: Any, found: Mapping[Any, Trained | None], layout: Layout, where: str) -> list[Trained]:
    """The trainings of an architecture, once each is what its name says."""
    where = f"{where}, architecture {_short(index)}"
    if not found:
        raise TableError(f"{where}: there are no records by training")
    for name, trained in found.items():
        place = f"{where}, training {_short(name)}"
        if name not in layout.trainings:
            raise TableError(f"{place}: known trainings are {', '.join(layout.trainings)}")
        if trained is None:
            raise TableError(f"{place}: there are no records")
        if trained.index != index:
            raise TableError(f"{place}: its records are those of architecture {trained.index}")
        if trained.epochs != layout.trainings[name]:
            raise TableError(f"{place}: its records are those of {trained.epochs} epochs")
    kept = [trained for trained in found.values() if trained is not None]
    if len({trained.epochs for trained in kept}) != len(kept):
        raise TableError(f"{where}: two trainings have the same length")
    return kept


def _trained(state: Any, layout: Layout, where: str) -> Trained:
    """What one architecture's records of one length say; raises `TableError` where they are not such."""
    if type(state) is not dict:
        raise TableError(f"{where} holds something other than records where they are expected")
    index = state.get("arch_index")
    space = find_space(layout.space)
    if type(index) is not int or not 0 <= index < space.size:
        raise TableError(f"{where}: an architecture has no index, or one that {space.name} has not")
    where = f"{where}, architecture {index}"
    if state.get("arch_str") != space.format(space.architecture(index)):
        raise TableError(f"{where} is another one than is published at that place")
    results = state.get("all_results")
    if type(results) is not dict or not results:
        raise TableError(f"{where}: there are no results")
    lengths = set()
    curves: list[Curve] = []
    costs: list[Costs] = []
    for key, result in results.items():
        if type(key) is not tuple or len(key) != 2 or key[0] not in TRAINED_UNDER or type(key[1]) is not int:
            raise TableError(f"{where}: results come by data set and seed, not {_short(key)}")
        name, seed = key
        place = f"{where}, {name}, seed {seed}"
        epochs = result.get("epochs") if type(result) is dict else None
        if epochs not in layout.trainings.values() or type(epochs) is not int or result.get("name") != name:
            raise TableError(f"{place}: it does not say which data set and epochs it is of")
        lengths.add(epochs)
        curves += _curves(name, seed, epochs, result, place)
        costs += _costs(name, seed, result, place)
    if len(lengths) != 1:
        raise TableError(f"{where}: its results are of trainings of different lengths")
    return Trained(index, lengths.pop(), curves, costs)


def _curves(name: str, seed: int, epochs: int, result: dict[Any, Any], where: str) -> Iterator[Curve]:
    for data_set, published in PUBLISHED.items():
        if published.test[0] == name:
            test = _accuracies(result, published.test[1], epochs, where)
            if test is not None:
                yield Curve(data_set, "test_accuracy", seed, *test)
        if published.valid[0] == name:
            split = published.valid[1]
            valid = _accuracies(result, split, epochs, where)
            if valid is None:
                continue
            yield Curve(data_set, "valid_accuracy", seed, *valid)
            after = np.array(valid[0])
            spent = _seconds(result, "train_times", range(epochs), where)
            if spent is not None:
                yield Curve(data_set, "train_seconds", seed, valid[0], np.cumsum(spent)[after - 1])
            passes = _seconds(result, "eval_times", _names(split, epochs), where)
            if passes is not None:
                yield Curve(data_set, "valid_seconds", seed, valid[0], np.cumsum(passes)[after - 1] / after)


def _accuracies(result: dict[Any, Any], split: str, epochs: int, where: str) -> tuple[Epochs, Column] | None:
    """Accuracies on a split where they were recorded: the epochs, counted from 1, and the values."""
    recorded = result.get("eval_acc1es")
    if type(recorded) is not dict:
        raise TableError(f"{where}: there are no accuracies")
    after = [epoch for epoch, key in enumerate(_names(split, epochs), start=1) if key in recorded]
    if not after:
        return None
    values = [recorded[f"{split}@{epoch - 1}"] for epoch in after]
    whole = range(after[0], after[-1] + 1)
    return whole if len(whole) == len(after) else tuple(after), _numbers(
        values, 100.0, f"{where}: an accuracy on {split}"
    )


def _seconds(result: dict[Any, Any], quantity: str, keys: Iterable[object], where: str) -> Column | None:
    """Seconds of every epoch; None where they were not recorded for all of them."""
    recorded = result.get(quantity)
    if recorded is None:
        return None
    if type(recorded) is not dict:
        raise TableError(f"{where}: {quantity} is not given by epoch")
    values = [recorded[key] for key in keys if key in recorded]
    if len(values) != result["epochs"] or None in values:
        return None
    return _numbers(values, MOST_SECONDS, f"{where}: a time in {quantity}")


def _costs(name: str, seed: int, result: dict[Any, Any], where: str) -> Iterator[Costs]:
    for data_set, published in PUBLISHED.items():
        if published.valid[0] == name:
            (parameters,) = _numbers([result.get("params")], MOST_MILLIONS, f"{where}: params")
            (flops,) = _numbers([result.get("flop")], MOST_MILLIONS, f"{where}: flop")
            seconds = result.get("latency")
            latency = math.nan
            # The official code takes what is not above 0 for not measured.
            if type(seconds) is list and seconds and all(map(is_number, seconds)):
                mean = sum(seconds) / len(seconds)
                latency = mean * 1e3 if 0 < mean < MOST_SECONDS else math.nan
            elif seconds is not None and seconds != []:
                raise TableError(f"{where}: latency is not a list of numbers")
            yield Costs(data_set, seed, float(parameters), float(flops), latency)


def _short(key: object) -> str:
    """A key of a pickle, which may be a long text, for a message."""
    return repr(key)[:60]


def _names(split: str, epochs: int) -> Sequence[str]:
    return [f"{split}@{epoch}" for epoch in range(epochs)]


def _numbers(values: list[Any], most: float, what: str) -> Column:
    """Numbers between 0 and `most`, as an array; raises `TableError` where one is something else."""
    # Compared before they become an array, as an integer may be larger than any float.
    if set(map(type, values)) <= {float, int} and min(values) >= 0 and max(values) <= most:
        numbers = np.array(values, dtype=np.float64)
        if not np.isnan(numbers).any():
            return numbers
    raise TableError(f"{what} is not a number between 0 and {most:g}")


# Arranging ------------------------------------------------------------------------------------------


def _rows(indices: list[int], space: SearchSpace) -> tuple[dict[int, int], NDArray[np.int64] | None]:
    """The row of each architecture that gets one, and the table's keys where it is a partial one."""
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
    """One data set of the table; None where the files have nothing of it."""
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
    """Curves as one array; with the epochs and seeds of `like`, where one is given."""
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
    """Parameters, multiply-adds and latency of the lowest seed that has each, shape `(3, rows)`."""
    values = np.full((3, rows), np.nan)
    for row, cost in sorted(costs, key=lambda item: -item[1].seed):
        given = np.array([cost.parameters, cost.flops, cost.latency])
        values[:, row] = np.where(np.isnan(given), values[:, row], given)
    return values
