"""The images of one recipe, prepared on the device: loaded once, and never copied again."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from nasbench_lab.benchmarks.training.images import ImageSet
from nasbench_lab.benchmarks.training.networks.shape import Shape
from nasbench_lab.benchmarks.training.recipes import Recipe
from nasbench_lab.errors import UsageError


@dataclass(frozen=True)
class Part:
    """Images and their labels.

    Attributes:
        images: shape `(n, channels, size, size)`, float32, channels last in memory. Training images have a
            black border, as wide as the recipe's crops need.
        labels: shape `(n,)`.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Pixels:
    """Training, validation and test images; no image is in two of them. `classes` counts the labels."""

    train: Part
    valid: Part
    test: Part
    classes: int

    @classmethod
    def load(cls, images: ImageSet, recipe: Recipe, device: torch.device) -> "Pixels":
        """Split, shrink and normalise the images of a set.

        The split is by position, so it is the same everywhere. The recipe's training images are the first of
        the set's training images, its validation images the last of them. The test images are the set's.
        Normalisation gives each channel mean 0 and standard deviation 1 over all training images of the set,
        measured before the images are averaged down.

        Raises `UsageError` if the set has too few images, or if their size is not a multiple of the recipe's.
        """
        count, channels, height, _ = images.train_images.shape
        if recipe.train_images + recipe.valid_images > count:
            raise UsageError(
                f"the recipe {recipe.name} takes {recipe.train_images:,} images to train on and"
                f" {recipe.valid_images:,} to validate on; {images.title} has {count:,} in total"
            )
        if height % recipe.image_size:
            raise UsageError(
                f"the recipe {recipe.name} takes images of {recipe.image_size} pixels a side; those of"
                f" {images.title} have {height}, which is not a multiple"
            )
        histograms = [
            np.bincount(images.train_images[:, channel].ravel(), minlength=256) for channel in range(channels)
        ]
        values = np.arange(256) / 255
        mean = np.array([np.average(values, weights=histogram) for histogram in histograms])
        spread = [
            np.average((values - centre) ** 2, weights=histogram) ** 0.5
            for histogram, centre in zip(histograms, mean, strict=True)
        ]

        def part(of: slice, split: str = "train", border: int = 0) -> Part:
            pixels = torch.from_numpy(getattr(images, f"{split}_images")[of]).float().div_(255)
            pixels = avg_pool2d(pixels, height // recipe.image_size)
            pixels = pad(pixels, (border,) * 4)
            pixels -= torch.from_numpy(mean).float()[:, None, None]
            pixels /= torch.tensor(spread)[:, None, None]
            labels = torch.from_numpy(getattr(images, f"{split}_labels")[of])
            return Part(pixels.to(device, memory_format=torch.channels_last), labels.to(device))

        return cls(
            train=part(slice(recipe.train_images), border=recipe.crop_padding),
            valid=part(slice(count - recipe.valid_images, None)),
            test=part(slice(None), "test"),
            classes=len(images.class_names),
        )

    def shape(self, recipe: Recipe) -> Shape:
        """Size and normalisation of a recipe's networks for these images."""
        return Shape(
            channels=recipe.channels,
            stages=recipe.stages,
            cells=recipe.cells,
            stem_stride=recipe.stem_stride,
            classes=self.classes,
            image_channels=self.valid.images.shape[1],
            image_size=recipe.image_size,
            batch_norm_momentum=recipe.batch_norm_momentum,
            batch_norm_epsilon=recipe.batch_norm_epsilon,
        )


# Only the last one loaded is kept: all trainings of a task use the same one.
_loaded: dict[tuple[str, str, str], Pixels] = {}


def pixels_on(device: torch.device, images: ImageSet, recipe: Recipe) -> Pixels:
    """`Pixels.load`, done only once for consecutive trainings in a process."""
    key = (str(device), images.digest, recipe.digest)
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = Pixels.load(images, recipe, device)
    return _loaded[key]
