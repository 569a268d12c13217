import numpy as np
import pytest
from scipy import stats

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import find_space
from nasbench_lab.spaces.listed import ListedSpace
from tests.declared_spaces import LARGE
from tests.listed_spaces import listed_part

GRAPHS = find_space("nasbench101")
RNG = np.random.default_rng(0)


def standing_for_equals(space, rows):
    """A listed part whose rows stand for all functionally equal architectures."""
    known = set(space.canonical_indices(rows).tolist())
    return ListedSpace(space, rows, lambda each: space.index(space.canonical(each)) in known)


@pytest.fixture(scope="module")
def graphs():
    """300 cells of NAS-Bench-101 and a part of their neighbors."""
    rng = np.random.default_rng(1)
    near = [GRAPHS.sample(rng) for _ in range(300)]
    near += [GRAPHS.mutate(each, rng) for each in near for _ in range(10)]
    return standing_for_equals(GRAPHS, np.unique(GRAPHS.canonical_indices(GRAPHS.indices(np.array(near)))))


def test_each_row_is_drawn_with_the_same_probability(graphs):
    rows = graphs._rows
    drawn = np.searchsorted(rows, [graphs.index(graphs.sample(RNG)) for _ in range(60_000)])
    assert stats.chisquare(np.bincount(drawn, minlength=len(rows))).pvalue > 1e-4


def test_a_row_may_stand_for_equal_architectures(graphs):
    canonical = graphs.sample(RNG)
    equal = next(
        each
        for each in (GRAPHS.architecture(int(i)) for i in np.random.default_rng(2).permutation(10_000_000))
        if GRAPHS.is_valid(each) and graphs.is_valid(each) and each != GRAPHS.canonical(each)
    )
    assert graphs.canonical(equal) == GRAPHS.canonical(equal)
    assert graphs.is_valid(graphs.canonical(equal))
    assert graphs.parse(graphs.format(equal)) == equal
    assert graphs.canonical(canonical) == canonical


def test_a_walk_stays_within_the_list_and_leaves_each_place(graphs):
    at = graphs.sample(RNG)
    for _ in range(300):
        reached = graphs.mutate(at, RNG)
        assert graphs.is_valid(reached)
        assert reached != at
        assert graphs.neighbors(at) == [each for each in GRAPHS.neighbors(at) if graphs.is_valid(each)]
        at = reached


def test_an_architecture_without_listed_neighbors_changes_into_another_row():
    """Of 10^16 architectures 40 are listed, far from each other, and a search still goes on."""
    rows = np.unique(RNG.integers(LARGE.size, size=40))
    sparse = standing_for_equals(LARGE, np.unique(LARGE.canonical_indices(rows)))
    start = sparse.sample(RNG)
    assert sparse.neighbors(start) == []
    reached = {sparse.mutate(start, RNG) for _ in range(2000)}
    assert reached == {LARGE.architecture(int(row)) for row in sparse._rows} - {start}


def test_one_listed_neighbor_is_found_behind_many_that_are_not():
    wide = find_space("nats_sss")
    start = wide.architecture(0)
    neighbor = (*start[:-1], 3)
    far = tuple(choices - 1 for choices in wide.cardinalities)
    space = standing_for_equals(wide, np.array(sorted(map(wide.index, (start, neighbor, far)))))
    assert {space.mutate(start, np.random.default_rng(seed)) for seed in range(50)} == {neighbor}


def test_the_canonical_form_is_the_first_listed_equal_if_its_own_is_not_listed():
    cells = find_space("nasbench201")
    part = listed_part(cells, 0.5, seed=3)
    rows = [cells.architecture(int(row)) for row in part._rows]
    unlisted = [each for each in rows if not part.is_valid(cells.canonical(each))]
    assert unlisted
    for each in unlisted[:200]:
        equals = [other for other in rows if cells.canonical(other) == cells.canonical(each)]
        assert part.canonical(each) == min(equals, key=cells.index)


def test_what_is_not_listed_is_no_architecture():
    space = find_space("nasbench_macro")
    part = listed_part(space, 0.5)
    unlisted = next(a for a in map(space.architecture, range(space.size)) if not part.is_valid(a))
    with pytest.raises(UsageError, match="is not an architecture of the listed part of nasbench_macro"):
        part.parse(space.format(unlisted))


@pytest.mark.parametrize("rows", [(), (5,)])
def test_a_search_needs_two_architectures(rows):
    space = find_space("nasbench_macro")
    with pytest.raises(UsageError, match=f"needs two architectures or more; {len(rows)} of nasbench_macro"):
        ListedSpace(space, np.array(rows, dtype=np.int64), lambda _: True)
