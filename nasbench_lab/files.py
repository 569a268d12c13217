"""Replace files so that no reader sees half of one, and lock files for a single process."""

import errno
import os
import secrets
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nasbench_lab.errors import NasbenchLabWarning


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
    A file system without locks gives a `NasbenchLabWarning`, and the file comes back unlocked.
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
    except OSError as error:
        if isinstance(error, BlockingIOError | PermissionError) and locks_work(path.parent):
            file.close()
            raise BlockingIOError(f"{path} is locked") from None
        # Some network file systems have no locks. Working without one is better than refusing.
        warnings.warn(
            f"the file system of {path.parent} has no file locks, so two processes that work in it at the"
            " same time are not kept apart",
            NasbenchLabWarning,
            stacklevel=2,
        )
    return file


def locks_work(folder: Path) -> bool:
    """Whether a refused lock means that somebody else has it.

    Some file systems without locks refuse every lock with the error for one that is taken. They then also
    refuse a shared lock on a folder, which nobody takes.
    """
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        opened = os.open(folder, os.O_RDONLY)
    except OSError:
        return True
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some file systems lock files, but not folders
        return True
    finally:
        os.close(opened)
    return True


def readable(text: str) -> str:
    """A text that may hold file names, each byte of a name that is not text written as `\\xe9`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
