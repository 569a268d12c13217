import pytest

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces.nasbench_macro import SPACES

(space,) = SPACES


def test_published_form():
    assert space.parse("02012100") == (0, 2, 0, 1, 2, 1, 0, 0)
    assert space.format((2, 2, 2, 1, 2, 2, 2, 0)) == "22212220"
    assert space.size == 6_561


@pytest.mark.parametrize("text", ["0201210", "020121000", "02012103", "0201210²", "-2012100"])
def test_near_misses_are_refused(text):
    with pytest.raises(UsageError, match="is not an architecture of nasbench_macro; one would be"):
        space.parse(text)
