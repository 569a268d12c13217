"""Batches of training images, flipped and cropped."""

from collections.abc import Iterator

import torch
from torch import Tensor

from nasbench_lab.benchmarks.training.pixels import Part
from nasbench_lab.benchmarks.training.recipes import Recipe


def batches(train: Part, recipe: Recipe, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield each training image once, in a new order, flipped and cropped by the recipe.

    Args:
        train: the training images of the recipe, with their border.
        recipe: its batch size, crops and flips are used.
        generator: of the CPU, so every device sees the same images in the same order.

    Yields:
        Images of shape `(n, channels, size, size)`, and their labels of shape `(n,)`.
    """
    size, device = recipe.image_size, train.images.device
    order = torch.randperm(len(train), generator=generator)
    # All possible crops, as a view: shape (n, channels, down, right, size, size).
    crops = train.images.unfold(2, size, 1).unfold(3, size, 1)
    for chosen in torch.split(order, recipe.batch_size):
        places = torch.randint(2 * recipe.crop_padding + 1, (2, len(chosen)), generator=generator).to(device)
        mirrored = torch.rand(len(chosen), generator=generator).to(device) < 0.5
        chosen = chosen.to(device)
        images = crops[chosen, :, places[0], places[1]]
        if recipe.flip:
            images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
        yield images.contiguous(memory_format=torch.channels_last), train.labels[chosen]
