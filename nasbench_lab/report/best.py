"""The best architectures that the runs of a comparison ended with: how often, and by whom."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from nasbench_lab.comparison.architectures import as_text, space_of
from nasbench_lab.comparison.results import Results
from nasbench_lab.search.card import TaskCard
from nasbench_lab.spaces.base import Architecture, SearchSpace


@dataclass
class Found:
    """An architecture, and the runs that ended with it or with one that computes the same.

    Attributes:
        card: its task.
        space: its search space, or None if that cannot be found.
        architecture: that of the first of these runs.
        accuracy: the reported one, the same for all these runs.
        seen: the accuracy that the search saw in each of these runs.
        runs: the number of these runs by the label of their algorithm.
        rank: 1 for the best accuracy of its task; equal accuracies have equal ranks.
    """

    card: TaskCard
    space: SearchSpace | None
    architecture: Architecture
    accuracy: float
    seen: list[float] = field(default_factory=list)
    runs: Counter[str] = field(default_factory=Counter)
    rank: int = 0

    @property
    def text(self) -> str:
        """The architecture in the published form of its space."""
        return as_text(self.space, self.architecture)


def row_of(found: Found, names: Mapping[str, str]) -> dict[str, Any]:
    """A row of the table `architectures`; `names` are the readable names of algorithms by label."""
    seen = [value for value in found.seen if not math.isnan(value)]
    optimum = math.nan if found.card.optimum is None else found.card.optimum
    return {
        "task": found.card.name,
        "rank": found.rank,
        "architecture": found.text,
        "accuracy": found.accuracy,
        "regret": optimum - found.accuracy,
        "runs": found.runs.total(),
        "found_by": ", ".join(f"{names[label]} {runs}" for label, runs in found.runs.most_common()),
        "valid_accuracy": float(np.mean(seen)) if seen else math.nan,
    }


def best_of(results: Results, card: TaskCard) -> list[Found]:
    """The distinct last incumbents of all runs on a task, ranked: the best accuracy first.

    Architectures that compute the same count as one if the same accuracy is reported for them: a table may
    list different measurements of them.
    """
    runs = {
        label: results.runs[card.name, label]
        for label in results.algorithms
        if (card.name, label) in results.runs
    }
    last = {label: each.incumbents() for label, each in runs.items()}
    rows = {label: each.architectures[last[label]] for label, each in runs.items()}
    space = space_of(card, np.concatenate(list(rows.values()))) if rows else None
    canonical = cache(lambda architecture: architecture if space is None else space.canonical(architecture))
    joined: dict[tuple[Architecture, float], Found] = {}
    for label, each in runs.items():
        values = (each.test_accuracy[last[label]], each.valid_accuracy[last[label]])
        for row, accuracy, seen in zip(rows[label].tolist(), *map(np.ndarray.tolist, values), strict=True):
            architecture = tuple(row)
            found = joined.setdefault(
                (canonical(architecture), accuracy), Found(card, space, architecture, accuracy)
            )
            found.runs[label] += 1
            found.seen.append(seen)
    return _ranked(list(joined.values()))


def _ranked(found: Sequence[Found]) -> list[Found]:
    """Best accuracy first, of equal ones first those of more runs; each with its rank."""
    ordered = sorted(found, key=lambda each: (-each.accuracy, -each.runs.total()))
    accuracies = [each.accuracy for each in ordered]
    for each in ordered:
        each.rank = accuracies.index(each.accuracy) + 1
    return ordered
