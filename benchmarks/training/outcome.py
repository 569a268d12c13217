"""The outcome of a training."""

import sys
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

# The values that are read back from a file: finite, and not negative.
Percent = Annotated[float, Meta(ge=0, le=100)]
Amount = Annotated[float, Meta(ge=0, le=sys.float_info.max)]
Count = Annotated[int, Meta(ge=0)]


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One epoch of a training.

    Attributes:
        valid_accuracy: accuracy on the validation images after the epoch, in percent.
        valid_loss: mean cross-entropy of the validation images, in nats.
        train_loss: mean cross-entropy of the training images during the epoch, in nats.
        train_seconds: seconds of training from the first epoch to the end of this one, without validation:
            processor time on a CPU, clock time on other devices.
        valid_seconds: seconds of the validation pass after the epoch, measured in the same way.
    """

    valid_accuracy: Percent
    valid_loss: Amount
    train_loss: Amount
    train_seconds: Amount
    valid_seconds: Amount


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores on the test images at the end of a training, in percent; higher is better.

    Attributes:
        accuracy: share of images that are classified correctly.
        precision, recall, f1: means over the classes (macro); a class that is never predicted has
            precision 0.
    """

    accuracy: Percent
    precision: Percent
    recall: Percent
    f1: Percent


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of a training, finished or failed.

    Attributes:
        epochs: the epochs that ended with finite losses.
        test: scores on the test images; None if the training failed.
        failure: the reason for the failure, in one line; empty if the training finished.
        diverged: whether the training failed because a loss was no longer finite. The network causes such a
            failure; other failures may be the machine's fault.
        failed_seconds: seconds until the failure, see `Epoch.train_seconds`; 0 if the training finished.
        parameters: trainable weights, in millions; NaN if the network could not be made.
        flops: multiply-adds of one forward pass, in millions; NaN if the network could not be made.
        device: description of the device, with the version of PyTorch.
    """

    epochs: tuple[Epoch, ...]
    test: Scores | None
    failure: str = ""
    diverged: bool = False
    failed_seconds: Amount = 0.0
    parameters: Amount
    flops: Amount
    device: str
