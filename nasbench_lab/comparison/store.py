"""Stored comparisons: one folder each, safe to stop at any moment and to continue.

comparison.json   the specification, the tasks with their table digests, the algorithms, the machine
runs/*.h5         one file per task and algorithm: all runs stored so far, joined
.lock             empty; locked while a process writes here; readers ignore it
"""

import hashlib
import io
import json
import math
import re
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.errors import StoreError, UsageError
from nasbench_lab.files import lock, replacing
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import Run
from nasbench_lab.settings import from_mapping

FORMAT_VERSION = 1
SAVE_EVERY = 2.0  # seconds; a kill loses at most the runs finished in this time and the blocks in flight
LOCK = ".lock"
DEFAULTS = {field.name: field.default for field in fields(Comparison)}
ARRAYS = ("architectures", "valid_accuracy", "seconds", "epochs", "source", "test_accuracy")
STORAGE = {"shuffle": True, "compression": "lzf", "fletcher32": True}


class RunStore:
    """The runs of one comparison, in a folder that no other process writes to until `close`.

    Args:
        folder: its path. A missing folder is created; one with content must hold this same comparison.
        header: content of `comparison.json`: `comparison`, `protocol`, `tasks`, `algorithms` and
            `environment`, in plain JSON values.

    Raises:
        StoreError: the folder holds something else or a different comparison (the message names the first
            difference), or another process is working in it.
    """

    def __init__(self, folder: Path, header: Mapping[str, Any]) -> None:
        self.folder = folder
        self.seeds: int = header["comparison"]["seeds"]
        self._stored: dict[tuple[str, str], dict[int, Run]] = {}
        self._unsaved: set[tuple[str, str]] = set()
        self._saved = time.monotonic()
        self._saving = threading.RLock()
        self._timer: threading.Timer | None = None
        self._lock = _lock(folder)
        try:
            _begin_or_go_on(folder, header)
        except BaseException:
            self._lock.close()
            raise

    def missing(self, task: str, algorithm: str) -> list[int]:
        """Return the runs that are not stored yet."""
        stored = self._runs(task, algorithm)
        return [run for run in range(self.seeds) if run not in stored]

    def add(self, task: str, algorithm: str, runs: Mapping[int, Run]) -> None:
        """Add runs; they are on the disk within `SAVE_EVERY` seconds, or after `save`."""
        with self._saving:
            self._runs(task, algorithm).update(runs)
            self._unsaved.add((task, algorithm))
            # A save writes a whole file. In a fast search, a save after every block would take longer than
            # the search.
            wait = self._saved + SAVE_EVERY - time.monotonic()
            if wait <= 0:
                self.save()
            elif self._timer is None:
                self._timer = threading.Timer(wait, self._save_unless_it_fails)
                self._timer.daemon = True
                self._timer.start()

    def save(self) -> None:
        """Write all runs added so far to the disk."""
        with self._saving:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            for task, algorithm in sorted(self._unsaved):
                path = _path(self.folder, task, algorithm)
                _write_runs(path, task, algorithm, self._runs(task, algorithm))
            self._unsaved.clear()
            self._saved = time.monotonic()

    def _save_unless_it_fails(self) -> None:
        # Nobody can catch an error in the timer's thread. The runs stay unsaved, and the next save raises it.
        with suppress(Exception):
            self.save()

    def close(self) -> None:
        """Save, and release the folder to other processes."""
        try:
            self.save()
        finally:
            self._lock.close()

    def _runs(self, task: str, algorithm: str) -> dict[int, Run]:
        key = (task, algorithm)
        if key not in self._stored:
            path = _path(self.folder, task, algorithm)
            self._stored[key] = _read_runs(path) if path.exists() else {}
        return self._stored[key]


def _lock(folder: Path) -> BinaryIO:
    """Lock a folder; a missing folder is created.

    Raises `StoreError` if another process has locked it, or if it holds something other than a comparison.
    Such a folder is left untouched.
    """
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file; --out is a folder, which may be new")
    if folder.exists() and not (folder / "comparison.json").exists():
        # The first files of a comparison: another process is starting it, or was killed while starting it.
        begun = (LOCK, ".comparison.json.")
        if not all(path.name.startswith(begun) for path in folder.iterdir()):
            raise StoreError(
                f"{folder} is not empty and holds no comparison.json, so it was left untouched; choose"
                " another --out"
            )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return lock(folder / LOCK)
    except BlockingIOError:
        raise StoreError(
            f"another process is working in {folder}; wait until it has ended, or choose another --out"
        ) from None


def _begin_or_go_on(folder: Path, header: Mapping[str, Any]) -> None:
    path = folder / "comparison.json"
    if not path.exists():
        with replacing(path) as temporary:
            text = json.dumps({"format_version": FORMAT_VERSION, **header}, indent=2)
            temporary.write_text(text + "\n", encoding="utf-8")
        (folder / "runs").mkdir(exist_ok=True)
        return
    difference = _difference(_read_header(path), header)
    if difference:
        raise StoreError(
            f"{folder} holds a different comparison: {difference}; choose another --out, or delete that"
            " folder"
        )
    # A killed process left these. Only runs/ is cleaned: another process may be drawing figures right now.
    for half_written in (folder / "runs").glob(".*.tmp"):
        half_written.unlink()


def load_results(folder: Path) -> Results:
    """Read a stored comparison; raises `StoreError` if it is absent, unfinished or damaged."""
    header = _read_header(folder / "comparison.json")
    try:
        cards = tuple(from_mapping(TaskCard, card) for card in header["tasks"])
        settings = {algorithm["label"]: _settings(algorithm) for algorithm in header["algorithms"]}
        seeds = header["comparison"]["seeds"]
    except (KeyError, TypeError, UsageError) as error:
        raise StoreError(f"{folder}/comparison.json is damaged: {error}") from None
    runs = {}
    for card in cards:
        for label in settings:
            path = _path(folder, card.name, label)
            stored = _read_runs(path) if path.exists() else {}
            if len(stored) < seeds:
                again = f"python -m nasbench_lab.compare --config {folder}/comparison.json"
                raise StoreError(
                    f"{folder} is unfinished: it holds {len(stored)} of {seeds} runs of {label} on"
                    f" {card.name}; go on with: {again}"
                )
            runs[card.name, label] = Runs.of(
                [stored[run] for run in sorted(stored)],
                recommended=header["comparison"].get("incumbent") == "recommended",
            )
    return Results(
        name=folder.resolve().name,
        protocol=header["protocol"],
        tasks=cards,
        algorithms=tuple(settings),
        settings=settings,
        runs=runs,
        specification=header["comparison"],
        environment=header["environment"],
    )


def _settings(algorithm: Mapping[str, Any]) -> str:
    values = ", ".join(f"{name}={value}" for name, value in algorithm["hyperparameters"].items())
    return f"{algorithm['function']}({values})"


def _read_header(path: Path) -> dict[str, Any]:
    try:
        header = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(
            f"there is no stored comparison in {path.parent}: it has no comparison.json"
        ) from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from None
    if not isinstance(header, dict) or header.get("format_version") != FORMAT_VERSION:
        version = header.get("format_version") if isinstance(header, dict) else None
        raise StoreError(
            f"{path} has format version {version}; this version of nasbench_lab reads {FORMAT_VERSION}"
        )
    return header


def _difference(stored: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Describe the first difference between two comparisons; empty if their runs are the same."""
    asked = json.loads(json.dumps(asked))
    try:
        for name, value in asked["comparison"].items():
            # A comparison of an older version that lacked a setting was run as its default says.
            before = stored["comparison"].get(name, DEFAULTS.get(name))
            if (before or None) != (value or None):
                return f"its {name} is {before}, this one's {value}"
        for kind, name, digest in (("tasks", "name", "digest"), ("algorithms", "label", "source_sha256")):
            was = {item[name]: item[digest] for item in stored[kind]}
            now = {item[name]: item[digest] for item in asked[kind]}
            if list(was) != list(now):
                return f"its {kind} are {', '.join(was)}, this one's {', '.join(now)}"
            for item, value in now.items():
                if was[item] != value:
                    what = "table or the code" if kind == "tasks" else "code"
                    return f"the {what} of {item} has changed since ({_short(was[item])} was {_short(value)})"
        # Another version may search differently; another machine or day makes no difference.
        versions = [side["environment"].get("nasbench_lab") for side in (stored, asked)]
        if versions[0] != versions[1]:
            return "it was begun with nasbench_lab {}, this is {}".format(*versions)
    except (AttributeError, KeyError, TypeError) as error:
        return f"its comparison.json is damaged ({error})"
    return ""


def _short(digests: str) -> str:
    """Shorten each digest of a chain to 12 characters."""
    return "+".join(digest[:12] for digest in digests.split("+"))


def _path(folder: Path, task: str, algorithm: str) -> Path:
    def plain(name: str) -> str:
        return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:60]

    # Different labels may look the same in a file name; the digest keeps them apart.
    digest = hashlib.sha256(f"{task}\0{algorithm}".encode()).hexdigest()[:8]
    return folder / "runs" / f"{plain(task)}--{plain(algorithm)}--{digest}.h5"


def _write_runs(path: Path, task: str, algorithm: str, runs: Mapping[int, Run]) -> None:
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


def _read_runs(path: Path) -> dict[int, Run]:
    try:
        with h5py.File(path, "r") as file:
            order = file["run"][...].tolist()
            offsets = file["offsets"][...].tolist()
            arrays = {name: file[name][...] for name in ARRAYS}
            arrays |= {name: file[name][...] for name in ("clock", "archive") if name in file}
            metrics = {name: values[...] for name, values in file.get("metrics", {}).items()}
            recommended = _recommendations(file, len(order))
    except (OSError, RuntimeError, KeyError) as error:
        raise StoreError(
            f"{path} is damaged ({' '.join(str(error).split())}); delete it and run the comparison again:"
            " only its runs are repeated"
        ) from None
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
    columns = (file[name][...] for name in ("recommends", "recommended", "recommended_accuracy"))
    return [
        (architecture if recommends else None, float(accuracy))
        for recommends, architecture, accuracy in zip(*columns, strict=True)
    ]
