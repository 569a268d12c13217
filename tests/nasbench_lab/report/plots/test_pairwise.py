import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from nasbench_lab.report.plots import pairwise

Make = Callable[..., Any]


def cells(axes: Any) -> dict[tuple[int, int], str]:
    return {
        (int(text.get_position()[1]), int(text.get_position()[0])): text.get_text() for text in axes.texts
    }


def test_cells_hold_a12_of_row_over_column_and_a_star_where_shown(make: Make) -> None:
    results, tables = make(tasks=1, algorithms=3)
    frame = tables.pairwise.assign(a12=[0.8, 0.25, 0.5], p_holm=[0.01, 0.049, 0.6])
    axes = pairwise.draw(results, dataclasses.replace(tables, pairwise=frame)).axes[0]
    assert cells(axes) == {
        (0, 1): "0.80*", (1, 0): "0.20*",
        (0, 2): "0.25*", (2, 0): "0.75*",
        (1, 2): "0.50", (2, 1): "0.50",
    }  # fmt: skip


def test_better_is_blue_and_worse_is_red(make: Make) -> None:
    results, tables = make(tasks=1, algorithms=2)
    frame = tables.pairwise.assign(a12=0.9)
    axes = pairwise.draw(results, dataclasses.replace(tables, pairwise=frame)).axes[0]
    mesh: Any = axes.collections[0]
    mesh.update_scalarmappable()
    colours = mesh.get_facecolors().reshape(2, 2, 4)
    assert colours[0, 1][2] > colours[0, 1][0]
    assert colours[1, 0][0] > colours[1, 0][2]


def test_what_could_not_be_compared_is_a_dash(make: Make) -> None:
    results, tables = make(tasks=1, algorithms=2, runs=3, failed=3)
    assert set(cells(pairwise.draw(results, tables).axes[0]).values()) == {"–"}


@pytest.mark.parametrize("tasks", [1, 2, 3])
@pytest.mark.parametrize("algorithms", [2, 5, 10])
def test_names_are_not_cut_off(make: Make, tasks: int, algorithms: int) -> None:
    figure = pairwise.draw(*make(tasks=tasks, algorithms=algorithms))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for axes in figure.axes:
        texts = (axes.title, *axes.get_yticklabels(), *axes.get_xticklabels(), axes.yaxis.label)
        for text in (text for text in texts if text.get_text()):
            box = text.get_window_extent(canvas.get_renderer())
            assert 0 <= box.x0 <= box.x1 <= figure.bbox.width, text.get_text()
            assert 0 <= box.y0 <= box.y1 <= figure.bbox.height, text.get_text()
