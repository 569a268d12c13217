"""The network of a NAS-Bench-201 cell (Dong & Yang 2020, section 2.1)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, relu

from nasbench_lab.benchmarks.training.networks.shape import Shape
from nasbench_lab.spaces import Architecture
from nasbench_lab.spaces.nasbench201 import CONV_1X1, CONV_3X3, NONE, POOL

Edge = tuple[int, int]
EDGES: tuple[Edge, ...] = (
    (0, 1),
    (0, 2),
    (1, 2),
    (0, 3),
    (1, 3),
    (2, 3),
)  # source and target, in the order of an architecture's entries
OUTPUT = 3
KERNELS = {CONV_1X1: 1, CONV_3X3: 3}


def network(architecture: Architecture, shape: Shape) -> nn.Module:
    """Stem, stages of cells with residual down-sampling between them, pooling and a linear classifier.

    The published size is 16 channels, 3 stages and 5 cells, with a stem of stride 1. At this size, every cell
    has its published number of parameters.
    """
    return nn.Sequential(*layers(lambda channels: _Cell(architecture, channels, shape), shape))


def layers(cell: Callable[[int], nn.Module], shape: Shape) -> list[nn.Module]:
    """The layers of a network, in order; `cell` makes a cell with a number of channels."""
    channels = shape.channels
    stem = _convolution(shape.image_channels, channels, 3, shape.stem_stride)
    made: list[nn.Module] = [stem, _norm(channels, shape)]
    for stage in range(shape.stages):
        if stage:
            made.append(_Reduction(channels, shape))
            channels *= 2
        made += [cell(channels) for _ in range(shape.cells)]
    made += [_norm(channels, shape), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return [*made, nn.Linear(channels, shape.classes)]


class _Cell(nn.Module):
    """A cell with the convolutions of one architecture."""

    def __init__(self, architecture: Architecture, channels: int, shape: Shape) -> None:
        super().__init__()
        self._live = live_edges(architecture)
        # Convolutions on idle edges change nothing, but the published network has their weights.
        self.convolutions = nn.ModuleDict(
            {
                _name(edge): convolution(operation, channels, shape)
                for edge, operation in zip(EDGES, architecture, strict=True)
                if operation in KERNELS
            }
        )

    def forward(self, images: Tensor) -> Tensor:
        if images.is_meta:
            self._count_idle(images)
        return output(images, self._live, lambda edge, _: self.convolutions[_name(edge)])

    def _count_idle(self, images: Tensor) -> None:
        """Compute idle edges while FLOPs are counted, because the published network computes them, too."""
        for edge in EDGES:
            if edge not in self._live and _name(edge) in self.convolutions:
                self.convolutions[_name(edge)](images)


def output(images: Tensor, live: dict[Edge, int], convolution: Callable[[Edge, int], nn.Module]) -> Tensor:
    """Compute a cell: four nodes, each the sum of its edges.

    Edges from the same source share its ReLU and its pooling.

    Args:
        images: the first node, shape `(n, channels, height, width)`.
        live: as `live_edges` returns it.
        convolution: the module of an edge and its operation, applied after the ReLU.

    Returns:
        The last node, in the shape of `images`.
    """
    nodes = {0: images}
    active: dict[int, Tensor] = {}
    pooled: dict[int, Tensor] = {}
    for (source, target), operation in live.items():
        edge = nodes[source]
        if operation == POOL:
            if source not in pooled:
                pooled[source] = avg_pool2d(edge, 3, stride=1, padding=1, count_include_pad=False)
            edge = pooled[source]
        elif operation in KERNELS:
            if source not in active:
                active[source] = relu(edge)
            edge = convolution((source, target), operation)(active[source])
        nodes[target] = nodes[target] + edge if target in nodes else edge
    return nodes[OUTPUT] if OUTPUT in nodes else torch.zeros_like(images)


class _Reduction(nn.Module):
    """A residual block that halves the resolution, rounded up, and doubles the channels."""

    def __init__(self, channels: int, shape: Shape) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.ReLU(),
            _convolution(channels, 2 * channels, 3, stride=2),
            _norm(2 * channels, shape),
            nn.ReLU(),
            _convolution(2 * channels, 2 * channels, 3),
            _norm(2 * channels, shape),
        )
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2, ceil_mode=True), _convolution(channels, 2 * channels, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        total: Tensor = self.block(images) + self.shortcut(images)
        return total


def live_edges(architecture: Architecture) -> dict[Edge, int]:
    """Operations of the edges on a path from the input to the output, in the order to compute them."""
    edges = {edge: choice for edge, choice in zip(EDGES, architecture, strict=True) if choice != NONE}
    reached, leading = {0}, {OUTPUT}
    for source, target in edges:
        if source in reached:
            reached.add(target)
    for source, target in reversed(edges):
        if target in leading:
            leading.add(source)
    return {edge: edges[edge] for edge in edges if edge[0] in reached and edge[1] in leading}


def convolution(operation: int, channels: int, shape: Shape) -> nn.Module:
    """A convolution with its batch normalisation; `operation` is one of `KERNELS`."""
    return nn.Sequential(_convolution(channels, channels, KERNELS[operation]), _norm(channels, shape))


def _name(edge: Edge) -> str:
    return f"{edge[0]}-{edge[1]}"


def _convolution(channels: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, outputs, kernel, stride, padding=kernel // 2, bias=False)


def _norm(channels: int, shape: Shape) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, shape.batch_norm_epsilon, shape.batch_norm_momentum)
