"""Reading files up to a size limit."""

import gzip
import hashlib
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from nasbench_lab.errors import TableError


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_limited(path: Path, most_bytes: int) -> bytes:
    """A file's content, unpacked if it is gzip.

    Raises:
        TableError: if the file is missing, cannot be read, or has more than `most_bytes` bytes (unpacked).
    """
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
            f"{path} holds more than {most_bytes:,} bytes, the limit for this file; fetch it again"
        )
    return data


def read_text(path: Path, most_bytes: int) -> str:
    """`read_limited` as UTF-8 text; also raises `TableError` if it is not text."""
    try:
        return read_limited(path, most_bytes).decode("utf-8")
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is not text (byte {error.start}); fetch it again") from None


def is_number(value: object) -> bool:
    """Whether it is a float (also NaN or infinite) or a 64-bit whole number; truth values are neither."""
    return type(value) is float or (type(value) is int and -(2**63) <= value < 2**63)
