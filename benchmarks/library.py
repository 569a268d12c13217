"""Open benchmarks, and fetch or import their data."""

from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from nasbench_lab.benchmarks.benchmark import Benchmark
from nasbench_lab.benchmarks.catalog import (
    all_sources,
    check_own_name,
    find_source,
    how_to_bring,
    is_bare_space,
    is_ours,
)
from nasbench_lab.benchmarks.fetch import Download, Progress, fetch
from nasbench_lab.benchmarks.folders import data_folder, surrogate_path, table_path
from nasbench_lab.benchmarks.live.cache import EvaluationCache
from nasbench_lab.benchmarks.live.pack import pack
from nasbench_lab.benchmarks.live.trained_space import TrainedSpace
from nasbench_lab.benchmarks.own_problem import as_benchmark, problems_of
from nasbench_lab.benchmarks.surrogates.file import Surrogate, fit_command, read_surrogate
from nasbench_lab.benchmarks.tables.benchmark import TableBenchmark, keep_table
from nasbench_lab.benchmarks.tables.embedded import embedded_names, embedded_path
from nasbench_lab.benchmarks.tables.file import Table
from nasbench_lab.benchmarks.tables.own_table import read_own_table
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.installed import find_installed, installed_names, load_installed
from nasbench_lab.references import Found, digest_of_module, find_own, read_reference
from nasbench_lab.spaces import find_space


def open_benchmark(name: str) -> Benchmark:
    """Open a benchmark by its name. Data that a package ships is converted at first use.

    The name may be a reference to a problem of one's own, `path/to/file.py[:name]` or `package.module:name`,
    or come from an entry point of an installed package in the group `nasbench_lab.benchmarks`. The object
    there is a `Benchmark`, a `Task`, or a function that makes one without arguments.

    Raises:
        UsageError: there is no such benchmark, or it cannot be used.
        TableError: its data is damaged, or missing (the message has the command that brings it).
    """
    own = _find_own(name)
    if own is not None:
        return as_benchmark(own.object, name)
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


def _find_own(name: str) -> Found | None:
    """The object of a reference or of an entry point, with the digest of its code; None for our names."""
    read = read_reference(name)
    if read is not None:
        return find_own(read[0], "problem", problems_of)
    if name not in installed_names("benchmarks"):
        return None
    installed = find_installed("benchmarks", name, ours=is_ours(name))
    if installed is None:
        return None
    made = load_installed("benchmarks", installed)
    return Found(made, digest_of_module(import_module(installed.module)))


def code_digest(name: str) -> str:
    """The digest of the code of a problem of one's own; empty for a benchmark of this package."""
    own = _find_own(name)
    return "" if own is None else own.sha256


def split_name(text: str) -> tuple[str, str]:
    """Split `benchmark/data set`; the data set is empty if there is none.

    A path in place of the benchmark is made absolute.
    """
    read = read_reference(text)
    if read is None:
        benchmark, _, data_set = text.partition("/")
        return benchmark, data_set
    reference, rest = read
    if rest and not rest.startswith("/"):
        raise UsageError(f"after {reference.text} comes nothing, :name or /data set; received {rest!r}")
    return reference.text, rest[1:]


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
