"""Find and open a task by its name, `benchmark/data set`."""

from collections.abc import Callable, Sequence
from functools import cache

from nasbench_lab.benchmarks.benchmark import Benchmark
from nasbench_lab.benchmarks.catalog import is_bare_space
from nasbench_lab.benchmarks.fallback import FallbackTask
from nasbench_lab.benchmarks.library import open_benchmark, open_surrogate, open_table
from nasbench_lab.benchmarks.live.trained_space import live_task
from nasbench_lab.benchmarks.surrogates.file import Surrogate
from nasbench_lab.benchmarks.surrogates.task import SurrogateTask
from nasbench_lab.benchmarks.view import View
from nasbench_lab.errors import UsageError, unknown_name
from nasbench_lab.search import Task


@cache
def _benchmark(name: str) -> Benchmark:
    # Opened once per process: its runs share the arrays and the entries that were looked up before.
    return open_benchmark(name)


def expand_benchmarks(names: Sequence[str]) -> list[str]:
    """Return task names, with each bare benchmark replaced by all its data sets.

    Raises `UsageError` if a benchmark or a data set does not exist, or if a task is listed twice.
    """
    tasks = []
    for name in names:
        benchmark, _, data_set = name.partition("/")
        opened = _benchmark(benchmark)
        if data_set:
            opened.check_data_set(data_set)
        tasks += [name] if data_set else [f"{benchmark}/{each}" for each in opened.data_set_names]
    for name in tasks:
        if tasks.count(name) > 1:
            raise UsageError(f"the benchmark {name} is listed twice")
    return tasks


@cache
def open_task(name: str, view: View) -> Task:
    """Open one data set of a benchmark, as a search sees it.

    Raises `UsageError` or `TableError` if one of its sources is not available; the message names the others.
    """
    benchmark, _, data_set = name.partition("/")
    opened = _benchmark(benchmark)
    task = opened.task(data_set, view)
    for source in () if opened.answers_everything else view.fallback:
        task = FallbackTask(task, FALLBACKS[source](name, view))
    return task


def _surrogate_task(name: str, view: View) -> Task:
    return SurrogateTask(_surrogate(name), epochs=view.epochs, seed=view.training_seed)


def _live_task(name: str, view: View) -> Task:
    benchmark, _, data_set = name.partition("/")
    space = open_table(benchmark).data_set(data_set).search_space
    return live_task(space, data_set, view, asked_for=name)


@cache
def _surrogate(name: str) -> Surrogate:
    benchmark, _, data_set = name.partition("/")
    return open_surrogate(open_table(benchmark), data_set)


# The sources that can evaluate an architecture missing from a table, by their names on the command line.
FALLBACKS: dict[str, Callable[[str, View], Task]] = {"surrogate": _surrogate_task, "live": _live_task}


def default_jobs(recipe: str, device: str | None) -> int:
    """Return the number of processes for a comparison: one per core, or a single one if a GPU trains."""
    from joblib import cpu_count

    if recipe:
        from nasbench_lab.benchmarks.training.devices import find_device

        # Several processes would share the GPU's memory, and a training fails if the memory runs out.
        if find_device(device).type != "cpu":
            return 1
    return int(cpu_count())


def check_sources(tasks: Sequence[str], fallback: Sequence[str], recipe: str) -> None:
    """Raise `UsageError` for an unknown fallback, for one listed twice, or for a recipe that is not used."""
    for source in fallback:
        if source not in FALLBACKS:
            raise unknown_name("fallback", source, FALLBACKS)
        if list(fallback).count(source) > 1:
            raise UsageError(f"the fallback {source} is listed twice")
    if recipe and "live" not in fallback and not any(is_bare_space(task.partition("/")[0]) for task in tasks):
        raise UsageError(f"the recipe {recipe} is for live training; add --fallback live")


def verify_task(name: str, fallback: Sequence[str]) -> None:
    """Check a task's table, and its surrogate if that is a fallback, against their digests.

    Raises `TableError` if the content of either has changed since it was written.
    """
    _verify(name.partition("/")[0])
    if "surrogate" in fallback:
        _surrogate(name).verify()


@cache
def _verify(benchmark: str) -> None:
    _benchmark(benchmark).verify()
