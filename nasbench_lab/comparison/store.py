"""Stored comparisons: one folder each, safe to stop at any moment and to continue.

comparison.json   the specification, the tasks with their table digests, the algorithms, the machine
runs/*.h5         one file per task and algorithm: all runs stored so far, joined
.lock             empty; locked while a process writes here; readers ignore it
"""

import json
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from nasbench_lab.comparison.growing import (
    Different,
    Further,
    Header,
    Plan,
    further_needed,
    joined,
    joined_headers,
    plan_of,
)
from nasbench_lab.comparison.header import read_header, write_header
from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.comparison.run_files import path_of_runs, stored_runs, write_runs
from nasbench_lab.errors import StoreError, UsageError
from nasbench_lab.files import lock
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import Run
from nasbench_lab.settings import from_mapping

SAVE_EVERY = 2.0  # seconds; a kill loses at most the runs finished in this time and the blocks in flight
LOCK = ".lock"


class RunStore:
    """The runs of one comparison, in a folder that no other process writes to until `close`.

    Args:
        folder: its path. A missing folder is created. A folder with content must hold a comparison of the
            same protocol; it grows by the seeds, algorithms and tasks that it does not have yet.
        header: content of `comparison.json`: `comparison`, `protocol`, `tasks`, `references`, `algorithms`
            and `environment`, in plain JSON values.

    Raises:
        StoreError: the folder holds something else or a comparison of another protocol (the message names
            the first difference), or another process is working in it.
    """

    def __init__(self, folder: Path, header: Mapping[str, Any]) -> None:
        self.folder = folder
        self.seeds = 0
        self._stored: dict[tuple[str, str], dict[int, Run]] = {}
        self._unsaved: set[tuple[str, str]] = set()
        self._saved = time.monotonic()
        self._saving = threading.RLock()
        self._timer: threading.Timer | None = None
        self._lock = _lock(folder)
        try:
            self.seeds = _begin_or_go_on(folder, header)["comparison"]["seeds"]
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
                path = path_of_runs(self.folder, task, algorithm)
                write_runs(path, task, algorithm, self._runs(task, algorithm))
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
            self._stored[key] = stored_runs(self.folder, task, algorithm)
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


def _begin_or_go_on(folder: Path, header: Header) -> Header:
    """Write `comparison.json`, or let the stored one grow; returns its content."""
    if not (folder / "comparison.json").exists():
        write_header(folder, header)
        (folder / "runs").mkdir(exist_ok=True)
        return header
    stored = read_header(folder)
    try:
        grown = joined_headers(stored, json.loads(json.dumps(header)))
    except Different as difference:
        raise different(folder, difference) from None
    if grown != stored:
        write_header(folder, grown)
    # A killed process left these. Only runs/ is cleaned: another process may be drawing figures right now.
    for half_written in (folder / "runs").glob(".*.tmp"):
        half_written.unlink()
    return grown


def different(folder: Path, difference: Different) -> StoreError:
    """The error for a folder with runs of another protocol."""
    return StoreError(f"{folder} holds a different comparison: {difference}; choose another --out")


def grown_plan(folder: Path, stored: Header, asked: Plan) -> tuple[Plan, Further]:
    """The plan of a stored comparison with all that is asked for, and the stored parts that it needs anew.

    Raises `StoreError` if the two are not of one protocol.
    """
    try:
        before = plan_of(stored)
        grown = joined(before, asked)
    except Different as difference:
        raise different(folder, difference) from None
    cells = [(task, label) for task in before.references for label in before.texts]
    finished = all(len(stored_runs(folder, *cell)) >= before.comparison.seeds for cell in cells)
    return grown, further_needed(before, asked, grown, finished)


def load_results(folder: Path) -> Results:
    """Read a stored comparison; raises `StoreError` if it is absent, unfinished or damaged."""
    header = read_header(folder)
    try:
        cards = tuple(from_mapping(TaskCard, card) for card in header["tasks"])
        settings = {algorithm["label"]: _settings(algorithm) for algorithm in header["algorithms"]}
        seeds = header["comparison"]["seeds"]
    except (KeyError, TypeError, UsageError) as error:
        raise StoreError(f"{folder}/comparison.json is damaged: {error}") from None
    runs = {}
    for card in cards:
        for label in settings:
            stored = stored_runs(folder, card.name, label)
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
