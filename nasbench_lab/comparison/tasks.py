"""Finding a task by what was typed: `benchmark/data set`."""

from collections.abc import Callable, Sequence
from functools import cache

from nasbench_lab.benchmarks.benchmark import Benchmark
from nasbench_lab.benchmarks.catalog import has_data
from nasbench_lab.benchmarks.fallback import FallbackTask
from nasbench_lab.benchmarks.library import open_benchmark, open_surrogate, open_table
from nasbench_lab.benchmarks.live.trained_space import live_task
from nasbench_lab.benchmarks.surrogates.file import Surrogate
from nasbench_lab.benchmarks.surrogates.task import SurrogateTask
from nasbench_lab.benchmarks.view import View
from nasbench_lab.errors import UsageError, unknown_name
from nasbench_lab.search import Task
from nasbench_lab.spaces import all_spaces


@cache
def _benchmark(name: str) -> Benchmark:
    # Once per process: every run of a block shares the arrays and what was looked up before.
    return open_benchmark(name)


def expand_benchmarks(names: Sequence[str]) -> list[str]:
    """Task names, with each bare benchmark replaced by all its data sets; each must exist."""
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
    """One data set of a benchmark, as a search sees it.

    Raises `UsageError` or `TableError` with what is available if one of its sources is not.
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


# Who may answer for an architecture that a table does not list, by the name on the command line.
FALLBACKS: dict[str, Callable[[str, View], Task]] = {"surrogate": _surrogate_task, "live": _live_task}


def default_jobs(recipe: str, device: str | None) -> int:
    """Processes for a comparison: one for each core, or one alone if a GPU trains by a recipe."""
    from joblib import cpu_count

    if recipe:
        from nasbench_lab.benchmarks.training.devices import find_device

        # Processes would share the GPU's memory, and a training that finds no room fails.
        if find_device(device).type != "cpu":
            return 1
    return int(cpu_count())


def check_sources(tasks: Sequence[str], fallback: Sequence[str], recipe: str) -> None:
    """Raise `UsageError` if a chain has an unknown source, or one source twice, or an idle recipe."""
    for source in fallback:
        if source not in FALLBACKS:
            raise unknown_name("fallback", source, FALLBACKS)
        if list(fallback).count(source) > 1:
            raise UsageError(f"the fallback {source} is listed twice")
    if recipe and "live" not in fallback and not any(map(_is_trained_space, tasks)):
        raise UsageError(f"the recipe {recipe} is for live training; add --fallback live")


def _is_trained_space(task: str) -> bool:
    benchmark = task.partition("/")[0]
    return not has_data(benchmark) and benchmark in all_spaces()


def verify_task(name: str, fallback: Sequence[str]) -> None:
    """Check the table behind a task, and the surrogate behind that, against their digests.

    Raises `TableError` if the content of one has changed since it was written.
    """
    _verify(name.partition("/")[0])
    if "surrogate" in fallback:
        _surrogate(name).verify()


@cache
def _verify(benchmark: str) -> None:
    _benchmark(benchmark).verify()
