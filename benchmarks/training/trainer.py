"""Train one architecture by a recipe."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nasbench_lab.benchmarks.training.batches import batches
from nasbench_lab.benchmarks.training.devices import describe_device, now, precision, undisturbed
from nasbench_lab.benchmarks.training.images import ImageSet
from nasbench_lab.benchmarks.training.memory import is_out_of_memory
from nasbench_lab.benchmarks.training.networks import Trainable
from nasbench_lab.benchmarks.training.outcome import Epoch, Outcome, Scores
from nasbench_lab.benchmarks.training.pixels import Part, Pixels, pixels_on
from nasbench_lab.benchmarks.training.recipes import Recipe
from nasbench_lab.benchmarks.training.steps import Steps
from nasbench_lab.errors import NasbenchLabError, RefusedError, TrainingError
from nasbench_lab.files import replacing
from nasbench_lab.refusals import explaining_refusals

EVALUATION_BATCH = 1000
CHECKPOINT_SECONDS = 60.0

log = logging.getLogger(__name__)


class _Failed(Exception):  # noqa: N818 -- an outcome, which `train` returns
    """The network cannot be trained; the text says why, in one line."""

    def __init__(self, text: str, diverged: bool = False) -> None:
        super().__init__(text)
        self.diverged = diverged


def train(
    network: Trainable,
    recipe: Recipe,
    images: ImageSet,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Path | None = None,
    progress: Callable[[int, Epoch], None] | None = None,
) -> Outcome:
    """Train a network from its initialisation to its test accuracy.

    The seed fixes the initial weights, the order of the images, and how they are flipped and cropped.
    PyTorch's global generator is restored afterwards. A CPU computes with one thread: with more threads, the
    order of a sum, and so its last bits, would depend on their number. The same seed on the same kind of
    machine therefore gives the same numbers.

    Args:
        network: the architecture.
        recipe: the settings of the training.
        images: the images to train, validate and test on.
        seed: 0 or more.
        device: the device to train on.
        checkpoint: file in which the training is saved after an epoch, at most once a minute. If the file
            exists, the training continues from it and gives the same numbers (on CUDA and MPS, except for
            dropout). The caller removes it after storing the outcome. A file that is damaged or belongs to
            another training is not used.
        progress: called after each epoch with its number, from 1, and its results.

    Returns:
        The outcome. A loss that is not finite, too little memory, or any error while the network is made or
        computes is recorded in it as a failure, not raised. Exceptions from `progress`, or from writing the
        checkpoint, are passed on.

    Raises `TrainingError` if the device failed, or if it has no room for the images. Raises `RefusedError` if
    the operating system refuses to read the checkpoint.
    """
    try:
        with _explained(recipe, device):
            pixels = pixels_on(device, images, recipe)
    except _Failed as error:
        raise TrainingError(f"the images of {images.title} cannot be put on {device}: {error}") from None
    shape = pixels.shape(recipe)
    identity = f"{network.identity} {recipe.digest} {images.digest} {seed}"

    def begin() -> _Training:
        torch.manual_seed(seed)
        return _Training(network, recipe, pixels, seed, device)

    epochs: list[Epoch] = []
    test, failure, diverged, failed_seconds = None, "", False, 0.0
    parameters = flops = math.nan
    with undisturbed(device):
        started = now(device)
        try:
            with _explained(recipe, device):
                parameters, flops = network.count(shape)
                training, epochs = _resumed(begin, checkpoint, identity)
            saved = time.monotonic()
            while len(epochs) < recipe.epochs:
                started = now(device)
                with _explained(recipe, device):
                    epoch = training.epoch(epochs[-1].train_seconds if epochs else 0.0)
                if not math.isfinite(epoch.train_loss + epoch.valid_loss):
                    raise _Failed(f"diverged: the loss is not finite in epoch {len(epochs) + 1}", True)
                epochs.append(epoch)
                if progress is not None:
                    progress(len(epochs), epoch)
                if checkpoint is not None and time.monotonic() - saved > CHECKPOINT_SECONDS:
                    training.save(checkpoint, identity, epochs)
                    saved = time.monotonic()
            started = now(device)
            with _explained(recipe, device):
                test = training.test()
        except _Failed as error:
            failure, diverged = str(error), error.diverged
            failed_seconds = now(device) - started + (epochs[-1].train_seconds if epochs else 0.0)
    return Outcome(
        epochs=tuple(epochs),
        test=test,
        failure=failure,
        diverged=diverged,
        failed_seconds=failed_seconds,
        parameters=parameters,
        flops=flops,
        device=describe_device(device),
    )


def _resumed(
    begin: Callable[[], "_Training"], checkpoint: Path | None, identity: str
) -> tuple["_Training", list[Epoch]]:
    """A training continued from its checkpoint, or else a new one, and its finished epochs."""
    training = begin()
    if checkpoint is None or not checkpoint.exists():
        return training, []
    try:
        with explaining_refusals(checkpoint):
            return training, training.resume(checkpoint, identity)
    except RefusedError:
        raise
    except Exception as error:
        # PyTorch may raise anything on a file that it did not write. It may have loaded a part of the file by
        # then, so the training begins anew.
        reason = " ".join(str(error).split()) or type(error).__name__
        log.warning(
            "the checkpoint %s cannot be used (%s); the training begins again", checkpoint, reason[:200]
        )
        return begin(), []


class _Training:
    """A network in training, with all state that changes from step to step."""

    def __init__(
        self, network: Trainable, recipe: Recipe, pixels: Pixels, seed: int, device: torch.device
    ) -> None:
        self._recipe, self._pixels, self._device = recipe, pixels, device
        built = network.build(pixels.shape(recipe))
        self._network: nn.Module = built.to(device, memory_format=network.memory_format)  # type: ignore[call-overload]
        self._steps = Steps(recipe, self._network, device)
        # Always on the CPU, so every device sees the same images in the same order.
        self._generator = torch.Generator().manual_seed(seed)

    def epoch(self, seconds_before: float) -> Epoch:
        """Make one pass over the training images, then one over the validation images."""
        start = now(self._device)
        self._network.train()
        losses = []
        for images, labels in batches(self._pixels.train, self._recipe, self._generator):
            losses.append(self._steps.take(self._network, images, labels) * len(labels))
        total = torch.stack(losses).sum().item()
        middle = now(self._device)
        logits = self._logits(self._pixels.valid)
        labels = self._pixels.valid.labels
        right = int((logits.argmax(dim=1) == labels).sum())
        valid_loss = cross_entropy(logits, labels).item()
        return Epoch(
            valid_accuracy=100 * right / len(labels),
            valid_loss=valid_loss,
            train_loss=total / len(self._pixels.train),
            train_seconds=seconds_before + middle - start,
            valid_seconds=now(self._device) - middle,
        )

    def test(self) -> Scores:
        """The scores on the test images."""
        predicted = self._logits(self._pixels.test).argmax(dim=1).cpu().numpy()
        return score(self._pixels.test.labels.cpu().numpy(), predicted, self._pixels.classes)

    def save(self, path: Path, identity: str, epochs: list[Epoch]) -> None:
        """Write a checkpoint, from which `resume` can continue."""
        state = {
            "identity": identity,
            "epochs": [asdict(epoch) for epoch in epochs],
            "parts": [part.state_dict() for part in self._parts()],
            "generators": [self._generator.get_state(), torch.get_rng_state()],
        }
        with replacing(path) as temporary:
            torch.save(state, temporary)

    def resume(self, path: Path, identity: str) -> list[Epoch]:
        """Continue from a checkpoint and return its finished epochs; raises any exception if that fails."""
        state: dict[str, Any] = torch.load(path, map_location=self._device, weights_only=True)
        if state["identity"] != identity:
            raise ValueError("it belongs to another training")
        for part, stored in zip(self._parts(), state["parts"], strict=True):
            part.load_state_dict(stored)
        own, shared = (generator.cpu() for generator in state["generators"])
        self._generator.set_state(own)
        torch.set_rng_state(shared)
        return [Epoch(**epoch) for epoch in state["epochs"]]

    def _parts(self) -> tuple[Any, ...]:
        return self._network, *self._steps.parts

    @torch.inference_mode()
    def _logits(self, part: Part) -> Tensor:
        self._network.eval()
        with precision(self._device):
            split = torch.split(part.images, EVALUATION_BATCH)
            return torch.cat([self._network(images) for images in split]).float()


def score(labels: np.ndarray[Any, Any], predicted: np.ndarray[Any, Any], classes: int) -> Scores:
    """Accuracy, and macro precision, recall and F1 over classes that occur or are predicted, in percent."""
    confusion = np.bincount(classes * labels + predicted, minlength=classes**2).reshape(classes, classes)
    hits = np.diag(confusion).astype(float)
    occurring, claimed = confusion.sum(axis=1), confusion.sum(axis=0)
    present = (occurring + claimed) > 0
    precision = hits[present] / np.maximum(claimed[present], 1)
    recall = hits[present] / np.maximum(occurring[present], 1)
    f1 = 2 * hits[present] / (occurring + claimed)[present]
    return Scores(
        accuracy=100 * float(hits.sum()) / len(labels),
        precision=100 * float(precision.mean()),
        recall=100 * float(recall.mean()),
        f1=100 * float(f1.mean()),
    )


@contextmanager
def _explained(recipe: Recipe, device: torch.device) -> Iterator[None]:
    """Turn exceptions into a `_Failed` of one line, or a `TrainingError` if the device no longer works."""
    try:
        yield
    except NasbenchLabError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        if is_out_of_memory(error):
            batches = f"batches of {recipe.batch_size} images on {device}"
            raise _Failed(f"out of memory: {batches}; use a smaller batch_size") from error
        reason = f"{type(error).__name__}: {text[:200]}"
        if not _works(device):
            raise TrainingError(f"{device} does not work any more, after {reason}; start again") from error
        raise _Failed(reason) from error


def _works(device: torch.device) -> bool:
    """Whether a device still works: after some errors, CUDA fails for the rest of the process."""
    try:
        return torch.ones(1, device=device).add(1).item() == 2
    except Exception:
        return False
