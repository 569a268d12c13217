"""Stored architectures as text: each in the published form of its search space."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasbench_lab.errors import NasbenchLabError
from nasbench_lab.search.card import TaskCard
from nasbench_lab.spaces import find_space
from nasbench_lab.spaces.base import Architecture, SearchSpace

Rows = NDArray[np.integer[Any]]


def space_of(card: TaskCard, rows: Rows) -> SearchSpace | None:
    """The search space of stored architectures, shape `(n, d)`; None if it cannot be found.

    A comparison that was stored by an older version names no space. The space of a file or a package that is
    not here is not found, and neither is one that has changed so that the architectures do not fit in it.
    """
    if not card.space:
        return None
    try:
        space = find_space(card.space)
    except NasbenchLabError:
        return None
    fits = rows.shape[1] == len(space.cardinalities) and (rows < np.array(space.cardinalities)).all()
    return space if fits else None


def as_text(space: SearchSpace | None, architecture: Architecture) -> str:
    """The published form of an architecture, or its choices, such as `(3, 0, 2)`, without a space."""
    return str(architecture) if space is None else space.format(architecture)


def distinct(rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first place of each distinct row, shape `(k,)`, and the number of each row among these, `(n,)`.

    A row becomes one number, since comparing numbers is ten times as fast as comparing rows.
    """
    codes, size = np.zeros(len(rows), dtype=np.int64), 1
    for column in rows.T:
        choices = int(column.max(initial=0)) + 1
        if size * choices > 2**62:
            codes = pd.factorize(codes)[0].astype(np.int64)
            size = len(rows)
        codes = codes * choices + column
        size *= choices
    codes, found = pd.factorize(codes)
    first = np.empty(len(found), dtype=np.int64)
    # Written backwards: the last write to a place is that of its first row.
    first[codes[::-1]] = np.arange(len(rows))[::-1]
    return first, codes.astype(np.int64)


def texts_of(parts: Sequence[tuple[TaskCard, Rows]]) -> "pd.Categorical[str]":
    """The text of each architecture of all parts, one after another; each text is made once."""
    by_space: dict[tuple[str, int], list[int]] = {}
    for place, (card, rows) in enumerate(parts):
        by_space.setdefault((card.space, rows.shape[1]), []).append(place)
    number: dict[str, int] = {}
    codes: list[NDArray[np.int32]] = [np.empty(0, dtype=np.int32)] * len(parts)
    for places in by_space.values():
        rows = np.concatenate([parts[place][1] for place in places])
        space = space_of(parts[places[0]][0], rows)
        first, own = distinct(rows)
        texts = [as_text(space, tuple(architecture)) for architecture in rows[first].tolist()]
        numbers = np.array([number.setdefault(text, len(number)) for text in texts], dtype=np.int32)
        ends = np.cumsum([len(parts[place][1]) for place in places])[:-1]
        for place, piece in zip(places, np.split(numbers[own], ends), strict=True):
            codes[place] = piece
    joined = np.concatenate(codes) if codes else np.empty(0, dtype=np.int32)
    return pd.Categorical.from_codes(joined, categories=pd.Index(list(number)))
