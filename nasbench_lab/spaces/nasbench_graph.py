"""The search space of NAS-Bench-Graph (Qin et al. 2022): graph neural networks of four operations."""

from functools import cache
from itertools import permutations

from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.graphs import INPUT, OUTPUT, Edge, Graph, Node, Operations

LABELS: Operations = {
    "gat": ("GAT", "attention"),
    "gcn": ("GCN", "convolution"),
    "gin": ("GIN", "convolution"),
    "cheb": ("Cheb", "convolution"),
    "sage": ("SAGE", "convolution"),
    "arma": ("ARMA", "convolution"),
    "graph": ("GraphConv", "convolution"),
    "fc": ("FC", "dense"),
    "skip": ("skip", "skip"),
}

Links = tuple[int, int, int, int]

TOPOLOGIES: tuple[Links, ...] = (
    (0, 0, 0, 0),
    (0, 0, 0, 1),
    (0, 0, 1, 1),
    (0, 0, 1, 2),
    (0, 0, 1, 3),
    (0, 1, 1, 1),
    (0, 1, 1, 2),
    (0, 1, 2, 2),
    (0, 1, 2, 3),
)
"""The input of each of the four nodes: 0 is the input of the cell, 1 its first node, ..."""


class NasBenchGraph(SearchSpace):
    """A topology and the operation of each of four nodes, written `0-0-1-2:gat,gcn,skip,fc`.

    Each node has one input, so a topology is a rooted tree (there are nine). Nodes without children are the
    output. Four skips are not a network, so they are not a valid architecture.

    Attributes:
        operations: the choices of each node, in order.
    """

    def __init__(self, name: str, operations: tuple[str, ...]) -> None:
        self.name = name
        self.operations = operations
        self.cardinalities = (len(TOPOLOGIES), *(len(operations),) * 4)
        self._skip = operations.index("skip")

    def is_valid(self, architecture: Architecture) -> bool:
        """Whether a tuple is an architecture of this space; never raises."""
        return self._in_range(architecture) and architecture[1:] != (self._skip,) * 4

    def canonical(self, architecture: Architecture) -> Architecture:
        """The one architecture of its class that the benchmark lists.

        The order of branches does not matter. A skip moves to the front of the cell, which changes nothing,
        unless it ends a branch beside others. In that case it adds its input to the output.
        """
        topology, *operations = architecture
        skips = tuple([operation == self._skip for operation in operations])
        return min(
            (equal, *[operations[node] for node in order])
            for equal, order in _equal_orders(TOPOLOGIES[topology], skips)
        )

    def graphs(self, architecture: Architecture) -> tuple[Graph, ...]:
        """The operations as nodes; those without children lead to the output."""
        topology, *operations = architecture
        links = TOPOLOGIES[topology]
        ends = [node for node in range(1, 5) if node not in links]
        nodes = [Node(*LABELS[self.operations[operation]]) for operation in operations]
        edges = [Edge(source, node) for node, source in enumerate(links, start=1)]
        return (Graph("", (INPUT, *nodes, OUTPUT), (*edges, *[Edge(node, 5) for node in ends])),)

    def format(self, architecture: Architecture) -> str:
        """Links and operations, such as `0-0-1-2:gat,gcn,skip,fc`."""
        topology, *operations = architecture
        links = "-".join(str(source) for source in TOPOLOGIES[topology])
        return f"{links}:{','.join(self.operations[operation] for operation in operations)}"

    def parse(self, text: str) -> Architecture:
        """Read the output of `format`; raises `UsageError` on anything else."""
        links, _, operations = text.partition(":")
        topologies = {"-".join(map(str, links)): topology for topology, links in enumerate(TOPOLOGIES)}
        choices = {name: choice for choice, name in enumerate(self.operations)}
        architecture = (
            topologies.get(links, -1),
            *(choices.get(operation, -1) for operation in operations.split(",")),
        )
        if not self.is_valid(architecture):
            raise self.not_an_architecture(text)
        return architecture


@cache
def _equal_orders(links: Links, skips: tuple[bool, ...]) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """All ways to write a cell with its idle skips in front, as (topology, order of its nodes)."""
    parents = _idle_skips_in_front(dict(enumerate(links, start=1)), skips)
    ways = []
    for order in permutations(parents):
        place = {0: 0} | {node: i for i, node in enumerate(order, start=1)}
        written = tuple(place[parents[node]] for node in order)
        if written in TOPOLOGIES:
            ways.append((TOPOLOGIES.index(written), tuple(node - 1 for node in order)))
    return tuple(ways)


def _idle_skips_in_front(parents: dict[int, int], skips: tuple[bool, ...]) -> dict[int, int]:
    """Move each skip that changes nothing to the front of the cell.

    A skip is idle in three cases: it passes its input on to other nodes, no other node takes its input,
    or it adds the input of the cell to the output.

    Args:
        parents: the input of each node, by node; 0 is the input of the cell.
        skips: whether node i + 1 is a skip.
    """
    idle = []
    for node in sorted(parents):
        if not skips[node - 1]:
            continue
        parent = parents[node]
        children = [other for other in parents if parents[other] == node]
        alone = list(parents.values()).count(parent) == 1
        if children or alone or parent == 0:
            del parents[node]
            parents.update(dict.fromkeys(children, parent))
            idle.append(node)
    front = 0
    in_front = {}
    for node in idle:
        in_front[node] = front
        front = node
    return in_front | {node: parent or front for node, parent in parents.items()}


SPACES = (
    NasBenchGraph("nasbench_graph", ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc", "skip")),
    NasBenchGraph("nasbench_graph_proteins", ("gcn", "sage", "arma", "fc", "skip")),
)
