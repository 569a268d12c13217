"""Which benchmarks there are, and where their tables lie."""

import os
import pkgutil
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import benchmarks.sources
from benchmarks.embedded import embedded_names, embedded_path
from benchmarks.fetch import Download, Progress, fetch
from nasbench_lab.errors import TableError, UsageError, unknown_name

if TYPE_CHECKING:
    from benchmarks.nasbench301 import Ensembles
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
        raise unknown_name("benchmark", name, {*all_sources(), *embedded_names(), *own})
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


def has_table(name: str) -> bool:
    """Whether a benchmark has a table, here or to be brought."""
    return name in all_sources() or name in embedded_names() or (data_folder() / f"{name}.h5").exists()


def import_command(name: str) -> str:
    """The command that brings a benchmark's table."""
    return f"python -m nasbench_lab.data import {name}" + ("" if find_source(name).packaged else " FILE")


def fetch_command(name: str) -> str | None:
    """The command that fetches a benchmark's official file; None where it has no plain address."""
    return f"python -m nasbench_lab.data fetch {name}" if find_source(name).downloads else None


def how_to_bring(name: str) -> str:
    """How to bring a benchmark's table, in words."""
    source = find_source(name)
    fetched = fetch_command(name)
    return (f"{fetched}, or: " if fetched else "") + (
        f"{import_command(name)} where FILE is {source.files} ({source.homepage})"
    )


def open_benchmark(name: str) -> "Table | Ensembles":
    """Open a benchmark's table, see `open_table`, or the ensembles of one that is a surrogate."""
    from benchmarks.nasbench301 import NAME, read_ensembles

    return read_ensembles(table_path(name)) if name == NAME else open_table(name)


def open_table(name: str) -> "Table":
    """Open a benchmark's table; one that a package ships is converted first, where that was not done.

    Raises:
        UsageError: there is no such benchmark, or it is a surrogate and has no table.
        TableError: its table is missing, with the command that brings it, or damaged.
    """
    from benchmarks.nasbench301 import NAME
    from benchmarks.table import Table

    if name == NAME:
        raise UsageError(f"{name} is a surrogate and has no table, so that there is nothing here to look up")
    if name in embedded_names():
        return Table(embedded_path(name))
    # A table that somebody wrote there with `benchmarks.table.write_table` needs no source.
    path = data_folder() / f"{name}.h5"
    if not path.exists():
        source = find_source(name)
        if not source.packaged:
            raise TableError(f"the table of {source.title} is not here; bring it with: {how_to_bring(name)}")
        # Two processes that both find it missing both write it, each its own file: the same content.
        import_table(name, [])
    return Table(path)


def import_table(name: str, paths: Sequence[Path]) -> "Table | Ensembles":
    """Convert official files to a benchmark's table, or ensembles, and open it.

    An existing table is replaced only once the new one is whole and reads back as written.

    Raises:
        UsageError: there is no such benchmark, or the number of files is wrong.
        TableError: the files are not as published, or the table cannot be written.
    """
    from benchmarks.nasbench301 import Ensembles, keep_ensembles

    contents = find_source(name).convert(paths)
    if isinstance(contents, Ensembles):
        return keep_ensembles(contents, table_path(name))
    return _keep(contents, table_path(name))


def find_download(name: str, file: str | None = None) -> Download:
    """The official file that `fetch_table` brings: the one called `file`, or else the first.

    Raises `UsageError` where there is no such benchmark or file, or it has no plain address.
    """
    source = find_source(name)
    downloads = {download.file: download for download in source.downloads}
    if not downloads:
        raise UsageError(
            f"{source.title} cannot be fetched: its files have no plain address with a published checksum;"
            f" get one from {source.homepage} and bring it with: {import_command(name)} where FILE is"
            f" {source.files}"
        )
    if file is None:
        return source.downloads[0]
    if file not in downloads:
        raise unknown_name(f"file of {name}", file, downloads)
    return downloads[file]


def fetch_table(name: str, download: Download, progress: Progress | None = None) -> "Table | Ensembles":
    """Fetch one of a benchmark's official files, convert it to its table and open it.

    A table that was read from this very file is only opened. The file is removed once the table is written;
    it stays where that fails, and `fetch_table` or `import_table` takes it from there.

    Raises:
        FetchError: it cannot be fetched, see `benchmarks.fetch.fetch`.
        TableError: see `import_table`.
    """
    from benchmarks.table import Table

    if table_path(name).exists():
        with suppress(TableError):
            table = Table(table_path(name))
            if any(line.startswith(download.digest) for line in table.source_sha256):
                return table
    path = fetch(download, data_folder(), progress)
    imported = import_table(name, [path])
    path.unlink()
    return imported


def import_own_table(name: str, paths: Sequence[Path]) -> "Table":
    """Convert a table of one's own, as `benchmarks.own_table` describes, and open it.

    Raises:
        UsageError: the name is a published benchmark's, or there are not two files.
        TableError: the files are not what they should be, or the table cannot be written.
    """
    from benchmarks.own_table import read_own_table

    _check_own_name(name)
    if len(paths) != 2:
        raise UsageError(
            "a table of your own is imported from two files, a CSV or Parquet table and its TOML schema;"
            f" received {len(paths)}"
        )
    return _keep(read_own_table(name, *paths), data_folder() / f"{name}.h5")


def keep_packed(cache: Path, name: str, recipe: str | None) -> "Table":
    """Make a table of the trainings in an evaluation cache, and open it.

    Raises:
        UsageError: the name is taken by a published benchmark, or can name no file.
        TableError: there are no trainings, or trainings of several protocols.
    """
    from benchmarks.evaluation_cache import EvaluationCache
    from benchmarks.pack import pack

    _check_own_name(name)
    if not cache.is_dir():
        raise UsageError(f"there is no folder {cache}")
    return _keep(pack(EvaluationCache(cache).entries(), name, name, recipe), data_folder() / f"{name}.h5")


def _check_own_name(name: str) -> None:
    from benchmarks.own_table import NAME as OWN_NAME

    if name in all_sources() or name in embedded_names():
        raise UsageError(f"{name} is a published benchmark; choose another name for a table of your own")
    if not OWN_NAME.fullmatch(name):
        raise UsageError(
            f"a table's name is made of letters, digits, '_', '.' and '-'; received {name[:80]!r}"
        )


def cache_folder() -> Path:
    """Where finished trainings are kept unless another folder is named."""
    return data_folder() / "evaluations"


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
