"""Tell a refusal by the operating system from a damaged file, and from a file that is not there."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nasbench_lab.errors import NasbenchLabError, RefusedError

# Errors that the system reports if the numbers in a damaged file are used as positions or sizes.
OF_DAMAGE = {0, errno.EINVAL, errno.EFAULT, errno.EOVERFLOW, errno.EFBIG, errno.ERANGE, errno.EDOM}
BUSY = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EBUSY, errno.ETXTBSY}
RIGHTS = {errno.EACCES, errno.EPERM}
TOO_MANY = {errno.EMFILE, errno.ENFILE}


@contextmanager
def explaining_refusals(path: Path) -> Iterator[None]:
    """Turn a refusal to read a file into a `RefusedError` of one line that says what to do.

    A file that is not there stays a `FileNotFoundError`. Any other exception that passes means that the
    content of the file is not as expected.
    """
    try:
        yield
    except (FileNotFoundError, NasbenchLabError):
        raise
    except NotADirectoryError as error:
        raise FileNotFoundError(error.errno, os.strerror(errno.ENOENT), str(path)) from None
    except Exception as error:
        reason = refusal(error, path)
        if reason:
            raise RefusedError(reason) from None
        raise


def refusal(error: BaseException, path: Path) -> str:
    """The sentence for a refusal to read a file; empty if the error means that the file is damaged."""
    number = system_error(error)
    if isinstance(error, MemoryError) or number == errno.ENOMEM:
        return (
            f"there is too little memory to read {path} ({_needed(error, path)}); close other programs or use"
            " fewer --jobs, and run this again"
        )
    if number is None or number in OF_DAMAGE:
        return ""
    said = os.strerror(number)
    if number in RIGHTS:
        return f"{path} may not be read ({said}); {_who_may_allow_it(path)}"
    if number in BUSY:
        return f"another program has {path} open for writing ({said}); close it there, and run this again"
    if number in TOO_MANY:
        return f"{path} cannot be read ({said}); close other programs or use fewer --jobs, and run this again"
    if number == errno.EISDIR:
        return f"{path} is a folder; a file is expected"
    return f"{path} cannot be read ({said}); check the disk or the network that holds it, and run this again"


def system_error(error: BaseException) -> int | None:
    """The number of the system's error, also if HDF5 gives it only in its text; None if there is none."""
    number = error.errno if isinstance(error, OSError) else None
    if number is None:
        match = re.search(r"\berrno = (\d+)", str(error))
        number = int(match[1]) if match else None
    return number


def _needed(error: BaseException, path: Path) -> str:
    """The memory that reading takes, as NumPy says it, or else the size of the file."""
    match = re.search(r"Unable to allocate ([\d.]+?)\.? (\w+)", str(error))
    if match:
        return f"it takes another {match[1]} {match[2]}"
    try:
        return f"it has {path.stat().st_size / 1e6:,.1f} MB"
    except OSError:
        return "its size is unknown"


def _who_may_allow_it(path: Path) -> str:
    """The file or folder that is closed to this user, and the command that opens it."""
    absolute = path.absolute()
    folders = [folder for folder in reversed(absolute.parents) if not os.access(folder, os.X_OK)]
    closed, right = (folders[0], "x") if folders else (absolute, "r")
    if os.name == "nt" or (not folders and os.access(closed, os.R_OK)):
        return "close other programs that have it open, or ask the owner for the right to read it"
    about = f"its folder {closed} may not be entered; " if folders else ""
    try:
        status = closed.stat()
        owner, is_own = closed.owner(), status.st_uid == os.geteuid()
    except (KeyError, OSError):  # a user without a name, or a folder that tells nothing
        owner, is_own = "another user", False
    if is_own:
        return f"{about}allow it with: chmod u+{right} {closed}"
    return f"{about}it belongs to {owner}, who can allow it with: chmod o+{right} {closed}"
