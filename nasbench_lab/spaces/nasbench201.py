"""The topology search space of NAS-Bench-201 and NATS-Bench (Dong & Yang 2020; Dong et al. 2021)."""

import random
import re
from collections.abc import Sequence
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.graphs import Graph, Operations, cell_of_four

LABELS: Operations = {
    "skip_connect": ("skip", "skip"),
    "nor_conv_1x1": ("conv 1x1", "convolution"),
    "nor_conv_3x3": ("conv 3x3", "convolution"),
    "avg_pool_3x3": ("avg pool 3x3", "pooling"),
}


class NasBench201(SearchSpace):
    """A cell of four nodes: the operation on each of its six edges.

    The edges are ordered as published: into node 1 from 0; into node 2 from 0 and 1; into node 3 from
    0, 1 and 2. A node is the sum of its edges; node 0 is the input, node 3 the output.

    Attributes:
        operations: the choices of each edge, in order.
    """

    name = "nasbench201"
    cardinalities = (5,) * 6
    operations = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")

    def _in_order(self) -> list[Architecture]:
        # The official order is the sorted order, shuffled by Python's own generator with seed 88. The
        # Mersenne Twister and `shuffle` have been stable since Python 3.2.
        architectures = super()._in_order()
        random.Random(88).shuffle(architectures)
        return architectures

    def indices(self, architectures: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Official index of each row, see the base class."""
        return self._official_index[super().indices(architectures)]

    @cached_property
    def _official_index(self) -> NDArray[np.int64]:
        """The official index by position in the sorted order, shape `(15625,)`."""
        official_order = super().indices(np.array(self._in_order()))
        return np.argsort(official_order).astype(np.int64)

    def canonical(self, architecture: Architecture) -> Architecture:
        """The smallest of all tuples that NATS-Bench treats as the same cell; 6,466 cells in all.

        The rules are those of its `to_unique_str`: a skip connection passes its input on, `none` gives zero,
        and the order of a sum does not matter. Zeros stay in a sum, so some functionally equal cells are
        kept apart (without the zeros there would be fewer classes than published).
        """
        return self._representatives[architecture]

    @cached_property
    def _representatives(self) -> dict[Architecture, Architecture]:
        return _smallest_of_equal_cells(self.operations)

    def features(self, architectures: Sequence[Architecture]) -> NDArray[np.float32]:
        """Edges and paths of the cell without its dead edges, shape `(n, 72)`.

        An edge is dead if no input reaches it or if it reaches no output; it becomes `none`. Each of the
        four paths from input to output has these features: whether it is alive, its operations by kind, and
        its numbers of convolutions and of 3x3 windows. The cell has these: its edges, its operations by
        kind, its longest and shortest path in convolutions, its count of paths by number of convolutions,
        and its weights. Equal cells that are written differently keep different features: each is one more
        example to learn from.
        """
        cells = np.asarray(architectures, dtype=np.int64).reshape(-1, len(self.cardinalities))
        return _features(_without_dead_edges(cells))

    def graphs(self, architecture: Architecture) -> tuple[Graph, ...]:
        """Four nodes with operations on the edges between them; edges with `none` are left out."""
        return (cell_of_four(tuple([self.operations[choice] for choice in architecture]), LABELS),)

    def format(self, architecture: Architecture) -> str:
        """The published form, `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`."""
        names = iter(self.operations[choice] for choice in architecture)
        nodes = ("".join(f"{next(names)}~{source}|" for source in range(node)) for node in (1, 2, 3))
        return "+".join("|" + edges for edges in nodes)

    def parse(self, text: str) -> Architecture:
        """Read the published form; raises `UsageError` on anything else."""
        choices = {name: choice for choice, name in enumerate(self.operations)}
        form = FORM.fullmatch(text)
        architecture = tuple(choices.get(name, -1) for name in form.groups()) if form else ()
        if not self.is_valid(architecture):
            raise self.not_an_architecture(text)
        return architecture


NONE, SKIP, CONV_1X1, CONV_3X3, POOL = range(5)
PATHS = ((3,), (0, 4), (1, 5), (0, 2, 5))  # from input to output, as positions of their edges
WEIGHTS = {CONV_1X1: 28.0, CONV_3X3: 243.04}  # of one operation in the published network, in thousands


def _without_dead_edges(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Set `none` on each edge that the input does not reach or that does not reach the output, `(n, 6)`."""
    e01, e02, e12, _, e13, e23 = (cells != NONE).T
    always = np.ones_like(e01)
    in_1, in_2 = e01, e02 | (e12 & e01)
    out_1, out_2 = e13 | (e12 & e23), e23
    reached = np.stack([always, always, in_1, always, in_1, in_2], axis=1)
    used = np.stack([out_1, out_2, out_2, always, out_1, out_2], axis=1)
    return np.where(reached & used, cells, NONE)


def _features(cells: NDArray[np.int64]) -> NDArray[np.float32]:
    """`NasBench201.features` of cells without dead edges."""
    operations = np.arange(5)
    one_hot = (cells[:, :, None] == operations).reshape(len(cells), 30)
    counts = (cells[:, :, None] == operations).sum(axis=1)
    columns: list[NDArray[Any]] = [one_hot, counts]
    depths = []
    for path in PATHS:
        edges = cells[:, list(path)]
        alive = (edges != NONE).all(axis=1)
        kinds = (edges[:, :, None] == operations[1:]).sum(axis=1) * alive[:, None]
        depth = np.where(alive, np.isin(edges, (CONV_1X1, CONV_3X3)).sum(axis=1), -1)
        windows = np.where(alive, np.isin(edges, (CONV_3X3, POOL)).sum(axis=1), -1)
        columns += [kinds, alive, depth, windows]
        depths.append(depth)
    depth = np.stack(depths, axis=1)
    shortest = depth.min(axis=1, initial=len(PATHS), where=depth >= 0)
    columns += [depth.max(axis=1), shortest, (depth >= 0).sum(axis=1)]
    columns += [(depth == convolutions).sum(axis=1) for convolutions in range(4)]
    columns += [sum(WEIGHTS[kind] * counts[:, kind] for kind in WEIGHTS)]
    columns += [counts[:, CONV_1X1] + counts[:, CONV_3X3]]
    return np.column_stack(columns).astype(np.float32)


# The symbols of NATS-Bench. One sorts before the parenthesis of an operation, the other after it. A sum
# within a sum is not sorted again, so other symbols would give other classes (6,475 of them).
ZERO, INPUT = "#", "0"

FORM = re.compile(
    r"\|(\w+)~0\|"
    r"\+\|(\w+)~0\|(\w+)~1\|"
    r"\+\|(\w+)~0\|(\w+)~1\|(\w+)~2\|"
)


def _smallest_of_equal_cells(operations: tuple[str, ...]) -> dict[Architecture, Architecture]:
    """For each cell, the smallest cell whose output is the same expression."""

    def edge(operation: str, source: str) -> str:
        if operation == "none" or source == ZERO:
            return ZERO
        return source if operation == "skip_connect" else f"({source})@{operation}"

    def node(choices: Architecture, *sources: str) -> str:
        edges = (edge(operations[choice], source) for choice, source in zip(choices, sources, strict=True))
        return "+".join(sorted(edges))

    choices = range(len(operations))
    first_with: dict[str, Architecture] = {}
    representatives = {}
    for into_1 in product(choices, repeat=1):
        node_1 = node(into_1, INPUT)
        for into_2 in product(choices, repeat=2):
            node_2 = node(into_2, INPUT, node_1)
            for into_3 in product(choices, repeat=3):
                cell = (*into_1, *into_2, *into_3)
                representatives[cell] = first_with.setdefault(node(into_3, INPUT, node_1, node_2), cell)
    return representatives


SPACES = (NasBench201(),)
