"""TransNAS-Bench-101 (Duan et al. 2021): 4,096 cells and 3,256 skeletons, each trained once on seven tasks.

The official file was written by `torch.save` and holds plain dictionaries. (The official reader wraps them in
its own class after loading.) Its layout:

    data / micro or macro / network / task
        total_epochs
        model_info   inference_time (seconds), model_params, model_FLOPs; the encoder's are not read
        metrics      by name, a list with one value per epoch: train_*, valid_*, test_*, time_elapsed

Every metric is kept in its published unit. Of the test metrics, only the last epoch is read. `time_elapsed`
counts from the start of the training. It includes the passes over validation and test data, which cannot be
separated from the rest. The training code writes it as `hours:minutes:seconds`. The training code counts
single parameters and multiply-adds; numbers too small for that are taken to be millions.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.formats.limits import is_number, sha256
from nasbench_lab.benchmarks.formats.pickles import read_plain
from nasbench_lab.benchmarks.formats.torch_files import opened_pickle
from nasbench_lab.benchmarks.sources.base import Source, only_file
from nasbench_lab.benchmarks.tables.contents import Contents, DataSet, Measurement, Training
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.spaces import find_space

NAME = "transnas101"
FILES = "transnas-bench_v10141024.pth"
SPACES = {"micro": "transnas_micro", "macro": "transnas_macro"}
SEED = ("one run",)
TIME = re.compile(r"([0-9]{2,4}):([0-5][0-9]):([0-5][0-9])")
MOST_SECONDS = 1e8

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """One of the seven tasks.

    Attributes:
        title: readable name of the task.
        epochs: number of epochs of each training.
        name: name of the metric in the file, after `valid_` and `test_`.
        metric: readable name of the metric, with its unit if it has one; higher is better.
        least, most: the range of the metric.
    """

    title: str
    epochs: int
    name: str
    metric: str
    least: float = 0.0
    most: float = 100.0


TASKS = {
    "class_scene": Task("Scene classification", 25, "top1", "top-1 accuracy (%)"),
    "class_object": Task("Object classification", 25, "top1", "top-1 accuracy (%)"),
    "room_layout": Task("Room layout", 25, "neg_loss", "negative loss", -math.inf, 0.0),
    "jigsaw": Task("Jigsaw", 10, "top1", "top-1 accuracy (%)"),
    "segmentsemantic": Task("Semantic segmentation", 30, "mIoU", "mIoU (%)"),
    "normal": Task("Surface normals", 30, "ssim", "SSIM", -1.0, 1.0),
    "autoencoder": Task("Autoencoding", 30, "ssim", "SSIM", -1.0, 1.0),
}
READ = {f"{split}_{task.name}" for split in ("valid", "test") for task in TASKS.values()} | {"time_elapsed"}


@dataclass(frozen=True)
class Network:
    """The results of one network.

    Attributes:
        results: its results by task, as the file holds them.
        where: the file and the network, for error messages.
    """

    results: Any
    where: str


def convert(paths: Sequence[Path]) -> Contents:
    """Read the official file; raises `TableError` on anything that is not as published."""
    path = only_file(paths, NAME, FILES)
    if not path.exists():
        raise TableError(f"there is no file {path}")
    with opened_pickle(path) as file:
        content = read_plain(file, finished=_forget, alone=False)
    data = content.get("data") if type(content) is dict else None
    if type(data) is not dict or not set(SPACES) <= set(data):
        raise TableError(f"{path} holds no data of micro and macro; expected {FILES}")
    listed = {part: _networks(data[part], space, f"{path}, {part}") for part, space in SPACES.items()}
    data_sets = {
        f"{part}-{name}": _data_set(*networks, part, name)
        for part, networks in listed.items()
        for name in TASKS
    }
    return SOURCE.contents(data_sets, {path.name: sha256(path)})


def _forget(found: dict[Any, Any]) -> None:
    """Drop the metrics that are not needed, to save memory."""
    if "time_elapsed" in found:
        for name in found.keys() - READ:
            values = found.pop(name)
            if type(values) is list:
                # The pickle reader may still hold a reference to the list.
                values.clear()


def _networks(listed: Any, space_name: str, where: str) -> tuple[NDArray[np.int64] | None, list[Network]]:
    """All networks of a space in its order, and their keys (None if every tuple is an architecture)."""
    space = find_space(space_name)
    found: dict[int, Network] = {}
    for text, results in listed.items() if type(listed) is dict else ():
        try:
            index = space.index(space.parse(text if type(text) is str else repr(text)))
        except UsageError as error:
            raise TableError(f"{where}: {error}") from None
        found[index] = Network(results, f"{where}, {text}")
    needed = [index for index in range(space.size) if space.is_valid(space.architecture(index))]
    if len(found) != len(needed):
        raise TableError(f"{where}: it lists {len(found):,} networks; all {len(needed):,} are needed")
    keys = None if len(needed) == space.size else np.array(needed, dtype=np.int64)
    return keys, [found[index] for index in needed]


def _data_set(keys: NDArray[np.int64] | None, networks: Sequence[Network], part: str, name: str) -> DataSet:
    """One task on one of the spaces."""
    task = TASKS[name]
    places = [f"{network.where}, {name}" for network in networks]
    records = [
        _record(network.results, name, task, where) for network, where in zip(networks, places, strict=True)
    ]
    epochs = tuple(range(1, task.epochs + 1))

    def curves(metric: str) -> Values:
        values = [_curve(record, metric, where) for record, where in zip(records, places, strict=True)]
        return np.array(values, dtype=np.float64)[:, :, None]

    def column(info: str) -> Values:
        values = [_info(record, info, where) for record, where in zip(records, places, strict=True)]
        _check(np.array(values), 0.0, 1e15, info, places)
        return np.array(values)

    valid, test = curves(f"valid_{task.name}"), curves(f"test_{task.name}")[:, -1:]
    for split, accuracy in (("valid", valid), ("test", test)):
        _check(accuracy, task.least, task.most, f"{split}_{task.name}", places)
    seconds = curves("time_elapsed")
    _check(seconds, 0.0, MOST_SECONDS, "time_elapsed", places)
    falls = (np.diff(seconds, axis=1) < 0).any(axis=(1, 2))
    if falls.any():
        where = places[int(np.argmax(falls))]
        raise TableError(f"{where}: time_elapsed falls; it counts from the start of the training")
    return DataSet(
        title=f"{task.title} ({part})",
        space=SPACES[part],
        keys=keys,
        metric=task.metric,
        least=task.least,
        most=task.most,
        parameters=_millions(column("model_params"), 1e4, 1e-2, f"{places[0]}: model_params"),
        flops=_millions(column("model_FLOPs"), 1e6, 1.0, f"{places[0]}: model_FLOPs"),
        latency={"gpu": column("inference_time") * 1e3},
        trainings={
            task.epochs: Training(
                valid_accuracy=Measurement(valid, epochs, SEED),
                test_accuracy=Measurement(test, epochs[-1:], SEED),
                train_seconds=Measurement(seconds, epochs, SEED),
            )
        },
    )


def _record(results: Any, name: str, task: Task, where: str) -> Mapping[str, Any]:
    """A network's record of one task, with its parts and its number of epochs checked."""
    record = results.get(name) if type(results) is dict else None
    if type(record) is not dict:
        raise TableError(f"{where}: there is no record of this task")
    for part in ("model_info", "metrics"):
        if type(record.get(part)) is not dict:
            raise TableError(f"{where}: {part} is not a dictionary")
    epochs = record.get("total_epochs")
    if type(epochs) is not int or epochs != task.epochs:
        raise TableError(f"{where}: total_epochs is not {task.epochs}, as in every training of this task")
    return record


def _curve(record: Mapping[str, Any], metric: str, where: str) -> list[float]:
    """The values of a metric, one per epoch."""
    values = record["metrics"].get(metric)
    if type(values) is not list or len(values) != record["total_epochs"]:
        raise TableError(
            f"{where}: {metric} is not a list of {record['total_epochs']} numbers, one per epoch"
        )
    if metric == "time_elapsed":
        values = [_seconds(value) for value in values]
    if not all(map(is_number, values)):
        raise TableError(f"{where}: {metric} holds something other than numbers")
    return values


def _seconds(value: Any) -> Any:
    """Convert `01:02:03` to seconds; return any other value unchanged."""
    form = TIME.fullmatch(value) if type(value) is str else None
    if form is None:
        return value
    hours, minutes, seconds = map(int, form.groups())
    return 3600.0 * hours + 60.0 * minutes + seconds


def _info(record: Mapping[str, Any], name: str, where: str) -> float:
    value = record["model_info"].get(name)
    if not is_number(value):
        raise TableError(f"{where}: {name} is not a number")
    return float(value)


def _check(values: Values, least: float, most: float, what: str, places: Sequence[str]) -> None:
    """Check that all values are finite and within the range; shape `(A,)` or `(A, epochs, 1)`."""
    wrong = ~((values >= least) & (values <= most)) | np.isinf(values)
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0].tolist())
        raise TableError(
            f"{places[place[0]]}: {what} is a number between {least:g} and {most:g}; received"
            f" {values[place]:g}"
        )


def _millions(values: Values, counted_from: float, least: float, what: str) -> Values:
    """Convert counts to millions.

    No network has fewer than `counted_from`, so if the smallest value is below that, the values are in
    millions already. Raises `TableError` if a network has fewer than `least` million.
    """
    millions = values / 1e6 if values.min() >= counted_from else values
    if millions.min() < least:
        raise TableError(
            f"{what} of this or another network is below {least:g} million, too few for any network"
        )
    return millions


# No optima: the file was not at hand, and the optima in papers are from the best epoch of each training.
SOURCE = Source(
    name=NAME,
    title="TransNAS-Bench-101",
    citation=(
        "Y. Duan, X. Chen, H. Xu, Z. Chen, X. Liang, T. Zhang and Z. Li. TransNAS-Bench-101: Improving"
        " Transferability and Generalizability of Cross-Task Neural Architecture Search. CVPR 2021."
    ),
    licence="MIT",
    homepage="https://github.com/yawen-d/TransNASBench",
    files=FILES,
    convert=convert,
)
