import gzip
import json

import pytest

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces.nasbench_macro import SPACES

(space,) = SPACES


def test_published_form():
    assert space.parse("02012100") == (0, 2, 0, 1, 2, 1, 0, 0)
    assert space.format((2, 2, 2, 1, 2, 2, 2, 0)) == "22212220"
    assert space.size == 6_561


@pytest.mark.parametrize(
    ("written", "listed"),
    [("02012100", "02012100"), ("00002001", "00020010"), ("01002001", "01020010"), ("00102202", "00120220")],
)
def test_identities_end_a_stage(written, listed):
    assert space.format(space.canonical(space.parse(written))) == listed


def test_as_many_are_distinct_as_published():
    assert len({space.canonical(space.architecture(i)) for i in range(space.size)}) == 3_969


def test_equal_networks_have_equal_published_results(published_data):
    with gzip.open(published_data / "nasbench-macro" / "nas-bench-macro_cifar10.json.gz", "rt") as file:
        published = json.load(file)
    for text, results in published.items():
        assert results == published[space.format(space.canonical(space.parse(text)))]


@pytest.mark.parametrize("text", ["0201210", "020121000", "02012103", "0201210²", "-2012100"])
def test_near_misses_are_refused(text):
    with pytest.raises(UsageError, match="is not an architecture of nasbench_macro; one would be"):
        space.parse(text)
