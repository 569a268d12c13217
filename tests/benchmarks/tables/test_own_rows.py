from pathlib import Path

import numpy as np
import pytest

from nasbench_lab.benchmarks.tables.own_file import OwnFile
from nasbench_lab.benchmarks.tables.own_rows import arrange
from nasbench_lab.errors import TableError
from nasbench_lab.spaces import find_space

SPACE = find_space("nasbench_macro")


def arranged(indices, values=None):
    indices = np.array(indices)
    file = OwnFile(Path("table.csv"), {}, range(2, len(indices) + 2), "line")
    accuracies = np.zeros(len(indices)) if values is None else np.array(values, dtype=float)
    return arrange(file, SPACE, indices, {"acc": accuracies})


def test_a_whole_space_has_no_keys():
    indices = np.random.default_rng(0).permutation(SPACE.size)
    rows = arranged([*indices, indices[7]])
    assert rows.keys is None
    assert not rows.plain_keys
    assert (indices[rows.order] == np.arange(SPACE.size)).all()
    assert rows.repeated == f"line {SPACE.size + 2} repeats line 9"


def test_a_part_has_canonical_keys_if_its_architectures_are_distinct():
    text = ("00001000", "12012012", "00000000")
    indices = [SPACE.index(SPACE.parse(each)) for each in text]
    rows = arranged(indices)
    assert not rows.plain_keys
    expected = [SPACE.index(SPACE.canonical(SPACE.parse(text[row]))) for row in rows.order]
    assert (rows.keys == expected).all()
    assert (np.diff(rows.keys) > 0).all()


def test_a_part_has_plain_keys_if_some_are_functionally_equal():
    indices = [SPACE.index(SPACE.parse(each)) for each in ("00001000", "00010000", "00000000")]
    rows = arranged(indices, [1, 2, 3])
    assert rows.plain_keys
    assert rows.keys.tolist() == sorted(indices)
    assert rows.order.tolist() == [2, 0, 1]


def test_rows_with_the_same_values_are_left_out():
    rows = arranged([5, 3, 5, 5], [np.nan, 1, np.nan, np.nan])
    assert rows.order.tolist() == [1, 0]
    assert rows.repeated == "line 4 repeats line 2, line 5 repeats line 4"
    assert arranged([5] * 9).repeated.endswith("line 7 repeats line 6, 3 more")


@pytest.mark.parametrize("values", [[1, 2, 3], [np.nan, 2, 1], [1, 2, np.nan], [np.inf, 2, np.nan]])
def test_rows_with_other_values_are_refused(values):
    with pytest.raises(
        TableError,
        match=r"table.csv, line 4, column 'acc': line 2 lists the same architecture with another value; keep"
        r" one of the two rows, or give each training a column of its own with its own seed",
    ):
        arranged([5, 3, 5], values)
