"""Finding a task by what was typed: `benchmark/data set`."""

from collections.abc import Sequence
from functools import cache

from benchmarks.catalog import open_table
from benchmarks.table import Table
from benchmarks.tabular import TabularTask
from nasbench_lab.errors import UsageError


@cache
def _table(benchmark: str) -> Table:
    # Once per process: every run of a block shares the arrays and what was looked up before.
    return open_table(benchmark)


def expand_benchmarks(names: Sequence[str]) -> list[str]:
    """Task names, with each bare benchmark replaced by all its data sets; each must exist."""
    tasks = []
    for name in names:
        benchmark, _, data_set = name.partition("/")
        table = _table(benchmark)
        if data_set:
            table.data_set(data_set)
        tasks += [name] if data_set else [f"{benchmark}/{each}" for each in table.data_set_names]
    for name in tasks:
        if tasks.count(name) > 1:
            raise UsageError(f"the benchmark {name} is listed twice")
    return tasks


@cache
def open_task(name: str, epochs: int | None, training_seed: str) -> TabularTask:
    """One data set of a benchmark, as a search sees it."""
    benchmark, _, data_set = name.partition("/")
    return TabularTask(_table(benchmark), data_set, epochs=epochs, seed=training_seed)


def table_behind(task: str) -> Table:
    """The table that answers a task."""
    return _table(task.partition("/")[0])
