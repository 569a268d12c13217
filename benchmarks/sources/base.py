"""What each file in `benchmarks/sources` offers: `SOURCE`, a description and a way to read the files."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.table import Contents


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
        convert: reads the official files and returns the table's contents; raises `TableError` with
            one clear line on anything it cannot trust. Given no files it reads a package that ships
            them, where `packaged` is true.
        optima: published optima that `verify` checks, in percent, by (data set, split) where split is
            `valid` or `test`: best mean over seeds at the end of the longest training.
        packaged: whether an installed package ships the data, so that nothing need be imported by hand.
    """

    name: str
    title: str
    citation: str
    licence: str
    homepage: str
    files: str
    convert: Callable[[Sequence[Path]], Contents]
    optima: Mapping[tuple[str, str], float] = field(default_factory=dict)
    packaged: bool = False


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
