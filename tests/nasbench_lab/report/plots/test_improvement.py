import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from nasbench_lab.report.plots import improvement
from nasbench_lab.report.plots.style import looks

Make = Callable[..., Any]


def test_the_likelier_winner_is_named_first_and_the_clearest_pair_on_top(make: Make) -> None:
    results, tables = make(tasks=2, algorithms=3)
    frame = tables.improvement.assign(
        probability=[0.6, 0.1, 0.52], low=[0.55, 0.05, 0.4], high=[0.65, 0.2, 0.6]
    )
    axes: Any = improvement.draw(results, dataclasses.replace(tables, improvement=frame)).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "Regularized evolution over Random search",
        "Random search over Local search",
        "Local search over Regularized evolution",
    ]
    intervals = [line.get_xdata() for line in axes.lines if line.get_marker() == "None"][:3]
    np.testing.assert_allclose(intervals, [[0.8, 0.95], [0.55, 0.65], [0.4, 0.6]])
    points = [line for line in axes.lines if line.get_marker() != "None"]
    assert points[0].get_color() == looks(results)["regularized_evolution"].colour
    assert points[2].get_color() == improvement.UNDECIDED
    assert points[2].get_markerfacecolor() == "white"


def test_needs_two_tasks(make: Make) -> None:
    assert not improvement.computable(make(tasks=1)[1])
    assert improvement.computable(make(tasks=2)[1])
