"""NAS-Bench-101 for tests: its distinct cells, and an independent writer of the official file format.

The writer follows the definitions of TFRecord, JSON and protocol buffers, and shares no code with the
reader. Tests use it because a real file is too large.
"""

import base64
import json
import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.spaces.nasbench101 import SPACES

(SPACE,) = SPACES
LABELINGS = 3**5


def distinct_cells(vertices: int) -> NDArray[np.int64]:
    """Canonical indices of the distinct cells with at most this many vertices, ascending.

    Every graph is tried, first without operations. Each distinct graph is then tried with all labelings.
    """
    inner = vertices - 2
    free = np.array([source <= inner and target in (*range(1, inner + 1), 6) for source, target in PAIRS])
    graphs = np.arange(1 << free.sum())
    edges = np.zeros_like(graphs)
    for bit, position in enumerate(np.flatnonzero(free).tolist()):
        edges |= (graphs >> bit & 1) << (20 - position)
    graphs = known(SPACE.canonical_indices(edges * LABELINGS))
    return known(SPACE.canonical_indices((graphs[:, None] + np.arange(LABELINGS)).ravel()))


PAIRS = [(source, target) for source in range(7) for target in range(source + 1, 7)]


def known(canonical: NDArray[np.int64]) -> NDArray[np.int64]:
    """The distinct indices, without -1."""
    return np.unique(canonical[canonical >= 0])


# The official names of the operations, repeated here to be independent of the package.
NAMES = {0: "conv3x3-bn-relu", 1: "conv1x1-bn-relu", 2: "maxpool3x3"}


def module(architecture: Sequence[int]) -> tuple[str, str]:
    """Adjacency and operations in the form of official records, without vertices that have no edges."""
    matrix = np.zeros((7, 7), dtype=int)
    matrix[np.triu_indices(7, 1)] = architecture[:21]
    used = [v for v in range(7) if v in (0, 6) or matrix[v].any() or matrix[:, v].any()]
    labels = ["input", *[NAMES[operation] for operation in architecture[21:]], "output"]
    adjacency = "".join(str(edge) for edge in matrix[np.ix_(used, used)].ravel())
    return adjacency, ",".join(labels[v] for v in used)


def crc32c(data: bytes) -> int:
    """CRC-32C bit by bit, as RFC 3720 defines it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> bytes:
    """The checksum as TFRecord stores it: rotated by 15 bits, plus a constant."""
    rotated = (crc >> 15 | crc << 17) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + 0xA282EAD8) & 0xFFFFFFFF)


def framed(data: bytes, checksum=crc32c) -> bytes:
    """One TFRecord."""
    length = struct.pack("<Q", len(data))
    return length + masked(checksum(length)) + data + masked(checksum(data))


def varint(number: int) -> bytes:
    """A protocol-buffer varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def evaluation(
    epoch: float, seconds: float, train: float, valid: float, test: float, path: str = ""
) -> bytes:
    """An EvaluationData message."""
    fields = enumerate((epoch, seconds, train, valid, test), start=1)
    message = b"".join(bytes([number << 3 | 1]) + struct.pack("<d", value) for number, value in fields)
    return message + (bytes([6 << 3 | 2]) + varint(len(path)) + path.encode() if path else b"")


def metrics(evaluations: Sequence[bytes], parameters: int = 8_555_530, seconds: float = 2000.0) -> bytes:
    """A ModelMetrics message."""
    message = b"".join(bytes([1 << 3 | 2]) + varint(len(each)) + each for each in evaluations)
    return message + bytes([2 << 3]) + varint(parameters) + bytes([3 << 3 | 1]) + struct.pack("<d", seconds)


def record(module_hash: str, epochs: int, adjacency: str, operations: str, message: bytes) -> bytes:
    """The JSON text inside a TFRecord."""
    text = json.dumps([module_hash, epochs, adjacency, operations, base64.b64encode(message).decode()])
    return text.encode()


def training(epochs: int, valid: float, test: float, seconds: float, **more: int) -> bytes:
    """A ModelMetrics message of three evaluations: start, halfway with half of every value, and end."""
    return metrics(
        [
            evaluation(0, 0, 0.1, 0.1, 0.1),
            evaluation(epochs / 2, seconds / 2, 0.5, valid / 2, test / 2),
            evaluation(epochs, seconds, 1.0, valid, test),
        ],
        **more,
    )
