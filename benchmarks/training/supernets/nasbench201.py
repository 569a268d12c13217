"""The network with every NAS-Bench-201 cell in it (Dong & Yang 2020, section 4.2)."""

from torch import Tensor, nn

from nasbench_lab.benchmarks.training.networks.nasbench201 import (
    EDGES,
    KERNELS,
    Edge,
    convolution,
    layers,
    live_edges,
    output,
)
from nasbench_lab.benchmarks.training.networks.shape import Shape
from nasbench_lab.spaces import Architecture


def supernet(shape: Shape) -> nn.Module:
    """The network of a cell, with both convolutions on every edge of every cell."""
    return _Supernet(shape)


class _Supernet(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers(lambda channels: _SharedCell(channels, shape), shape))

    def forward(self, images: Tensor, architecture: Architecture) -> Tensor:
        live = live_edges(architecture)
        for layer in self.layers:
            images = layer(images, live) if isinstance(layer, _SharedCell) else layer(images)
        return images


class _SharedCell(nn.Module):
    """A cell with all convolutions; those on the live edges of an architecture are used."""

    def __init__(self, channels: int, shape: Shape) -> None:
        super().__init__()
        self.convolutions = nn.ModuleDict(
            {
                _name(edge, operation): convolution(operation, channels, shape)
                for edge in EDGES
                for operation in KERNELS
            }
        )

    def forward(self, images: Tensor, live: dict[Edge, int]) -> Tensor:
        return output(images, live, lambda edge, operation: self.convolutions[_name(edge, operation)])


def _name(edge: Edge, operation: int) -> str:
    kernel = KERNELS[operation]
    return f"{edge[0]}-{edge[1]} {kernel}x{kernel}"
