"""Replace files so that no reader sees half of one, and lock files for a single process."""

import errno
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path, *, first_stays: bool = False) -> Iterator[Path]:
    """Give a temporary path to write to; on success it becomes `path`, on failure it is removed.

    The file is synced to the disk before it is renamed. Neither a kill nor a power cut leaves half a file
    under the real name. Each writer has its own temporary file, even if several machines share the folder.
    If several write the same path, the last file stays. With `first_stays`, the first file stays and the
    others get a `FileExistsError` with that path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        if first_stays:
            _name(temporary, path)
        else:
            temporary.replace(path)
    except OSError as error:
        if error.errno is not None and error.filename is None:  # the error of a full disk names no file
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _name(temporary: Path, path: Path) -> None:
    """Give a finished file its real name; raises `FileExistsError` if that name is taken."""
    try:
        path.hardlink_to(temporary)
    except OSError:
        # The name is taken, or the file system has no links. Without links, two writers that come at the
        # very same time can both pass this check.
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        temporary.replace(path)


def lock(path: Path) -> BinaryIO:
    """Lock a file for this process, until the returned file is closed or the process ends in any way.

    The file itself stays. Only the lock counts, and the operating system releases it with the process.
    Raises `BlockingIOError` if another process, or this one, already holds the lock.
    """
    file = path.open("ab")
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        file.close()
        raise BlockingIOError(f"{path} is locked") from None
    except OSError:
        pass  # some network file systems have no locks; working without one is better than refusing
    return file


def readable(text: str) -> str:
    """A text that may hold file names, each byte of a name that is not text written as `\\xe9`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
