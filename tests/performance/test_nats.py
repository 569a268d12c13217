"""Official files of NATS-Bench: the speed of converting them, and of a lookup against the authors' package.

The files are written here in the published form and size. The comparison is skipped if the package
`nats_bench` is not installed.
"""

import time
from pathlib import Path

import numpy as np
import pytest

from nasbench_lab.benchmarks.sources.nasbench201 import SOURCE
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.spaces import find_space
from tests.nats_files import TSS, write_folder

FILES = 64
CALLS = 2_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nats") / "NATS-tss-simple"
    return write_folder(folder, "nasbench201", list(range(FILES)), TSS)


@pytest.fixture(scope="module")
def task(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> TabularTask:
    path = tmp_path_factory.mktemp("table") / "nasbench201.h5"
    write_table(SOURCE.convert([folder]), path)
    return TabularTask(Table(path), "cifar10", epochs=12)


def test_converting_a_folder_in_one_process(benchmark, folder):
    benchmark.pedantic(lambda: SOURCE.convert([folder]), rounds=3, warmup_rounds=1)
    benchmark.extra_info["files a second, best"] = round(FILES / benchmark.stats.stats.min, 1)


def test_a_lookup_against_the_official_package(benchmark, folder, task):
    nats_bench = pytest.importorskip("nats_bench")
    official = nats_bench.create(str(folder), "tss", fast_mode=True, verbose=False)
    space, rng = find_space("nasbench201"), np.random.default_rng(0)
    cells = [space.architecture(int(index)) for index in rng.integers(FILES, size=CALLS)]
    texts = [space.format(cell) for cell in cells]

    def theirs():
        for text in texts:
            official.simulate_train_eval(text, dataset="cifar10", hp="12")

    def ours():
        for cell in cells:
            task.evaluate(cell, None, rng)

    theirs()
    start = time.perf_counter()
    theirs()
    seconds = time.perf_counter() - start
    benchmark(ours)
    benchmark.extra_info["microseconds each, theirs"] = round(seconds / CALLS * 1e6, 1)
    benchmark.extra_info["microseconds each, ours, best"] = round(benchmark.stats.stats.min / CALLS * 1e6, 3)
    benchmark.extra_info["ratio"] = round(seconds / benchmark.stats.stats.min)
