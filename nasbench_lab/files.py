"""Files that a reader sees old or new, never half written, and folders that one process works in."""

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
    """Give a temporary path to write to; on success it becomes `path`, on failure it is gone.

    The content is on the disk before the name is (the file is synced, then renamed), so that neither
    a kill nor a power cut leaves half a file under the real name. Two that write the same path, also on
    machines that share the folder, never write to the same temporary one.
    The last of them stays, or the first: then the others get a `FileExistsError` with that path.
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
        if error.errno is not None and error.filename is None:  # a full disk does not say which file
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _name(temporary: Path, path: Path) -> None:
    """Give a file another name; raises `FileExistsError` where there is a file of that name."""
    try:
        path.hardlink_to(temporary)
    except OSError:
        # There is one, or the file system has no links: then two at the very same time both get here.
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        temporary.replace(path)


def lock(path: Path) -> BinaryIO:
    """Lock a file for this process alone, until the returned one is closed or the process ends in any way.

    The file stays: what counts is the lock on it, which the operating system takes away with the process.
    Raises `BlockingIOError` where another process, or this one, holds it.
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
        pass  # some network file systems have no locks; better to work there without one than not at all
    return file
