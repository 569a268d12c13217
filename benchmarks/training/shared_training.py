"""The training of one network whose weights all architectures of a space share."""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from nasbench_lab.benchmarks.training.batches import batches
from nasbench_lab.benchmarks.training.devices import now, precision, undisturbed
from nasbench_lab.benchmarks.training.images import ImageSet
from nasbench_lab.benchmarks.training.pixels import pixels_on
from nasbench_lab.benchmarks.training.recipes import Recipe
from nasbench_lab.benchmarks.training.steps import Steps
from nasbench_lab.benchmarks.training.supernets import build_supernet
from nasbench_lab.spaces import Architecture

EVALUATION_BATCH = 512


class SharedTraining:
    """A network with shared weights, from its initialisation on; it belongs to one search.

    Images, optimizer and schedule are those of the recipe. The schedule lasts as many steps as a training by
    the recipe and then begins again, since nobody says beforehand how many steps there will be. A recipe
    with more epochs has a longer schedule. The seed fixes the initial weights, the order of the images, and
    how they are flipped and cropped. A CPU computes with one thread, and PyTorch's global generator is
    restored, as in a training of one architecture.

    Batch normalisation always uses the mean and variance of the batch at hand, for validation too. Running
    statistics would be those of a mixture of architectures. The benchmark's own one-shot searches do the
    same (Dong & Yang 2020: `track_running_stats=0`).

    Args:
        space: name of the search space.
        recipe: the settings of the training.
        images: the images to train and validate on; the test images are not used.
        seed: 0 or more.
        device: the device to train on.

    Raises `UsageError` if the architectures of the space share no weights here.
    """

    def __init__(
        self, space: str, recipe: Recipe, images: ImageSet, *, seed: int, device: torch.device
    ) -> None:
        self._device, self._recipe = device, recipe
        self._pixels = pixels_on(device, images, recipe)
        with undisturbed(device):
            torch.manual_seed(seed)
            network = build_supernet(space, self._pixels.shape(recipe))
        self._network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network.train()
        self._steps = Steps(recipe, self._network, device)
        self._batches = self._endless_batches(torch.Generator().manual_seed(seed))

    def train(self, paths: Sequence[Architecture]) -> tuple[list[float], float]:
        """Take one step for each architecture, each on the next batch of training images.

        Only the weights on an architecture's path are changed by its step.

        Returns:
            The mean cross-entropy of each batch before its step, in nats, and the seconds of all steps:
            processor time on a CPU, clock time on other devices.
        """
        with undisturbed(self._device):
            start = now(self._device)
            losses = [self._step(path) for path in paths]
            values: list[float] = torch.stack(losses).tolist() if losses else []
            return values, now(self._device) - start

    @torch.no_grad()
    def accuracy(self, architecture: Architecture) -> tuple[float, float]:
        """Accuracy of an architecture on the validation images with the shared weights.

        Returns:
            The accuracy in percent, NaN if the training diverged, and the seconds of the pass.
        """
        valid = self._pixels.valid
        with undisturbed(self._device), precision(self._device):
            start = now(self._device)
            # Batches of nearly equal size: statistics of a small rest would be poor.
            split = valid.images.tensor_split(math.ceil(len(valid) / EVALUATION_BATCH))
            logits = torch.cat([self._network(images, architecture) for images in split]).float()
            right = int((logits.argmax(dim=1) == valid.labels).sum())
            finite = bool(logits.isfinite().all())
            return 100 * right / len(valid) if finite else math.nan, now(self._device) - start

    def _step(self, path: Architecture) -> Tensor:
        images, labels = next(self._batches)
        return self._steps.take(lambda batch: self._network(batch, path), images, labels)

    def _endless_batches(self, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield from batches(self._pixels.train, self._recipe, generator)
