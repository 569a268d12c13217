"""Rules of a search space: architectures as graphs, for pictures."""

import numpy as np

from nasbench_lab.conformance.rules import Rule, require, shown
from nasbench_lab.conformance.spaces.examples import drawn
from nasbench_lab.spaces.base import SearchSpace
from nasbench_lab.spaces.graphs import KINDS, Graph


def graphs_are_well_formed(space: SearchSpace, rng: np.random.Generator) -> None:
    """One graph at least, each of one node at least, without cycles, and with labels that can be printed."""
    for architecture in drawn(space, rng):
        graphs = space.graphs(architecture)
        require(
            isinstance(graphs, tuple) and graphs and all(isinstance(graph, Graph) for graph in graphs),
            f"graphs({architecture}) is {shown(graphs)}; it is a tuple of one Graph or more",
        )
        for graph in graphs:
            _is_well_formed(graph, f"a graph of {architecture}")


def _is_well_formed(graph: Graph, which: str) -> None:
    require(graph.nodes, f"{which} has no node")
    require(
        isinstance(graph.title, str) and graph.title.isprintable(),
        f"{which} has the title {shown(graph.title)}; it is a text of one line, or empty",
    )
    for node in graph.nodes:
        _is_labelled(node.label, node.kind, f"a node of {which}")
    for edge in graph.edges:
        ends = (edge.source, edge.target)
        require(
            all(isinstance(end, int) and 0 <= end < len(graph.nodes) for end in ends),
            f"{which} has an edge from {ends[0]!r} to {ends[1]!r}, but {len(graph.nodes)} nodes",
        )
        if edge.label or edge.kind:
            _is_labelled(edge.label, edge.kind, f"an edge of {which}")
    require(_has_no_cycle(graph), f"{which} has a cycle among its edges {shown(graph.edges)}")


def _is_labelled(label: object, kind: str, which: str) -> None:
    require(
        isinstance(label, str) and label.strip() and label.isprintable(),
        f"{which} has the label {shown(label)}; it is a text of one line that is not empty",
    )
    require(kind in KINDS, f"{which} has the kind {shown(kind)}; the kinds are {', '.join(KINDS)}")


def _has_no_cycle(graph: Graph) -> bool:
    """Whether nothing is left if nodes without incoming edges are taken away, again and again."""
    left, edges = set(range(len(graph.nodes))), set(graph.edges)
    while starts := left - {edge.target for edge in edges}:
        left -= starts
        edges = {edge for edge in edges if edge.source in left}
    return not left


RULES: tuple[Rule, ...] = (graphs_are_well_formed,)
