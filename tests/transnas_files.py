"""Write the file of TransNAS-Bench-101 in its published form, for tests.

Every record has all fields of the published ones. To save time, the networks share records: network `i` of
a space, counted over its valid architectures, has record `i % DISTINCT`. Every number follows a formula. A
test metric never equals a validation metric, and the last epoch is never the best.
"""

import pickle
from itertools import product
from pathlib import Path
from typing import Any

from tests.nats_files import write_legacy, write_zip

DISTINCT = 11
EPOCHS = {
    "class_scene": 25,
    "class_object": 25,
    "room_layout": 25,
    "jigsaw": 10,
    "segmentsemantic": 30,
    "normal": 30,
    "autoencoder": 30,
}
CLASSES = ("top1", "top5", "loss")
METRICS = {
    "class_scene": CLASSES,
    "class_object": CLASSES,
    "room_layout": ("loss", "neg_loss"),
    "jigsaw": CLASSES,
    "segmentsemantic": ("loss", "acc", "mIoU"),
    "normal": ("ssim", "l1_loss"),
    "autoencoder": ("ssim", "l1_loss"),
}
TASKS = tuple(EPOCHS)
SPLITS = ("train", "valid", "test")
INFO = ("inference_time", "encoder_params", "model_params", "model_FLOPs", "encoder_FLOPs")


def value(metric: str, split: str, task: str, record: int, epoch: int) -> float:
    """A metric after an epoch counted from 1; it peaks two epochs before the last."""
    height = record + 2.0 * min(epoch, 2 * EPOCHS[task] - 4 - epoch) + TASKS.index(task) / 8
    height += SPLITS.index(split) / 16
    if metric == "ssim":
        return height / 100 - 0.25
    if metric.endswith("loss"):
        return (100 - height) / 64 * (-1 if metric == "neg_loss" else 1)
    return height


def seconds(task: str, record: int, epoch: int) -> int:
    """Seconds since the start of the training."""
    return (3_000 + 100 * record + TASKS.index(task)) * epoch


def clock(total: int) -> str:
    """A time as the training code writes it."""
    return f"{total // 3600:02}:{total // 60 % 60:02}:{total % 60:02}"


def seconds_of(text: str) -> float:
    """The seconds that `clock` turned into this text."""
    hours, minutes, rest = map(int, text.split(":"))
    return float(3600 * hours + 60 * minutes + rest)


def info(task: str, record: int) -> dict[str, Any]:
    """The model info of one network; the smallest networks are smaller than any convolution."""
    size = 1 + record + TASKS.index(task)
    return {
        "inference_time": 0.001 * size,
        "encoder_params": 20_000 * size,
        "model_params": 50_000 * size,
        "model_FLOPs": 7e7 * size,
        "encoder_FLOPs": 6e7 * size,
    }


def record(task: str, number: int) -> dict[str, Any]:
    """The content of the file for one network on one task."""
    epochs = range(1, EPOCHS[task] + 1)
    metrics: dict[str, Any] = {
        f"{split}_{metric}": [value(metric, split, task, number, epoch) for epoch in epochs]
        for split, metric in product(SPLITS, METRICS[task])
    }
    metrics["time_elapsed"] = [clock(seconds(task, number, epoch)) for epoch in epochs]
    return {"total_epochs": EPOCHS[task], "model_info": info(task, number), "metrics": metrics}


def networks() -> dict[str, list[str]]:
    """The names of all networks by space; both spaces and tuples are in ascending order."""
    cells = [f"64-41414-{a}_{b}{c}_{d}{e}{f}" for a, b, c, d, e, f in product("0123", repeat=6)]
    codes = [
        "".join(code)
        for length in (4, 5, 6)
        for code in product("1234", repeat=length)
        if 1 <= sum(module in "34" for module in code) <= 4
        and 1 <= sum(module in "24" for module in code) <= 3
    ]
    return {"macro": [f"64-{code}-basic" for code in sorted(codes)], "micro": cells}


def content() -> dict[str, Any]:
    """The content of the whole file."""
    records = [{task: record(task, number) for task in TASKS} for number in range(DISTINCT)]
    return {
        "metrics_dict": {
            task: [f"{split}_{metric}" for split in SPLITS for metric in METRICS[task]] + ["time_elapsed"]
            for task in TASKS
        },
        "info_names": list(INFO),
        "task_list": list(TASKS),
        "data": {
            space: {name: records[place % DISTINCT] for place, name in enumerate(names)}
            for space, names in networks().items()
        },
    }


def write(path: Path, everything: Any, form: str = "zip") -> Path:
    """Write a file as `torch.save` did before version 1.6 (`legacy`) or has done since (`zip`)."""
    pickled = pickle.dumps(everything, 2)
    return write_legacy(path, pickled) if form == "legacy" else write_zip(path, pickled)
