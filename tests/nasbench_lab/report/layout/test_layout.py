"""Layouts of graphs: everything stands apart, in the rectangle, and leads to the right."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_lab.report.layout.curves import sampled
from nasbench_lab.report.layout.drawing import broken
from nasbench_lab.report.layout.fitting import LARGEST, MARGIN, fitted
from nasbench_lab.report.layout.layers import layers
from nasbench_lab.report.layout.rows import order_of
from nasbench_lab.spaces import all_spaces
from nasbench_lab.spaces.graphs import Edge, Graph, Node
from tests.declared_spaces import DECLARED

SPACES = all_spaces() | DECLARED
SIZES = [(2.2, 1.6), (5.0, 3.0), (1.5, 4.0), (6.0, 1.0)]


def measure(text):
    return 0.6 * len(text)


def page_of(graphs, size):
    return fitted(graphs, 72 * size[0], 72 * size[1], measure)


def graph_of(pairs, count, label=""):
    kind = "skip" if label else ""
    edges = [Edge(source, target, label, kind) for source, target in pairs]
    return Graph("", (Node("node", "convolution"),) * count, tuple(edges))


def chain_of(count):
    return graph_of([(place, place + 1) for place in range(count - 1)], count)


def assert_clear(graphs, size):
    """Boxes apart and inside, curves outside the boxes that they do not join, arrows to the right."""
    page = page_of(graphs, size)
    width, height = 72 * size[0] / page.type_size, 72 * size[1] / page.type_size
    for graph, panel in zip(graphs, page.panels, strict=True):
        boxes = panel.drawing.boxes
        for box in boxes:
            assert box.left >= -1e-6
            assert box.right <= width - 2 * MARGIN + 1e-6
            assert panel.bottom + box.y - box.height / 2 >= MARGIN - 1e-6
            assert panel.bottom + box.y + box.height / 2 <= height - MARGIN + 1e-6
        for one, other in combinations(boxes, 2):
            apart = abs(one.x - other.x) >= (one.width + other.width) / 2
            assert apart or abs(one.y - other.y) >= (one.height + other.height) / 2, (one, other)
        for edge, curve in zip(graph.edges, panel.drawing.curves, strict=True):
            tip, base = curve.tip
            assert base[0] < tip[0]
            if curve.smooth:
                points = sampled(curve.points)
                assert all(a[0] < b[0] + 1e-6 for a, b in pairwise(points))
                touched = [box for box in boxes if any(box.holds(point) for point in points)]
                joined = [box for box in boxes if box.holds(points[0], 1e-6) or box.holds(tip, 1e-6)]
                # Between its ends, an edge passes through its own label alone.
                passed = [box for box in touched if box not in joined]
                assert len(passed) == bool(edge.label)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", SPACES)
def test_nothing_touches_in_any_space(name, size):
    space = SPACES[name]
    rng = np.random.default_rng(11)
    for _ in range(6):
        assert_clear(space.graphs(space.sample(rng)), size)


@st.composite
def acyclic(draw):
    count = draw(st.integers(1, 9))
    pairs = draw(st.sets(st.sampled_from([*combinations(range(count), 2)] or [(0, 0)]), max_size=14))
    pairs = {pair for pair in pairs if pair[0] != pair[1]}
    order = draw(st.permutations(range(count)))
    kinds = draw(
        st.lists(st.sampled_from(("input", "state", "output", "pooling")), min_size=count, max_size=count)
    )
    labels = draw(
        st.lists(st.sampled_from(("", "conv 3x3", "skip")), min_size=len(pairs), max_size=len(pairs))
    )
    edges = [
        Edge(order[source], order[target], label, "skip" if label else "")
        for (source, target), label in zip(sorted(pairs), labels, strict=True)
    ]
    return Graph(
        draw(st.sampled_from(("", "title"))), tuple([Node("a b", kind) for kind in kinds]), tuple(edges)
    )


@given(graphs=st.lists(acyclic(), min_size=1, max_size=3), size=st.sampled_from(SIZES))
@settings(max_examples=40, deadline=None)
def test_nothing_touches_in_any_graph(graphs, size):
    assert_clear(graphs, size)


@given(graph=acyclic())
@settings(max_examples=100, deadline=None)
def test_every_edge_leads_to_a_later_layer_through_all_between(graph):
    sorted_ = layers(graph)
    assert len(sorted_.paths) == len(graph.edges)
    for edge, path in zip(graph.edges, sorted_.paths, strict=True):
        ranks = [rank for rank, _ in path]
        assert ranks == list(range(ranks[0], ranks[-1] + 1))
        assert len(ranks) >= 2
        assert (path[0][1].node, path[-1][1].node) == (edge.source, edge.target)
        assert sum(item.labelled for _, item in path) == bool(edge.label)
        assert all(item in sorted_.items[rank] for rank, item in path)


def crossings(graph):
    """The pairs of pieces of edges that cross between two layers, counted from the order alone."""
    sorted_ = layers(graph)
    pieces = [pair for path in sorted_.paths for pair in pairwise(path)]
    count = 0
    for (one, to_one), (other, to_other) in combinations(pieces, 2):
        if one[0] == other[0]:
            left, right = sorted_.items[one[0]], sorted_.items[to_one[0]]
            before = left.index(one[1]) - left.index(other[1])
            count += before * (right.index(to_one[1]) - right.index(to_other[1])) < 0
    return count


@pytest.mark.parametrize("label", ["", "skip"])
def test_the_full_cell_of_four_nodes_is_drawn_without_crossings(label):
    assert crossings(graph_of(combinations(range(4), 2), 4, label)) == 0


def test_two_sides_joined_fully_cross_as_little_as_they_can():
    """Three nodes on each side of a complete bipartite graph cross 9 times at least."""
    assert crossings(graph_of([(one, other) for one in range(3) for other in range(3, 6)], 6)) == 9


def test_a_chain_is_folded_like_text():
    """At this width there are several rows; each is read from left to right."""
    size = (2.2, 1.6)
    (panel,) = page_of([chain_of(9)], size).panels
    rows = sorted({round(box.y, 6) for box in panel.drawing.boxes}, reverse=True)
    assert len(rows) > 1
    places = [(rows.index(round(box.y, 6)), box.x) for box in panel.drawing.boxes]
    assert places == sorted(places)
    assert len(panel.drawing.curves) == 8


def test_the_order_of_a_chain_follows_its_edges():
    assert order_of(graph_of([(2, 0), (0, 1)], 3)) == [2, 0, 1]
    assert order_of(graph_of([], 3)) == [0, 1, 2]
    assert order_of(graph_of([(0, 1), (0, 2)], 3)) is None
    assert order_of(graph_of([(0, 1)], 3)) is None
    assert order_of(graph_of([(0, 1)], 2, "skip")) is None


def test_the_type_is_as_large_as_it_may_be_and_grows_with_the_page():
    small, middle, large = (page_of([chain_of(12)], size).type_size for size in ((1, 0.7), (5, 3), (10, 6)))
    assert small < middle == LARGEST
    assert large == 2 * LARGEST


def test_longer_labels_take_smaller_type():
    def graph(label):
        return Graph("", (Node(label, "decision"),))

    short, long = (page_of([graph("x" * count)], (2.2, 1.6)).type_size for count in (5, 100))
    assert long < short


@pytest.mark.parametrize(
    ("label", "lines", "expected"),
    [
        ("conv 3x3", 1, ("conv 3x3",)),
        ("conv 3x3", 2, ("conv", "3x3")),
        ("max pool 3x3", 2, ("max pool", "3x3")),
        ("max pool 3x3", 3, ("max", "pool", "3x3")),
        ("conv 3x3, 64, /2, relu", 3, ("conv 3x3", "64, /2", "relu")),
        ("layer 1 = 9", 2, ("layer 1", "= 9")),
        ("a = b = c", 2, ("a = b", "= c")),
        ("skip", 3, ("skip",)),
        ("a  b", 3, ("a", "b")),
        ("", 2, ("",)),
    ],
)
def test_labels_are_broken(label, lines, expected):
    assert broken(label, lines) == expected
