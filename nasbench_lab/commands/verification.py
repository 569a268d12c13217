"""Output of `data verify`: the checks of a benchmark's table."""

from collections.abc import Iterator, Mapping

from nasbench_lab.benchmarks.benchmark import Benchmark
from nasbench_lab.benchmarks.catalog import all_sources
from nasbench_lab.benchmarks.library import open_benchmark
from nasbench_lab.benchmarks.sources.base import Source
from nasbench_lab.benchmarks.tables.contents import DataSet
from nasbench_lab.commands.console import console
from nasbench_lab.commands.description import best_accuracy, shown
from nasbench_lab.errors import TableError


def print_checks(name: str) -> bool:
    """Print each check of a benchmark's data, and return whether all passed."""
    out = console()
    whole = True
    for passed, check in _checks(open_benchmark(name)):
        whole = whole and passed
        out.print(f"{'ok' if passed else 'FAILED':<8}{check}", soft_wrap=True)
    return whole


def _checks(benchmark: Benchmark) -> Iterator[tuple[bool, str]]:
    """Yield each check: whether it passed, and its description."""
    try:
        benchmark.verify()
        listed = benchmark.listed()
    except TableError as error:
        yield False, str(error)
        return
    if benchmark.digest:
        yield True, f"content has the digest it was written with, {benchmark.digest[:12]}"
    else:
        yield True, f"{benchmark.name} has no table: every architecture is trained"
    for name, data_set in listed.items():
        what = "every architecture of" if data_set.keys is None else "distinct architectures of"
        what = "architectures of" if data_set.plain_keys else what
        yield True, f"{name}: {len(data_set):,} rows, {what} {data_set.search_space.name}"
    source = all_sources().get(benchmark.name)
    if source is not None:
        yield from _optima(source, listed)


def _optima(source: Source, listed: Mapping[str, DataSet]) -> Iterator[tuple[bool, str]]:
    """Compare each published optimum with the best value in the table."""
    for (name, split), published in source.optima.items():
        data_set = listed.get(name)
        best = best_accuracy(data_set, split) if data_set is not None else None
        rows = len(data_set) if data_set is not None else 0
        if source.rows and 0 < rows < source.rows:
            yield (
                True,
                f"{name}: {rows:,} of {source.rows:,} rows, so not compared with the best {split} accuracy",
            )
        elif data_set is not None and data_set.keys is not None and not source.rows:
            # A table with only some architectures may lack the best one, but none may be better.
            passed = best is not None and best < published + 1e-3
            yield (
                passed,
                f"{name}: best {split} accuracy listed {shown(best)}, published of all {published:.4f}",
            )
        else:
            passed = best is not None and abs(best - published) < 1e-3
            yield passed, f"{name}: best {split} accuracy {shown(best)}, published {published:.4f}"
