"""What a training leaves behind."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One epoch of a training.

    Attributes:
        valid_accuracy: of the validation images after it, in percent.
        valid_loss: their mean cross-entropy, in nats.
        train_loss: mean cross-entropy of the images trained on during it, in nats.
        train_seconds: of training, from the first epoch to the end of this one; on a CPU seconds of the
            processor, elsewhere of the clock.
        valid_seconds: of the validation pass after it, likewise.
    """

    valid_accuracy: float
    valid_loss: float
    train_loss: float
    train_seconds: float
    valid_seconds: float


@dataclass(frozen=True, kw_only=True)
class Scores:
    """How the test images are classified at the end, all in percent; higher is better.

    Attributes:
        accuracy: share of the images.
        precision, recall, f1: means over the classes (macro); a class that is never predicted has
            precision 0.
    """

    accuracy: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A training from its first epoch to its last, or to its failure.

    Attributes:
        epochs: those that ended with finite numbers.
        test: None where the training failed.
        failure: why it failed, in one line; empty where it did not.
        diverged: whether it failed because its numbers were not finite any more: that is the network's own,
            while another failure may be the machine's.
        failed_seconds: what a training that failed took, see `Epoch.train_seconds`; 0 where it did not.
        parameters: trainable weights, in millions.
        flops: multiply-adds of one forward pass, in millions.
        device: what it ran on, in words, with the version of PyTorch.
    """

    epochs: tuple[Epoch, ...]
    test: Scores | None
    failure: str = ""
    diverged: bool = False
    failed_seconds: float = 0.0
    parameters: float
    flops: float
    device: str
