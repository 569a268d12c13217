"""Lists as people write them."""

import numpy as np
import pandas as pd
import pytest

from nasbench_lab.errors import UsageError
from nasbench_lab.lists import in_order, kept, separate, separated


@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        np.array,
        pd.Series,
        pd.Index,
        iter,
        lambda items: (each for each in items),
        lambda items: dict.fromkeys(items).keys(),
        lambda items: dict(enumerate(items)).values(),
    ],
)
def test_what_has_an_order_is_a_list(make):
    found = in_order(make(["b", "a", "c"]), "names")
    assert found == ["b", "a", "c"]
    assert all(isinstance(each, str) for each in found)


def test_numbers_of_numpy_are_plain_ones():
    found = in_order(np.arange(3, dtype=np.int8), "numbers")
    assert found == [0, 1, 2]
    assert {type(each) for each in found} == {int}
    assert in_order(range(1, 3), "numbers") == [1, 2]


@pytest.mark.parametrize("value", ["ab", 3, None, np.int64(3), np.array(3), {"a": 1}, b"ab", np.eye(2), len])
def test_other_values_are_single(value):
    assert in_order(value, "names") is None


@pytest.mark.parametrize("value", [{"a"}, frozenset("a")])
def test_a_set_has_no_order(value):
    with pytest.raises(UsageError, match=r"names takes a list, .* a set has none; received .*'a'"):
        in_order(value, "names")


def test_a_generator_is_kept_and_can_be_read_twice():
    once = kept(iter("ab"))
    assert (list(once), list(once)) == (["a", "b"], ["a", "b"])
    value = ("a", "b")
    assert kept(value) is value


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        ("a, b,", ["a", "b"]),
        ("e:population_size=50,sample_size=5", ["e:population_size=50,sample_size=5"]),
        ("a,e:x=1,y=2,b", ["a", "e:x=1,y=2", "b"]),
        ("A=a,B=b", ["A=a", "B=b"]),
        ("", []),
    ],
)
def test_commas_between_settings_separate_no_names(text, names):
    assert separated(text) == names


def test_the_advice_is_what_one_types():
    assert separate("budget_seconds", ["1", "2"], "numbers") == (
        "separate numbers by spaces: --budget-seconds 1 2 (in Python: a list)"
    )
