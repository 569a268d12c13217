"""Tidy frames of the runs: one row per evaluation, one row per new incumbent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasbench_lab.comparison.architectures import texts_of
from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.interactive.selection import chosen_algorithms, chosen_tasks
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import SOURCES

COLUMNS = (
    "task", "algorithm", "run", "step", "architecture",
    "valid_accuracy", "epochs", "seconds", "clock", "source",
)  # fmt: skip


@dataclass(frozen=True)
class _Part:
    """The steps of one algorithm on one task that become rows."""

    card: TaskCard
    label: str
    runs: Runs
    steps: NDArray[np.int64]


def evaluations(results: Results, task: str | None = None, algorithm: str | None = None) -> pd.DataFrame:
    """One row per evaluation: what the search saw of it, and never what is reported.

    The columns, and the errors raised, are those of `ComparisonResults.evaluations`.
    """
    # A recommendation at the end of a search is stored as a step with a source of its own.
    parts = _parts(results, task, algorithm, lambda runs: runs.source < len(SOURCES))
    columns: dict[str, Any] = _keys(parts)
    columns |= {
        "step": _joined(parts, _steps).astype(np.int32),
        "architecture": _architectures(parts),
        "valid_accuracy": _joined(parts, lambda runs: runs.valid_accuracy),
        "epochs": _joined(parts, lambda runs: runs.epochs).astype(np.int32),
        "seconds": _joined(parts, lambda runs: runs.seconds),
        "clock": _joined(parts, lambda runs: runs.clock),
        "source": pd.Categorical.from_codes(
            _joined(parts, lambda runs: runs.source).astype(np.int8), categories=pd.Index(SOURCES)
        ),
    }
    for name in sorted({name for part in parts for name in part.runs.metrics}):
        column = f"{name} (metric)" if name in COLUMNS else name
        columns[column] = _joined(parts, partial(_metric, name))
    return pd.DataFrame(columns)


def incumbents(results: Results, task: str | None = None, algorithm: str | None = None) -> pd.DataFrame:
    """One row per new incumbent, with the accuracy that is reported for it.

    The columns, and the errors raised, are those of `ComparisonResults.incumbents`.
    """
    parts = _parts(results, task, algorithm, lambda runs: ~np.isnan(runs.test_accuracy))
    accuracy = _joined(parts, lambda runs: runs.test_accuracy)
    optima = [np.nan if part.card.optimum is None else part.card.optimum for part in parts]
    columns: dict[str, Any] = _keys(parts)
    columns |= {
        "evaluations": _joined(parts, lambda runs: runs.evaluations_spent).astype(np.int64),
        "cost": np.concatenate(
            [part.runs.cost(part.card.cost)[part.steps] for part in parts] or [np.empty(0)]
        ),
        "architecture": _architectures(parts),
        "valid_accuracy": _joined(parts, lambda runs: runs.valid_accuracy),
        "accuracy": accuracy,
        "regret": np.repeat(optima, [len(part.steps) for part in parts]) - accuracy,
    }
    return pd.DataFrame(columns)


def _parts(
    results: Results, task: str | None, algorithm: str | None, which: Callable[[Runs], NDArray[np.bool_]]
) -> list[_Part]:
    labels = chosen_algorithms(results, algorithm)
    return [
        _Part(card, label, runs, np.flatnonzero(which(runs)))
        for card in chosen_tasks(results, task)
        for label in labels
        if (runs := results.runs.get((card.name, label))) is not None
    ]


def _joined(parts: Sequence[_Part], values: Callable[[Runs], NDArray[Any]]) -> NDArray[Any]:
    """The values of all rows, from a function that gives those of all steps of some runs."""
    return np.concatenate([values(part.runs)[part.steps] for part in parts] or [np.empty(0)])


def _keys(parts: Sequence[_Part]) -> dict[str, Any]:
    return {
        "task": _repeated(parts, [part.card.name for part in parts]),
        "algorithm": _repeated(parts, [part.label for part in parts]),
        "run": _joined(parts, lambda runs: runs.run_of_step).astype(np.int32),
    }


def _repeated(parts: Sequence[_Part], names: Sequence[str]) -> "pd.Categorical[str]":
    categories = list(dict.fromkeys(names))
    codes = np.array([categories.index(name) for name in names], dtype=np.int32)
    return pd.Categorical.from_codes(
        np.repeat(codes, [len(part.steps) for part in parts]), categories=pd.Index(categories)
    )


def _architectures(parts: Sequence[_Part]) -> "pd.Categorical[str]":
    return texts_of([(part.card, part.runs.architectures[part.steps]) for part in parts])


def _steps(runs: Runs) -> NDArray[np.int64]:
    """The number of each step within its run, from 0."""
    return np.arange(len(runs.run_of_step)) - runs.offsets[:-1][runs.run_of_step]


def _metric(name: str, runs: Runs) -> NDArray[np.float64]:
    values = runs.metrics.get(name)
    return np.full(len(runs.run_of_step), np.nan) if values is None else values
