import pytest

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces.nasbench_graph import SPACES, TOPOLOGIES

space, proteins = SPACES


def valid(space):
    architectures = map(space.architecture, range(space.size))
    return [architecture for architecture in architectures if space.is_valid(architecture)]


def test_text_form():
    assert space.parse("0-0-1-2:gat,gcn,skip,fc") == (3, 0, 1, 8, 7)
    assert proteins.format((8, 0, 4, 3, 2)) == "0-1-2-3:gcn,skip,fc,arma"


@pytest.mark.parametrize(
    "text",
    ["0-0-1-2:gat,gcn,skip", "0-0-2-1:gat,gcn,skip,fc", "0-0-1-2:gat,gcn,skip,fc,", "0-0-1-2", "0012:gat"],
)
def test_near_misses_are_refused(text):
    with pytest.raises(UsageError, match="is not an architecture of nasbench_graph; one would be"):
        space.parse(text)


def test_four_skips_are_no_network():
    assert not space.is_valid((0, 8, 8, 8, 8))
    assert not proteins.is_valid((5, 4, 4, 4, 4))
    assert len(valid(space)) == 59_049 - 9
    with pytest.raises(UsageError, match="is not an architecture"):
        space.parse("0-0-0-0:skip,skip,skip,skip")


def test_as_many_are_distinct_as_published():
    assert len({space.canonical(architecture) for architecture in valid(space)}) == 26_206
    assert len({proteins.canonical(architecture) for architecture in valid(proteins)}) == 2_021


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ("0-0-0-0:fc,gin,gat,gcn", "0-0-0-0:gat,gcn,gin,fc"),
        ("0-0-1-2:gcn,gat,fc,gin", "0-0-1-2:gat,gcn,gin,fc"),
        # A skip in the middle of a chain goes to the front.
        ("0-1-2-3:gcn,skip,gat,fc", "0-1-2-3:skip,gcn,gat,fc"),
        # A skip at the end of a branch, beside others, stays: it adds to the output.
        ("0-1-1-1:gcn,skip,gat,fc", "0-1-1-1:gcn,gat,fc,skip"),
        # A skip from the input of the cell to its output does not stay.
        ("0-0-0-0:skip,gat,fc,gcn", "0-1-1-1:skip,gat,gcn,fc"),
    ],
)
def test_canonical_form(written, listed):
    assert space.format(space.canonical(space.parse(written))) == listed


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_canonical_agrees_with_the_published_code(space):
    """The package's own canonicalisation gives the same key for every architecture."""
    published = pytest.importorskip("nas_bench_graph.architecture")
    for architecture in valid(space):
        canonical = space.canonical(architecture)
        names = [space.operations[operation] for operation in architecture[1:]]
        key = published.Arch(list(TOPOLOGIES[architecture[0]]), names).valid_hash()
        digits = [published.gnn_list.index(space.operations[operation]) for operation in canonical[1:]]
        assert key == int("".join(map(str, [canonical[0], *digits])))
