"""Opens the pickle inside a file of `torch.save`, in both of its formats, without PyTorch.

Since version 1.6 such a file is a zip archive of uncompressed members, one of them `<name>/data.pkl`;
before, it was a row of pickles. Neither is unpacked to the disk. The weights of networks, which follow or
are members of their own, are left alone.
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

ZIP_START = b"PK\x03\x04"
LEGACY_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001

# What `zipfile` and the reading of pickles raise on what is damaged.
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
    """Whether a file that starts like this is one of `torch.save`."""
    return start.startswith((ZIP_START, LEGACY_START))


@contextmanager
def opened_pickle(path: Path) -> Iterator[IO[bytes]]:
    """The file's pickle, to be read with `read_plain(file, weights=True, alone=False)`.

    Raises:
        TableError: on a file that is damaged or not of `torch.save`; also for what reading it raises.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(LEGACY_START))
            file.seek(0)
            if start.startswith(ZIP_START):
                with zipfile.ZipFile(file) as archive, archive.open(_member(archive)) as member:
                    yield member
                    # The checksum is compared when the end is reached.
                    if member.read(1):
                        raise ValueError("something follows the pickle")
            else:
                _skip_heading(file)
                yield file
    except DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise TableError(f"{path} cannot be read: {reason}; fetch it again") from None


def _member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The pickle among the members, stored as it is."""
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
    """The three pickles before the one that was saved."""
    magic, protocol, system = (read_plain(file, alone=False) for _ in range(3))
    if magic != MAGIC or protocol != PROTOCOL:
        raise ValueError("it is not a file of torch.save")
    if type(system) is not dict or system.get("little_endian") is not True:
        raise ValueError("it was written on a big-endian machine, or is damaged")
