"""The cell space of DARTS (Liu et al. 2019); NAS-Bench-301 is a surrogate for it."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, permutations

from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.graphs import Edge as GraphEdge
from nasbench_lab.spaces.graphs import Graph, Node, Operations

INPUTS = 2  # nodes 0 and 1: the outputs of the last two cells
NODES = range(INPUTS, INPUTS + 4)
# The pairs of nodes that each node may take as inputs, in the order of NAS-Bench-301.
PAIRS = tuple(tuple(combinations(range(node), 2)) for node in NODES)

LABELS: Operations = {
    "max_pool_3x3": ("max pool 3x3", "pooling"),
    "avg_pool_3x3": ("avg pool 3x3", "pooling"),
    "skip_connect": ("skip", "skip"),
    "sep_conv_3x3": ("sep 3x3", "separable"),
    "sep_conv_5x5": ("sep 5x5", "separable"),
    "dil_conv_3x3": ("dil 3x3", "dilated"),
    "dil_conv_5x5": ("dil 5x5", "dilated"),
}

Edge = tuple[int, int]  # operation and source node
Cell = tuple[tuple[Edge, Edge], ...]  # the edges into each of `NODES`, ordered by source node


class Darts(SearchSpace):
    """A normal and a reduction cell of four nodes, each the sum of two operations on earlier nodes.

    The decisions of a cell, node by node, are the two earlier nodes (node 2 has no choice of these), the
    operation on the first, and the operation on the second. The normal cell comes first. There are
    1,037,664,180 cells, so 1.08e18 architectures, as published.

    Attributes:
        operations: the choices of each edge, in order.
    """

    name = "darts"
    operations = (
        "max_pool_3x3",
        "avg_pool_3x3",
        "skip_connect",
        "sep_conv_3x3",
        "sep_conv_5x5",
        "dil_conv_3x3",
        "dil_conv_5x5",
    )
    cardinalities = (7, 7, 3, 7, 7, 6, 7, 7, 10, 7, 7) * 2

    def cells(self, architecture: Architecture) -> tuple[Cell, Cell]:
        """The normal and the reduction cell."""
        half = len(self.cardinalities) // 2
        return _cell(architecture[:half]), _cell(architecture[half:])

    def canonical(self, architecture: Architecture) -> Architecture:
        """The smallest of all tuples with the same two graphs.

        The nodes of a cell may have any numbering in which edges lead forward. The output of a cell is all
        its nodes side by side, and a layer that takes this output has weights for each node. NAS-Bench-301
        predicts different accuracies for different numberings of the same cell.
        """
        half = len(self.cardinalities) // 2
        return (*_smallest(architecture[:half]), *_smallest(architecture[half:]))

    def graphs(self, architecture: Architecture) -> tuple[Graph, ...]:
        """The normal and the reduction cell, with operations on edges and nodes numbered as published."""
        normal, reduction = self.cells(architecture)
        return _graph("normal cell", normal), _graph("reduction cell", reduction)

    def format(self, architecture: Architecture) -> str:
        """The published form, `Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=[...], ...)`."""
        normal, reduce = (
            [(self.operations[operation], source) for edges in cell for operation, source in edges]
            for cell in self.cells(architecture)
        )
        concat = list(NODES)
        return f"Genotype({normal=}, normal_concat={concat}, {reduce=}, reduce_concat={concat})"

    def parse(self, text: str) -> Architecture:
        """Read the published form; raises `UsageError` on anything else.

        The two edges of a node may come in either order. `range(2, 6)` is allowed for `[2, 3, 4, 5]`, as in
        the genotypes that DARTS itself writes.
        """
        form = FORM.fullmatch(text)
        if not form:
            raise self.not_an_architecture(text)
        words = iter(form.groups())
        edges = [
            (self.operations.index(name), int(source)) for name, source in zip(words, words, strict=True)
        ]
        pairs = [sorted(edges[i : i + 2], key=lambda edge: edge[1]) for i in range(0, len(edges), 2)]
        for (first, second), choices in zip(pairs, PAIRS * 2, strict=True):
            if (first[1], second[1]) not in choices:
                raise self.not_an_architecture(text)
        cells = (pairs[: len(NODES)], pairs[len(NODES) :])
        return tuple(choice for cell in cells for choice in _choices([(a, b) for a, b in cell]))


EDGE = rf"\('({'|'.join(Darts.operations)})', ([0-4])\)"
CELL = rf"\[{', '.join([EDGE] * 2 * len(NODES))}\]"
CONCAT = r"(?:\[2, 3, 4, 5\]|range\(2, 6\))"
FORM = re.compile(
    rf"Genotype\(normal={CELL}, normal_concat={CONCAT}, reduce={CELL}, reduce_concat={CONCAT}\)"
)


def _cell(choices: Architecture) -> Cell:
    """The edges of a cell from its eleven decisions."""
    nodes = []
    for pairs, (pair, first, second) in zip(PAIRS, _by_node(choices), strict=True):
        one, other = pairs[pair]
        nodes.append(((first, one), (second, other)))
    return tuple(nodes)


def _graph(title: str, cell: Cell) -> Graph:
    """The inputs of a cell, its four nodes, and the output that they lead to."""
    inputs = [Node("c_{k-2}", "input"), Node("c_{k-1}", "input")]
    states = [Node(str(number), "state") for number in range(len(NODES))]
    operations = [
        GraphEdge(source, node, *LABELS[Darts.operations[operation]])
        for node, pair in zip(NODES, cell, strict=True)
        for operation, source in pair
    ]
    output = len(inputs) + len(states)
    nodes = (*inputs, *states, Node("c_{k}", "output"))
    return Graph(title, nodes, (*operations, *[GraphEdge(node, output) for node in NODES]))


def _by_node(choices: Architecture) -> Iterator[tuple[int, int, int]]:
    """The pair of inputs and the two operations of each node."""
    every = iter((0, *choices))
    return zip(every, every, every, strict=True)


def _choices(cell: list[tuple[Edge, Edge]]) -> Architecture:
    """The eleven decisions of a cell whose edges are in order."""
    every = [
        choice
        for pairs, ((first, one), (second, other)) in zip(PAIRS, cell, strict=True)
        for choice in (pairs.index((one, other)), first, second)
    ]
    return tuple(every[1:])


@lru_cache(maxsize=2**16)
def _smallest(choices: Architecture) -> Architecture:
    """The smallest decisions among all numberings of a cell."""
    cell = _cell(choices)
    return min(_choices(renumbered) for renumbered in _renumbered(cell))


def _renumbered(cell: Cell) -> Iterator[list[tuple[Edge, Edge]]]:
    """The cell in every order of its nodes in which edges lead forward."""
    for order in permutations(NODES):
        number = {0: 0, 1: 1} | {node: place for place, node in zip(NODES, order, strict=True)}
        nodes = []
        for place, node in zip(NODES, order, strict=True):
            (first, one), (second, other) = cell[node - INPUTS]
            edges = (first, number[one]), (second, number[other])
            if max(number[one], number[other]) >= place:
                break
            nodes.append(edges if number[one] < number[other] else edges[::-1])
        else:
            yield nodes


SPACES = (Darts(),)
