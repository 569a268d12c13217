"""Small synthetic tables for tests: every number is a formula of the architecture's index."""

from pathlib import Path
from typing import TypeVar

import numpy as np

from nasbench_lab.benchmarks.tables.contents import Contents, DataSet, Measurement, Training
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.benchmarks.view import View
from nasbench_lab.comparison.store import load_results
from nasbench_lab.comparison.tasks import TaskFinder
from nasbench_lab.report.latex import write_tables
from nasbench_lab.report.tables import compute_tables
from nasbench_lab.search import Task
from nasbench_lab.spaces import find_space

SPACE = "nasbench_macro"
SIZE = find_space(SPACE).size
Value = TypeVar("Value")


def present(value: Value | None) -> Value:
    """The value, which the test knows to be there, such as a measurement of a table."""
    assert value is not None
    return value


def measurement(values: np.ndarray, epochs: int, seeds: tuple[str, ...]) -> Measurement:
    """One quantity at the end of one training; `values` has shape (A, seeds)."""
    return Measurement(values[:, None, :], (epochs,), seeds)


def small_contents(**changes: object) -> Contents:
    """A table on all 6,561 cells of a small space, with two seeds, two trainings and training times.

    The accuracy grows with the sum of the digits, which gives a search something to climb.
    """
    index = np.arange(SIZE)
    digits = np.stack([index // 3**place % 3 for place in range(8)], axis=1)
    score = 50 + 2.5 * digits.sum(axis=1)
    noise = np.stack([np.sin(index), np.cos(index)], axis=1)
    seconds = np.full((SIZE, 1), 10.0) + digits[:, :1]
    short = Training(
        valid_accuracy=measurement(score[:, None] / 2 + noise, 12, ("a", "b")),
        train_seconds=measurement(seconds * 0.06, 12, ("mean",)),
    )
    valid = score[:, None] + noise
    valid[::2, 1] = np.nan
    long = Training(
        valid_accuracy=measurement(valid, 200, ("a", "b")),
        test_accuracy=measurement(score[:, None] + 0.1 * noise, 200, ("a", "b")),
        train_seconds=measurement(seconds, 200, ("mean",)),
    )
    settings: dict = {
        "title": "Toy data",
        "space": SPACE,
        "trainings": {12: short, 200: long},
        "parameters": digits.sum(axis=1) + 1.0,
    }
    return Contents(
        name="toy",
        title="Toy benchmark",
        citation="Nobody, 2026",
        licence="CC0",
        source_sha256={"toy.csv": "0" * 64},
        data_sets={name: DataSet(**{**settings, **changes}) for name in ("one", "two")},
    )


def small_table(folder: Path, **changes: object) -> Table:
    """`small_contents`, written and opened."""
    path = folder / "toy.h5"
    write_table(small_contents(**changes), path)
    return Table(path)


def small_task(
    folder: Path, *, epochs: int | None = None, seed: str = "random", **changes: object
) -> TabularTask:
    """A task on the small table."""
    return TabularTask(small_table(folder, **changes), "one", epochs=epochs, seed=seed)


def open_task(name: str, view: View | None = None) -> Task:
    """The task of a name, `benchmark/data set`, as a search sees it."""
    finder = TaskFinder()
    (found,) = finder.expand([name])
    return finder.open(found, view or View())


def table_files(folder: Path | str) -> dict[str, bytes]:
    """Every file of tables of a stored comparison, written again, by name."""
    written = Path(folder, "tables")
    write_tables(compute_tables(load_results(Path(folder))), written)
    return {path.name: path.read_bytes() for path in sorted(written.iterdir())}
