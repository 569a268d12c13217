"""The networks of the architectures: one file per search space, with the name of the space.

A file `benchmarks/training/networks/<space>.py` defines `network(architecture, shape)`.
"""

import pkgutil
from importlib import import_module

from torch import nn

from nasbench_lab.benchmarks.training.networks.shape import Shape
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import Architecture, all_spaces

__all__ = ["Shape", "build_network", "spaces_with_networks"]


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
