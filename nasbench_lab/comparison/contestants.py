"""Find an algorithm and its hyperparameters from text such as `NAME:key=value`."""

import hashlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from nasbench_lab import algorithms
from nasbench_lab.errors import AlgorithmError, UsageError, unknown_name
from nasbench_lab.search.contract import SearchProcess
from nasbench_lab.settings import keyword_parameters, read_settings

# The digest of each module's file when this process first used it. Python imports a module only once, so a
# file that was edited since then differs from the code that runs.
_imported: dict[str, str] = {}

# Keyword parameters that are no hyperparameters: the harness gives them to an algorithm that names them.
GIVEN = ("task",)


@dataclass(frozen=True)
class NamedAlgorithm:
    """An algorithm as one contestant of a comparison.

    Attributes:
        label: its name in tables and figures; unique within a comparison.
        reference: the text as typed, with a path made absolute, to find the algorithm again from any folder.
        function: the generator function, with the hyperparameters filled in.
        hyperparameters: all of them, defaults included.
        source_sha256: digest of the file that the code of `function` was read from. Runs of two versions of
            that file are never mixed.
    """

    label: str
    reference: str
    function: "partial[SearchProcess]"
    hyperparameters: Mapping[str, Any]
    source_sha256: str


def algorithm_names() -> list[str]:
    """List every algorithm in `algorithms/`."""
    return sorted(module.name for module in pkgutil.iter_modules(algorithms.__path__))


def find_algorithm(text: str) -> NamedAlgorithm:
    """Find the algorithm that `[LABEL=]NAME[:KEY=VALUE,...]` names.

    NAME is a file of `algorithms/`, a path that ends in `.py` (the function has the name of the file), or
    `package.module:function`. Raises `UsageError`, with the allowed and the nearest names, if there is no
    such algorithm or hyperparameter. Raises `AlgorithmError` if the code cannot be used, or if its file has
    changed since this process imported it.
    """
    label, equals, rest = text.partition("=")
    if not equals or ":" in label:
        label, rest = "", text
    name, _, settings = rest.rpartition(":")
    if not name or "=" not in settings:
        name, settings = rest, ""
    function, source_sha256 = _find_function(name)
    hyperparameters = _hyperparameters(function, settings, name)
    shown = Path(name).stem if name.endswith(".py") else name.rpartition(":")[2]
    return NamedAlgorithm(
        label=label or shown + (f":{settings}" if settings else ""),
        reference=text.replace(name, str(Path(name).resolve()), 1) if name.endswith(".py") else text,
        function=partial(function, **hyperparameters),
        hyperparameters=hyperparameters,
        source_sha256=source_sha256,
    )


def _find_function(name: str) -> tuple[Callable[..., Any], str]:
    """Return the function and the digest of the file that its code was read from."""
    if name.endswith(".py"):
        path = Path(name)
        if not path.is_file():
            raise UsageError(f"there is no algorithm file {name}")
        module, digest = _import_file(path)
        return _function(module, path.stem), digest
    if ":" in name:
        module_name, _, function_name = name.rpartition(":")
        if module_name in algorithm_names() or module_name.endswith(".py"):
            raise UsageError(
                f"hyperparameters are written {module_name}:KEY=VALUE,...; received {function_name!r}"
            )
        try:
            module = import_module(module_name)
        except ImportError as error:
            raise UsageError(f"cannot import {module_name!r} for the algorithm {name!r}: {error}") from None
        except Exception as error:
            raise AlgorithmError(
                f"{module_name} cannot be imported: {type(error).__name__}: {error}"
            ) from error
        return _function(module, function_name), _digest_of_imported(module)
    if name not in algorithm_names():
        remedy = "For your own algorithm, give path/to/file.py or package.module:function."
        raise unknown_name("algorithm", name, algorithm_names(), remedy)
    module = import_module(f"{algorithms.__name__}.{name}")
    return _function(module, name), _digest_of_imported(module)


def _digest_of_imported(module: ModuleType) -> str:
    digest = hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()
    if _imported.setdefault(module.__name__, digest) != digest:
        raise AlgorithmError(
            f"{module.__file__} has changed since this Python process imported it; restart Python to compare"
            " the new version"
        )
    return digest


def _import_file(path: Path) -> tuple[ModuleType, str]:
    """Run the current version of a file, even if an older one was imported before."""
    # With this name, a file called numpy.py does not replace numpy.
    name = f"nasbench_lab_algorithm_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    # An import would run old cached bytecode if the file was edited within the same second.
    source = path.read_bytes()
    try:
        exec(compile(source, path, "exec"), vars(module))
    except Exception as error:
        del sys.modules[name]
        raise AlgorithmError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    return module, hashlib.sha256(source).hexdigest()


def _function(module: ModuleType, name: str) -> Callable[..., Any]:
    function: Callable[..., Any] | None = getattr(module, name, None)
    if function is None:
        raise UsageError(f"{module.__file__} has no function {name!r}; an algorithm is named like its file")
    if not inspect.isgeneratorfunction(function):
        raise AlgorithmError(
            f"{name} in {module.__file__} is not a generator function; an algorithm yields the"
            " architecture to evaluate: `evaluation = yield architecture`"
        )
    return function


def _hyperparameters(function: Callable[..., Any], settings: str, name: str) -> dict[str, Any]:
    parameters = {
        name: parameter for name, parameter in keyword_parameters(function).items() if name not in GIVEN
    }
    chosen = {key: parameter.default for key, parameter in parameters.items()}
    chosen |= read_settings(settings, parameters, f"hyperparameter of {name}")
    for key, value in chosen.items():
        if value is inspect.Parameter.empty:
            raise UsageError(f"{name} needs a value for {key}: write {name}:{key}=VALUE")
    return chosen
