"""Networks of NAS-Bench-101 cells (Ying et al. 2019, section 2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import permutations

import torch
from torch import Tensor, nn

from nasbench_lab.benchmarks.training.networks.shape import Shape
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import Architecture
from nasbench_lab.spaces.nasbench101 import EDGES, INNER, OUTPUT, PAIRS, SPACES

(SPACE,) = SPACES
CONV_3X3, _, MAX_POOL = range(3)


def network(architecture: Architecture, shape: Shape) -> nn.Module:
    """The network of a cell. The published size is 128 channels and 3 stages of 3 cells each.

    The network is a 3x3 stem, stages of equal cells, global average pooling and a dense layer. From one stage
    to the next, 2x2 max-pooling is applied and the channels double. Isomorphic architectures give the same
    network. Images of shape `(n, image_channels, size, size)`, of any size, give `(n, classes)`.

    Raises `UsageError` if there are fewer channels than vertices that may have to share them.
    """
    if shape.channels < INNER:
        raise UsageError(
            f"cells of {SPACE.name} divide their channels among up to {INNER} vertices;"
            f" received {shape.channels} channels, choose {INNER} or more"
        )
    graph = published_form(architecture)
    layers: list[nn.Module] = [conv_bn_relu(shape.image_channels, shape.channels, 3, shape)]
    inputs = outputs = shape.channels
    for stage in range(shape.stages):
        if stage > 0:
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
            outputs *= 2
        for _ in range(shape.cells):
            layers.append(Cell(graph, inputs, outputs, shape))
            inputs = outputs
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, shape.classes)]
    return nn.Sequential(*layers).apply(_initialize)


@dataclass(frozen=True)
class Graph:
    """A pruned cell. Vertex 0 is the input, the inner vertices follow, and the last vertex is the output.

    Attributes:
        edges: pairs of vertices, the first smaller than the second.
        operations: operations of the inner vertices, in order.
    """

    edges: frozenset[tuple[int, int]]
    operations: tuple[int, ...]

    @property
    def output(self) -> int:
        """The last vertex."""
        return len(self.operations) + 1

    def sources(self, vertex: int) -> list[int]:
        """The inner vertices that lead to a vertex, ascending."""
        return [source for source in range(1, vertex) if (source, vertex) in self.edges]

    def number(self) -> int:
        """The edges as the bits of a number, column by column of the adjacency matrix.

        The published cells were enumerated by this number.
        """
        return sum(1 << source + target * (target - 1) // 2 for source, target in self.edges)


def published_form(architecture: Architecture) -> Graph:
    """The pruned cell, with its vertices in the order in which the benchmark trained it.

    The order matters: if the channels cannot be divided equally, the first vertices get one more each. The
    benchmark enumerated cells by `Graph.number`, then by operations, and trained the first of each
    isomorphism class. A listing may show a cell in another order. The public listing has 30,001 cells. Built
    in its order, 538 of them miss their published number of parameters by up to 1.2 %; all of these have
    three vertices that lead to the output. Built in the order used here, none does.
    """
    canonical = SPACE.canonical(architecture)
    edges = [pair for pair, edge in zip(PAIRS, canonical[:EDGES], strict=True) if edge]
    inner = {vertex for edge in edges for vertex in edge} - {0, OUTPUT}
    labels = dict(enumerate(canonical[EDGES:], start=1))

    def forward_orders() -> Iterator[Graph]:
        for order in permutations(inner):
            places = {vertex: place for place, vertex in enumerate((0, *order, OUTPUT))}
            moved = frozenset((places[source], places[target]) for source, target in edges)
            if all(source < target for source, target in moved):
                yield Graph(moved, tuple([labels[vertex] for vertex in order]))

    return min(forward_orders(), key=lambda graph: (graph.number(), graph.operations))


def vertex_channels(graph: Graph, outputs: int) -> dict[int, int]:
    """Channels of each inner vertex, and of the output.

    The vertices that lead to the output divide its channels among them; if there is a remainder, the first
    ones get one more each. Any other vertex has as many channels as the widest vertex that it leads to.
    """
    channels = {graph.output: outputs}
    last = graph.sources(graph.output)
    for i, vertex in enumerate(last):
        channels[vertex] = outputs // len(last) + (i < outputs % len(last))
    for vertex in reversed(range(1, graph.output)):
        if vertex not in channels:
            channels[vertex] = max(channels[target] for source, target in graph.edges if source == vertex)
    return channels


class Cell(nn.Module):
    """One cell, which maps `(n, inputs, height, width)` to `(n, outputs, height, width)`.

    An inner vertex adds the values that lead to it, each narrowed to the vertex's channels. The output
    concatenates the values that lead to it. The input of the cell is always added, each time through a
    separate projection.
    """

    def __init__(self, graph: Graph, inputs: int, outputs: int, shape: Shape) -> None:
        super().__init__()
        self.graph = graph
        self.channels = vertex_channels(graph, outputs)
        self.projections = nn.ModuleDict(
            {
                str(vertex): conv_bn_relu(inputs, self.channels[vertex], 1, shape)
                for vertex in range(1, graph.output + 1)
                if (0, vertex) in graph.edges
            }
        )
        self.operations = nn.ModuleList(
            _operation(choice, self.channels[vertex], shape)
            for vertex, choice in enumerate(graph.operations, start=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        values = {0: x}
        for vertex, operation in enumerate(self.operations, start=1):
            channels = self.channels[vertex]
            incoming = [values[source][:, :channels] for source in self.graph.sources(vertex)]
            values[vertex] = operation(self._with_input(vertex, x, incoming))
        last = [values[vertex] for vertex in self.graph.sources(self.graph.output)]
        return self._with_input(self.graph.output, x, [torch.cat(last, dim=1)] if last else [])

    def _with_input(self, vertex: int, x: Tensor, incoming: list[Tensor]) -> Tensor:
        """Sum the incoming values, and the projected input of the cell if it leads to the vertex."""
        projected = [self.projections[str(vertex)](x)] if (0, vertex) in self.graph.edges else []
        total: Tensor = reduce(torch.add, incoming + projected)
        return total


def _operation(choice: int, channels: int, shape: Shape) -> nn.Module:
    if choice == MAX_POOL:
        return nn.MaxPool2d(3, stride=1, padding=1)
    return conv_bn_relu(channels, channels, 3 if choice == CONV_3X3 else 1, shape)


def conv_bn_relu(inputs: int, outputs: int, kernel: int, shape: Shape) -> nn.Sequential:
    """Convolution that keeps the resolution, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs, eps=shape.batch_norm_epsilon, momentum=shape.batch_norm_momentum),
        nn.ReLU(inplace=True),
    )


def _initialize(module: nn.Module) -> None:
    """Initialise as published, with TensorFlow's defaults.

    Convolutions have variance 1 / fan-in. The dense layer at the end has Glorot weights and zero biases.
    """
    if isinstance(module, nn.Conv2d):
        # A normal distribution that is cut at two standard deviations keeps 0.8796 of its standard deviation.
        deviation = module.weight[0].numel() ** -0.5 / 0.87962566103423978
        nn.init.trunc_normal_(module.weight, std=deviation, a=-2 * deviation, b=2 * deviation)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
