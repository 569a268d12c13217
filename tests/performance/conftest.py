"""A made-up table as large as NAS-Bench-201's; speed does not depend on the numbers in it."""

from pathlib import Path

import numpy as np
import pytest

from nasbench_lab.benchmarks.tables.contents import Contents, DataSet, Measurement, Training
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask

CELLS = 15_625


def measurement(rng: np.random.Generator, epochs: int, seeds: int) -> Measurement:
    return Measurement(
        rng.random((CELLS, 1, seeds)) * 100, (epochs,), tuple(str(seed) for seed in range(seeds))
    )


@pytest.fixture(scope="session")
def table_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    data_sets = {
        name: DataSet(
            title=name,
            space="nasbench201",
            trainings={
                12: Training(valid_accuracy=measurement(rng, 12, 2), train_seconds=measurement(rng, 12, 1)),
                200: Training(
                    valid_accuracy=measurement(rng, 200, 3), test_accuracy=measurement(rng, 200, 3)
                ),
            },
        )
        for name in ("one", "two", "three")
    }
    contents = Contents(
        name="random", title="Random", citation="", licence="", source_sha256={}, data_sets=data_sets
    )
    path = tmp_path_factory.mktemp("performance") / "random.h5"
    write_table(contents, path)
    return path


@pytest.fixture(scope="session")
def task(table_path: Path) -> TabularTask:
    """A task whose cells have all been looked up before."""
    task = TabularTask(Table(table_path), "one", epochs=12)
    rng = np.random.default_rng(0)
    for index in range(CELLS):
        task.evaluate(task.space.architecture(index), None, rng)
    return task
