"""What each file in `benchmarks/sources` offers: `SOURCE`, a description and a way to read the files."""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from benchmarks.fetch import Download
from benchmarks.table import Contents, DataSet
from nasbench_lab.errors import TableError, UsageError

if TYPE_CHECKING:
    from benchmarks.nasbench301 import Ensembles


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
        convert: reads the official files and returns the table's contents, or the ensembles of a benchmark
            that is a surrogate; raises `TableError` with one clear line on anything it cannot trust. Given no
            files it reads a package that ships them, where `packaged` is true.
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
    convert: "Callable[[Sequence[Path]], Contents | Ensembles]"
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


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def only_file(paths: Sequence[Path], source: str, files: str) -> Path:
    """The one file that a source expects; raises `UsageError` for more or fewer."""
    if len(paths) != 1:
        raise UsageError(f"{source} is imported from one file, {files}; received {len(paths)}")
    return paths[0]


def read_limited(path: Path, most_bytes: int) -> bytes:
    """A file's content, unpacked where it is gzip; raises `TableError` when it is longer than expected."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            data = (cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file).read(most_bytes + 1)
    except FileNotFoundError:
        raise TableError(f"there is no file {path}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"{path} cannot be read: {error}; fetch it again") from None
    if len(data) > most_bytes:
        raise TableError(
            f"{path} holds more than {most_bytes:,} bytes, which the published file does not; fetch it again"
        )
    return data


def read_text(path: Path, most_bytes: int) -> str:
    """`read_limited`, as text."""
    try:
        return read_limited(path, most_bytes).decode("utf-8")
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not text (byte {error.start}); fetch it again") from None


def is_number(value: object) -> bool:
    """Whether it is a number, no truth value, and one that a float can hold; it may be NaN or infinite."""
    return type(value) is float or (type(value) is int and -(2**63) <= value < 2**63)
