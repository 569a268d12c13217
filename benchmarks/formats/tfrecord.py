"""Reads TFRecord files as a stream, without TensorFlow.

A record is its length (8 bytes), the checksum of the length (4 bytes), the data, and the checksum of the
data (4 bytes). Numbers are little-endian. Checksums are masked CRC-32C.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from google_crc32c import value as crc32c

from nasbench_lab.errors import TableError
from nasbench_lab.refusals import explaining_refusals

HEADER = struct.Struct("<QI")
CHECKSUM = struct.Struct("<I")


def read_records(path: Path, most_bytes: int) -> Iterator[bytes]:
    """The records of a file, one after another.

    Args:
        path: the file.
        most_bytes: the most bytes of one record; nothing larger is allocated.

    Raises:
        TableError: at the first record that is cut off, too long, or differs from its checksum; also if
            the file is missing.
        RefusedError: if the operating system refuses to read it.
    """
    number = 1

    def wrong(complaint: str) -> TableError:
        return TableError(f"{path}, record {number:,}: {complaint}; fetch the file again")

    try:
        with explaining_refusals(path), path.open("rb", buffering=1 << 20) as file:
            read = file.read
            while header := read(HEADER.size):
                if len(header) < HEADER.size:
                    raise wrong("the file ends inside its length")
                length, checksum = HEADER.unpack(header)
                if _masked(crc32c(header[:8])) != checksum:
                    raise wrong(
                        "its length differs from its checksum: this is not a TFRecord file, or it is damaged"
                    )
                if length > most_bytes:
                    raise wrong(f"it claims {length:,} bytes; {most_bytes:,} is the most allowed")
                data = read(length + CHECKSUM.size)
                if len(data) < length + CHECKSUM.size:
                    raise wrong("the file ends inside it")
                record = data[:length]
                if _masked(crc32c(record)) != CHECKSUM.unpack_from(data, length)[0]:
                    raise wrong("its data differ from their checksum")
                yield record
                number += 1
    except FileNotFoundError:
        raise TableError(f"there is no file {path}") from None


def _masked(checksum: int) -> int:
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF
