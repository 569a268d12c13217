"""Finding a task by what was typed: `benchmark/data set`."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.catalog import cache_folder, has_table, open_benchmark, open_surrogate, open_table
from benchmarks.fallback import FallbackTask
from benchmarks.nasbench301 import Ensembles, EnsemblesTask
from benchmarks.table import Table
from benchmarks.tabular import TabularTask
from nasbench_lab.errors import UsageError, unknown_name
from nasbench_lab.search import Task
from nasbench_lab.spaces import SearchSpace, all_spaces, find_space

if TYPE_CHECKING:
    from benchmarks.live import LiveTask
    from benchmarks.surrogate import Surrogate
    from benchmarks.training.images import ImageSet
    from benchmarks.training.outcome import Epoch

LIVE_IMAGES = "cifar10"  # what a search space is trained on where no data set is named
SLOW_EPOCH = 2.0  # seconds of training from which on each epoch is reported


@dataclass(frozen=True, kw_only=True)
class LiveSettings:
    """Where live training takes place; none of it changes a result on the same kind of device.

    Attributes:
        data_dir: the images, a folder or an archive; None for where `data fetch` puts them.
        device: as PyTorch names it; None for the fastest.
        cache: folder of finished trainings; None for one in the data folder.
        jobs: trainings of one batch at once.
    """

    data_dir: Path | None = None
    device: str | None = None
    cache: Path | None = None
    jobs: int = 1

    def absolute(self) -> "LiveSettings":
        """The same for a process in any folder."""
        data_dir, cache = (path and path.absolute() for path in (self.data_dir, self.cache))
        return replace(self, data_dir=data_dir, cache=cache)


@dataclass(frozen=True, kw_only=True)
class View:
    """How the tasks of a comparison are seen.

    Attributes:
        epochs: training epochs behind the accuracy that a search sees; None for the longest training.
        training_seed: `random`, `mean` or a seed's label.
        fallback: who is asked, in this order, for what the table does not list.
        recipe: of live training.
        live: where that takes place.
    """

    epochs: int | None = None
    training_seed: str = "random"
    fallback: tuple[str, ...] = ()
    recipe: str = ""
    live: LiveSettings = LiveSettings()


@cache
def _table(benchmark: str) -> Table | Ensembles:
    # Once per process: every run of a block shares the arrays and what was looked up before.
    return open_benchmark(benchmark)


def expand_benchmarks(names: Sequence[str]) -> list[str]:
    """Task names, with each bare benchmark replaced by all its data sets; each must exist."""
    tasks = []
    for name in names:
        benchmark, _, data_set = name.partition("/")
        if trains_everything(benchmark):
            tasks.append(name if data_set else f"{benchmark}/{LIVE_IMAGES}")
            continue
        table = _table(benchmark)
        if data_set:
            table.data_set(data_set)
        tasks += [name] if data_set else [f"{benchmark}/{each}" for each in table.data_set_names]
    for name in tasks:
        if tasks.count(name) > 1:
            raise UsageError(f"the benchmark {name} is listed twice")
    return tasks


def trains_everything(benchmark: str) -> bool:
    """Whether a benchmark is a search space without a table, so that every architecture is trained."""
    return not has_table(benchmark) and benchmark in all_spaces()


@cache
def open_task(name: str, view: View) -> Task:
    """One data set of a benchmark, as a search sees it.

    Raises `UsageError` or `TableError` with what is available where one of its sources is not.
    """
    benchmark, _, data_set = name.partition("/")
    if trains_everything(benchmark):
        return _live_task(name, view)
    table = _table(benchmark)
    if isinstance(table, Ensembles):
        # They answer for every architecture, so that no fallback is ever asked.
        return EnsemblesTask(table, data_set, epochs=view.epochs, seed=view.training_seed)
    task: Task = TabularTask(table, data_set, epochs=view.epochs, seed=view.training_seed)
    for source in view.fallback:
        task = FallbackTask(task, FALLBACKS[source](name, view))
    return task


def _surrogate_task(name: str, view: View) -> Task:
    from benchmarks.surrogate import SurrogateTask

    return SurrogateTask(_surrogate(name), epochs=view.epochs, seed=view.training_seed)


def _live_task(name: str, view: View) -> "LiveTask":
    from benchmarks.evaluation_cache import EvaluationCache
    from benchmarks.live import LiveTask
    from benchmarks.training.recipes import find_recipe, recipes_for

    benchmark, _, data_set = name.partition("/")
    space = find_space(benchmark) if trains_everything(benchmark) else _space(name)
    if not view.recipe:
        raise UsageError(
            f"live training of {name} needs a recipe: --recipe {' or '.join(recipes_for(space.name))}"
        )
    return LiveTask(
        space,
        find_recipe(view.recipe),
        _images(data_set, view.live.data_dir),
        EvaluationCache(view.live.cache or cache_folder()),
        epochs=view.epochs,
        seed=view.training_seed,
        device=view.live.device,
        jobs=view.live.jobs,
        progress=_report_epoch,
    )


def _space(name: str) -> SearchSpace:
    benchmark, _, data_set = name.partition("/")
    return open_table(benchmark).data_set(data_set).search_space


@cache
def _images(name: str, folder: Path | None) -> "ImageSet":
    from benchmarks.training.images import open_images

    return open_images(name, folder)


def _report_epoch(architecture: str, number: int, epoch: "Epoch") -> None:
    """Say how a training goes that takes its time."""
    if epoch.train_seconds / number >= SLOW_EPOCH:
        print(
            f"{architecture}: epoch {number}, validation accuracy {epoch.valid_accuracy:.2f} %,"
            f" {epoch.train_seconds:.0f} s",
            file=sys.stderr,
        )


@cache
def _surrogate(name: str) -> "Surrogate":
    benchmark, _, data_set = name.partition("/")
    return open_surrogate(open_table(benchmark), data_set)


# Who may answer for what a table does not list, by the name used on the command line.
FALLBACKS: dict[str, Callable[[str, View], Task]] = {"surrogate": _surrogate_task, "live": _live_task}


def default_jobs(recipe: str, device: str | None) -> int:
    """Processes for a comparison: one for each core, or one alone where a GPU trains, by a recipe."""
    from joblib import cpu_count

    if recipe:
        from benchmarks.training.devices import find_device

        # Processes would share its memory, and what has no room is a failed training.
        if find_device(device).type != "cpu":
            return 1
    return int(cpu_count())


def check_sources(tasks: Sequence[str], fallback: Sequence[str], recipe: str) -> None:
    """Raise `UsageError` where a chain has what is unknown, or one source twice, or an idle recipe."""
    for source in fallback:
        if source not in FALLBACKS:
            raise unknown_name("fallback", source, FALLBACKS)
        if list(fallback).count(source) > 1:
            raise UsageError(f"the fallback {source} is listed twice")
    trained = [name for name in tasks if trains_everything(name.partition("/")[0])]
    if recipe and "live" not in fallback and not trained:
        raise UsageError(f"the recipe {recipe} is for live training; add --fallback live")


def verify_task(name: str, fallback: Sequence[str]) -> None:
    """Check the table behind a task, and what stands behind that, against their digests.

    Raises `TableError` where the content of one is not what was written.
    """
    benchmark = name.partition("/")[0]
    if not trains_everything(benchmark):
        _verify_table(benchmark)
    if "surrogate" in fallback:
        _surrogate(name).verify()


@cache
def _verify_table(benchmark: str) -> None:
    _table(benchmark).verify()
