"""Write files in the published forms of NAS-Bench-201, NATS-Bench and `torch.save`, for tests.

The records have every field of the published ones. An accuracy that would show test data to a search is
`LEAK`. All other accuracies follow a formula.
"""

import bz2
import io
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nasbench_lab.spaces import find_space

LEAK = 99.0
SPLITS = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": ("ori-test",),
    "cifar100": ("x-valid", "x-test", "ori-test"),
    "ImageNet16-120": ("x-valid", "x-test", "ori-test"),
}
NAMES = tuple(SPLITS)
Seeds = Mapping[str, Mapping[str, tuple[int, ...]]]
ONCE = dict.fromkeys(NAMES, (777,))
TSS: Seeds = {
    "12": {**dict.fromkeys(NAMES, (111,)), "cifar10-valid": (777, 111)},
    "200": dict.fromkeys(NAMES, (999, 777, 888)),
}
SSS: Seeds = {"01": ONCE, "12": ONCE, "90": ONCE}


def accuracy(name: str, split: str, index: int, seed: int, epoch: int) -> float:
    """The accuracy in percent after an epoch, counted from 1."""
    if split == "ori-test" and name != "cifar10":
        return LEAK
    return 10 * NAMES.index(name) + (len(split) + index % 7) + seed / 1000 + epoch / 100


def train_seconds(name: str, index: int) -> float:
    """Seconds of one training epoch."""
    return 7.25 * (1 + NAMES.index(name)) + index / 4


def valid_seconds(split: str, index: int) -> float:
    """Seconds of one pass over a split."""
    return len(split) / 8 + index / 16


def result(name: str, seed: int, index: int, epochs: int) -> dict[str, Any]:
    """One training; a long one, unless on CIFAR-10, has `x-` accuracies after its last epoch only."""
    only_last = epochs >= 90 and name not in ("cifar10", "cifar10-valid")

    def recorded(split: str) -> list[int]:
        return [epochs - 1] if only_last and split.startswith("x-") else list(range(epochs))

    splits = SPLITS[name]
    return {
        "name": name,
        "train_acc1es": dict.fromkeys(range(epochs), 50.0),
        "train_acc5es": None,
        "train_losses": dict.fromkeys(range(epochs), 1.0),
        "train_times": OrderedDict((epoch, train_seconds(name, index)) for epoch in range(epochs)),
        "arch_config": {"channel": 16, "num_cells": 5, "arch_str": "as above", "class_num": 10},
        "params": np.float64(index + epochs / 1000),
        "flop": float(2 * index + 1),
        "seed": f"{seed:04d}",
        "epochs": epochs,
        "latency": [np.float64(0.01 + index / 1000)],
        "eval_names": list(splits),
        "eval_acc1es": {
            f"{split}@{epoch}": accuracy(name, split, index, seed, epoch + 1)
            for split in splits
            for epoch in recorded(split)
        },
        "eval_times": {
            f"{split}@{epoch}": valid_seconds(split, index) for split in splits for epoch in range(epochs)
        },
        "eval_losses": {f"{split}@{epochs - 1}": 1.0 for split in splits},
        "net_state_dict": None,
    }


def cell(space: str, index: int, seeds: Seeds) -> "OrderedDict[str, dict[str, Any]]":
    """The content of the file of one architecture."""
    lengths = {"less": 12, "full": 200}
    text = find_space(space).format(find_space(space).architecture(index))
    return OrderedDict(
        (
            training,
            {
                "arch_index": index,
                "arch_str": text,
                "all_results": {
                    (name, seed): result(name, seed, index, lengths.get(training) or int(training))
                    for name, chosen in by_name.items()
                    for seed in chosen
                },
                "dataset_seed": {name: sorted(chosen) for name, chosen in by_name.items()},
                "clear_net_done": True,
            },
        )
        for training, by_name in seeds.items()
    )


def meta(space_name: str) -> dict[str, Any]:
    """The records that concern all architectures."""
    space = find_space(space_name)
    return {
        "meta_archs": [space.format(space.architecture(index)) for index in range(space.size)],
        "total_archs": space.size,
        "arch2infos": None,
        "evaluated_indexes": set(),
    }


def everything(space: str, indices: list[int], seeds: Seeds) -> dict[str, Any]:
    """The content of a single file with these architectures."""
    cells = {index: cell(space, index, seeds) for index in indices}
    return meta(space) | {"arch2infos": cells, "evaluated_indexes": set(indices)}


def write_packed(path: Path, content: Any) -> None:
    """Write one pickle, compressed by bzip2."""
    path.write_bytes(bz2.compress(pickle.dumps(content, 4)))


def write_folder(folder: Path, space: str, indices: list[int], seeds: Seeds) -> Path:
    """Write a `simple` folder."""
    folder.mkdir()
    write_packed(folder / "meta.pickle.pbz2", meta(space))
    for index in indices:
        write_packed(folder / f"{index:06d}.pickle.pbz2", cell(space, index, seeds))
    return folder


def write_zip(path: Path, data: bytes, **members: bytes) -> Path:
    """Write a pickle in the file format that `torch.save` uses since version 1.6."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/byteorder", b"little")
        archive.writestr("archive/version", b"3\n")
        for name, member in members.items():
            archive.writestr(f"archive/data/{name}", member)
    return path


def write_legacy(path: Path, data: bytes, *storages: bytes) -> Path:
    """Write a pickle in the file format that `torch.save` used before version 1.6."""
    sizes = {"short": 2, "int": 4, "long": 4}
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": sizes}
    heading = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, system)]
    keys = pickle.dumps([str(i) for i in range(len(storages))], 2)
    tails = [struct.pack("<q", len(storage) // 4) + storage for storage in storages]
    path.write_bytes(b"".join([*heading, data, keys, *tails]))
    return path


class Weights:
    """A tensor that is pickled as PyTorch does it: by reference to a storage."""


@contextmanager
def _names_of_torch() -> Iterator[tuple[Any, Any]]:
    """Stand-ins under PyTorch's names, in place only while something is written."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    class FloatStorage:
        pass

    def _rebuild_tensor_v2() -> None:
        pass

    FloatStorage.__module__, FloatStorage.__qualname__ = "torch", "FloatStorage"
    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    torch.FloatStorage = FloatStorage  # type: ignore[attr-defined]
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules |= {"torch": torch, "torch._utils": utils}
    try:
        yield FloatStorage, _rebuild_tensor_v2
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def dumps_as_torch(content: Any) -> bytes:
    """Pickle with protocol 2, as `torch.save` does; each `Weights` becomes a tensor with its own storage."""
    with _names_of_torch() as (storage, rebuild):

        class Storage:
            pass

        class Pickler(pickle.Pickler):
            def persistent_id(self, thing: Any) -> Any:
                return ("storage", storage, "0", "cpu", 4) if isinstance(thing, Storage) else None

            def reducer_override(self, thing: Any) -> Any:
                if isinstance(thing, Weights):
                    return rebuild, (Storage(), 0, (2, 2), (2, 1), False, OrderedDict())
                return NotImplemented

        buffer = io.BytesIO()
        Pickler(buffer, 2).dump(content)
        return buffer.getvalue()
