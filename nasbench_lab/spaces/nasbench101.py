"""The cell space of NAS-Bench-101 (Ying et al. 2019): graphs of up to seven vertices and nine edges."""

import hashlib
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import combinations, permutations, product

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.graphs import INPUT as IN
from nasbench_lab.spaces.graphs import OUTPUT as OUT
from nasbench_lab.spaces.graphs import Edge, Graph, Node, Operations

IntArray = NDArray[np.int64]

VERTICES = 7
OUTPUT = VERTICES - 1
INNER = VERTICES - 2
MOST_EDGES = 9
PAIRS = tuple(combinations(range(VERTICES), 2))
EDGES = len(PAIRS)

# The published names of the operations, in the order of their labels, and the names in our own text form.
PUBLISHED = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
OPERATIONS = ("conv3x3", "conv1x1", "maxpool3x3")
INPUT_LABEL, OUTPUT_LABEL = -1, -2
LABELS: Operations = {
    "conv3x3": ("conv 3x3", "convolution"),
    "conv1x1": ("conv 1x1", "convolution"),
    "maxpool3x3": ("max pool 3x3", "pooling"),
}

# The upper triangle has one row for each vertex but the last. `ROWS` is the slice of each row in an
# architecture, `ROW_CHOICES` holds all its values, and `TARGETS` holds for each value, in the same order, the
# vertices that it leads to, as bits.
ROWS = tuple(
    slice(PAIRS.index((source, source + 1)), PAIRS.index((source, OUTPUT)) + 1) for source in range(OUTPUT)
)
ROW_CHOICES = tuple(tuple(product((0, 1), repeat=OUTPUT - source)) for source in range(OUTPUT))
TARGETS = tuple(
    tuple(sum(edge << target for target, edge in enumerate(row, start=source + 1)) for row in choices)
    for source, choices in enumerate(ROW_CHOICES)
)
LABELINGS = tuple(product(range(len(OPERATIONS)), repeat=INNER))

# `TARGETS` by the value of the row. Then the amounts that each row and the operations add to an
# architecture's index.
TARGETS_OF = tuple(dict(zip(*both, strict=True)) for both in zip(ROW_CHOICES, TARGETS, strict=True))
INDEX_OF_ROW = tuple(
    {row: len(LABELINGS) * (i << (EDGES - rows.stop)) for i, row in enumerate(choices)}
    for rows, choices in zip(ROWS, ROW_CHOICES, strict=True)
)
INDEX_OF_LABELING = {labeling: i for i, labeling in enumerate(LABELINGS)}

# Each row among the 21 bits of all edges: its choices (or targets), the number of bits after it, and its last
# choice, which is the mask for its bits.
ROW_CODES = tuple(
    (choices, EDGES - rows.stop, len(choices) - 1) for choices, rows in zip(ROW_CHOICES, ROWS, strict=True)
)
TARGET_CODES = tuple(
    (targets, shift, last) for targets, (_, shift, last) in zip(TARGETS, ROW_CODES, strict=True)
)
EDGE_COUNTS = np.array([bits.bit_count() for bits in range(1 << VERTICES)])

ORDERS = tuple(permutations(range(1, OUTPUT)))
# Added for an order of the vertices in which one of the row's edges would lead backward. It is larger than
# any index, and six times as much still fits into 32 bits. Numbers of 32 bits take half the time of 64.
BACKWARD = np.int64(1 << 29)
CHUNK = 2048

OWN_FORM = re.compile("([01]{6}-[01]{5}-[01]{4}-[01]{3}-[01]{2}-[01]):([a-z0-9,]+)")
PUBLISHED_FORM = re.compile("([01]{4,49})[:, ](input,[a-z0-9,-]*output)")


class NasBench101(SearchSpace):
    """A directed acyclic graph: its 21 possible edges, then the operations of its five inner vertices.

    Vertex 0 is the input, vertex 6 the output. The edges come row by row from the upper triangle of the
    adjacency matrix: from vertex 0 to 1 up to 6, from vertex 1 to 2 up to 6, and so on. A vertex that is
    not on a path from input to output does not count (pruning). An architecture is valid if there is such
    a path and at most nine edges are left. Invalid tuples are drawn again, as in the published protocols.
    """

    name = "nasbench101"
    cardinalities = (2,) * EDGES + (len(OPERATIONS),) * INNER

    def is_valid(self, architecture: Architecture) -> bool:
        """Whether a tuple is an architecture of this space; never raises."""
        return self._in_range(architecture) and _is_cell(_targets(architecture))

    def _accepts(self, architecture: Architecture) -> bool:
        return _is_cell(_targets(architecture))

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw a valid architecture, uniformly over the valid tuples; seven in ten draws are valid."""
        random = rng.random
        while True:
            index = int(random() * self.size)
            if _is_cell(_targets_at(index)):
                return self.architecture(index)

    def canonical(self, architecture: Architecture) -> Architecture:
        """The smallest of all tuples that are the same graph after pruning; 423,624 graphs in all.

        The result has no dead edges, and vertices without edges have the first operation. Among all orders
        of the inner vertices in which edges lead forward, it has the order with the smallest index. Raises
        `ValueError` if there is no path from input to output.
        """
        targets = _targets(architecture)
        kept = _kept(targets)
        if not kept:
            raise ValueError(f"{architecture!r} is not an architecture of {self.name}")
        edges, orders = _smallest_edges(
            tuple([into & kept if kept >> source & 1 else 0 for source, into in enumerate(targets)])
        )
        operations = (0, *architecture[EDGES:])
        labeling = min([tuple([operations[vertex] for vertex in order]) for order in orders])
        return (*edges, *labeling)

    def canonical_indices(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Indices of the canonical architectures, see the base class."""
        return np.concatenate(
            [_smallest_indices(indices[start : start + CHUNK]) for start in range(0, len(indices), CHUNK)]
            or [np.zeros(0, dtype=np.int64)]
        )

    def architecture(self, index: int) -> Architecture:
        """The architecture at a position of the space's own order, see the base class."""
        if not 0 <= index < self.size:
            return super().architecture(index)
        edges, labeling = divmod(index, len(LABELINGS))
        rows = [choices[edges >> shift & last] for choices, shift, last in ROW_CODES]
        return (*rows[0], *rows[1], *rows[2], *rows[3], *rows[4], *rows[5], *LABELINGS[labeling])

    def index(self, architecture: Architecture) -> int:
        """Position of an architecture in the space's own order, see the base class."""
        try:
            index = INDEX_OF_LABELING[architecture[EDGES:]]
            for row, parts in zip(ROWS, INDEX_OF_ROW, strict=True):
                index += parts[architecture[row]]
        except KeyError:
            raise ValueError(f"{architecture!r} is not an architecture of {self.name}") from None
        return index

    def module_hash(self, architecture: Architecture) -> str:
        """The official hash, 32 hexadecimal digits; equal if and only if `canonical` is equal."""
        targets = _targets(architecture)
        kept = _vertices(_kept(targets))
        into = {vertex: [other for other in kept[:-1] if targets[other] >> vertex & 1] for vertex in kept}
        out_of = {vertex: [other for other in kept if vertex in into[other]] for vertex in kept}
        labels = (INPUT_LABEL, *[int(operation) for operation in architecture[EDGES:]], OUTPUT_LABEL)
        hashes = {
            vertex: _md5(str((len(out_of[vertex]), len(into[vertex]), labels[vertex]))) for vertex in kept
        }
        for _ in kept:
            hashes = {
                vertex: _md5(
                    "".join(sorted([hashes[other] for other in into[vertex]]))
                    + "|"
                    + "".join(sorted([hashes[other] for other in out_of[vertex]]))
                    + "|"
                    + own
                )
                for vertex, own in hashes.items()
            }
        return _md5(str(sorted(hashes.values())))

    def graphs(self, architecture: Architecture) -> tuple[Graph, ...]:
        """The cell after pruning, with operations as nodes."""
        targets = _targets(architecture)
        kept = _vertices(_kept(targets))
        inner = [Node(*LABELS[OPERATIONS[architecture[EDGES + vertex - 1]]]) for vertex in kept[1:-1]]
        edges = [
            Edge(source, target)
            for source, target in combinations(range(len(kept)), 2)
            if targets[kept[source]] >> kept[target] & 1
        ]
        return (Graph("", (IN, *inner, OUT), tuple(edges)),)

    def format(self, architecture: Architecture) -> str:
        """Rows of the upper triangle and operations: `110001-...-1:conv3x3,conv1x1,...`."""
        rows = "-".join("".join(str(edge) for edge in architecture[row]) for row in ROWS)
        return f"{rows}:{','.join(OPERATIONS[operation] for operation in architecture[EDGES:])}"

    def parse(self, text: str) -> Architecture:
        """Read the output of `format`, or a module in the form of the official records.

        The official form is the whole adjacency matrix, row by row, then the operations of all vertices:
        `0100100011000010:input,conv3x3-bn-relu,maxpool3x3,output`. Raises `UsageError` on anything else.
        """
        own = OWN_FORM.fullmatch(text)
        published = PUBLISHED_FORM.fullmatch(text)
        architecture: Architecture = ()
        if own:
            edges, operations = own[1].replace("-", ""), own[2].split(",")
            architecture = (*map(int, edges), *[_position(OPERATIONS, name) for name in operations])
        elif published:
            architecture = self.from_published(published[1], published[2].split(",")) or ()
        if not self.is_valid(architecture):
            raise self.not_an_architecture(text)
        return architecture

    def from_published(self, adjacency: str, operations: Sequence[str]) -> Architecture | None:
        """The architecture of an official record; None if it is not in this space.

        Args:
            adjacency: zeros and ones, the whole matrix of V vertices row by row.
            operations: operations of the V vertices, `input` first and `output` last.
        """
        count = len(operations)
        if not 2 <= count <= VERTICES or len(adjacency) != count * count or set(adjacency) - {"0", "1"}:
            return None
        if operations[0] != "input" or operations[-1] != "output":
            return None
        # A smaller cell leaves vertices unused. They come just before the output and have no edges.
        places = (*range(count - 1), OUTPUT)
        ones = [divmod(position, count) for position, edge in enumerate(adjacency) if edge == "1"]
        if any(source >= target for source, target in ones):
            return None
        edges = {(places[source], places[target]) for source, target in ones}
        architecture = (
            *[int(pair in edges) for pair in PAIRS],
            *[_position(PUBLISHED, name) for name in operations[1:-1]],
            *(0,) * (VERTICES - count),
        )
        return architecture if self.is_valid(architecture) else None


def _position(names: tuple[str, ...], name: str) -> int:
    return names.index(name) if name in names else -1


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _targets(architecture: Architecture) -> list[int]:
    """The vertices that each vertex but the last leads to, as bits."""
    return [targets[architecture[row]] for targets, row in zip(TARGETS_OF, ROWS, strict=True)]


def _targets_at(index: int) -> list[int]:
    """`_targets` of the architecture at an index."""
    edges = index // len(LABELINGS)
    return [targets[edges >> shift & last] for targets, shift, last in TARGET_CODES]


def _kept(targets: Sequence[int]) -> int:
    """The vertices on a path from input to output, as bits; 0 if there is no path."""
    reached = 1
    for source in range(OUTPUT):
        if reached >> source & 1:
            reached |= targets[source]
    leading = 1 << OUTPUT
    for source in range(OUTPUT - 1, -1, -1):
        if targets[source] & leading:
            leading |= 1 << source
    return reached & leading if leading & 1 else 0


def _is_cell(targets: Sequence[int]) -> bool:
    kept = _kept(targets)
    if not kept:
        return False
    edges = 0
    for source, into in enumerate(targets):
        if kept >> source & 1:
            edges += (into & kept).bit_count()
    return edges <= MOST_EDGES


def _vertices(bits: int) -> list[int]:
    return [vertex for vertex in range(VERTICES) if bits >> vertex & 1]


@cache
def _orders() -> tuple[list[NDArray[np.uint32]], NDArray[np.uint32], IntArray]:
    """The index of a cell under each of the 120 orders of its inner vertices, as a sum over its parts.

    Returns:
        Three tables. First, one array per source vertex, shape `(128, 120)` each: the amount that its row
        adds, by targets (as bits) and order; it is larger than any index if an edge would lead backward.
        Second, the amount that the operations add, by labeling and order, shape `(243, 120)`. Third, by
        inner vertices on a path (as bits) and by labeling, the labeling that has the first operation at
        all other inner vertices, shape `(32, 243)`.
    """
    places = np.argsort([(0, *order, OUTPUT) for order in ORDERS], axis=1)
    weights = np.full((VERTICES, VERTICES), BACKWARD)
    for position, (source, target) in enumerate(PAIRS):
        weights[source, target] = len(LABELINGS) << (EDGES - 1 - position)
    subsets = np.arange(1 << VERTICES)[:, None] >> np.arange(VERTICES) & 1
    rows = [
        np.minimum(subsets @ weights[places[:, [source]], places].T, BACKWARD).astype(np.uint32)
        for source in range(OUTPUT)
    ]

    labelings = np.array(LABELINGS)
    powers = len(OPERATIONS) ** np.arange(INNER - 1, -1, -1)
    on_path = np.arange(1 << INNER)[:, None] >> np.arange(INNER) & 1
    without_idle = (labelings * on_path[:, None, :]) @ powers
    return rows, (labelings @ powers[places[:, 1:-1] - 1].T).astype(np.uint32), without_idle


@lru_cache(maxsize=1 << 16)
def _smallest_edges(targets: tuple[int, ...]) -> tuple[Architecture, list[tuple[int, ...]]]:
    """The smallest edges of a pruned graph, and all orders of its inner vertices that give them.

    An order holds 0 in place of each vertex without edges.
    """
    rows, labelings, _ = _orders()
    total = labelings[0]
    for by_order, led_to in zip(rows, targets, strict=True):
        if led_to:
            total = total + by_order[led_to]
    smallest = total.min()
    orders = {
        tuple([vertex if targets[vertex] else 0 for vertex in ORDERS[which]])
        for which in np.flatnonzero(total == smallest).tolist()
    }
    return SPACES[0].architecture(int(smallest))[:EDGES], sorted(orders)


def _smallest_indices(indices: IntArray) -> IntArray:
    """Index of the smallest tuple of each cell, -1 if it is not valid, shape `(n,)`."""
    by_order, labelings, without_idle = _orders()
    edges, labeling = np.divmod(indices, len(LABELINGS))
    targets = [np.array(bits)[edges >> shift & last] for bits, shift, last in TARGET_CODES]
    reached = np.ones_like(edges)
    for source, led_to in enumerate(targets):
        reached |= np.where(reached >> source & 1, led_to, 0)
    leading = np.full_like(edges, 1 << OUTPUT)
    for source in range(OUTPUT - 1, -1, -1):
        leading |= ((targets[source] & leading) > 0).astype(np.int64) << source
    kept = reached & leading
    total = labelings[without_idle[kept >> 1 & 31, labeling]]
    count = np.zeros_like(edges)
    for source, led_to in enumerate(targets):
        left = np.where(kept >> source & 1, led_to & kept, 0)
        total += by_order[source][left]
        count += EDGE_COUNTS[left]
    return np.where((leading & 1 == 1) & (count <= MOST_EDGES), total.min(axis=1).astype(np.int64), -1)


SPACES = (NasBench101(),)
