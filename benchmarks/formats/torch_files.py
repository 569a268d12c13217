"""Opens the pickle inside a file of `torch.save`, in both of its formats, without PyTorch.

Since version 1.6 such a file is a zip archive of uncompressed members. One member is `<name>/data.pkl`.
Older files are a row of pickles. Neither format is unpacked to the disk. The weights of networks follow the
pickles or are separate members. They are not read.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from nasbench_lab.benchmarks.formats.pickles import read_plain
from nasbench_lab.errors import TableError
from nasbench_lab.refusals import explaining_refusals

ZIP_START = b"PK\x03\x04"
LEGACY_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001

# The errors that `zipfile` and the reader of pickles raise on damaged files.
DAMAGE = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    ValueError,
    EOFError,
    OSError,
    zlib.error,
    struct.error,
)


def is_torch_file(start: bytes) -> bool:
    """Whether a file with these first bytes is one of `torch.save`."""
    return start.startswith((ZIP_START, LEGACY_START))


@contextmanager
def opened_pickle(path: Path) -> Iterator[IO[bytes]]:
    """The file's pickle, to be read with `read_plain(file, weights=True, alone=False)`.

    Raises:
        TableError: if the file is damaged or not of `torch.save`. Errors raised while the pickle is read
            also become a `TableError`.
        RefusedError: if the operating system refuses to read the file.
    """
    try:
        with explaining_refusals(path), path.open("rb") as file:
            start = file.read(len(LEGACY_START))
            file.seek(0)
            if start.startswith(ZIP_START):
                with zipfile.ZipFile(file) as archive, archive.open(_member(archive)) as member:
                    yield member
                    # Reading to the end makes `zipfile` compare the checksum.
                    if member.read(1):
                        raise ValueError("something follows the pickle")
            else:
                _skip_heading(file)
                yield file
    except DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise TableError(f"{path} cannot be read: {reason}; fetch it again") from None


def _member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The archive's pickle, which must be stored uncompressed."""
    for name in archive.namelist():
        parts = {*PurePosixPath(name).parts, *PureWindowsPath(name).parts}
        if ".." in parts or PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive:
            raise ValueError(f"the archive has a member outside of itself, {name[:80]!r}")
    pickles = [member for member in archive.infolist() if PurePosixPath(member.filename).name == "data.pkl"]
    if len(pickles) != 1:
        raise ValueError(f"the archive has {len(pickles)} members called data.pkl; one is expected")
    if pickles[0].compress_type != zipfile.ZIP_STORED or pickles[0].file_size != pickles[0].compress_size:
        raise ValueError("its data.pkl is compressed, which torch.save never does")
    return pickles[0]


def _skip_heading(file: IO[bytes]) -> None:
    """Read and check the three pickles before the saved one."""
    magic, protocol, system = (read_plain(file, alone=False) for _ in range(3))
    if magic != MAGIC or protocol != PROTOCOL:
        raise ValueError("it is not a file of torch.save")
    if type(system) is not dict or system.get("little_endian") is not True:
        raise ValueError("it was written on a big-endian machine, or is damaged")
