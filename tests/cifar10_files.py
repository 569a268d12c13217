"""Write CIFAR-10 batches byte for byte as Python 2 wrote the published ones, for tests.

This code shares nothing with the reader under test. `test_pickles.py` checks it with Python's own reader.
"""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BATCHES = tuple(f"data_batch_{i}" for i in range(1, 6))
RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
NDARRAY = b"cnumpy\nndarray\n"


def text(content: bytes) -> bytes:
    """A string of Python 2, in the short or the long form, depending on its length."""
    if len(content) < 256:
        return b"U" + bytes([len(content)]) + content
    return b"T" + struct.pack("<i", len(content)) + content


def number(value: int) -> bytes:
    if 0 <= value < 2**8:
        return b"K" + bytes([value])
    return b"M" + struct.pack("<H", value) if 0 <= value < 2**16 else b"J" + struct.pack("<i", value)


def array(
    content: bytes,
    shape: Sequence[int],
    *,
    kind: bytes = b"u1",
    order: bytes = b"|",
    fortran: bool = False,
) -> bytes:
    """An array of NumPy 1 under Python 2, as its `__reduce__` gave it to cPickle."""
    sides = b"(" + b"".join(map(number, shape)) + b"t"
    dtype = b"cnumpy\ndtype\n" + text(kind) + b"K\x00K\x01\x87R(K\x03" + text(order)
    dtype += b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    flag = b"\x88" if fortran else b"\x89"
    new = RECONSTRUCT + b"q\x07" + NDARRAY + b"q\x08K\x00\x85q\x09" + text(b"b") + b"q\n\x87q\x0bRq\x0c"
    return new + b"(K\x01" + sides + dtype + flag + text(content) + b"tb"


def labelled(labels: Sequence[int]) -> bytes:
    """A list that is filled by appending a thousand items at a time."""
    parts = [labels[i : i + 1000] for i in range(0, len(labels), 1000)]
    return b"]q\x05" + b"".join(b"(" + b"".join(map(number, part)) + b"e" for part in parts)


def batch(data: bytes, labels: Sequence[int], names: Sequence[bytes] = ()) -> bytes:
    """A whole batch; `data` is the output of `array`."""
    filenames = b"".join(text(name) + b"r" + struct.pack("<I", 256 + i) for i, name in enumerate(names))
    items = text(b"batch_label") + b"q\x02" + text(b"training batch 1 of 5") + b"q\x03"
    items += text(b"labels") + b"q\x04" + labelled(labels) + text(b"data") + b"q\x06" + data
    items += text(b"filenames") + b"q\x14]q\x15(" + filenames + b"e"
    return b"\x80\x02}q\x01(" + items + b"u."


def batch_of(pixels: NDArray[np.uint8], labels: Sequence[int]) -> bytes:
    """A batch in the published form, of images of shape `(n, 3072)`."""
    names = [b"leptodactylus_%06d.png" % i for i in range(len(labels))]
    return batch(array(pixels.tobytes(), pixels.shape), labels, names)


def images(seed: int, n: int) -> tuple[NDArray[np.uint8], list[int]]:
    """Made-up pixels of shape `(n, 3072)` and their labels."""
    rng = np.random.default_rng(seed)
    return rng.integers(256, size=(n, 3072), dtype=np.uint8), rng.integers(10, size=n).tolist()
