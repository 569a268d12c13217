"""The rows of your own table: which architecture each one lists, and in which order the table has them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.tables.own_file import Numbers, OwnFile
from nasbench_lab.spaces import SearchSpace

LEFT_OUT = "rows left out"
SHOWN = 5  # pairs of repeated rows that are named


@dataclass(frozen=True)
class OwnRows:
    """The rows of a file as a table has them.

    Attributes:
        order: the rows of the file in the table's order, shape `(A,)`.
        keys: as in `DataSet`, shape `(A,)`; None if the whole space is listed.
        plain_keys: as in `DataSet`.
        repeated: a sentence about rows that repeat another and were left out; empty if there are none.
    """

    order: NDArray[np.int64]
    keys: NDArray[np.int64] | None
    plain_keys: bool
    repeated: str


def arrange(
    file: OwnFile, space: SearchSpace, indices: NDArray[np.int64], values: Mapping[str, Numbers]
) -> OwnRows:
    """Sort the rows, and leave out each row that repeats another with the same values.

    Args:
        file: the file.
        space: the search space.
        indices: the index of each row's architecture, shape `(rows,)`.
        values: the values of each column, each of shape `(rows,)`.

    Raises `TableError` if an architecture is listed twice with different values.
    """
    order = np.argsort(indices, kind="stable")
    again = np.flatnonzero(np.diff(indices[order]) == 0) + 1
    pairs = list(zip(order[again - 1].tolist(), order[again].tolist(), strict=True))
    for first, second in pairs:
        for name, numbers in values.items():
            if not np.array_equal(numbers[first], numbers[second], equal_nan=True):
                raise file.error(
                    second,
                    name,
                    f"{file.row_word} {file.lines[first]} lists the same architecture with another value;"
                    " keep one of the two rows, or give each training a column of its own with its own seed",
                )
    repeated = _in_words(file, pairs)
    order = np.delete(order, again)
    listed = indices[order]
    if len(listed) == space.size:
        return OwnRows(order, None, False, repeated)
    canonical = space.canonical_indices(listed)
    if len(np.unique(canonical)) < len(canonical):
        return OwnRows(order, listed, True, repeated)
    ascending = np.argsort(canonical)
    return OwnRows(order[ascending], canonical[ascending], False, repeated)


def _in_words(file: OwnFile, pairs: list[tuple[int, int]]) -> str:
    named = [
        f"{file.row_word} {file.lines[second]} repeats {file.row_word} {file.lines[first]}"
        for first, second in pairs[:SHOWN]
    ]
    more = [f"{len(pairs) - SHOWN:,} more"] * (len(pairs) > SHOWN)
    return ", ".join(named + more)
