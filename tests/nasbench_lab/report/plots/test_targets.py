import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from nasbench_lab.report.plots import targets

Make = Callable[..., Any]


def with_costs(make: Make, costs: list[float]) -> tuple[Any, Any]:
    results, tables = make(tasks=1, algorithms=1, runs=4)
    final = tables.final.assign(cost_to_target=costs, cost=1000.0)
    return results, dataclasses.replace(tables, final=final)


def test_the_line_is_the_share_of_all_runs(make: Make) -> None:
    axes = targets.draw(*with_costs(make, [10.0, np.nan, 100.0, 10.0])).axes[0]
    line: Any = axes.lines[-1]
    np.testing.assert_allclose(line.get_xdata()[1:-1], [10, 100])
    np.testing.assert_allclose(line.get_ydata(), [0, 50, 75, 75])
    assert line.get_drawstyle() == "steps-post"


def test_the_target_is_named(make: Make) -> None:
    results, tables = make(tasks=1)
    title = targets.draw(results, tables).axes[0].get_title()
    assert title.endswith(f"target {tables.targets['target'].iloc[0]:.2f} %")


def test_says_so_where_no_run_reached_it(make: Make) -> None:
    axes = targets.draw(*with_costs(make, [np.nan] * 4)).axes[0]
    assert axes.texts[0].get_text() == "No run reached the target"
