"""A problem of one's own, made in Python, as a benchmark."""

import inspect
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from nasbench_lab.benchmarks.benchmark import Benchmark
from nasbench_lab.benchmarks.live.task import LiveTask
from nasbench_lab.benchmarks.tables.contents import DataSet
from nasbench_lab.benchmarks.view import View
from nasbench_lab.errors import UsageError, place_of
from nasbench_lab.search.task import Task
from nasbench_lab.spaces.base import SearchSpace


class OneTask:
    """A benchmark of one task, which trains by itself.

    A task without a method `viewed` has its own epochs and seeds.
    """

    answers_everything = True

    def __init__(self, task: Task) -> None:
        self._task = task
        self.name, _, data_set = task.name.partition("/")
        self.data_set_names = (data_set,)
        card = task.card
        self.title, self.licence, self.digest = card.title, card.licence, card.digest

    def check_data_set(self, data_set: str) -> None:
        """Raise `UsageError` unless it is the data set of the task."""
        if data_set != self.data_set_names[0]:
            raise UsageError(f"there is one task, {self._task.name}, and no data set {data_set!r} to choose")

    def task(self, data_set: str, view: View) -> Task:
        """The task; raises `UsageError` if the view asks for other epochs or training seeds than it has."""
        viewed = getattr(self._task, "viewed", None)  # `FunctionTask` and `NetworkTask` have it
        if viewed is not None:
            task: Task = viewed(view)
            return task
        name, epochs = self._task.name, self._task.epochs
        if view.epochs not in (None, epochs):
            raise UsageError(f"{name} shows a search {epochs} epochs; received epochs = {view.epochs}")
        if view.training_seed != "random":
            raise UsageError(
                f"{name} draws its own training seeds; received training_seed = {view.training_seed!r}"
            )
        return self._task

    @property
    def trains(self) -> bool:
        """Whether the task trains networks by our recipes."""
        return isinstance(self._task, LiveTask)

    def listed(self) -> Mapping[str, DataSet]:
        """Nothing: there is no table."""
        return {}

    def facts(self) -> Mapping[str, str]:
        """Facts about the task for a reader, by label."""
        card, space = self._task.card, self._task.space
        return {
            "title": card.title,
            "space": f"{space.name}, {space.size:,} architectures",
            "metric": card.metric,
            "search sees": card.searched,
            "reported": card.reported,
        }

    def verify(self) -> None:
        """Do nothing: nothing is stored."""


def as_benchmark(found: Any, where: str) -> Benchmark:
    """A benchmark from a `Task`, a `Benchmark`, or a function or class that makes one without arguments.

    Raises `UsageError` that begins with `where` if `found` is none of these, or lacks a part.
    """
    if isinstance(found, type) or (callable(found) and not _is_problem(found)):
        found = _made_by(found, where)
    if _is_benchmark(found):
        _check_parts(found, Benchmark, where)
        _check_name(found.name, where)
        return found  # type: ignore[no-any-return]
    if not _is_problem(found):
        raise UsageError(
            f"{where} is neither a Task (nasbench_lab.search.task) nor a Benchmark, nor a function that makes"
            f" one; received {found!r:.80}"
        )
    check_task(found, where)
    return OneTask(found)


def check_task(task: Any, where: str) -> None:
    """Raise `UsageError` if a task lacks a part of `Task`, or if the names of it do not agree."""
    _check_parts(task, Task, where)
    _check_name(task.name, where)
    if not isinstance(task.space, SearchSpace):
        raise UsageError(f"{where} has a space that is no SearchSpace; received {task.space!r:.80}")
    if task.card.name != task.name:
        raise UsageError(
            f"{where} is named {task.name!r}, and its card {task.card.name!r}; give both the same name"
        )


def problems_of(module: ModuleType) -> dict[str, Any]:
    """The tasks and benchmarks that a module holds, by name."""
    return {
        name: each
        for name, each in vars(module).items()
        if not name.startswith("_") and not isinstance(each, type) and _is_problem(each)
    }


def _made_by(function: Any, where: str) -> Any:
    try:
        signature = inspect.signature(function)
        signature.bind()
    except ValueError:  # code in C; the call below shows what it takes
        pass
    except TypeError as error:
        raise UsageError(
            f"{where} is called without arguments to make a task, and {signature} has required ones: {error}"
        ) from None
    try:
        return function()
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{where} failed: {type(error).__name__}: {error}{place_of(error)}") from error


def _is_problem(found: object) -> bool:
    return _is_benchmark(found) or (hasattr(found, "evaluate") and hasattr(found, "space"))


def _is_benchmark(found: object) -> bool:
    return hasattr(found, "data_set_names") and hasattr(found, "task")


def _check_parts(found: object, kind: type, where: str) -> None:
    missing = [name for name in vars(kind) if not name.startswith("_") and not hasattr(found, name)]
    if missing:
        base = "; its class takes nasbench_lab.search.task.TaskDefaults as a base" if kind is Task else ""
        raise UsageError(f"{where} is no {kind.__name__}: it lacks {', '.join(missing)}{base}")


def _check_name(name: object, where: str) -> None:
    if not isinstance(name, str) or not name.strip("/ ") or not name.isprintable():
        raise UsageError(f"the name of {where} is a text on one line; received {name!r:.80}")
