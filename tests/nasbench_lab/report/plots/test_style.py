from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from nasbench_lab.report.plots.style import COLOURS, log_axis, log_ticks, looks, number, wrapped

Make = Callable[..., Any]


def test_looks_differ_even_in_grey(make: Make) -> None:
    results, _ = make(tasks=1, algorithms=10, runs=2, steps=3)
    shown = looks(results).values()
    assert len({look.colour for look in shown}) == len(COLOURS) == 10
    assert len({(look.line_style, look.marker) for look in shown}) == 10


@pytest.mark.parametrize(("low", "high"), [(30, 700), (0.011, 0.012), (1, 2), (0.004, 40), (1e-9, 1e9)])
def test_every_log_axis_has_two_to_six_ticks_within_it(low: float, high: float) -> None:
    ticks = log_ticks(low, high)
    assert 2 <= len(ticks) <= 6
    assert min(ticks) >= low * 0.99
    assert max(ticks) <= high * 1.01
    assert len({number(tick) for tick in ticks}) == len(ticks)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0002, "0.0002"), (0.01, "0.01"), (1, "1"), (20_000, "20,000"), (1e6, "$10^{6}$"), (0.3, "0.3")],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


def test_zeros_get_a_tick_of_their_own_below_the_rest() -> None:
    axes = Figure().subplots()
    place = log_axis(axes.xaxis, [0.0, 0.1, 10.0, np.nan, np.inf])
    zero, low, high = place([0.0, 0.1, 10.0])
    left, right = axes.get_xlim()
    assert left < zero < low == 0.1 < high == 10.0 < right < np.inf
    labels = [axes.xaxis.get_major_formatter()(tick) for tick in axes.get_xticks()]
    assert labels[0] == "0"
    assert axes.get_xticks()[0] == zero


def test_without_zeros_there_is_no_such_tick() -> None:
    axes = Figure().subplots()
    log_axis(axes.yaxis, [0.1, 10.0])
    assert axes.get_yscale() == "log"
    assert "0" not in [axes.yaxis.get_major_formatter()(tick) for tick in axes.get_yticks()]


def test_dollars_do_not_start_mathematics() -> None:
    assert wrapped("cost in $ and $", 40) == r"cost in \$ and \$"
