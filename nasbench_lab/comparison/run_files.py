"""The runs of one algorithm on one task in a file: joined arrays, and the bounds of each run in them."""

import hashlib
import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.formats.hdf5 import DAMAGE, opened, read_packed
from nasbench_lab.comparison.results import Runs
from nasbench_lab.errors import StoreError
from nasbench_lab.files import replacing
from nasbench_lab.search.run import Run

ARRAYS = ("architectures", "valid_accuracy", "seconds", "epochs", "source", "test_accuracy")
STORAGE = {"shuffle": True, "compression": "lzf", "fletcher32": True}


def path_of_runs(folder: Path, task: str, algorithm: str) -> Path:
    """The file with the runs of an algorithm on a task, in the folder of a comparison."""

    def plain(name: str) -> str:
        return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:60]

    # Different labels may look the same in a file name; the digest keeps them apart.
    digest = hashlib.sha256(f"{task}\0{algorithm}".encode()).hexdigest()[:8]
    return folder / "runs" / f"{plain(task)}--{plain(algorithm)}--{digest}.h5"


def write_runs(path: Path, task: str, algorithm: str, runs: Mapping[int, Run]) -> None:
    """Write runs by their numbers, in place of all that the file had."""
    order = sorted(runs)
    ordered = [runs[run] for run in order]
    joined = Runs.of(ordered)
    # Made in memory, because HDF5 crashes the process instead of raising an error if the disk is full.
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["task"] = task
        file.attrs["algorithm"] = algorithm
        file["run"] = np.array(order, dtype=np.int64)
        file["offsets"] = joined.offsets
        for name in ARRAYS:
            # Thanks to the checksum, reading a damaged file raises an error instead of giving wrong numbers.
            file.create_dataset(name, data=getattr(joined, name), chunks=True, **STORAGE)
        for name, values in _further(ordered, joined).items():
            file.create_dataset(name, data=values, chunks=True, **STORAGE)
    with replacing(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def _further(runs: Sequence[Run], joined: Runs) -> dict[str, NDArray[Any]]:
    """The arrays that only some comparisons have, by their place in the file."""
    arrays: dict[str, NDArray[Any]] = {f"metrics/{name}": values for name, values in joined.metrics.items()}
    if any(run.clock is not None for run in runs):
        arrays["clock"] = joined.clock
    if joined.archive is not None:
        arrays["archive"] = joined.archive
    if any(run.recommended is not None for run in runs):
        nothing = np.zeros(joined.architectures.shape[1], dtype=np.uint16)
        arrays["recommends"] = np.array([run.recommended is not None for run in runs])
        arrays["recommended"] = np.array(
            [nothing if run.recommended is None else run.recommended for run in runs]
        )
        arrays["recommended_accuracy"] = joined.recommended_accuracy
    return arrays


def stored_runs(folder: Path, task: str, algorithm: str) -> dict[int, Run]:
    """The runs of an algorithm on a task that a folder holds so far, by their numbers.

    Raises `StoreError` if their file cannot be read.
    """
    return read_runs(path_of_runs(folder, task, algorithm))


def read_runs(path: Path) -> dict[int, Run]:
    """The runs in a file; none if it is not there. Raises `StoreError` if it cannot be read."""
    try:
        with opened(path) as file:
            return _runs_in(file)
    except FileNotFoundError:
        return {}
    except DAMAGE as error:
        raise StoreError(
            f"{path} is damaged ({' '.join(str(error).split())}); delete it and run the comparison again:"
            " only its runs are repeated"
        ) from None


def _runs_in(file: h5py.File) -> dict[int, Run]:
    order = read_packed(file["run"]).tolist()
    offsets = read_packed(file["offsets"]).tolist()
    arrays = {name: read_packed(file[name]) for name in ARRAYS}
    arrays |= {name: read_packed(file[name]) for name in ("clock", "archive") if name in file}
    metrics = {name: read_packed(values) for name, values in file.get("metrics", {}).items()}
    recommended = _recommendations(file, len(order))
    return {
        run: Run(
            **{name: array[start:end] for name, array in arrays.items()},
            metrics={name: values[start:end] for name, values in metrics.items()},
            recommended=architecture,
            recommended_accuracy=accuracy,
        )
        for run, start, end, (architecture, accuracy) in zip(
            order, offsets[:-1], offsets[1:], recommended, strict=True
        )
    }


def _recommendations(file: h5py.File, runs: int) -> list[tuple[NDArray[np.uint16] | None, float]]:
    """The recommended architecture of each run and its reported accuracy; None and NaN if there is none."""
    if "recommends" not in file:
        return [(None, math.nan)] * runs
    columns = (read_packed(file[name]) for name in ("recommends", "recommended", "recommended_accuracy"))
    return [
        (architecture if recommends else None, float(accuracy))
        for recommends, architecture, accuracy in zip(*columns, strict=True)
    ]
