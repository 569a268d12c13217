"""Images of one's own, from arrays or from an `.npz` file."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nasbench_lab.benchmarks.training.images import Batch, ImageSet, Labels, Pixels
from nasbench_lab.errors import ImagesError
from nasbench_lab.refusals import explaining_refusals

LARGEST_FILE = 2**34  # bytes, unpacked
CHANNELS = (1, 2, 3, 4)

# The names of arrays in an `.npz` file: ours, and those of Keras's files.
SPELLINGS = (
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("x_train", "y_train", "x_test", "y_test"),
)
CLASS_NAMES = "class_names"

# The exceptions of NumPy on files that are damaged, or not its own.
DAMAGE = (OSError, ValueError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile)


def image_set(
    name: str,
    train: tuple[Any, Any],
    test: tuple[Any, Any],
    *,
    class_names: Sequence[str] = (),
    title: str = "",
) -> ImageSet:
    """A set of images from arrays.

    The trainer takes the first of the training images to train on, and the last to validate on. Shuffle them
    if they are sorted by class.

    Args:
        name: a short name.
        train: images and labels. The images are whole numbers from 0 to 255, of shape `(n, h, w)` if they are
            grey, `(n, h, w, channels)` or `(n, channels, h, w)`, with `h == w` and at most four channels. The
            labels are whole numbers from 0, of shape `(n,)`.
        test: other images, in the same form.
        class_names: name of each class; by default its number.
        title: for headings; by default the name.

    Raises `ImagesError` if the arrays are anything else.
    """
    training, testing = _batch(*train, "training"), _batch(*test, "test")
    shapes = training.images.shape[1:], testing.images.shape[1:]
    if shapes[0] != shapes[1]:
        raise ImagesError(
            "training and test images have the same channels and size; received (channels, h, w) ="
            f" {shapes[0]} and {shapes[1]}"
        )
    for number, channel in enumerate(np.moveaxis(training.images, 1, 0)):
        if channel.min() == channel.max():
            raise ImagesError(
                f"channel {number} has the value {channel.min()} in all training images, so it cannot be"
                " normalised; leave it out"
            )
    classes = 1 + int(max(training.labels.max(), testing.labels.max()))
    if classes < 2:
        raise ImagesError("all labels are 0; there are two or more classes, numbered from 0")
    names = tuple(map(str, class_names)) or tuple(map(str, range(classes)))
    if len(names) < classes:
        raise ImagesError(f"the labels go to {classes - 1}, and there are {len(names)} class names")
    return ImageSet.of(name, title or name, training, testing, names)


def read_images(path: Path | str) -> ImageSet:
    """A set of images from an `.npz` file, named after the file.

    The file holds the arrays `train_images`, `train_labels`, `test_images`, `test_labels` and, if you like,
    `class_names`, see `image_set`. The names `x_train`, `y_train`, `x_test` and `y_test` are understood, too.

    Raises `ImagesError` if it does not, and `RefusedError` if the operating system refuses to read it.
    """
    path = Path(path)
    try:
        with explaining_refusals(path):
            arrays = _arrays(path)
    except FileNotFoundError:
        raise ImagesError(f"there is no file {path}") from None
    except DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImagesError(f"{path} cannot be read as an .npz file: {reason[:200]}") from None
    spelling = _spelling(arrays, path)
    train_images, train_labels, test_images, test_labels = (arrays[name] for name in spelling)
    try:
        return image_set(
            path.stem,
            (train_images, train_labels),
            (test_images, test_labels),
            class_names=arrays.get(CLASS_NAMES, np.empty(0)).ravel().tolist(),
        )
    except ImagesError as error:
        raise ImagesError(f"{path}: {error}") from None


def _arrays(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > LARGEST_FILE:
        raise ValueError(f"it unpacks to {size:,} bytes; at most {LARGEST_FILE:,} are read")
    # Without pickles, so nothing in the file is executed.
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _spelling(arrays: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    for spelling in SPELLINGS:
        if set(spelling) <= set(arrays):
            return spelling
    raise ImagesError(
        f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}; images are the arrays"
        f" {', '.join(SPELLINGS[0])} or {', '.join(SPELLINGS[1])}"
    )


def _batch(images: Any, labels: Any, split: str) -> Batch:
    """Images with their channels first, and their labels, both checked."""
    pixels, numbers = _pixels(np.asarray(images), split), _labels(np.asarray(labels), split)
    if len(pixels) != len(numbers) or not len(pixels):
        raise ImagesError(
            f"there is one label for each of the {split} images, and one image or more; received"
            f" {len(pixels):,} images and {len(numbers):,} labels"
        )
    return Batch(pixels, numbers)


def _pixels(images: np.ndarray[Any, Any], split: str) -> Pixels:
    if not np.issubdtype(images.dtype, np.integer):
        raise ImagesError(
            f"the {split} images are whole numbers from 0 to 255; received {images.dtype}. Convert values"
            " from 0 to 1 with (255 * images).round().astype('uint8')"
        )
    if images.size and not (images.min() >= 0 and images.max() <= 255):
        raise ImagesError(
            f"the {split} images are whole numbers from 0 to 255; received {images.min()} to {images.max()}"
        )
    shape = images.shape
    if len(shape) == 3:
        images = images[:, None]
    elif len(shape) == 4 and not _channels_first(shape):
        images = np.moveaxis(images, 3, 1)
    if not _channels_first(images.shape):
        raise ImagesError(
            f"the {split} images are square, of shape (n, h, w), (n, h, w, channels) or (n, channels, h, w)"
            f" with 1 to 4 channels; received {shape}"
        )
    # A copy, which PyTorch may write to.
    return np.array(images, dtype=np.uint8, order="C")


def _channels_first(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and shape[2] == shape[3] and shape[1] in CHANNELS


def _labels(labels: np.ndarray[Any, Any], split: str) -> Labels:
    if labels.ndim == 2 and labels.shape[1] == 1:  # as in Keras's files of CIFAR
        labels = labels[:, 0]
    whole = labels.ndim == 1 and np.issubdtype(labels.dtype, np.integer)
    if not whole or (len(labels) and not 0 <= labels.min() <= labels.max() < 2**16):
        raise ImagesError(
            f"the {split} labels are whole numbers from 0, one for each image; received {labels.dtype} of"
            f" shape {labels.shape}" + (f", from {labels.min()} to {labels.max()}" if whole else "")
        )
    return labels.astype(np.int64)
