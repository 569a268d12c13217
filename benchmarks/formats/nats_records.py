"""Extracts the table's quantities from the records of NAS-Bench-201 and NATS-Bench."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.formats.limits import is_number
from nasbench_lab.errors import TableError
from nasbench_lab.spaces import find_space

MOST_SECONDS = 1e9
MOST_MILLIONS = 1e6

Column = NDArray[np.float64]
# A range if there are no gaps, to save memory: a whole benchmark has half a million curves.
Epochs = range | tuple[int, ...]


class Published(NamedTuple):
    """The place of a data set's records in the official files.

    Attributes:
        title: for people, such as `CIFAR-10`.
        valid, test: the name that the data set was trained under, and the official split.
    """

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
    """The required content of the files of one benchmark.

    Attributes:
        space: name of the search space; its order is the official one.
        trainings: the number of epochs of each training, by its official name.
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
    """The costs of a network, as recorded; NaN if missing.

    Attributes:
        data_set: name of the data set.
        seed: of the training.
        parameters: in millions.
        flops: multiply-adds, in millions.
        latency: in milliseconds.
    """

    data_set: str
    seed: int
    parameters: float
    flops: float
    latency: float


@dataclass(frozen=True)
class Trained:
    """All data kept from the trainings of one architecture with one number of epochs."""

    index: int
    epochs: int
    curves: list[Curve]
    costs: list[Costs]


def check_meta(content: Any, layout: Layout, where: str) -> None:
    """Raise `TableError` unless `content` lists the whole space in the official order."""
    space = find_space(layout.space)
    listed = content.get("meta_archs") if type(content) is dict else None
    if type(listed) is not list or len(listed) != space.size:
        raise TableError(f"{where} does not list the {space.size:,} architectures of {space.name}")
    for index, text in enumerate(listed):
        if text != space.format(space.architecture(index)):
            raise TableError(f"{where} lists another architecture at {index} than the published files")


def checked(index: Any, found: Mapping[Any, Trained | None], layout: Layout, where: str) -> list[Trained]:
    """The trainings of an architecture; raises `TableError` if one does not match its name."""
    where = f"{where}, architecture {short(index)}"
    if not found:
        raise TableError(f"{where}: there are no records by training")
    for name, trained in found.items():
        place = f"{where}, training {short(name)}"
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


def reduced(state: Any, layout: Layout, where: str) -> Trained:
    """Reduce an architecture's records of one training length; raises `TableError` if they are malformed."""
    if type(state) is not dict:
        raise TableError(f"{where} holds something other than records of an architecture")
    index = state.get("arch_index")
    space = find_space(layout.space)
    if type(index) is not int or not 0 <= index < space.size:
        raise TableError(f"{where}: an architecture has no index, or one outside of {space.name}")
    where = f"{where}, architecture {index}"
    if state.get("arch_str") != space.format(space.architecture(index)):
        raise TableError(f"{where} differs from the published architecture at that index")
    results = state.get("all_results")
    if type(results) is not dict or not results:
        raise TableError(f"{where}: there are no results")
    lengths = set()
    curves: list[Curve] = []
    costs: list[Costs] = []
    for key, result in results.items():
        if type(key) is not tuple or len(key) != 2 or key[0] not in TRAINED_UNDER or type(key[1]) is not int:
            raise TableError(f"{where}: results must be listed by data set and seed; received {short(key)}")
        name, seed = key
        place = f"{where}, {name}, seed {seed}"
        epochs = result.get("epochs") if type(result) is dict else None
        if epochs not in layout.trainings.values() or type(epochs) is not int or result.get("name") != name:
            raise TableError(f"{place}: its data set or its number of epochs is missing or wrong")
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
    """The recorded accuracies on a split: epochs, counted from 1, and values; None if there are none."""
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
    """Seconds of every epoch; None if they were not recorded for all epochs."""
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
            # The official code treats a latency of 0 or less as not measured.
            if type(seconds) is list and seconds and all(map(is_number, seconds)):
                mean = sum(seconds) / len(seconds)
                latency = mean * 1e3 if 0 < mean < MOST_SECONDS else math.nan
            elif seconds is not None and seconds != []:
                raise TableError(f"{where}: latency is not a list of numbers")
            yield Costs(data_set, seed, float(parameters), float(flops), latency)


def short(key: object) -> str:
    """A key of a pickle for a message, shortened because it may be a long text."""
    return repr(key)[:60]


def _names(split: str, epochs: int) -> Sequence[str]:
    return [f"{split}@{epoch}" for epoch in range(epochs)]


def _numbers(values: list[Any], most: float, what: str) -> Column:
    """Numbers between 0 and `most`, as an array; raises `TableError` for any other value."""
    # Compared before they become an array: an integer may be larger than any float.
    if set(map(type, values)) <= {float, int} and min(values) >= 0 and max(values) <= most:
        numbers = np.array(values, dtype=np.float64)
        if not np.isnan(numbers).any():
            return numbers
    raise TableError(f"{what} is not a number between 0 and {most:g}")
