"""The names of all benchmarks, and how to fetch or import each."""

import pkgutil
from functools import cache
from importlib import import_module

from nasbench_lab.benchmarks import sources
from nasbench_lab.benchmarks.fetch import Download
from nasbench_lab.benchmarks.folders import data_folder, table_path
from nasbench_lab.benchmarks.sources.base import Source
from nasbench_lab.benchmarks.tables.embedded import embedded_names
from nasbench_lab.benchmarks.tables.schema import NAME
from nasbench_lab.errors import UsageError, unknown_name
from nasbench_lab.installed import installed_names
from nasbench_lab.spaces import all_spaces, space_names

OWN_IMPORT = "python -m nasbench_lab.data import --as {} TABLE SCHEMA"


@cache
def all_sources() -> dict[str, Source]:
    """Every source by name. A source is the `SOURCE` that a file in `benchmarks/sources` defines."""
    files = sorted(module.name for module in pkgutil.iter_modules(sources.__path__))
    modules = [import_module(f"{sources.__name__}.{file}") for file in files]
    return {module.SOURCE.name: module.SOURCE for module in modules if hasattr(module, "SOURCE")}


def find_source(name: str) -> Source:
    """The source called `name`.

    Raises `UsageError` if there is none: with what else has the name, or with the nearest names.
    """
    if name in all_sources():
        return all_sources()[name]
    benchmark, slash, _ = name.partition("/")
    own = [path.stem for path in data_folder().glob("*.h5")]
    known = {*all_sources(), *embedded_names(), *own, *installed_names("benchmarks")}
    if slash and benchmark in known:
        raise UsageError(f"{name} is not a whole benchmark; leave out the data set: {benchmark}")
    if name in own and name not in embedded_names():
        raise UsageError(
            f"{name} is a table of your own, and it is here; import it again with: {OWN_IMPORT.format(name)}"
        )
    if name in known:
        raise UsageError(f"{name} comes with an installed package, so there is nothing to bring or to import")
    if name in space_names():
        raise UsageError(f"{name} is a search space without a table; its architectures are trained")
    remedy = "For your own problem, give path/to/file.py or package.module:name."
    raise unknown_name("benchmark", name, known, remedy)


def has_data(name: str) -> bool:
    """Whether a benchmark has data, stored here or still to be imported; a bare search space has none."""
    return name in all_sources() or name in embedded_names() or table_path(name).exists()


def is_bare_space(name: str) -> bool:
    """Whether a name is a search space without stored data, so that every architecture is trained."""
    return not has_data(name) and name in space_names()


def is_ours(name: str) -> bool:
    """Whether a name is a benchmark or a search space of this package, or a table of your own."""
    return has_data(name) or name in all_spaces()


def check_own_name(name: str) -> None:
    """Raise `UsageError` if a table of your own cannot have this name."""
    if name in all_sources() or name in embedded_names():
        raise UsageError(f"{name} is a published benchmark; choose another name for a table of your own")
    if not NAME.fullmatch(name):
        raise UsageError(
            f"a table's name is made of letters, digits, '_', '.' and '-'; received {name[:80]!r}"
        )


def find_download(name: str, file: str | None = None) -> Download:
    """The official file that `data fetch` downloads: the one called `file`, or the first by default.

    Raises `UsageError` if there is no such benchmark or file, or if none of its files has a plain address.
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


def import_command(name: str) -> str:
    """The command that imports a benchmark's official files."""
    return f"python -m nasbench_lab.data import {name}" + ("" if find_source(name).packaged else " FILE")


def fetch_command(name: str) -> str | None:
    """The command that fetches a benchmark's official file; None if no file has a plain address."""
    return f"python -m nasbench_lab.data fetch {name}" if find_source(name).downloads else None


def how_to_bring(name: str) -> str:
    """The commands that fetch or import a benchmark's data, as text for an error message."""
    source = find_source(name)
    fetched = fetch_command(name)
    return (f"{fetched}, or: " if fetched else "") + (
        f"{import_command(name)} where FILE is {source.files} ({source.homepage})"
    )
