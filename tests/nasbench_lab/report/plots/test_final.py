from collections.abc import Callable
from typing import Any

import numpy as np

from nasbench_lab.report.plots import final

Make = Callable[..., Any]


def test_few_runs_are_all_there_as_dots(make: Make) -> None:
    results, tables = make(tasks=1, algorithms=2, runs=12)
    axes: Any = final.draw(results, tables).axes[0]
    dots = [line for line in axes.lines if len(line.get_xdata()) == 12]
    for line, label in zip(dots, results.algorithms, strict=True):
        own = tables.final.loc[tables.final["algorithm"] == label, "regret"]
        at = np.asarray(line.get_xdata())
        np.testing.assert_allclose(np.sort(at)[own.le(0).sum() :], np.sort(own[own > 0]))
        # The dots of equal runs are stacked, so none hides another.
        assert len(set(zip(at, np.asarray(line.get_ydata()), strict=True))) == 12


def test_many_runs_are_a_histogram(make: Make) -> None:
    axes = final.draw(*make(tasks=1, algorithms=2, runs=31, steps=5)).axes[0]
    assert len(axes.collections) == 2
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Random search", "Local search"]


def test_the_median_is_marked(make: Make) -> None:
    results, tables = make(tasks=1, algorithms=1, runs=9)
    axes: Any = final.draw(results, tables).axes[0]
    circles = [line.get_xdata()[0] for line in axes.lines if line.get_color() == "white"]
    np.testing.assert_allclose(circles, tables.summary["regret_median"])


def test_the_axis_says_what_it_shows(make: Make) -> None:
    assert final.draw(*make(tasks=1)).axes[0].get_xlabel() == "Final regret (percentage points)"
    assert final.draw(*make(tasks=1, optimum=None)).axes[0].get_xlabel() == "Final accuracy (%)"
