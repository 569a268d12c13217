"""Reading HDF5 files that may be damaged, or that the operating system refuses to open."""

import errno
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from nasbench_lab.errors import RefusedError, TableError
from nasbench_lab.files import locks_work
from nasbench_lab.refusals import BUSY, explaining_refusals, system_error

LEAST_MAPPED = 2**20  # arrays of at least this many bytes are mapped into memory, not read
LZF_MOST = 100  # LZF writes at most 264 bytes as 3

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
# A process may open one file several times only with the same setting.
OTHER_SETTING = "flag values don't match"
LEFT_OPEN = "already open for write"

# All errors that HDF5 raises on a damaged file, and those that the file's values can cause. `opened` takes
# out those that mean a refusal.
DAMAGE = (
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
)


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a file to read, also on a file system without locks.

    Our files are only ever replaced whole, so a reader needs no lock. The lock is nevertheless asked for: it
    tells whether another program has the file open for writing. Such a file may be half written.

    Raises:
        FileNotFoundError: it is not there.
        RefusedError: the operating system refuses to open or to read it, also inside the `with` block.
        One of `DAMAGE`: its content is not as expected.
    """
    with explaining_refusals(path), _opened(path) as file:
        yield file


def _opened(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r")
    except OSError as error:
        _check_writers(error, path)
        if not _is_of_locking(error):
            raise
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        _check_writers(error, path)
        if OTHER_SETTING in str(error):
            return h5py.File(path, "r", locking=True)
        if _is_of_locking(error):
            raise RefusedError(
                f"the file system of {path} has no file locks, and HDF5_USE_FILE_LOCKING asks for them; unset"
                " this variable, and run this again"
            ) from None
        raise


def _is_of_locking(error: OSError) -> bool:
    text = str(error)
    return "unable to lock file" in text or OTHER_SETTING in text or system_error(error) in NO_LOCKS


def _check_writers(error: OSError, path: Path) -> None:
    """Raise `RefusedError` if another program has the file open for writing."""
    if system_error(error) in BUSY and locks_work(path.parent):
        raise RefusedError(
            f"another program has {path} open for writing; close it there, and run this again. If no program"
            " has, set HDF5_USE_FILE_LOCKING=FALSE to read it without a lock"
        ) from None
    if LEFT_OPEN in str(error):
        raise RefusedError(
            f"another program has {path} open for writing, or was stopped while it had; close it there, and"
            f" run this again. If no program has, this takes the mark off: h5clear -s {path}"
        ) from None


def created(path: Path) -> h5py.File:
    """Create a file to write; it has checksums of its structure, and needs no file locks.

    Nobody else knows the path: it is a temporary one, see `nasbench_lab.files.replacing`.
    """
    # The HDF5 1.10 format stores checksums of the file's structure.
    return h5py.File(path, "w", libver=("v110", "v110"), locking=False)


def digest_of(file: h5py.File) -> str:
    """SHA-256 over names, attributes, shapes and values; equal content gives an equal digest."""
    total = hashlib.sha256()

    def add(name: str, item: h5py.Group | h5py.Dataset) -> None:
        attributes = {
            key: plain(value) for key, value in item.attrs.items() if key not in ("digest", "created_by")
        }
        total.update(repr((name, sorted(attributes.items()))).encode())
        if isinstance(item, h5py.Dataset):
            values = read_array(item)
            total.update(repr((values.shape, values.dtype.str)).encode())
            total.update(values.tobytes())

    add("/", file)
    names: list[str] = []
    file.visit(names.append)
    for name in sorted(names):
        add(name, file[name])
    return total.hexdigest()


def check_digest(path: Path, digest: str, damaged: Callable[[str | BaseException], TableError]) -> None:
    """Compare a file with its stored digest.

    Raises `damaged(reason)` if they differ or the file is damaged, and `RefusedError` if it is refused.
    """
    try:
        with opened(path) as file:
            found = digest_of(file)
    except FileNotFoundError:
        raise TableError(f"there is no file {path} any more") from None
    except DAMAGE as error:
        raise damaged(error) from None
    if found != digest:
        raise damaged(f"its content has digest {found[:12]}, not {digest[:12]} as written")


def plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def read_array(array: h5py.Dataset, *shape: int) -> Any:
    """Read an array; raises `ValueError` if its shape is unexpected or it is larger than the file."""
    if shape and array.shape != shape:
        raise ValueError(f"{array.name} has shape {array.shape}, not {shape}")
    size = array.file.id.get_filesize()
    if array.nbytes > size:
        raise ValueError(f"{array.name} claims more bytes than the file has")
    offset = array.id.get_offset()
    if offset is None or array.nbytes < LEAST_MAPPED:
        return array[...]
    if offset + array.nbytes > size:
        raise ValueError(f"{array.name} claims bytes beyond the end of the file")
    # Only the parts in use are read, and processes share them.
    try:
        return np.memmap(array.file.filename, array.dtype, "r", offset, array.shape).view(np.ndarray)
    except OSError:  # some network file systems cannot map; if it is another error, reading tells
        return array[...]


def read_packed(array: h5py.Dataset) -> Any:
    """Read an array packed with LZF; raises `ValueError` if it claims more than such a file can hold."""
    if array.nbytes > LZF_MOST * array.file.id.get_filesize():
        raise ValueError(f"{array.name} claims more bytes than the file can hold")
    return array[...]
