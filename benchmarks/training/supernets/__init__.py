"""Networks with shared weights: one file per search space, with the name of the space.

A file `benchmarks/training/supernets/<space>.py` defines `supernet(shape)`.
"""

import pkgutil
from importlib import import_module

from torch import nn

from nasbench_lab.benchmarks.training.networks.shape import Shape
from nasbench_lab.errors import UsageError


def spaces_with_supernets() -> tuple[str, ...]:
    """Names of the spaces whose architectures can share the weights of one network."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def build_supernet(space: str, shape: Shape) -> nn.Module:
    """Build the network that holds every architecture of a space.

    It maps images `(n, 3, size, size)` and an architecture to `(n, classes)`, by the weights on the path of
    that architecture.

    Raises `UsageError` if no file in this folder belongs to the space.
    """
    if space not in spaces_with_supernets():
        raise UsageError(
            f"architectures of {space} share no weights here; those of"
            f" {', '.join(spaces_with_supernets())} do"
        )
    network: nn.Module = import_module(f"{__name__}.{space}").supernet(shape)
    return network
