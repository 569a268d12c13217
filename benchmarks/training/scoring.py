"""The size and the zero-cost scores of untrained networks."""

from importlib import import_module
from typing import NamedTuple

import torch

from nasbench_lab.benchmarks.training import scores
from nasbench_lab.benchmarks.training.batches import batches
from nasbench_lab.benchmarks.training.devices import now, undisturbed
from nasbench_lab.benchmarks.training.images import ImageSet
from nasbench_lab.benchmarks.training.networks import Trainable
from nasbench_lab.benchmarks.training.networks.count import Count
from nasbench_lab.benchmarks.training.pixels import pixels_on
from nasbench_lab.benchmarks.training.recipes import Recipe

BATCH = 64
"""Images that a score sees, as in Abdelfattah et al. 2021; fewer if the recipe's batches are smaller."""

SEED = 0
"""Of the initial weights and the batch, which are the same for every search."""


class Score(NamedTuple):
    """A zero-cost score, and the seconds that it took: processor time on a CPU, else clock time."""

    value: float
    seconds: float


def count_size(network: Trainable, recipe: Recipe, images: ImageSet, device: torch.device) -> Count:
    """Parameters and multiply-adds of a network in the recipe's shape."""
    with undisturbed(device):
        return network.count(pixels_on(device, images, recipe).shape(recipe))


def compute_score(
    name: str, network: Trainable, recipe: Recipe, images: ImageSet, device: torch.device
) -> Score:
    """Compute the score called `name` of an untrained network.

    The network has the recipe's shape and initial weights. It sees the first images of a training, flipped
    and cropped by the recipe. A CPU computes with one thread, and PyTorch's global generator is restored.
    """
    pixels = pixels_on(device, images, recipe)
    with undisturbed(device):
        start = now(device)
        torch.manual_seed(SEED)
        made = network.build(pixels.shape(recipe)).to(device, memory_format=network.memory_format)  # type: ignore[call-overload]
        batch, labels = next(batches(pixels.train, recipe, torch.Generator().manual_seed(SEED)))
        compute = import_module(f"{scores.__name__}.{name}").score
        value = float(compute(made.train(), batch[:BATCH], labels[:BATCH]))
        return Score(value, now(device) - start)
