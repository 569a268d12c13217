"""Measured speed: `python -m pytest tests/performance`. No test here fails because it is slow.

The name of a test describes one call. The figures of a batch are for the whole batch; `extra_info` has them
per evaluation or per row.
"""

import subprocess
import sys

import numpy as np
import pytest

from nasbench_lab.benchmarks.tables.file import Table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.comparison.contestants import find_algorithm
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.loop import search

EVALUATIONS = 200
RUNS = 50


def test_one_lookup(benchmark, task):
    architecture = task.space.architecture(77)
    rng = np.random.default_rng(0)
    benchmark(task.evaluate, architecture, None, rng)


def test_a_million_lookups_by_row(benchmark, task):
    rows = np.random.default_rng(0).integers(15_625, size=1_000_000)
    accuracies = benchmark(task.valid_accuracies, rows)
    assert accuracies.shape == (1_000_000, 2)
    per_row(benchmark, 1_000_000)


def test_a_million_lookups_by_cell(benchmark, task):
    cells = np.random.default_rng(0).integers(5, size=(1_000_000, 6))
    benchmark(lambda: task.valid_accuracies(task.rows(cells)))
    per_row(benchmark, 1_000_000)


@pytest.mark.parametrize(
    "name",
    [
        "random_search",
        "local_search",
        "regularized_evolution",
        "regularized_evolution:population_size=10,sample_size=3",
        "genetic_algorithm",
        "reinforce",
    ],
)
def test_searching(benchmark, task, name):
    """50 runs of 200 evaluations, lookups included."""
    algorithm = find_algorithm(name).function
    budget = Budget(evaluations=EVALUATIONS)

    def searches():
        for run in range(RUNS):
            search(algorithm, task, budget, np.random.SeedSequence(run))

    benchmark(searches)
    per_row(benchmark, EVALUATIONS * RUNS)


def test_opening_a_table_and_a_first_lookup(benchmark, table_path):
    rng = np.random.default_rng(0)

    def opened():
        task = TabularTask(Table(table_path), "one", epochs=12)
        return task.evaluate(task.space.architecture(77), None, rng)

    benchmark(opened)


def test_checking_a_table_against_its_digest(benchmark, table_path):
    benchmark(Table(table_path).verify)


@pytest.mark.parametrize("command", ["compare", "figures", "data"])
def test_help(benchmark, command):
    call = [sys.executable, "-m", f"nasbench_lab.{command}", "--help"]
    benchmark.pedantic(
        lambda: subprocess.run(call, check=True, capture_output=True), rounds=7, warmup_rounds=1
    )


def per_row(benchmark, rows):
    benchmark.extra_info["microseconds each, best"] = round(benchmark.stats.stats.min / rows * 1e6, 4)
