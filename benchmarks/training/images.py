"""The images that networks are trained on: CIFAR-10, and scikit-learn's digits for a quick try.

CIFAR-10 (Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html) is read from the official files for
Python, in their folder or in their archive. The archive is never unpacked to the disk. The files are pickles.
`nasbench_lab.benchmarks.formats.pickles` reads them without running anything in them.
"""

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.fetch import Download
from nasbench_lab.benchmarks.folders import data_folder
from nasbench_lab.benchmarks.formats.pickles import Block, Readable, read_plain
from nasbench_lab.errors import ImagesError, unknown_name
from nasbench_lab.refusals import explaining_refusals

ARCHIVE = "cifar-10-python.tar.gz"
FOLDER = "cifar-10-batches-py"
TRAIN = tuple(f"data_batch_{i}" for i in range(1, 6))
TEST = "test_batch"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SHAPE = (3, 32, 32)

# A published batch has 31 million bytes, and the unpacked archive 186 million.
MOST_BATCH_BYTES = 2**26
MOST_ARCHIVE_BYTES = 2**28

DIGITS_TEST = 360

DOWNLOADS = {
    "cifar10": Download(
        url=f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}",
        checksum="md5:c58f30108f718f92721af3b95e74349a",
        size=170_498_071,
    )
}

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]

# The exceptions that `tarfile`, `gzip` and the pickle reader raise on damaged files.
DAMAGE = (tarfile.TarError, ValueError, OverflowError, RecursionError, EOFError, OSError, zlib.error)


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images for training and images for testing.

    Attributes:
        name: name of the set, as `open_images` takes it.
        title: name of the set in papers.
        train_images: values from 0 to 255, shape `(n, channels, height, width)`; the channels of images in
            colour are red, green and blue.
        train_labels: index of each image's class, shape `(n,)`.
        test_images: other images, in the form of `train_images`.
        test_labels: their classes, in the form of `train_labels`.
        class_names: name of each class.
        digest: SHA-256 over shapes, pixels and labels, in hexadecimal; equal only for equal content.
    """

    name: str
    title: str
    train_images: Pixels
    train_labels: Labels
    test_images: Pixels
    test_labels: Labels
    class_names: tuple[str, ...]
    digest: str

    @classmethod
    def of(
        cls, name: str, title: str, train: "Batch", test: "Batch", class_names: tuple[str, ...]
    ) -> "ImageSet":
        """A set of images with its digest."""
        arrays = (train.images, train.labels, test.images, test.labels)
        content = hashlib.sha256()
        for array in arrays:
            content.update(repr(array.shape).encode())
            content.update(np.ascontiguousarray(array, "<i8" if array.dtype == np.int64 else None).data)
        return cls(name, title, *arrays, class_names, content.hexdigest())


class Batch(NamedTuple):
    """Images of shape `(n, channels, height, width)` and their labels."""

    images: Pixels
    labels: Labels


def open_images(name: str, folder: Path | None = None) -> ImageSet:
    """Read a set of images into memory.

    Args:
        name: `cifar10` or `digits`.
        folder: for `cifar10`, the official folder or archive, or a folder that holds one of them. None for
            the data folder, to which `python -m nasbench_lab.data fetch cifar10` downloads the archive.
            Ignored for `digits`.

    Raises:
        UsageError: there is no such set of images.
        ImagesError: the images are missing (the message has the command that brings them), damaged, or not as
            published.
        RefusedError: the operating system refuses to read them.
    """
    if name not in READERS:
        raise unknown_name("set of images", name, READERS)
    return READERS[name](folder)


def _digits(_folder: Path | None) -> ImageSet:
    """1,797 grey images of 8x8 pixels; the last 360, by other writers, are for testing.

    Their values from 0 to 16 are scaled to 0 to 255.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImagesError(
            "the digits are part of scikit-learn; install it with: pip install 'nasbench-lab[predictors]'"
        ) from None
    digits = load_digits()
    grey = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    images = np.repeat(grey[:, None], 3, axis=1)
    labels = digits.target.astype(np.int64)
    train = Batch(images[:-DIGITS_TEST], labels[:-DIGITS_TEST])
    test = Batch(images[-DIGITS_TEST:], labels[-DIGITS_TEST:])
    return ImageSet.of("digits", "Digits (8x8)", train, test, tuple("0123456789"))


def _cifar10(folder: Path | None) -> ImageSet:
    path = _find_cifar10(data_folder() if folder is None else folder)
    batches = _from_archive(path) if path.is_file() else _from_folder(path)
    train = _joined([batches.pop(name) for name in TRAIN])
    return ImageSet.of("cifar10", "CIFAR-10", train, _joined([batches.pop(TEST)]), CLASSES)


READERS: dict[str, Callable[[Path | None], ImageSet]] = {"cifar10": _cifar10, "digits": _digits}


def _find_cifar10(place: Path) -> Path:
    """Find the official folder or archive at a path, or inside it."""
    if place.is_file() or (place / TRAIN[0]).is_file():
        return place
    if (place / FOLDER).is_dir():
        return place / FOLDER
    if (place / ARCHIVE).is_file():
        return place / ARCHIVE
    raise ImagesError(
        f"CIFAR-10 is not in {place}, neither as {FOLDER} nor as {ARCHIVE}; fetch it with:"
        " python -m nasbench_lab.data fetch cifar10, or say where it is with --data-dir"
    )


def _joined(batches: list[Batch]) -> Batch:
    """Join all batches into one. It is writable, as PyTorch requires.

    Each batch is released as soon as it is copied, so memory never holds all images twice.
    """
    labels = np.concatenate([batch.labels for batch in batches])
    images = np.empty((len(labels), *SHAPE), np.uint8)
    end = len(labels)
    while batches:
        batch = batches.pop().images
        images[end - len(batch) : end] = batch
        end -= len(batch)
    return Batch(images, labels)


def _from_folder(folder: Path) -> dict[str, Batch]:
    batches = {}
    for name in (*TRAIN, TEST):
        path = folder / name
        with _explained(path), path.open("rb") as file:
            if path.stat().st_size > MOST_BATCH_BYTES:
                raise ValueError(
                    f"it is larger than {MOST_BATCH_BYTES:,} bytes; published batches are smaller"
                )
            batches[name] = _read_batch(file)
    return batches


def _from_archive(path: Path) -> dict[str, Batch]:
    """Read the six batches; the order of the archive and its other files do not matter."""
    wanted = {f"{FOLDER}/{name}": name for name in (*TRAIN, TEST)}
    batches: dict[str, Batch] = {}
    with _explained(path), gzip.open(path) as unpacked:
        stream = _Limited(cast(BinaryIO, unpacked))
        with tarfile.open(fileobj=cast(Any, stream), mode="r|") as archive:
            for member in archive:
                if member.name in wanted:
                    name = wanted[member.name]
                    if name in batches or not member.isreg() or member.issparse():
                        raise ValueError(f"{name} is not one plain file in it")
                    batches[name] = _read_member(archive, member)
        # gzip compares its checksum only at the end of the archive.
        while stream.read(2**20):
            pass
        if missing := [name for name in wanted.values() if name not in batches]:
            raise ValueError(f"there is no {', '.join(missing)} in it")
    return batches


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Batch:
    file = archive.extractfile(member)
    if file is None or member.size > MOST_BATCH_BYTES:
        raise ValueError(f"{member.name} has {member.size:,} bytes; published batches are smaller")
    try:
        return _read_batch(file)
    except ValueError as error:
        raise ValueError(f"{member.name}: {error}") from None


class _Limited:
    """A file that raises `ValueError` if it unpacks to more than `MOST_ARCHIVE_BYTES`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MOST_ARCHIVE_BYTES

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(f"it unpacks to more than {MOST_ARCHIVE_BYTES:,} bytes")
        return data


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the exceptions of damaged or missing files into an `ImagesError` of one line.

    Raises `RefusedError` if the operating system refuses to read the file.
    """
    try:
        with explaining_refusals(path):
            yield
    except FileNotFoundError:
        raise ImagesError(f"there is no file {path}; fetch CIFAR-10 again") from None
    except DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImagesError(f"{path} cannot be read: {reason}; fetch it again") from None


def _read_batch(file: Readable) -> Batch:
    """The images and labels of one pickle; raises `ValueError` if they are not as published."""
    batch = read_plain(file, blocks=True)
    if type(batch) is not dict:
        raise ValueError("it does not hold a batch of images")
    data, labels = (batch.get(key.encode(), batch.get(key)) for key in ("data", "labels"))
    pixels = data.values if type(data) is Block else None
    if pixels is None or pixels.ndim != 2 or pixels.shape[1] != np.prod(SHAPE):
        raise ValueError("its data are not rows of 3,072 unsigned bytes")
    if type(labels) is not list or len(labels) != len(pixels):
        raise ValueError(f"its labels are not a list of {len(pixels):,} numbers")
    if set(map(type, labels)) != {int} or not 0 <= min(labels) <= max(labels) < len(CLASSES):
        raise ValueError(f"its labels are not whole numbers from 0 to {len(CLASSES) - 1}")
    return Batch(pixels.reshape(-1, *SHAPE), np.array(labels, np.int64))
