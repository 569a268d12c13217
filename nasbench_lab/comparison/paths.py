"""The paths in a specification: absolute ones are stored, so that a comparison goes on from any folder."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nasbench_lab.benchmarks.library import split_name
from nasbench_lab.comparison.contestants import with_absolute_path
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.comparison.tasks import ONLY_IN_PYTHON
from nasbench_lab.references import read_reference


def with_absolute_paths(comparison: Comparison) -> Comparison:
    """The same comparison, with the paths of problems and algorithms of one's own made absolute."""
    return replace(
        comparison,
        benchmark=tuple(map(_absolute, comparison.benchmark)),
        learn_from=tuple(map(_absolute, comparison.learn_from)),
        algorithms=tuple(map(with_absolute_path, comparison.algorithms)),
    )


def _absolute(benchmark: str) -> str:
    read = read_reference(benchmark)
    missing = read is not None and read[0].file is not None and not read[0].file.is_file()
    # Names that were separated by commas are no path; an error shows them as they were written.
    if benchmark.startswith(ONLY_IN_PYTHON) or (missing and "," in benchmark):
        return benchmark
    name, data_set = split_name(benchmark)
    return f"{name}/{data_set}" if data_set else name


def folder_name(tasks: Sequence[str]) -> str:
    """The name of a folder for tasks.

    It is `nasbench_graph-cora` for one, `nasbench_graph-3-data-sets` for several of one benchmark, and
    `nasbench_graph-and-cifar10-mini` or `nasbench_graph-and-2-others` for several benchmarks.
    """
    benchmarks = list(dict.fromkeys(map(_benchmark_of, tasks)))
    if len(tasks) == 1:
        return short_name(tasks[0])
    first = short_name(benchmarks[0])
    if len(benchmarks) == 1:
        return f"{first}-{len(tasks)}-data-sets"
    return f"{first}-and-" + (
        short_name(benchmarks[1]) if len(benchmarks) == 2 else f"{len(benchmarks) - 1}-others"
    )


def _benchmark_of(task: str) -> str:
    if task.startswith(ONLY_IN_PYTHON):
        return task.partition(" ")[2].partition("/")[0]
    return split_name(task)[0]


def short_name(benchmark: str) -> str:
    """A benchmark as a part of a folder's name: a path without its folders."""
    for begin in ONLY_IN_PYTHON:
        benchmark = benchmark.removeprefix(begin)
    match = re.match(r"(.+)\.py(?=[:/]|$)", benchmark)
    if match:
        benchmark = Path(match[1]).name + benchmark[match.end() :]
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", benchmark).strip("-")[:60]
