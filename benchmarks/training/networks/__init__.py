"""The networks of the architectures: one file per search space, with the name of the space.

A file `benchmarks/training/networks/<space>.py` defines `network(architecture, shape)`. The networks of `own`
are made by a user's function.
"""

import pkgutil
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import torch
from torch import nn

from nasbench_lab.benchmarks.training.networks.count import Count, count
from nasbench_lab.benchmarks.training.networks.shape import Shape
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import Architecture, all_spaces

__all__ = ["Shape", "SpaceNetwork", "Trainable", "build_network", "spaces_with_networks"]


class Trainable(Protocol):
    """One architecture, as the trainer needs it."""

    @property
    def identity(self) -> str:
        """A text that is equal only for equal networks. A checkpoint is read by its own network alone."""

    @property
    def memory_format(self) -> torch.memory_format:
        """The order of weights and images in memory."""

    def build(self, shape: Shape) -> nn.Module:
        """A new network, whose weights PyTorch's generator draws."""

    def count(self, shape: Shape) -> Count:
        """Parameters and multiply-adds."""


@dataclass(frozen=True)
class SpaceNetwork:
    """The network of an architecture of a space that has a file in this folder."""

    space: str
    architecture: Architecture
    # Convolutions are faster with it.
    memory_format = torch.channels_last

    @property
    def identity(self) -> str:
        """The space and the architecture."""
        return f"{self.space} {self.architecture}"

    def build(self, shape: Shape) -> nn.Module:
        """A new network; raises `UsageError` if the space has no file."""
        return build_network(self.space, self.architecture, shape)

    def count(self, shape: Shape) -> Count:
        """Parameters and multiply-adds; no weights are made for it."""
        with torch.device("meta"):
            return count(self.build(shape), shape)


def spaces_with_networks() -> tuple[str, ...]:
    """Names of the spaces whose architectures can be trained."""
    return tuple(
        sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name in all_spaces())
    )


def build_network(space: str, architecture: Architecture, shape: Shape) -> nn.Module:
    """Build the network of an architecture. It maps images `(n, 3, size, size)` to `(n, classes)`.

    Raises `UsageError` if no file in this folder belongs to the space.
    """
    check_space(space)
    network: nn.Module = import_module(f"{__name__}.{space}").network(architecture, shape)
    return network


def check_space(space: str) -> None:
    """Raise `UsageError` if this folder has no networks for a space."""
    if space not in spaces_with_networks():
        raise UsageError(
            f"architectures of {space} cannot be trained here; those of"
            f" {', '.join(spaces_with_networks())} can"
        )
