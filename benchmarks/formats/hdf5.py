"""Reading HDF5 files that may be damaged."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from nasbench_lab.errors import TableError

LEAST_MAPPED = 2**20  # arrays of at least this many bytes are mapped into memory, not read

# All errors that HDF5 raises on a damaged file, and those that the file's values can cause.
DAMAGE = (
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
)


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
    """Compare a file with its stored digest; raises `damaged(reason)` if they differ or reading fails."""
    try:
        with h5py.File(path, "r") as file:
            found = digest_of(file)
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
    return np.memmap(array.file.filename, array.dtype, "r", offset, array.shape).view(np.ndarray)
