"""What each file in `benchmarks/sources` offers: `SOURCE`, a description and a way to read the files."""

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
        name: of the benchmark, its table and its file here.
        title: as in papers.
        citation: the paper to cite.
        licence: of the data.
        homepage: where the official files are described.
        files: what `convert` expects, in words for the command line.
        convert: reads the official files and returns what `keep` writes: the contents of a table, unless
            another `keep` is given. It raises `TableError` with one clear line on anything it cannot trust.
            Given no files it reads a package that ships them, if `packaged` is true.
        keep: writes what `convert` returns to a path, and opens it.
        opened: opens what `keep` wrote.
        joins: name of the benchmark whose table `convert` joins the official file to. The path of that table
            follows the official file if the user named the official file alone.
        optima: published optima that `verify` checks, in percent, by (data set, split) where split is
            `valid` or `test`: best mean over seeds at the end of the longest training.
        rows: number of rows of the whole table, where some of them can be imported alone: the optima are
            those of the whole. None where there is only the whole.
        packaged: whether an installed package ships the data, so that nothing need be imported by hand.
        downloads: official files at plain addresses with known checksums, of which `convert` takes any one;
            the first is the one to take where nothing is said.
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
        """A table's contents under this source's name, title, citation and licence."""
        return Contents(
            name=self.name,
            title=self.title,
            citation=self.citation,
            licence=self.licence,
            source_sha256=source_sha256,
            data_sets=data_sets,
        )


def only_file(paths: Sequence[Path], source: str, files: str) -> Path:
    """The one file that a source expects; raises `UsageError` for more or fewer."""
    if len(paths) != 1:
        raise UsageError(f"{source} is imported from one file, {files}; received {len(paths)}")
    return paths[0]
