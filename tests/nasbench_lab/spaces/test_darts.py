"""The DARTS space against published genotypes, and against graph isomorphism tested by brute force."""

from itertools import permutations

import numpy as np
import pytest

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces.darts import SPACES

(SPACE,) = SPACES

# DARTS_V2 of Liu et al. 2019, from its `genotypes.py`.
DARTS_V2 = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1),"
    " ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)],"
    " normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2),"
    " ('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2),"
    " ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])"
)


def test_has_as_many_architectures_as_published():
    """Liu et al. 2019, complexity analysis: (k + 1) k / 2 times 7 squared for each node, in two cells."""
    cells = np.prod([(k + 1) * k // 2 * 7**2 for k in (1, 2, 3, 4)])
    assert SPACE.size == int(cells) ** 2 == 1_076_746_950_455_072_400
    assert SPACE.size < np.iinfo(np.int64).max


def test_reads_a_published_genotype():
    architecture = SPACE.parse(DARTS_V2)
    assert architecture == (3, 3, 0, 3, 3, 0, 2, 3, 1, 2, 5, 0, 0, 2, 0, 2, 1, 0, 2, 4, 0, 2)
    ordered = DARTS_V2.replace(
        "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip", "('skip_connect', 0), ('sep_conv_3x3', 1), ('skip"
    )
    ordered = ordered.replace(
        "('skip_connect', 2), ('max_pool_3x3', 1)", "('max_pool_3x3', 1), ('skip_connect', 2)"
    )
    assert SPACE.format(architecture) == ordered
    assert SPACE.parse(DARTS_V2.replace("[2, 3, 4, 5]", "range(2, 6)")) == architecture


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("('sep_conv_3x3', 1)", "('sep_conv_3x3', 2)"),  # an edge from node 2 to itself
        ("('sep_conv_3x3', 1)", "('sep_conv_3x3', 0)"),  # two edges from one node
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', 5)"),
        ("dil_conv_3x3", "none"),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=[3, 4, 5]"),
        ("Genotype(", "__import__('os').system("),
        ("', 0)", "', 0 )"),
        ("', 0)", "', ٠)"),
        (", ('dil_conv_3x3', 2)]", "]"),
    ],
)
def test_refuses_what_is_no_genotype(old, new):
    assert old in DARTS_V2
    with pytest.raises(UsageError, match="is not an architecture of darts"):
        SPACE.parse(DARTS_V2.replace(old, new, 1))


def digraph(cell):
    """The sets of edges of a cell, by the node they lead to."""
    return {node: frozenset(edges) for node, edges in enumerate(cell, start=2)}


def equal(one, other):
    """Whether some numbering of the nodes makes two cells the same; all numberings are tried."""
    for order in permutations((2, 3, 4, 5)):
        number = {0: 0, 1: 1, **dict(zip((2, 3, 4, 5), order, strict=True))}
        moved = {
            number[node]: frozenset((operation, number[source]) for operation, source in edges)
            for node, edges in digraph(one).items()
        }
        if moved == digraph(other):
            return True
    return False


def test_canonical_is_equal_exactly_for_isomorphic_cells():
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(300):
        # Use one operation and compare single cells; otherwise no two drawn cells would ever be isomorphic.
        pair = []
        for _ in range(2):
            architecture = list(SPACE.sample(rng))
            for place, choices in enumerate(SPACE.cardinalities):
                if choices == 7:
                    architecture[place] = 0
            pair.append(tuple(architecture))
        one, other = pair
        same = [equal(a, b) for a, b in zip(SPACE.cells(one), SPACE.cells(other), strict=True)]
        canonical = [SPACE.canonical(architecture) for architecture in pair]
        assert same == [canonical[0][:11] == canonical[1][:11], canonical[0][11:] == canonical[1][11:]]
        found += sum(
            a and b != c for a, b, c in zip(same, (one[:11], one[11:]), (other[:11], other[11:]), strict=True)
        )
    assert found > 5


def test_swapping_two_nodes_that_do_not_meet_is_the_same_cell():
    # Nodes 2 and 3 both have edges from the inputs only, and no edges lead out of them.
    one = (0, 1, 0, 2, 3, 0, 4, 4, 0, 4, 5) * 2
    other = (2, 3, 0, 0, 1, 0, 4, 5, 0, 4, 4) * 2
    assert SPACE.canonical(one) == SPACE.canonical(other)
    assert SPACE.canonical(one) <= min(one, other)
    # Exchanging the operations of two edges gives another cell.
    assert SPACE.canonical((1, 0, *one[2:])) != SPACE.canonical(one)
