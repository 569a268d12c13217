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
    """The network of a cell, as published with 128 channels, 3 stages and 3 cells in each.

    A 3x3 stem, stages of equal cells with 2x2 max-pooling and twice the channels from one to the next,
    global average pooling, a dense layer. Isomorphic architectures give the same network. Images of shape
    `(n, image_channels, size, size)`, of any size, give `(n, classes)`.

    Raises `UsageError` where there are fewer channels than vertices that may have to share them.
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
    """A pruned cell: vertex 0 is the input, then come the inner vertices, last the output.

    Attributes:
        edges: pairs of vertices, the first smaller than the second.
        operations: of the inner vertices, in order.
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
        """The edges as bits, column by column of the adjacency matrix, as the cells were enumerated."""
        return sum(1 << source + target * (target - 1) // 2 for source, target in self.edges)


def published_form(architecture: Architecture) -> Graph:
    """The pruned cell, its vertices in the order in which it was trained for the benchmark.

    The order matters: where the channels cannot be divided equally, the first vertices get one more each.
    Cells were enumerated by `Graph.number`, then by operations, and the first of each isomorphism class was
    trained. A listing may show a cell in another order. Built in the order of the public listing of 30,001
    cells, 538 of them, all with three vertices leading to the output, miss their published number of
    parameters, by up to 1.2 %; built in this order, none does.
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

    The vertices that lead to the output divide its channels among them, the first ones taking one more each
    where a rest is left; any other has as many as the widest vertex that it leads to.
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
    """One cell: `(n, inputs, height, width)` to `(n, outputs, height, width)`.

    What leads to an inner vertex is added, narrowed to the channels of that vertex; what leads to the output
    is concatenated. The input of the cell is always added, through a projection of its own each time.
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
        """The sum of what comes in, the projected input of the cell among it where it leads to the vertex."""
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
    """As published, which are TensorFlow's defaults: variance 1 / fan-in; Glorot and zero at the end."""
    if isinstance(module, nn.Conv2d):
        # A normal distribution cut at two standard deviations has 0.8796 of its standard deviation left.
        deviation = module.weight[0].numel() ** -0.5 / 0.87962566103423978
        nn.init.trunc_normal_(module.weight, std=deviation, a=-2 * deviation, b=2 * deviation)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
