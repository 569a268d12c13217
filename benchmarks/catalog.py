"""Which benchmarks there are, and where their tables lie."""

import os
import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import benchmarks.sources
from nasbench_lab.errors import TableError, UsageError, unknown_name

if TYPE_CHECKING:
    from benchmarks.sources.base import Source
    from benchmarks.surrogate import Surrogate
    from benchmarks.table import Contents, Table


@cache
def all_sources() -> "dict[str, Source]":
    """Every source by its name: each file in `benchmarks/sources` defines one, as `SOURCE`."""
    files = sorted(module.name for module in pkgutil.iter_modules(benchmarks.sources.__path__))
    modules = (import_module(f"benchmarks.sources.{file}") for file in files if file != "base")
    return {module.SOURCE.name: module.SOURCE for module in modules}


def find_source(name: str) -> "Source":
    """The source called `name`; raises `UsageError` with the nearest names when there is none."""
    if name not in all_sources():
        own = [path.stem for path in data_folder().glob("*.h5")]
        raise unknown_name("benchmark", name, {*all_sources(), *own})
    return all_sources()[name]


def data_folder() -> Path:
    """Where tables are kept: `$NASBENCH_LAB_DATA`, or else the user's cache folder."""
    given = os.environ.get("NASBENCH_LAB_DATA")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("nasbench_lab", appauthor=False))


def table_path(name: str) -> Path:
    """The file that holds a benchmark's table, whether it is there or not."""
    return data_folder() / f"{find_source(name).name}.h5"


def import_command(name: str) -> str:
    """The command that brings a benchmark's table."""
    return f"python -m nasbench_lab.data import {name}" + ("" if find_source(name).packaged else " FILE")


def open_table(name: str) -> "Table":
    """Open a benchmark's table; one that a package ships is converted first, where that was not done.

    Raises:
        UsageError: there is no such benchmark.
        TableError: its table is missing, with the command that brings it, or damaged.
    """
    from benchmarks.table import Table

    # A table that somebody wrote there with `benchmarks.table.write_table` needs no source.
    path = data_folder() / f"{name}.h5"
    if not path.exists():
        source = find_source(name)
        if not source.packaged:
            raise TableError(
                f"the table of {source.title} is not here; bring it with: {import_command(name)}"
                f" where FILE is {source.files} ({source.homepage})"
            )
        # Two processes that both find it missing both write it, each its own file: the same content.
        return import_table(name, [])
    return Table(path)


def import_table(name: str, paths: Sequence[Path]) -> "Table":
    """Convert official files to a benchmark's table and open it.

    An existing table is replaced only once the new one is whole and reads back as written.

    Raises:
        UsageError: there is no such benchmark, or the number of files is wrong.
        TableError: the files are not as published, or the table cannot be written.
    """
    source = find_source(name)
    return _keep(source.convert(paths), table_path(name))


def import_own_table(name: str, paths: Sequence[Path]) -> "Table":
    """Convert a table of one's own, as `benchmarks.own_table` describes, and open it.

    Raises:
        UsageError: the name is a published benchmark's, or there are not two files.
        TableError: the files are not what they should be, or the table cannot be written.
    """
    from benchmarks.own_table import read_own_table

    if name in all_sources():
        raise UsageError(f"{name} is a published benchmark; choose another name for a table of your own")
    if len(paths) != 2:
        raise UsageError(
            "a table of your own is imported from two files, a CSV or Parquet table and its TOML schema;"
            f" received {len(paths)}"
        )
    return _keep(read_own_table(name, *paths), data_folder() / f"{name}.h5")


def _keep(contents: "Contents", path: Path) -> "Table":
    from benchmarks.table import Table, write_table

    try:
        write_table(contents, path)
    except OSError as error:
        raise TableError(f"the table {path} cannot be written: {error}") from None
    return Table(path)


def surrogate_path(benchmark: str, data_set: str) -> Path:
    """The file that holds a surrogate, whether it is there or not."""
    if Path(data_set).name != data_set or Path(benchmark).name != benchmark:
        raise TableError(f"{benchmark}/{data_set} can name no file, so that its surrogate cannot be kept")
    return data_folder() / "surrogates" / benchmark / f"{data_set}.h5"


def open_surrogate(table: "Table", data_set: str) -> "Surrogate":
    """Open the surrogate of a data set.

    Raises `TableError` where it is missing, with the command that fits it, damaged, or was fitted on
    another version of the table.
    """
    from benchmarks.surrogate import fit_command, read_surrogate

    path = surrogate_path(table.name, data_set)
    surrogate = read_surrogate(path)
    if surrogate.facts.table_digest != table.digest:
        raise TableError(
            f"the surrogate {path} was fitted on another version of {table.name}"
            f" ({surrogate.facts.table_digest[:12]}, now {table.digest[:12]}); fit it again:"
            f" {fit_command(path)}"
        )
    return surrogate
