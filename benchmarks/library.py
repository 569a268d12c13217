"""Open benchmarks, and fetch or import their data."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from nasbench_lab.benchmarks.benchmark import Benchmark
from nasbench_lab.benchmarks.catalog import (
    all_sources,
    check_own_name,
    find_source,
    how_to_bring,
    is_bare_space,
)
from nasbench_lab.benchmarks.fetch import Download, Progress, fetch
from nasbench_lab.benchmarks.folders import data_folder, surrogate_path, table_path
from nasbench_lab.benchmarks.live.cache import EvaluationCache
from nasbench_lab.benchmarks.live.pack import pack
from nasbench_lab.benchmarks.live.trained_space import TrainedSpace
from nasbench_lab.benchmarks.surrogates.file import Surrogate, fit_command, read_surrogate
from nasbench_lab.benchmarks.tables.benchmark import TableBenchmark, keep_table
from nasbench_lab.benchmarks.tables.embedded import embedded_names, embedded_path
from nasbench_lab.benchmarks.tables.file import Table
from nasbench_lab.benchmarks.tables.own_table import read_own_table
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.spaces import find_space


def open_benchmark(name: str) -> Benchmark:
    """Open a benchmark by its name. Data that a package ships is converted at first use.

    Raises:
        UsageError: there is no such benchmark.
        TableError: its data is damaged, or missing (the message has the command that brings it).
    """
    if name in embedded_names():
        return TableBenchmark(Table(embedded_path(name)))
    if is_bare_space(name):
        return TrainedSpace(find_space(name))
    path = table_path(name)
    if name not in all_sources() and path.exists():
        # A table of your own has no source.
        return TableBenchmark(Table(path))
    source = find_source(name)
    if not path.exists():
        if not source.packaged:
            raise TableError(f"{source.title} is not here; bring it with: {how_to_bring(name)}")
        # If two processes find it missing, both write it. They write to separate temporary files, with the
        # same content.
        return import_benchmark(name, [])
    return source.opened(path)


def open_table(name: str) -> Table:
    """Open a benchmark's table (see `open_benchmark`); raises `UsageError` if it has none."""
    benchmark = open_benchmark(name)
    if not isinstance(benchmark, TableBenchmark):
        raise UsageError(f"{name} has no table, so there is nothing to look up")
    return benchmark.table


def open_surrogate(table: Table, data_set: str) -> Surrogate:
    """Open the surrogate of a data set.

    Raises `TableError` if it is missing (the message has the command that fits it), if it is damaged, or if
    it was fitted on another version of the table.
    """
    path = surrogate_path(table.name, data_set)
    surrogate = read_surrogate(path)
    if surrogate.facts.table_digest != table.digest:
        raise TableError(
            f"the surrogate {path} was fitted on another version of {table.name}"
            f" ({surrogate.facts.table_digest[:12]}, now {table.digest[:12]}); fit it again:"
            f" {fit_command(path)}"
        )
    return surrogate


def import_benchmark(name: str, paths: Sequence[Path]) -> Benchmark:
    """Convert a benchmark's official files, keep the result in the data folder, and open it.

    An existing table is replaced only after the new one is complete and reads back as written.

    Raises:
        UsageError: there is no such benchmark, or the number of files is wrong.
        TableError: the files are not as published, or the table cannot be written.
    """
    source = find_source(name)
    if source.joins and len(paths) == 1:
        paths = [*paths, open_table(source.joins).path]
    return source.keep(source.convert(paths), table_path(name))


def fetch_benchmark(name: str, download: Download, progress: Progress | None = None) -> Benchmark:
    """Fetch one of a benchmark's official files, convert it and open the result.

    If the existing table was made from this file, it is only opened. The file is removed after the table is
    written. If that fails, the file stays, and `fetch_benchmark` or `import_benchmark` can use it.

    Raises:
        FetchError: the file cannot be fetched, see `nasbench_lab.benchmarks.fetch.fetch`.
        TableError: see `import_benchmark`.
    """
    if table_path(name).exists():
        with suppress(TableError):
            benchmark = find_source(name).opened(table_path(name))
            if download.digest in benchmark.facts()["read from"]:
                return benchmark
    path = fetch(download, data_folder(), progress)
    imported = import_benchmark(name, [path])
    path.unlink()
    return imported


def import_own_table(name: str, paths: Sequence[Path]) -> TableBenchmark:
    """Convert a table of your own, as `nasbench_lab.benchmarks.tables.own_table` describes, and open it.

    Raises:
        UsageError: the name belongs to a published benchmark or is not allowed, or there are not two files.
        TableError: the files are not as described there, or the table cannot be written.
    """
    check_own_name(name)
    if len(paths) != 2:
        raise UsageError(
            "a table of your own is imported from two files, a CSV or Parquet table and its TOML schema;"
            f" received {len(paths)}"
        )
    return keep_table(read_own_table(name, *paths), table_path(name))


def keep_packed(cache: Path, name: str, recipe: str | None) -> TableBenchmark:
    """Make a table from the trainings in an evaluation cache, and open it.

    Raises:
        UsageError: the name belongs to a published benchmark or is not allowed, or there is no such cache.
        TableError: there are no trainings, or trainings of several protocols.
    """
    check_own_name(name)
    if not cache.is_dir():
        raise UsageError(f"there is no folder {cache}")
    return keep_table(pack(EvaluationCache(cache).entries(), name, name, recipe), table_path(name))
