"""Architectures as graphs of operations: data alone, for pictures and for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

KINDS = (
    *("input", "output", "state"),
    *("convolution", "separable", "dilated", "pooling", "skip", "dense", "attention", "other"),
    "decision",
)
"""The kinds of nodes and edges.

The first three hold data: the input, the output, and a state between operations. The others are operations,
but for the last: a decision and its value.
"""

Operations = Mapping[str, tuple[str, str]]
"""For each operation of a space by its published name: a short label, and its kind."""


@dataclass(frozen=True)
class Node:
    """A node of a graph.

    Attributes:
        label: a short text of one line. `c_{k-2}` stands for a c with an index.
        kind: one of `KINDS`.
    """

    label: str
    kind: str


@dataclass(frozen=True)
class Edge:
    """A directed edge.

    Attributes:
        source: the position of its first node in `Graph.nodes`.
        target: the position of its last node.
        label: the operation on the edge; empty if the edge only passes data on.
        kind: the kind of the operation, one of `KINDS`; empty if there is none.
    """

    source: int
    target: int
    label: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Graph:
    """A directed graph without cycles.

    Attributes:
        title: tells the graphs of one architecture apart; may be empty.
        nodes: at least one.
        edges: in any order.
    """

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()


INPUT, OUTPUT = Node("in", "input"), Node("out", "output")


def chain(operations: Sequence[tuple[str, str]]) -> Graph:
    """Input, operations (label and kind) and output, one after the other."""
    nodes = (INPUT, *[Node(*operation) for operation in operations], OUTPUT)
    return Graph("", nodes, tuple([Edge(place, place + 1) for place in range(len(nodes) - 1)]))


def cell_of_four(edges: Sequence[str], operations: Operations) -> Graph:
    """A cell of four nodes with operations on its edges, as in NAS-Bench-201.

    Args:
        edges: the name of the operation on each edge: into node 1 from 0; into 2 from 0 and 1; into 3 from
            0, 1 and 2. An edge of the name `none` is left out.
        operations: all other names.
    """
    pairs = [(source, target) for target in range(1, 4) for source in range(target)]
    present = [(pair, name) for pair, name in zip(pairs, edges, strict=True) if name != "none"]
    return Graph(
        "",
        (INPUT, Node("1", "state"), Node("2", "state"), OUTPUT),
        tuple([Edge(*pair, *operations[name]) for pair, name in present]),
    )
