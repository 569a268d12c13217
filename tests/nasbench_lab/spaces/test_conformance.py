"""Rules for every search space; a new file in `nasbench_lab/spaces` is tested automatically."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import SearchSpace, all_spaces, find_space
from nasbench_lab.spaces.declared import DeclaredSpace
from nasbench_lab.spaces.listed import ListedSpace
from tests.declared_spaces import DECLARED
from tests.listed_spaces import LISTED

SPACES = all_spaces() | DECLARED | LISTED
pytestmark = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
seeds = st.integers(0, 2**32 - 1)


def draw(space: SearchSpace, seed: int):
    return space.sample(np.random.default_rng(seed))


def whole_of(space: SearchSpace) -> SearchSpace:
    """The space whose definition a space has."""
    return space.whole if isinstance(space, ListedSpace) else space


def changeable(space: SearchSpace, architecture):
    """The positions of the decisions that a search may change."""
    whole = whole_of(space)
    active = whole.active(architecture) if isinstance(whole, DeclaredSpace) else [True] * len(architecture)
    return [position for position, exists in enumerate(active) if exists]


def test_has_a_name_and_choices(space):
    assert space.name.isprintable()
    assert find_space(space.definition) is whole_of(space)
    assert len(space.cardinalities) > 0
    assert all(isinstance(choices, int) and choices > 0 for choices in space.cardinalities)
    assert space.size == np.prod(np.array(space.cardinalities, dtype=object))


@given(seed=seeds)
def test_what_is_drawn_is_valid_and_plain(space, seed):
    architecture = draw(space, seed)
    assert space.is_valid(architecture)
    assert type(architecture) is tuple
    assert all(type(choice) is int for choice in architecture)


def test_drawing_follows_the_seed(space):
    def drawn(seed):
        rng = np.random.default_rng(seed)
        return [space.sample(rng) for _ in range(20)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_drawing_is_the_same_in_another_process(space):
    found = f"find_space({space.definition!r})"
    if isinstance(space, ListedSpace):
        found = f"LISTED['listed part of {space.whole.name}']"
    program = (
        "import numpy as np; from nasbench_lab.spaces import find_space;"
        "from tests.listed_spaces import LISTED;"
        f"space = {found}; rng = np.random.default_rng(7);"
        "first = space.sample(rng); print([first, space.mutate(first, rng), space.canonical(first)])"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    rng = np.random.default_rng(7)
    first = space.sample(rng)
    assert there.stdout.strip() == str([first, space.mutate(first, rng), space.canonical(first)])


def test_drawing_leaves_the_global_generators_alone(space):
    before = str(np.random.get_state())  # noqa: NPY002
    draw(space, 0)
    assert str(np.random.get_state()) == before  # noqa: NPY002


def test_drawing_is_uniform(space):
    """A chi-square test compares the draws with the valid tuples, by blocks of neighbouring indices.

    The valid tuples in a block are counted. If the space is too large for that, random tuples are drawn, and
    the valid ones among them are counted.
    """
    blocks = 60
    # Divide first, because an index times the number of blocks may not fit 64 bits.
    block = -(-space.size // blocks)
    rng = np.random.default_rng(2024)
    drawn = np.array([space.index(space.sample(rng)) for _ in range(30_000)])
    counts = np.bincount(drawn // block, minlength=blocks)
    if space.size > 100_000:
        tuples = np.array([i for i in rng.integers(space.size, size=60_000) if is_valid_at(space, i)])
        others = np.bincount(tuples // block, minlength=blocks)
        hit = counts + others > 0
        assert stats.chi2_contingency([counts[hit], others[hit]]).pvalue > 1e-4
        return
    valid = np.array([i for i in range(space.size) if is_valid_at(space, i)])
    expected = np.bincount(valid // block, minlength=blocks)
    # A block of a small space may be empty, or hold no valid tuple: then nothing may be drawn from it.
    hit = expected > 0
    assert counts[~hit].sum() == 0
    expected = expected[hit] / expected.sum() * len(drawn)
    assert stats.chisquare(counts[hit], expected).pvalue > 1e-4


def is_valid_at(space: SearchSpace, index: int) -> bool:
    return space.is_valid(space.architecture(int(index)))


@given(seed=seeds)
def test_mutation_changes_one_decision(space, seed):
    parent = draw(space, seed)
    child = space.mutate(parent, np.random.default_rng(seed + 1))
    assert space.is_valid(child)
    assert sum(a != b for a, b in zip(parent, child, strict=True)) == 1
    assert child == space.mutate(parent, np.random.default_rng(seed + 1))


def test_mutation_is_uniform_over_decisions_then_choices(space):
    rng = np.random.default_rng(5)
    parent = space.sample(rng)
    neighbors = space.neighbors(parent)
    children = [space.mutate(parent, rng) for _ in range(20_000)]
    expected = np.empty(len(neighbors))
    for i, neighbor in enumerate(neighbors):
        changed = next(j for j in range(len(parent)) if parent[j] != neighbor[j])
        expected[i] = 1 / (space.cardinalities[changed] - 1)
    counts = [children.count(neighbor) for neighbor in neighbors]
    assert sum(counts) == len(children)
    assert stats.chisquare(counts, expected / expected.sum() * len(children)).pvalue > 1e-4


@given(seed=seeds)
def test_neighbors_are_all_valid_single_changes(space, seed):
    architecture = draw(space, seed)
    changed = {
        (*architecture[:position], choice, *architecture[position + 1 :])
        for position in changeable(space, architecture)
        for choice in range(space.cardinalities[position])
    }
    neighbors = space.neighbors(architecture)
    assert len(neighbors) == len(set(neighbors))
    assert set(neighbors) == {other for other in changed if space.is_valid(other)} - {architecture}


@given(seed=seeds)
def test_text_round_trip(space, seed):
    architecture = draw(space, seed)
    text = space.format(architecture)
    assert space.parse(text) == architecture
    assert text.isprintable()


@given(text=st.text())
def test_foreign_text_is_refused(space, text):
    try:
        architecture = space.parse(text)
    except UsageError as error:
        message = str(error)
    else:
        assert space.format(architecture) == text
        return
    assert f"is not an architecture of {space.name}; one would be" in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "|",
        "|||+|",
        "none",
        "0" * 100_000,
        "9-9-9-9-9-9",
        "1-1",
        "٠٢٠١٢١٠٠",
        "nan",
        "\0",
        "::,,,",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_text_is_refused(space, text):
    with pytest.raises(UsageError, match=f"is not an architecture of {space.name}"):
        space.parse(text)


@given(seed=seeds, data=st.data())
def test_a_damaged_text_is_refused_or_means_what_it_says(space, seed, data):
    text = space.format(draw(space, seed))
    where = data.draw(st.integers(0, len(text)))
    damaged = (
        text[:where]
        + data.draw(st.sampled_from(["", "9", "|", " ", "-", "+", "x", "\n"]))
        + text[where + 1 :]
    )
    try:
        architecture = space.parse(damaged)
    except UsageError:
        return
    assert space.format(architecture) == damaged


@given(junk=st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_nothing_else_is_valid_and_asking_never_raises(space, junk):
    assert space.is_valid(junk) is False
    assert space.is_valid((junk,) * (len(space.cardinalities) + 1)) is False
    space.is_valid((junk,) * len(space.cardinalities))


def test_out_of_range_is_not_valid(space):
    architecture = draw(space, 0)
    assert not space.is_valid(architecture[:-1])
    assert not space.is_valid((*architecture, 0))
    assert not space.is_valid((-1, *architecture[1:]))
    assert not space.is_valid((space.cardinalities[0], *architecture[1:]))
    assert not space.is_valid(list(architecture))
    assert space.is_valid(tuple(np.array(architecture)))


@given(seed=seeds)
def test_index_round_trip(space, seed):
    architecture = draw(space, seed)
    index = space.index(architecture)
    assert 0 <= index < space.size
    assert space.architecture(index) == architecture


def test_indices_are_index_many_times(space):
    rng = np.random.default_rng(3)
    architectures = [space.sample(rng) for _ in range(500)]
    expected = [space.index(architecture) for architecture in architectures]
    for dtype in (np.uint16, np.int64):
        indices = space.indices(np.array(architectures, dtype=dtype))
        assert indices.dtype == np.int64
        assert indices.tolist() == expected
    assert space.indices(np.zeros((0, len(space.cardinalities)), dtype=np.int64)).shape == (0,)


def test_canonical_indices_are_canonical_many_times(space):
    indices = np.random.default_rng(4).integers(space.size, size=300)
    expected = [
        space.index(space.canonical(architecture)) if space.is_valid(architecture) else -1
        for architecture in map(space.architecture, indices.tolist())
    ]
    canonical = space.canonical_indices(indices)
    assert canonical.dtype == np.int64
    assert canonical.tolist() == expected
    assert space.canonical_indices(indices[:0]).shape == (0,)


def test_every_index_is_used_once(space):
    if space.size > 100_000:
        pytest.skip("too large to enumerate")
    architectures = np.array([space.architecture(i) for i in range(space.size)])
    assert len(np.unique(architectures, axis=0)) == space.size
    assert space.indices(architectures).tolist() == list(range(space.size))


def test_foreign_indices_are_refused(space):
    for index in (-1, space.size):
        with pytest.raises(UsageError, match=f"{whole_of(space).name} has no architecture {index}"):
            space.architecture(index)
    architecture = draw(space, 0)
    for wrong in ((space.cardinalities[0], *architecture[1:]), (-1, *architecture[1:]), architecture[:-1]):
        with pytest.raises(ValueError, match=r"architecture|invalid entry"):
            space.index(wrong)
        with pytest.raises(ValueError, match=r"architectures|invalid entry"):
            space.indices(np.array([wrong]))


@given(seed=seeds)
def test_canonical_is_a_fixed_point_of_the_space(space, seed):
    architecture = draw(space, seed)
    canonical = space.canonical(architecture)
    assert type(canonical) is tuple
    assert space.is_valid(canonical)
    assert space.canonical(canonical) == canonical


@given(seed=seeds)
def test_encoding_is_one_hot(space, seed):
    architectures = [draw(space, seed), draw(space, seed + 1)]
    encoded = space.encode(architectures)
    assert encoded.shape == (2, sum(space.cardinalities))
    assert encoded.dtype == np.float32
    blocks = np.split(encoded, np.cumsum(space.cardinalities)[:-1], axis=1)
    decoded = np.stack([block.argmax(axis=1) for block in blocks], axis=1)
    assert [tuple(row) for row in decoded] == architectures
    assert (np.stack([block.sum(axis=1) for block in blocks]) == 1).all()
    assert set(np.unique(encoded)) <= {0.0, 1.0}


def test_encoding_nothing_has_the_right_width(space):
    assert space.encode([]).shape == (0, sum(space.cardinalities))


@given(seed=seeds)
def test_features_are_numbers_that_equal_architectures_share(space, seed):
    architectures = [draw(space, seed), draw(space, seed + 1)]
    features = space.features(architectures)
    assert features.dtype == np.float32
    assert features.ndim == 2
    assert np.isfinite(features).all()
    assert space.features([]).shape == (0, features.shape[1])
    assert (space.features(architectures[1:]) == features[1:]).all()


def test_features_are_those_of_the_canonical_architecture_unless_the_space_has_its_own(space):
    if type(space).features is not SearchSpace.features:
        pytest.skip("has features of its own")
    rng = np.random.default_rng(0)
    architectures = [space.sample(rng) for _ in range(200)]
    canonical = [space.canonical(architecture) for architecture in architectures]
    assert (space.features(architectures) == space.features(canonical)).all()
