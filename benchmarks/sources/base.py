"""The type of `SOURCE`, which each file in `benchmarks/sources` defines to read official files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nasbench_lab.benchmarks.benchmark import Benchmark
from nasbench_lab.benchmarks.fetch import Download
from nasbench_lab.benchmarks.tables.benchmark import TableBenchmark, keep_table
from nasbench_lab.benchmarks.tables.contents import Contents, DataSet
from nasbench_lab.benchmarks.tables.file import Table
from nasbench_lab.errors import UsageError


def open_table_benchmark(path: Path) -> TableBenchmark:
    """Open the table at a path; raises `TableError` if it is missing or damaged."""
    return TableBenchmark(Table(path))


@dataclass(frozen=True, kw_only=True)
class Source:
    """One published benchmark.

    Attributes:
        name: name of the benchmark, its table and its file in this folder.
        title: name of the benchmark in papers.
        citation: the paper to cite.
        licence: licence of the data.
        homepage: address of the page that describes the official files.
        files: the files that `convert` expects, described in text for the command line.
        convert: reads the official files and returns the contents of a table, or another object that `keep`
            accepts. It raises `TableError` with one clear line on anything it cannot trust. If `packaged` is
            true and no files are given, it reads the installed package that ships them.
        keep: writes the result of `convert` to a path, and opens it.
        opened: opens a file that `keep` wrote.
        joins: name of a benchmark whose table `convert` joins to the official file. If the user names only
            the official file, the path of that table is added after it. Empty if nothing is joined.
        optima: published optima that `verify` checks, in percent, by (data set, split). The split is `valid`
            or `test`. An optimum is the best mean over seeds at the end of the longest training.
        rows: number of rows of the complete table, if a part of it can be imported; the optima hold for the
            complete table only. None if only the complete table can be imported.
        packaged: whether an installed package ships the data, which then needs no import by hand.
        downloads: official files at plain addresses with known checksums. `convert` accepts any one of them;
            the first is the default.
    """

    name: str
    title: str
    citation: str
    licence: str
    homepage: str
    files: str
    convert: Callable[[Sequence[Path]], Any]
    keep: Callable[[Any, Path], Benchmark] = keep_table
    opened: Callable[[Path], Benchmark] = open_table_benchmark
    joins: str = ""
    optima: Mapping[tuple[str, str], float] = field(default_factory=dict)
    rows: int | None = None
    packaged: bool = False
    downloads: Sequence[Download] = ()

    def contents(self, data_sets: Mapping[str, DataSet], source_sha256: Mapping[str, str]) -> Contents:
        """Build a table's contents with this source's name, title, citation and licence."""
        return Contents(
            name=self.name,
            title=self.title,
            citation=self.citation,
            licence=self.licence,
            source_sha256=source_sha256,
            data_sets=data_sets,
        )


def only_file(paths: Sequence[Path], source: str, files: str) -> Path:
    """Return the only path given; raises `UsageError` unless there is exactly one."""
    if len(paths) != 1:
        raise UsageError(f"{source} is imported from one file, {files}; received {len(paths)}")
    return paths[0]
