"""TFRecord files, read as a stream and without TensorFlow: each record between checksummed frames.

A record is its length (8 bytes), the checksum of those (4), the data, and the checksum of the data (4);
numbers are little-endian, checksums are CRC-32C, masked.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from google_crc32c import value as crc32c

from nasbench_lab.errors import TableError

HEADER = struct.Struct("<QI")
CHECKSUM = struct.Struct("<I")


def read_records(path: Path, most_bytes: int) -> Iterator[bytes]:
    """The records of a file, one after another.

    Args:
        path: of the file.
        most_bytes: of one record; nothing larger is allocated.

    Raises:
        TableError: at the first record that is cut, too long, or differs from its checksum.
    """
    number = 1

    def wrong(complaint: str) -> TableError:
        return TableError(f"{path}, record {number:,}: {complaint}; fetch the file again")

    try:
        with path.open("rb", buffering=1 << 20) as file:
            read = file.read
            while header := read(HEADER.size):
                if len(header) < HEADER.size:
                    raise wrong("the file ends inside its length")
                length, checksum = HEADER.unpack(header)
                if _masked(crc32c(header[:8])) != checksum:
                    raise wrong(
                        "its length differs from its checksum, so this is no TFRecord file or damaged"
                    )
                if length > most_bytes:
                    raise wrong(f"it claims {length:,} bytes; {most_bytes:,} is the most there can be")
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
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error}") from None


def _masked(checksum: int) -> int:
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF
