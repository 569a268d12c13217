"""The network of an architecture that a user's function makes."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nasbench_lab.benchmarks.training.networks.count import Count, count
from nasbench_lab.benchmarks.training.networks.shape import Shape
from nasbench_lab.errors import EvaluationError
from nasbench_lab.spaces import Architecture

Factory = Callable[[Architecture], nn.Module]


@dataclass(frozen=True)
class OwnNetwork:
    """The network that a function makes of an architecture.

    Attributes:
        factory: gives a new network, which maps images `(n, channels, size, size)` to `(n, classes)`.
        architecture: of the user's space.
        text: the space and the architecture, for errors.
        digest: of the function's code.
    """

    factory: Factory
    architecture: Architecture
    text: str
    digest: str
    # Users flatten with `view`, which PyTorch refuses for images whose channels come last in memory.
    memory_format = torch.contiguous_format

    @property
    def identity(self) -> str:
        """The space, the architecture and the function."""
        return f"{self.text} {self.digest}"

    def build(self, shape: Shape) -> nn.Module:
        """A new network; raises `EvaluationError` if the function gives anything else."""
        network = self.factory(self.architecture)
        if not isinstance(network, nn.Module):
            raise EvaluationError(
                f"the network of {self.text} is of the type {type(network).__name__}; the function returns a"
                " torch.nn.Module"
            )
        return _Contiguous(network)

    def count(self, shape: Shape) -> Count:
        """Parameters and multiply-adds, counted on one black image.

        Raises `EvaluationError` if the network does not give one number for each class.
        """
        network = deepcopy(self.build(shape)).to("cpu").eval()
        with torch.no_grad():
            logits = network(torch.zeros(1, shape.image_channels, shape.image_size, shape.image_size))
        seen = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        if seen != (1, shape.classes):
            raise EvaluationError(
                f"the network of {self.text} gives {seen} for one image; there are {shape.classes} classes,"
                f" so it gives a tensor of shape {(1, shape.classes)}"
            )
        return count(network, shape, device="cpu")


class _Contiguous(nn.Module):
    """A network whose images always have their channels first in memory."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        # Images of one channel count as contiguous in either order. Only new strides tell PyTorch which.
        logits: Tensor = self.network(images.contiguous().flatten().view(images.shape))
        return logits
