import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import Architecture
from tests.nasbench101 import NAMES, SPACE, distinct_cells, module

INCEPTION = (
    "0111010"
    "0000001"
    "0000001"
    "0000100"
    "0000001"
    "0000001"
    "0000000"
    ":input,conv1x1-bn-relu,conv3x3-bn-relu,conv3x3-bn-relu,conv3x3-bn-relu,maxpool3x3,output"
)
tuples = st.integers(0, SPACE.size - 1).map(SPACE.architecture)
cells = st.integers(0, 2**32 - 1).map(lambda seed: SPACE.sample(np.random.default_rng(seed)))


def matrix(architecture):
    edges = np.zeros((7, 7), dtype=int)
    edges[np.triu_indices(7, 1)] = architecture[:21]
    return edges


def on_a_path(architecture):
    """Whether each vertex is on a path from input to output, computed from a power of the matrix."""
    reachable = np.linalg.matrix_power(np.eye(7, dtype=int) + matrix(architecture), 7) > 0
    return reachable[0] & reachable[:, 6]


def same_cells(architecture):
    """All tuples without dead edges for the same graph, found by trying every order of the inner vertices."""
    kept = on_a_path(architecture)
    edges = matrix(architecture) * np.outer(kept, kept)
    labels = np.array((0, *architecture[21:], 0)) * kept
    for inner in itertools.permutations(range(1, 6)):
        order = np.array((0, *inner, 6))
        ordered = edges[np.ix_(order, order)]
        if not np.tril(ordered).any():
            yield (*ordered[np.triu_indices(7, 1)].tolist(), *labels[order][1:6].tolist())


def test_text_forms():
    architecture = SPACE.parse(INCEPTION)
    text = "111010-00001-0001-100-01-1:conv1x1,conv3x3,conv3x3,conv3x3,maxpool3x3"
    assert SPACE.format(architecture) == text
    assert SPACE.parse(text) == architecture
    assert SPACE.parse(INCEPTION.replace(":", " ")) == architecture
    small = SPACE.parse("0100001000010000:input,conv3x3-bn-relu,maxpool3x3,output")
    assert SPACE.format(small) == "100000-10000-0001-000-00-0:conv3x3,maxpool3x3,conv3x3,conv3x3,conv3x3"


@pytest.mark.parametrize(
    "text",
    [
        "0010:input,output",  # an edge backward
        "1100:input,output",  # an edge to itself
        "0000:input,output",  # no path
        "010:input,output",
        "0100:output,input",
        "0100:input,output,output",
        "010001000:input,conv5x5-bn-relu,output",
        "010001000:input,conv3x3,output",
        "0" * 63 + "1:input," + "maxpool3x3," * 6 + "output",
        "111111-11111-1111-111-11-1:conv3x3,conv3x3,conv3x3,conv3x3,conv3x3",
        "000001-00000-0000-000-00-0:conv3x3,conv3x3,conv3x3,conv3x3",
        "000000-00000-0000-000-00-0:conv3x3,conv3x3,conv3x3,conv3x3,conv3x3",
        "000001-00000-0000-000-00-0:conv3x3,conv3x3,conv3x3,conv3x3,conv3x3-bn-relu",
    ],
)
def test_near_misses_are_refused(text):
    with pytest.raises(UsageError, match="is not an architecture of nasbench101; one would be"):
        SPACE.parse(text)


def test_published_hashes():
    assert SPACE.module_hash(SPACE.parse(INCEPTION)) == "28cfc7874f6d200472e1a9dcd8650aa0"
    assert SPACE.module_hash(SPACE.parse("0100:input,output")) == "043721b9c7fe8c5fad811d47d83132ec"


def test_dead_ends_do_not_count():
    straight = SPACE.parse("000001-00000-0000-000-00-0:conv3x3,conv3x3,conv3x3,conv3x3,conv3x3")
    # Vertices 1 to 4 lead nowhere; nothing leads to vertex 5.
    dead = SPACE.parse("110101-01100-0100-000-00-1:conv1x1,maxpool3x3,conv1x1,conv3x3,maxpool3x3")
    assert SPACE.canonical(dead) == straight
    assert SPACE.module_hash(dead) == SPACE.module_hash(straight)


def test_ten_edges_are_too_many_unless_one_is_dead():
    with pytest.raises(UsageError, match="is not an architecture"):
        SPACE.parse("111110-00001-0001-001-01-1:conv3x3,conv3x3,conv3x3,conv3x3,conv3x3")
    SPACE.parse("111110-00011-0001-001-00-1:conv3x3,conv3x3,conv3x3,conv3x3,conv3x3")


@given(architecture=tuples)
def test_valid_is_a_path_and_at_most_nine_edges(architecture):
    kept = on_a_path(architecture)
    edges = (matrix(architecture) * np.outer(kept, kept)).sum()
    assert SPACE.is_valid(architecture) == bool(kept[0] and edges <= 9)


@given(architecture=cells)
def test_canonical_is_the_smallest_of_the_same_cells(architecture):
    assert SPACE.canonical(architecture) == min(same_cells(architecture))


@given(architecture=cells)
def test_canonical_keeps_the_official_hash(architecture):
    canonical = SPACE.canonical(architecture)
    assert SPACE.module_hash(canonical) == SPACE.module_hash(architecture)


@given(architecture=cells, seed=st.integers(0, 2**32 - 1))
def test_the_same_cell_in_another_order_is_the_same(architecture, seed):
    same = sorted(same_cells(architecture))
    other = same[seed % len(same)]
    assert SPACE.canonical(other) == SPACE.canonical(architecture)
    assert SPACE.module_hash(other) == SPACE.module_hash(architecture)


def test_many_at_once_are_as_one_by_one():
    rng = np.random.default_rng(0)
    indices = rng.integers(SPACE.size, size=3000)
    architectures = [SPACE.architecture(index) for index in indices.tolist()]
    expected = [SPACE.index(SPACE.canonical(a)) if SPACE.is_valid(a) else -1 for a in architectures]
    assert SPACE.canonical_indices(indices).tolist() == expected
    assert 0.7 < np.mean(np.array(expected) >= 0) < 0.77
    assert SPACE.canonical_indices(indices[:0]).tolist() == []


@pytest.mark.parametrize(
    ("vertices", "distinct"), [(2, 1), (3, 7), (4, 91), (5, 2532), (6, 64_542), (7, 423_624)]
)
def test_as_many_cells_are_distinct_as_published(vertices, distinct):
    assert len(distinct_cells(vertices)) == distinct


def test_hashes_of_distinct_cells_are_distinct():
    """Since `canonical` keeps the hash, both divide the cells into the same classes.

    A script in tests/performance shows this for all cells.
    """
    indices = distinct_cells(5).tolist()
    assert len({SPACE.module_hash(SPACE.architecture(index)) for index in indices}) == len(indices) == 2532


def test_every_labelled_graph_of_five_vertices_by_its_hash_alone():
    """Enumerate as the official code does, without a canonical form.

    There are as many hashes as published, and each belongs to exactly one canonical form of ours.
    """
    classes: dict[str, set[Architecture]] = {}
    for edges in itertools.product((0, 1), repeat=10):
        free = iter(edges)
        full = tuple(
            next(free) if {s, t} <= {0, 1, 2, 3, 6} else 0 for s, t in itertools.combinations(range(7), 2)
        )
        if not SPACE.is_valid((*full, 0, 0, 0, 0, 0)) or not on_a_path(full + (0,) * 5)[[1, 2, 3]].all():
            continue
        for labels in itertools.product(range(3), repeat=3):
            cell = (*full, *labels, 0, 0)
            classes.setdefault(SPACE.module_hash(cell), set()).add(SPACE.canonical(cell))
    assert len(classes) == 2532 - 91
    assert all(len(canonical) == 1 for canonical in classes.values())
    assert len(set.union(*classes.values())) == len(classes)


def test_what_has_no_path_has_no_canonical_form():
    with pytest.raises(ValueError, match="is not an architecture of nasbench101"):
        SPACE.canonical((0,) * 26)


def test_the_official_form_of_every_small_cell_is_read():
    for index in distinct_cells(4).tolist():
        adjacency, operations = module(SPACE.architecture(index))
        architecture = SPACE.parse(f"{adjacency}:{operations}")
        assert SPACE.index(SPACE.canonical(architecture)) == index
        assert set(operations.split(",")) <= {"input", "output", *NAMES.values()}
