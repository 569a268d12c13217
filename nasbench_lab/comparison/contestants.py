"""Find an algorithm and its hyperparameters from text such as `NAME:key=value`, or from a function."""

import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

from nasbench_lab import algorithms
from nasbench_lab.benchmarks.own_code import digest_of
from nasbench_lab.errors import AlgorithmError, UsageError, unknown_name
from nasbench_lab.installed import find_installed, installed_names, load_installed
from nasbench_lab.references import Found, Reference, digest_of_module, find_own, names_a_file, read_reference
from nasbench_lab.search.contract import SearchProcess
from nasbench_lab.search.loop import GIVEN
from nasbench_lab.settings import keyword_parameters, plain, read_settings

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
    """List every algorithm in `algorithms/`."""
    return sorted(module.name for module in pkgutil.iter_modules(algorithms.__path__))


def find_algorithm(text: str, functions: Functions = NO_FUNCTIONS) -> NamedAlgorithm:
    """Find the algorithm that `[LABEL=]NAME[:KEY=VALUE,...]` names.

    NAME is a file of `algorithms/`, `path/to/file.py[:function]` (without a name, the function is named like
    the file or is its only one), `package.module:function`, or a name that an installed package adds. A text
    of `functions` is that function. Raises `UsageError`, with the allowed and the nearest names, if there is
    no such algorithm or hyperparameter. Raises `AlgorithmError` if the code cannot be used, or if its file
    has changed since this process imported it.
    """
    if text in functions:
        return functions[text]
    label, rest = _split_label(text)
    read = read_reference(rest)
    if read is not None and read[0].module not in algorithm_names():
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
        hyperparameters=hyperparameters,
        source_sha256=found.sha256,
    )


def from_function(text: str, label: str, function: Callable[..., Any]) -> NamedAlgorithm:
    """The contestant of a function handed over in Python, which may be a `partial` with keyword values.

    Raises `UsageError` if a hyperparameter has no value.
    """
    inner = function.func if isinstance(function, partial) else function
    module = sys.modules.get(inner.__module__)
    if module is not None and module.__name__ != "__main__":
        digest_of_module(module, AlgorithmError)
    if isinstance(function, partial):
        known = _parameters(inner)
        for name in function.keywords:
            if name not in known:
                raise unknown_name(f"hyperparameter of {label}", name, known)
    chosen = {name: each.default for name, each in _parameters(function).items()}
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
    read = read_reference(rest)
    if read is None or read[0].file is None:
        return text
    return f"{label}=" * bool(label) + read[0].text + read[1]


def _split_label(text: str) -> tuple[str, str]:
    """Split `LABEL=NAME`; a path may have `=` in it."""
    label, equals, rest = text.partition("=")
    if not equals or ":" in label or names_a_file(text):
        return "", text
    a_path = "/" in label and not names_a_file(rest)
    return ("", text) if a_path else (label, rest)


def _find_own(reference: Reference, settings: str) -> Found:
    found = find_own(reference, "algorithm", _generator_functions, AlgorithmError)
    if settings and not settings.startswith(":"):
        raise UsageError(f"after {reference.text} comes nothing, or :KEY=VALUE,...; received {settings!r}")
    _check_generator_function(found.object, reference.text)
    return found


def _find_named(name: str, settings: str, text: str) -> Found:
    ours = name in algorithm_names()
    installed = find_installed("algorithms", name, ours=ours)
    if installed is not None:
        function = load_installed("algorithms", installed)
        _check_generator_function(function, f"{name} ({installed.value})")
        return Found(function, digest_of_module(import_module(function.__module__), AlgorithmError))
    if not ours:
        only_in_python = ONLY_IN_PYTHON.fullmatch(text)
        if only_in_python:
            raise UsageError(
                f"the algorithm {text!r} was a function that only Python knew; run it from Python with"
                f" compare(algorithms=[{only_in_python[1]}, ...]), or save the function in a file of its own"
            )
        remedy = "For your own algorithm, give path/to/file.py or package.module:function."
        raise unknown_name("algorithm", name, [*algorithm_names(), *installed_names("algorithms")], remedy)
    if settings and "=" not in settings:
        raise UsageError(f"hyperparameters are written {name}:KEY=VALUE,...; received {settings[1:]!r}")
    module = import_module(f"{algorithms.__name__}.{name}")
    function = getattr(module, name, None)
    _check_generator_function(function, f"{name} in {module.__file__}")
    return Found(function, digest_of_module(module, AlgorithmError))


def _generator_functions(module: ModuleType) -> dict[str, Any]:
    """The generator functions that a module defines itself."""
    return {
        name: each
        for name, each in vars(module).items()
        if inspect.isgeneratorfunction(each) and each.__module__ == module.__name__ and name[0] != "_"
    }


def _check_generator_function(function: object, name: str) -> None:
    if not inspect.isgeneratorfunction(function):
        raise AlgorithmError(
            f"{name} is not a generator function; an algorithm yields the architecture to evaluate:"
            " `evaluation = yield architecture`"
        )


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The hyperparameters of an algorithm."""
    return {name: each for name, each in keyword_parameters(function).items() if name not in GIVEN}


def _hyperparameters(function: Callable[..., Any], settings: str, name: str) -> dict[str, Any]:
    parameters = _parameters(function)
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
