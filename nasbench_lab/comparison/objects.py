"""Tasks and functions handed to `compare` in Python: the text for each, and their way to workers."""

import inspect
import pickle
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nasbench_lab.benchmarks.own_problem import as_benchmark
from nasbench_lab.benchmarks.view import LiveSettings
from nasbench_lab.comparison.contestants import (
    NO_FUNCTIONS,
    Functions,
    NamedAlgorithm,
    check_generator_function,
    from_function,
)
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.comparison.tasks import NO_PROBLEMS, OpenedBenchmark, Problems
from nasbench_lab.errors import UsageError, shown, unknown_name
from nasbench_lab.lists import in_order
from nasbench_lab.settings import checked


@dataclass(frozen=True)
class Objects:
    """What only Python knows of a comparison, by the texts that `comparison.json` has for it."""

    problems: Problems = field(default_factory=dict)
    functions: Functions = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.problems or self.functions)

    def opened(self) -> "Objects":
        """The objects themselves: they need not be unpacked; see `Parcel`."""
        return self


def read_call(
    comparison: Comparison | None, tasks: Any, algorithms: Any, settings: Mapping[str, Any]
) -> tuple[Comparison, Objects]:
    """The specification that the arguments of `compare` make, and the objects among them.

    Raises `UsageError` if an argument is not as `compare` describes it.
    """
    if comparison is not None and not isinstance(comparison, Comparison):
        raise UsageError(
            "compare takes a Comparison, or tasks=..., algorithms=... and its settings by name; received"
            f" {shown(comparison)}"
        )
    known = [each.name for each in fields(Comparison)]
    for name in settings:
        if name not in known:
            raise unknown_name(
                "setting of compare", name, [*known, "tasks", "out", "jobs", "live", "progress"]
            )
    given = dict(settings)
    if tasks is not None and "benchmark" in given:
        raise UsageError("compare takes tasks or benchmark, two names for the same; received both")
    tasks = given.pop("benchmark", tasks)
    problems, functions = NO_PROBLEMS, NO_FUNCTIONS
    if tasks is not None:
        given["benchmark"], problems = name_tasks(tasks)
    if algorithms is not None:
        given["algorithms"], functions = name_algorithms(algorithms)
    made = Comparison(**given) if comparison is None else replace(comparison, **given)
    return made, Objects(problems, functions)


def read_folder(out: Any) -> Path | None:
    """The folder that `out` names, a path or a text; raises `UsageError` for anything else."""
    text = checked("out", out, str | None)
    if text is None:
        return None
    if not text or "\0" in text:
        raise UsageError(f"out is the path of a folder; received {shown(out)}")
    return Path(text).expanduser()


def check_harness(live: Any, progress: Any) -> None:
    """Raise `UsageError` if an argument of `compare` that changes no result is of another type."""
    if live is not None and not isinstance(live, LiveSettings):
        raise UsageError(
            "live takes LiveSettings(data_dir=..., device=..., cache=...), from nasbench_lab.benchmarks.view;"
            f" received {shown(live)}"
        )
    if progress is not None and not callable(progress):
        raise UsageError(
            f"progress takes a function that is called with each progress; received {shown(progress)}"
        )


def name_tasks(tasks: Any) -> tuple[tuple[str, ...], Problems]:
    """The text of each task, and the tasks that are objects, by their texts.

    Args:
        tasks: one of these, or a list, an array and the like: a name, a path, a `Task`, or a `Benchmark`,
            which stands for all its data sets.

    Raises `UsageError` if something is none of these, or if two objects have the same name.
    """
    texts: list[str] = []
    problems: dict[str, OpenedBenchmark] = {}
    several = in_order(tasks, "tasks")
    for each in [tasks] if several is None else several:
        if isinstance(each, str | Path):
            texts.append(str(each))
            continue
        benchmark = as_benchmark(each, f"the task {type(each).__name__}")
        opened = OpenedBenchmark(benchmark, is_own=True)
        names = benchmark.data_set_names
        text = f"task {opened.task_name(names[0])}" if len(names) == 1 else f"benchmark {benchmark.name}"
        if text in problems:
            raise UsageError(f"two tasks are named {text.partition(' ')[2]!r}; give one another name")
        problems[text] = opened
        texts.append(text)
    return tuple(texts), problems


def name_algorithms(algorithms: Any) -> tuple[tuple[str, ...], Functions]:
    """The text of each algorithm, and the algorithms that are functions, with their labels, by their texts.

    Args:
        algorithms: a text, a generator function, or a `functools.partial` of one with keyword values; or a
            list of these, an array and the like; or `{label: algorithm}`.

    Raises `UsageError` if something is none of these, or if two have the same label.
    """
    if isinstance(algorithms, Mapping):
        labelled = list(algorithms.items())
    else:
        several = in_order(algorithms, "algorithms")
        labelled = [("", each) for each in ([algorithms] if several is None else several)]
    texts: list[str] = []
    functions: dict[str, NamedAlgorithm] = {}
    for label, each in labelled:
        _check_label(label)
        prefix = f"{label}=" if label else ""
        if isinstance(each, str | Path):
            texts.append(f"{prefix}{each}")
            continue
        name = _name_of(each)
        text = f"{prefix}function {name}"
        if text in functions:
            raise UsageError(
                f"two algorithms are labelled {name!r}; label them: algorithms={{'LABEL': {name}, ...}}"
            )
        functions[text] = from_function(text, label or name, each)
        texts.append(text)
    return tuple(texts), functions


def _check_label(label: object) -> None:
    if not isinstance(label, str) or "=" in label or ":" in label or not (label.isprintable() or not label):
        raise UsageError(f"a label is a text on one line without '=' and ':'; received {shown(label)}")


def _name_of(algorithm: Any) -> str:
    """The name of a generator function; raises `UsageError` for anything that is no algorithm."""
    function = algorithm.func if isinstance(algorithm, partial) else algorithm
    if isinstance(algorithm, partial) and algorithm.args:
        raise UsageError(
            f"a partial algorithm has keyword values only; received the positional {shown(algorithm.args)}"
        )
    name = getattr(function, "__name__", None)
    if not inspect.isroutine(function) or not isinstance(name, str):
        method = getattr(function, "__call__", None)  # noqa: B004 -- the method itself, to name it
        of_class = inspect.isgeneratorfunction(method) and not isinstance(function, type)
        advice = "; give its method, as in algorithms={'LABEL': OBJECT.__call__}" if of_class else ""
        raise UsageError(
            f"an algorithm is a text or a generator function; received {shown(algorithm)}{advice}"
        )
    if name == "<lambda>":
        raise UsageError("an algorithm is a generator function with a name, made by `def`; received a lambda")
    check_generator_function(function, name, UsageError)
    return name


def packed(objects: Objects) -> bytes:
    """Objects as bytes for a worker process; raises `UsageError` that names one that cannot be sent."""
    import cloudpickle

    try:
        return bytes(cloudpickle.dumps(objects))
    except Exception:
        named: list[tuple[str, object]] = [*objects.problems.items(), *objects.functions.items()]
        for text, each in named:
            try:
                cloudpickle.dumps(each)
            except Exception as error:
                raise UsageError(
                    f"{text} cannot be sent to a worker process: {type(error).__name__}:"
                    f" {' '.join(str(error).split())}; use jobs=1"
                ) from None
        raise


@contextmanager
def sending(content: bytes | None) -> Iterator["Parcel | None"]:
    """A file with packed objects, as long as workers may need it."""
    if content is None:
        yield None
        return
    # Workers of an earlier comparison have the code that they imported then, which may have been edited.
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)
    with TemporaryDirectory(prefix="nasbench-lab-") as folder:
        file = Path(folder) / "objects"
        file.write_bytes(content)
        paths = tuple(str(Path(each).absolute()) for each in sys.path)
        yield Parcel(file, paths)


@dataclass(frozen=True)
class Parcel:
    """The file with the objects of a comparison, and the folders in which Python finds their modules."""

    file: Path
    python_path: Sequence[str]

    def opened(self) -> Objects:
        """The objects; unpacked once per process. Raises `UsageError` if that is impossible."""
        return _unpacked(self)


@lru_cache(maxsize=1)
def _unpacked(parcel: Parcel) -> Objects:
    sys.path += [each for each in parcel.python_path if each not in sys.path]
    try:
        objects: Objects = pickle.loads(parcel.file.read_bytes())
    except Exception as error:
        raise UsageError(
            "a task or a function cannot be opened in a worker process:"
            f" {type(error).__name__}: {error}; use jobs=1"
        ) from None
    return objects
