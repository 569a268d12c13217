from collections.abc import Callable
from typing import Any

import numpy as np

from nasbench_lab.report.plots import anytime

Make = Callable[..., Any]


def test_lines_are_the_means_in_steps_on_logarithmic_axes(make: Make) -> None:
    results, tables = make()
    figure = anytime.draw(results, tables)
    for axes, task in zip(figure.axes, results.tasks, strict=True):
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert axes.get_xlabel() == "Cost (simulated seconds)"
        line: Any = next(line for line in axes.lines if line.get_label() == "Local search")
        rows = tables.anytime.set_index(["task", "algorithm"]).loc[(task.name, "local_search")]
        assert line.get_drawstyle() == "steps-post"
        np.testing.assert_allclose(line.get_xdata(), rows["cost"])
        np.testing.assert_allclose(line.get_ydata(), rows["regret_mean"])
    assert figure.axes[0].get_ylabel() == "Mean regret\n(percentage points)"


def test_one_legend_for_the_figure(make: Make) -> None:
    figure = anytime.draw(*make())
    assert [len(figure.legends), *(axes.get_legend() for axes in figure.axes)] == [1, None, None, None]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names[0] == "Random search"
    assert len(names) == 5


def test_accuracy_where_the_optimum_is_unknown(make: Make) -> None:
    axes = anytime.draw(*make(tasks=1, optimum=None)).axes[0]
    assert axes.get_ylabel() == "Mean accuracy\n(%)"
    assert axes.get_yscale() == "linear"


def test_costs_in_different_units_are_labelled_each(make: Make) -> None:
    labels = [axes.get_xlabel() for axes in anytime.draw(*make(tasks=4)).axes]
    assert labels == ["Cost (simulated seconds)"] * 3 + ["Cost (evaluations)"]
