"""Find and open the tasks of a comparison by their names, `benchmark/data set`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from nasbench_lab.benchmarks.benchmark import Benchmark
from nasbench_lab.benchmarks.catalog import is_bare_space, is_ours
from nasbench_lab.benchmarks.fallback import FallbackTask
from nasbench_lab.benchmarks.folders import data_folder
from nasbench_lab.benchmarks.library import code_digest, open_benchmark, open_surrogate, split_name
from nasbench_lab.benchmarks.live.trained_space import live_task
from nasbench_lab.benchmarks.own_problem import OneTask, check_task
from nasbench_lab.benchmarks.surrogates.file import Surrogate
from nasbench_lab.benchmarks.surrogates.task import SurrogateTask
from nasbench_lab.benchmarks.tables.benchmark import TableBenchmark
from nasbench_lab.benchmarks.view import View
from nasbench_lab.errors import UsageError, unknown_name
from nasbench_lab.lists import separate, separated
from nasbench_lab.references import names_a_file
from nasbench_lab.search.task import Task

ONLY_IN_PYTHON = ("task ", "benchmark ")
"""How the text begins that stands for an object handed over in Python."""


@dataclass(frozen=True, eq=False)
class OpenedBenchmark:
    """A benchmark in this process. Its runs share the arrays and the entries that were looked up before.

    Attributes:
        benchmark: the benchmark.
        is_own: whether it is a problem of one's own, made in Python.
        code_digest: digest of the code of one's own that it came from; empty if there is none.
    """

    benchmark: Benchmark
    is_own: bool = False
    code_digest: str = ""
    _tasks: dict[tuple[str, View], Task] = field(default_factory=dict)
    _surrogates: dict[str, Surrogate] = field(default_factory=dict)
    _verified: list[bool] = field(default_factory=list)

    def task(self, data_set: str, view: View) -> Task:
        """Open one data set, as a search sees it; see `TaskFinder.open`."""
        if (data_set, view) not in self._tasks:
            self._tasks[data_set, view] = self._opened(data_set, view)
        return self._tasks[data_set, view]

    def _opened(self, data_set: str, view: View) -> Task:
        task = self.benchmark.task(data_set, view)
        if self.is_own:
            check_task(task, self.task_name(data_set))
        for source in () if self.benchmark.answers_everything else view.fallback:
            task = FallbackTask(task, FALLBACKS[source](self, data_set, view))
        return task

    def task_name(self, data_set: str) -> str:
        """The name of the task of a data set."""
        return f"{self.benchmark.name}/{data_set}" if data_set else self.benchmark.name

    def surrogate(self, data_set: str) -> Surrogate:
        """The surrogate of a data set; raises `UsageError` if there is no table."""
        if not isinstance(self.benchmark, TableBenchmark):
            raise UsageError(f"{self.benchmark.name} has no table, so no surrogate can be fitted to it")
        if data_set not in self._surrogates:
            self._surrogates[data_set] = open_surrogate(self.benchmark.table, data_set)
        return self._surrogates[data_set]

    def verify(self) -> None:
        """Check the stored content once; raises `TableError` if it has changed since it was written."""
        if not self._verified:
            self.benchmark.verify()
            self._verified.append(True)


def _surrogate_task(opened: OpenedBenchmark, data_set: str, view: View) -> Task:
    return SurrogateTask(opened.surrogate(data_set), epochs=view.epochs, seed=view.training_seed)


def _live_task(opened: OpenedBenchmark, data_set: str, view: View) -> Task:
    space = opened.benchmark.task(data_set, view).space
    return live_task(space, data_set, view, asked_for=opened.task_name(data_set))


# The sources that can evaluate an architecture missing from a table, by their names on the command line.
FALLBACKS: dict[str, Callable[[OpenedBenchmark, str, View], Task]] = {
    "surrogate": _surrogate_task,
    "live": _live_task,
}


@cache
def _benchmark(reference: str, code: str, data: Path) -> OpenedBenchmark:
    # An edited file, or the same name in another data folder, is another benchmark.
    return OpenedBenchmark(open_benchmark(reference), is_own=bool(code), code_digest=code)


Problems = Mapping[str, OpenedBenchmark]
"""Tasks and benchmarks handed over in Python, by the text that stands for each."""

NO_PROBLEMS: Problems = {}


class TaskFinder:
    """Finds the tasks of one comparison, and opens each once in this process.

    Args:
        problems: tasks and benchmarks handed over in Python.
    """

    def __init__(self, problems: Problems = NO_PROBLEMS) -> None:
        self._problems = problems
        self._found: dict[str, tuple[OpenedBenchmark, str, str]] = {}
        self._expanded: dict[tuple[str, ...], list[str]] = {}

    def expand(self, references: Sequence[str]) -> list[str]:
        """The names of tasks. A benchmark without a data set stands for all its data sets.

        A reference is a name, one to code of one's own as `open_benchmark` takes it, or a text of `problems`.
        Raises `UsageError` if a benchmark or a data set does not exist, or if a task is listed twice.
        """
        key = tuple(references)
        if key not in self._expanded:
            self._expanded[key] = self._expand(key)
        return self._expanded[key]

    def _expand(self, references: Sequence[str]) -> list[str]:
        names: list[str] = []
        for reference in references:
            try:
                opened, data_set = self._find(reference)
                if data_set:
                    opened.benchmark.check_data_set(data_set)
            except UsageError:
                if "," in reference and not names_a_file(reference):
                    raise UsageError(
                        f"unknown benchmark {reference!r}; {separate('benchmark', _tasks_in(reference))}"
                    ) from None
                raise
            for each in (data_set,) if data_set else opened.benchmark.data_set_names:
                name = opened.task_name(each)
                if name in names:
                    raise UsageError(f"the benchmark {name} is listed twice")
                if name in self._found and self._found[name][0] is not opened:
                    raise UsageError(f"two tasks are named {name}; give one of them another name")
                names.append(name)
                # A data set of a whole benchmark has its own reference; an object from Python has one text.
                whole = each and not data_set and reference not in self._problems
                self._found[name] = opened, each, f"{reference}/{each}" if whole else reference
        return names

    def _find(self, reference: str) -> tuple[OpenedBenchmark, str]:
        if reference in self._problems:
            return self._problems[reference], ""
        if reference.startswith(ONLY_IN_PYTHON):
            raise UsageError(
                f"the benchmark {reference!r} was an object that only Python knew; run it from Python with"
                " compare(tasks=[...]), or make it in a file and give path/to/file.py"
            )
        benchmark, data_set = split_name(reference)
        return _benchmark(benchmark, code_digest(benchmark), data_folder()), data_set

    def open(self, name: str, view: View) -> Task:
        """Open a task that `expand` gave, as a search sees it.

        Raises `UsageError` or `TableError` if one of its sources is not available; the message names the
        others.
        """
        opened, data_set, _ = self._found[name]
        return opened.task(data_set, view)

    def reference(self, name: str) -> str:
        """The reference by which another process finds a task."""
        return self._found[name][2]

    def is_own(self, name: str) -> bool:
        """Whether a task is a problem of one's own, made in Python."""
        return self._found[name][0].is_own

    def trains(self, name: str) -> bool:
        """Whether a task of one's own trains networks by our recipes."""
        benchmark = self._found[name][0].benchmark
        return isinstance(benchmark, OneTask) and benchmark.trains

    def digest(self, name: str, digest: str) -> str:
        """The digest of a task, from that of its card: the code of one's own that made it counts as well."""
        return "+".join(filter(None, (digest, self._found[name][0].code_digest)))

    def verify(self, name: str, fallback: Sequence[str]) -> None:
        """Check a task's table, and its surrogate if that is a fallback, against their digests.

        Raises `TableError` if the content of either has changed since it was written.
        """
        opened, data_set, _ = self._found[name]
        opened.verify()
        if "surrogate" in fallback and not opened.benchmark.answers_everything:
            opened.surrogate(data_set).verify()


def _tasks_in(text: str) -> list[str]:
    """The tasks in a text with commas. After `benchmark/one` a bare `two` is another data set of it."""
    tasks = separated(text)
    benchmark, slash, _ = tasks[0].partition("/")
    return [
        each if is_ours(each.partition("/")[0]) or not slash or "/" in each else f"{benchmark}/{each}"
        for each in tasks
    ]


def default_jobs(trains: bool, device: str | None) -> int:
    """Return the number of processes for a comparison: one per core, or a single one if a GPU trains."""
    from joblib import cpu_count

    if trains:
        from nasbench_lab.benchmarks.training.devices import find_device

        # Several processes would share the GPU's memory, and a training fails if the memory runs out.
        if find_device(device).type != "cpu":
            return 1
    return int(cpu_count())


def check_sources(tasks: Sequence[str], fallback: Sequence[str], recipe: str) -> None:
    """Raise `UsageError` for an unknown fallback, for one listed twice, or for a recipe that is not used."""
    for source in fallback:
        if source not in FALLBACKS:
            if "," in source:
                raise UsageError(f"unknown fallback {source!r}; {separate('fallback', separated(source))}")
            raise unknown_name("fallback", source, FALLBACKS)
        if list(fallback).count(source) > 1:
            raise UsageError(f"the fallback {source} is listed twice")
    if recipe and "live" not in fallback and not any(is_bare_space(task.partition("/")[0]) for task in tasks):
        raise UsageError(f"the recipe {recipe} is for live training; add --fallback live")
