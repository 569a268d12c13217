"""Output of `algorithms`: all algorithms, or one with its hyperparameters."""

import inspect
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from nasbench_lab.commands.arguments import documented
from nasbench_lab.commands.help import Line, entry, paragraphs, wrapped
from nasbench_lab.comparison.contestants import algorithm_function, algorithm_names, hyperparameters_of
from nasbench_lab.errors import NasbenchLabError
from nasbench_lab.installed import installed_names
from nasbench_lab.settings import type_in_words

# `(Real et al. 2019)`, or `Dueck & Scheuer 1990: ` in front.
PAPER = re.compile(r"\(([A-Z][^()]*\b(?:19|20)\d\d\b[^()]*)\)|^([A-Z][^:.]*\b(?:19|20)\d\d): ")


def print_algorithms() -> None:
    """Print every algorithm that has a name: its paper and its idea."""
    names = [*algorithm_names(), *installed_names("algorithms")]
    here = sorted(path.stem for path in Path("algorithms").glob("[!_]*.py") if path.stem not in names)
    column = max(map(len, names)) + 2
    for name in [*names, *here]:
        try:
            function = algorithm_function(name)
        except NasbenchLabError as error:  # of somebody's package or file
            print(f"{name}\n{wrapped(str(error), '    ', '    ')}")
            continue
        idea = documented(function.__doc__ or "")[0].partition("\n\n")[0]
        print(f"{name:<{column}}{paper_of(function)}".rstrip())
        print(wrapped(idea, "    ", "    "))
    print()
    print(
        paragraphs(
            "python -m nasbench_lab.algorithms NAME describes one, with its hyperparameters. NAME may also be"
            " path/to/file.py or package.module:function."
        )
    )


def print_algorithm(name: str) -> None:
    """Print the docstring of an algorithm, its hyperparameters, the way to set them, and its file."""
    function = algorithm_function(name)
    summary, texts = documented(function.__doc__ or "")
    print(" ".join([name, *[f"({paper})" for paper in [paper_of(function)] if paper]]))
    print("\n" + paragraphs(summary))
    parameters = hyperparameters_of(function)
    print("\nHyperparameters:" if parameters else "\nIt has no hyperparameters.")
    for key, parameter in parameters.items():
        given = parameter.default is not inspect.Parameter.empty
        form = f"{key} = {_plain(parameter.default)}" if given else f"{key}, which has to be given"
        print(entry(Line(form, "; ".join(filter(None, [type_in_words(parameter), texts.get(key, "")])))))
    if parameters:
        key, parameter = next(iter(parameters.items()))
        value = "VALUE" if parameter.default is inspect.Parameter.empty else _plain(parameter.default)
        print(f"\nTo set one: python -m nasbench_lab.compare --algorithms {name}:{key}={value}")
    print(f"\nFile: {inspect.getsourcefile(_inner(function))}")


def paper_of(function: Callable[..., Any]) -> str:
    """The paper that the docstrings of an algorithm cite, as `Real et al. 2019`; empty without one."""
    function = _inner(function)
    for docstring in (inspect.getdoc(inspect.getmodule(function)), function.__doc__):
        found = PAPER.search((docstring or "").partition("\n\n")[0])
        if found:
            return " ".join((found[1] or found[2]).split())
    return ""


def _inner(function: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(function, partial):
        function = function.func
    return function


def _plain(value: object) -> str:
    """A value as it is written on the command line."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
