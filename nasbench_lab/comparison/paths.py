"""The paths in a specification: absolute ones are stored, so that a comparison goes on from any folder."""

import re
from dataclasses import replace
from pathlib import Path

from nasbench_lab.benchmarks.library import split_name
from nasbench_lab.comparison.contestants import with_absolute_path
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.comparison.tasks import ONLY_IN_PYTHON


def with_absolute_paths(comparison: Comparison) -> Comparison:
    """The same comparison, with the paths of problems and algorithms of one's own made absolute."""
    return replace(
        comparison,
        benchmark=tuple(map(_absolute, comparison.benchmark)),
        learn_from=tuple(map(_absolute, comparison.learn_from)),
        algorithms=tuple(map(with_absolute_path, comparison.algorithms)),
    )


def _absolute(benchmark: str) -> str:
    if benchmark.startswith(ONLY_IN_PYTHON):
        return benchmark
    name, data_set = split_name(benchmark)
    return f"{name}/{data_set}" if data_set else name


def short_name(benchmark: str) -> str:
    """A benchmark as a part of a folder's name: a path without its folders."""
    for begin in ONLY_IN_PYTHON:
        benchmark = benchmark.removeprefix(begin)
    match = re.match(r"(.+)\.py(?=[:/]|$)", benchmark)
    if match:
        benchmark = Path(match[1]).name + benchmark[match.end() :]
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", benchmark).strip("-")[:60]
