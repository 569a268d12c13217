"""Reading files up to a size limit, packed or not."""

import bz2
import gzip
import hashlib
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from nasbench_lab.errors import TableError
from nasbench_lab.refusals import explaining_refusals

FETCH_AGAIN = "fetch it again"
# All errors of a damaged archive, also of one that is encrypted or packed by an unknown method.
DAMAGE = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    LookupError,
    OverflowError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_limited(path: Path, most_bytes: int, advice: str = FETCH_AGAIN) -> bytes:
    """A file's content, unpacked if it is gzip, bzip2, xz, or a zip archive of one file.

    Args:
        path: the file.
        most_bytes: the limit of the file and of its unpacked content. Unpacking stops there.
        advice: the remedy for a damaged or too large file, for the error.

    Raises:
        TableError: if the file is missing, is damaged, or has more than `most_bytes` bytes.
        RefusedError: if the operating system refuses to read it.
    """
    try:
        with explaining_refusals(path), path.open("rb") as file:
            too_large = os.fstat(file.fileno()).st_size > most_bytes
            data = b""
            if not too_large:
                with _unpacked(file, path) as content:
                    data = content.read(most_bytes + 1)
    except FileNotFoundError:
        raise TableError(f"there is no file {path}") from None
    except DAMAGE as error:
        raise TableError(f"{path} cannot be read: {' '.join(str(error).split())}; {advice}") from None
    if too_large or len(data) > most_bytes:
        raise TableError(f"{path} holds more than {most_bytes:,} bytes, the limit for this file; {advice}")
    return data


@contextmanager
def _unpacked(file: BinaryIO, path: Path) -> Iterator[IO[bytes]]:
    """The content of a file as a stream."""
    start = file.read(10)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        yield cast(IO[bytes], gzip.GzipFile(fileobj=file))
    elif start.startswith(b"BZh") and start[4:] == b"1AY&SY":
        with bz2.BZ2File(file) as content:
            yield content
    elif start.startswith(b"\xfd7zXZ\0"):
        with lzma.LZMAFile(file) as content:
            yield content
    elif start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        with zipfile.ZipFile(file) as archive, archive.open(_only_member(archive, path)) as member:
            yield member
    else:
        yield file


def _only_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    """The only file of an archive; macOS adds a folder of its own, which does not count."""
    members = [
        each for each in archive.infolist() if not each.is_dir() and not each.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        raise TableError(
            f"{path} is an archive of {len(members)} files, such as a spreadsheet or a folder;"
            " a zip archive is read if it holds one file"
        )
    return members[0]


def read_text(path: Path, most_bytes: int) -> str:
    """`read_limited` as UTF-8 text; also raises `TableError` if it is not text."""
    try:
        return read_limited(path, most_bytes).decode("utf-8")
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not text (byte {error.start}); {FETCH_AGAIN}") from None


def is_number(value: object) -> bool:
    """Whether it is a float (also NaN or infinite) or a 64-bit whole number; truth values are neither."""
    return type(value) is float or (type(value) is int and -(2**63) <= value < 2**63)
