"""Find an algorithm and its hyperparameters from text such as `NAME:key=value`, or from a function."""

import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from nasbench_lab import algorithms
from nasbench_lab.benchmarks.own_code import digest_of
from nasbench_lab.errors import AlgorithmError, NasbenchLabError, UsageError, unknown_name
from nasbench_lab.installed import find_installed, installed_names, load_installed
from nasbench_lab.lists import separate, separated
from nasbench_lab.references import Found, Reference, digest_of_module, find_own, names_a_file, read_reference
from nasbench_lab.search.contract import SearchProcess
from nasbench_lab.search.loop import GIVEN
from nasbench_lab.settings import keyword_parameters, plain, read_settings

FILE_NAME = re.compile(r"[\w.-]+")
ONLY_IN_PYTHON = re.compile(r"(?:[^=]*=)?function (\w+)")


@dataclass(frozen=True)
class NamedAlgorithm:
    """An algorithm as one contestant of a comparison.

    Attributes:
        label: its name in tables and figures; unique within a comparison.
        reference: the text as typed, with a path made absolute, to find the algorithm again from any folder.
        function: the generator function, with the hyperparameters filled in.
        hyperparameters: all of them, defaults included, as plain values.
        source_sha256: digest of the code of `function`: of the file that it was read from, or of what
            `nasbench_lab.benchmarks.own_code` takes for the code of a function handed over in Python. Runs of
            two versions of it are never mixed.
    """

    label: str
    reference: str
    function: "partial[SearchProcess]"
    hyperparameters: Mapping[str, Any]
    source_sha256: str


Functions = Mapping[str, NamedAlgorithm]
"""Functions handed over in Python, by the text that stands for each."""

NO_FUNCTIONS: Functions = {}


def algorithm_names() -> list[str]:
    """List every algorithm in `algorithms/`. A file whose name begins with `_` is none."""
    names = (module.name for module in pkgutil.iter_modules(algorithms.__path__))
    return sorted(name for name in names if not name.startswith("_"))


def find_algorithm(text: str, functions: Functions = NO_FUNCTIONS) -> NamedAlgorithm:
    """Find the algorithm that `[LABEL=]NAME[:KEY=VALUE,...]` names.

    NAME is a file of `algorithms/`, `path/to/file.py[:function]` (without a name, the function is named like
    the file or is its only one), `package.module:function`, a name that an installed package adds, or a file
    of a folder `algorithms` in the current folder. A text of `functions` is that function. Raises
    `UsageError`, with the allowed and the nearest names, if there is no such algorithm or hyperparameter.
    Raises `AlgorithmError` if the code cannot be used, or if its file has changed since this process imported
    it.
    """
    if text in functions:
        return functions[text]
    try:
        return _find(text)
    except UsageError:
        names = separated(text)
        if len(names) > 1 and (":" not in names[0] or any(map(_is_there, names[1:]))):
            raise UsageError(f"unknown algorithm {text!r}; {separate('algorithms', names)}") from None
        raise


def _find(text: str) -> NamedAlgorithm:
    label, rest = _split_label(text)
    rest = _with_file(rest)
    read = read_reference(rest)
    if read is not None and read[0].module not in algorithm_names():
        _check_not_all_path(label, read[0])
        reference, settings = read
        shown, name = reference.label, reference.text
        found = _find_own(reference, settings)
    else:
        shown, _, settings = rest.partition(":")
        name, settings = shown, ":" * (":" in rest) + settings
        found = _find_named(shown, settings, text)
    settings = settings.removeprefix(":")
    hyperparameters = _hyperparameters(found.object, settings, name)
    return NamedAlgorithm(
        label=label or shown + f":{settings}" * bool(settings),
        reference=with_absolute_path(text),
        function=partial(found.object, **hyperparameters),
        hyperparameters={key: _as_json(value) for key, value in hyperparameters.items()},
        source_sha256=found.sha256,
    )


def algorithm_function(name: str) -> Callable[..., Any]:
    """The function of the algorithm that NAME stands for; see `find_algorithm`."""
    read = read_reference(_with_file(name))
    if read is not None and read[0].module not in algorithm_names():
        found = _find_own(*read)
    else:
        found = _find_named(name, "", name)
    function: Callable[..., Any] = found.object
    return function


def from_function(text: str, label: str, function: Callable[..., Any]) -> NamedAlgorithm:
    """The contestant of a function handed over in Python, which may be a `partial` with keyword values.

    Raises `UsageError` if a hyperparameter has no value.
    """
    inner = function.func if isinstance(function, partial) else function
    module = sys.modules.get(inner.__module__)
    if module is not None and module.__name__ != "__main__":
        digest_of_module(module, AlgorithmError)
    if isinstance(function, partial):
        known = hyperparameters_of(inner)
        for name in function.keywords:
            if name not in known:
                raise unknown_name(f"hyperparameter of {label}", name, known)
    chosen = {name: each.default for name, each in hyperparameters_of(function).items()}
    for key, value in chosen.items():
        if value is inspect.Parameter.empty:
            raise UsageError(
                f"{label} needs a value for {key}: write functools.partial({label}, {key}=VALUE)"
            )
    return NamedAlgorithm(
        label=label,
        reference=text,
        function=partial(function, **chosen),
        hyperparameters={key: _as_json(value) for key, value in chosen.items()},
        source_sha256=digest_of(function),
    )


def with_absolute_path(text: str) -> str:
    """The text of an algorithm, with a path in it made absolute."""
    label, rest = _split_label(text)
    read = read_reference(_with_file(rest))
    if read is None or read[0].file is None or ("," in rest and not read[0].file.is_file()):
        return text
    return f"{label}=" * bool(label) + read[0].text + read[1]


def _split_label(text: str) -> tuple[str, str]:
    """Split `LABEL=NAME`; a path may have `=` in it."""
    label, equals, rest = text.partition("=")
    if not equals or ":" in label or names_a_file(text):
        return "", text
    a_path = "/" in label and not names_a_file(rest)
    return ("", text) if a_path else (label, rest)


def _check_not_all_path(label: str, reference: Reference) -> None:
    """Say how `a=b/c.py` was read if there is no such file: it may be a path, or a label and a path."""
    file = reference.file
    if label and file is not None and not file.is_file() and file.parent != Path.cwd():
        raise UsageError(f"there is no algorithm file {file}; the text before '=', {label!r}, is its label")


def _with_file(rest: str) -> str:
    """`NAME[:SETTINGS]` with the path of `algorithms/NAME.py` in the current folder, if that is meant."""
    name, colon, settings = rest.partition(":")
    if read_reference(rest) is not None or not FILE_NAME.fullmatch(name) or _is_known(name):
        return rest
    file = Path("algorithms", f"{name}.py")
    return f"{file.absolute()}{colon}{settings}" if file.is_file() else rest


def _is_known(name: str) -> bool:
    return name in algorithm_names() or name in installed_names("algorithms")


def _is_there(text: str) -> bool:
    """Whether a text names an algorithm, be its settings as they may."""
    _, rest = _split_label(text)
    return names_a_file(_with_file(rest)) or _is_known(rest.partition(":")[0])


def _find_own(reference: Reference, settings: str) -> Found:
    found = find_own(reference, "algorithm", _generator_functions, AlgorithmError)
    if settings and not settings.startswith(":"):
        raise UsageError(f"after {reference.text} comes nothing, or :KEY=VALUE,...; received {settings!r}")
    check_generator_function(found.object, reference.text)
    return found


def _find_named(name: str, settings: str, text: str) -> Found:
    ours = name in algorithm_names()
    installed = find_installed("algorithms", name, ours=ours)
    if installed is not None:
        function = load_installed("algorithms", installed)
        check_generator_function(function, f"{name} ({installed.value})")
        return Found(function, digest_of_module(import_module(function.__module__), AlgorithmError))
    if not ours:
        only_in_python = ONLY_IN_PYTHON.fullmatch(text)
        if only_in_python:
            raise UsageError(
                f"the algorithm {text!r} was a function that only Python knew; run it from Python with"
                f" compare(algorithms=[{only_in_python[1]}, ...]), or save the function in a file of its own"
            )
        if FILE_NAME.fullmatch(name) and Path(f"{name}.py").is_file():
            raise UsageError(f"unknown algorithm {name!r}; for the file in this folder, write {name}.py")
        remedy = "For your own algorithm, give path/to/file.py or package.module:function."
        raise unknown_name("algorithm", name, [*algorithm_names(), *installed_names("algorithms")], remedy)
    if settings and "=" not in settings:
        raise UsageError(f"hyperparameters are written {name}:KEY=VALUE,...; received {settings[1:]!r}")
    module = import_module(f"{algorithms.__name__}.{name}")
    function = getattr(module, name, None)
    check_generator_function(function, f"{name} in {module.__file__}")
    return Found(function, digest_of_module(module, AlgorithmError))


def _generator_functions(module: ModuleType) -> dict[str, Any]:
    """The generator functions that a module defines itself."""
    return {
        name: each
        for name, each in vars(module).items()
        if inspect.isfunction(each)
        and inspect.isgeneratorfunction(inspect.unwrap(each))
        and each.__module__ == module.__name__
        and name[0] != "_"
    }


def check_generator_function(
    function: Any, name: str, error: type[NasbenchLabError] = AlgorithmError
) -> None:
    """Raise `error` unless something is a generator function, or one that a decorator has wrapped."""
    if inspect.isgeneratorfunction(function):
        return
    if inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function):
        raise error(f"{name} is asynchronous; an algorithm is a plain generator function: leave out `async`")
    # A decorator that uses `functools.wraps` returns a plain function, which gives the generator.
    if not (callable(function) and inspect.isgeneratorfunction(inspect.unwrap(function))):
        raise error(
            f"{name} is not a generator function; an algorithm yields the architecture to evaluate:"
            " `evaluation = yield architecture`"
        )


def hyperparameters_of(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The hyperparameters of an algorithm."""
    return {name: each for name, each in keyword_parameters(function).items() if name not in GIVEN}


def _hyperparameters(function: Callable[..., Any], settings: str, name: str) -> dict[str, Any]:
    parameters = hyperparameters_of(function)
    chosen = {key: parameter.default for key, parameter in parameters.items()}
    chosen |= read_settings(settings, parameters, f"hyperparameter of {name}")
    for key, value in chosen.items():
        if value is inspect.Parameter.empty:
            raise UsageError(f"{name} needs a value for {key}: write {name}:{key}=VALUE")
    return chosen


def _as_json(value: object) -> Any:
    """A hyperparameter as a value of JSON: itself, or else a text without addresses."""
    value = plain(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): _as_json(each) for key, each in value.items()}
    return getattr(value, "__name__", None) or re.sub(r" at 0x[0-9a-f]+", "", repr(value))
