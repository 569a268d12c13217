import csv
import gzip
import itertools

import numpy as np
import pytest

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces.nasbench201 import SPACES

(space,) = SPACES
cells = list(itertools.product(range(5), repeat=6))


def cell(text: str) -> tuple[int, ...]:
    return space.parse(text)


def test_published_form():
    text = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    assert cell(text) == (4, 2, 1, 2, 1, 1)
    assert space.format((4, 2, 1, 2, 1, 1)) == text


@pytest.mark.parametrize(
    "text",
    [
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|",
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~0|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
        "|max_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
        "avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
    ],
)
def test_near_misses_are_refused(text):
    with pytest.raises(UsageError, match="is not an architecture of nasbench201"):
        space.parse(text)


def test_official_order():
    assert space.architecture(0) == (4, 2, 1, 2, 1, 1)
    assert space.format(space.architecture(11)).startswith("|")
    assert space.index((4, 2, 1, 2, 1, 1)) == 0


def test_official_order_is_the_published_one(published_data):
    with gzip.open(published_data / "nasbench201" / "nb201_combined.csv.gz", "rt") as file:
        published = [row["arch_str"] for row in csv.DictReader(file)]
    assert [space.format(space.architecture(i)) for i in range(space.size)] == published


def test_there_are_as_many_distinct_cells_as_published():
    assert len({space.canonical(cell) for cell in cells}) == 6_466


def test_canonical_is_the_smallest_of_its_class():
    assert all(space.canonical(cell) <= cell for cell in cells)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # A sum does not depend on the order of its branches.
        ((1, 2, 2, 1, 3, 4), (1, 2, 2, 3, 1, 4)),
        # Node 1 equals the input, so an edge may start at either.
        ((1, 3, 0, 2, 0, 0), (1, 0, 3, 2, 0, 0)),
        # The edges out of a node without input do not matter.
        ((0, 2, 1, 3, 4, 1), (0, 2, 3, 3, 2, 1)),
    ],
)
def test_equal_cells_share_a_representative(first, second):
    assert space.canonical(first) == space.canonical(second)


def test_equal_cells_compute_the_same_function():
    """Merged cells agree on numbers, with operations that neither commute nor cancel."""

    def output(choices):
        operations = (
            lambda x: 0 * x,
            lambda x: x,
            lambda x: np.sin(3 * x) + 2,
            lambda x: np.cos(5 * x) - 3,
            lambda x: np.tanh(x - 1) * 4,
        )
        nodes = [np.array([0.3, -1.7])]
        edges = iter(choices)
        for sources in (1, 2, 3):
            # An operation on zeros gives zeros; published cells are merged on this assumption.
            inputs = [(next(edges), nodes[source]) for source in range(sources)]
            terms = [operations[choice](x) if x.any() else 0 * x for choice, x in inputs]
            nodes.append(np.sum(np.sort(terms, axis=0), axis=0))
        return nodes[-1].round(9).tolist()

    rng = np.random.default_rng(0)
    for i in rng.choice(len(cells), 2_000, replace=False):
        assert output(cells[i]) == output(space.canonical(cells[i]))


def test_features_do_not_see_dead_edges():
    # Edges 01, 02, 12, 03, 13, 23. Nothing leaves node 1, and nothing enters node 2.
    one, other = space.features([(3, 0, 0, 2, 0, 4), (0, 0, 0, 2, 0, 0)])
    assert (one == other).all()
    assert (space.features([(3, 1, 0, 2, 0, 4)])[0] != one).any()
    dead = space.features([(0,) * 6, (3, 0, 0, 0, 0, 3), (3, 3, 3, 0, 0, 0)])
    assert (dead == dead[0]).all()


def test_features_count_what_is_on_the_paths():
    (features,) = space.features([(3, 0, 2, 1, 0, 4)])
    edges, counts, paths, cell = np.split(features, [30, 35, 63])
    assert edges.reshape(6, 5).argmax(axis=1).tolist() == [3, 0, 2, 1, 0, 4]
    assert counts.tolist() == [2, 1, 1, 1, 1]
    # Per path: skips, 1x1, 3x3, pools, alive, convolutions, 3x3 windows.
    assert paths.reshape(4, 7).tolist() == [
        [1, 0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, -1, -1],
        [0, 0, 0, 0, 0, -1, -1],
        [0, 1, 1, 1, 1, 2, 2],
    ]
    # Longest, shortest, paths; paths with 0, 1, 2, 3 convolutions; thousands of weights; convolutions.
    assert cell.tolist() == pytest.approx([2, 0, 2, 1, 0, 1, 0, 271.04, 2])
