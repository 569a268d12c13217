from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from nasbench_lab.statistics.anytime import (
    area_under_curve,
    cost_to_target,
    expected_running_time,
    first_incumbent,
    incumbents_at,
    mean_band,
    success_rate,
)


class Steps(NamedTuple):
    run_of_step: np.ndarray
    cost: np.ndarray
    accuracy: np.ndarray
    runs: int


@st.composite
def steps(draw: st.DrawFn) -> Steps:
    """Runs of different lengths; some are empty, some fail, and some have equal costs."""
    step = st.tuples(st.integers(0, 3), st.none() | st.integers(0, 5))
    runs = draw(st.lists(st.lists(step, max_size=6), min_size=1, max_size=5))
    cost = [np.cumsum([1 + spent for spent, _ in run[:1]] + [spent for spent, _ in run[1:]]) for run in runs]
    accuracy = [np.nan if value is None else float(value) for run in runs for _, value in run]
    return Steps(
        np.repeat(np.arange(len(runs)), [len(run) for run in runs]),
        np.concatenate(cost).astype(float),
        np.array(accuracy, dtype=float),
        len(runs),
    )


def incumbent_by_loop(data: Steps, run: int, spent: float) -> float:
    incumbent = np.nan
    for owner, cost, accuracy in zip(*data[:3], strict=True):
        if owner == run and cost <= spent and not np.isnan(accuracy):
            incumbent = accuracy
    return incumbent


# Run 0 has incumbents 50 at cost 1, 70 at 3, 60 at 4; run 1 has 80 at cost 2; run 2 fails.
EXAMPLE = Steps(
    np.array([0, 0, 0, 1, 1, 2]),
    np.array([1.0, 3.0, 4.0, 2.0, 9.0, 5.0]),
    np.array([50.0, 70.0, 60.0, 80.0, np.nan, np.nan]),
    3,
)


def test_incumbents_hold_until_the_next() -> None:
    values = incumbents_at(np.array([0.5, 1, 2.9, 3, 100]), *EXAMPLE)
    nan = np.nan
    np.testing.assert_array_equal(values, [[nan, 50, 50, 70, 60], [nan, nan, 80, 80, 80], [nan] * 5])


@given(steps(), st.lists(st.integers(0, 20), min_size=1, max_size=6))
def test_incumbents_are_those_of_the_loop(data: Steps, grid: list[int]) -> None:
    costs = np.sort(np.array(grid, dtype=float))
    expected = [[incumbent_by_loop(data, run, spent) for spent in costs] for run in range(data.runs)]
    np.testing.assert_array_equal(incumbents_at(costs, *data), expected)


@given(steps(), st.integers(0, 5))
def test_cost_to_target_is_that_of_the_loop(data: Steps, target: int) -> None:
    expected = np.full(data.runs, np.nan)
    for run, cost, accuracy in zip(*data[:3], strict=True):
        if accuracy >= target and np.isnan(expected[run]):
            expected[run] = cost
    np.testing.assert_array_equal(cost_to_target(target, *data), expected)


def test_a_target_counts_as_reached_though_a_later_incumbent_is_worse() -> None:
    np.testing.assert_array_equal(cost_to_target(65, *EXAMPLE), [3, 2, np.nan])
    np.testing.assert_array_equal(first_incumbent(*EXAMPLE), [1, 2, np.nan])


def test_band_is_of_the_mean_at_each_cost() -> None:
    values = np.random.default_rng(0).normal([0, 10, 20], size=(40, 3))
    band = mean_band(values, np.random.default_rng(1))
    np.testing.assert_allclose(band.mean, values.mean(axis=0))
    error = values.std(axis=0, ddof=1) / np.sqrt(40)
    np.testing.assert_allclose(band.high - band.mean, 2.02 * error, rtol=0.12)
    np.testing.assert_allclose(band.mean - band.low, 2.02 * error, rtol=0.12)


def test_band_of_one_run_has_no_ends() -> None:
    band = mean_band(np.array([[1.0, 2.0]]), np.random.default_rng(0))
    np.testing.assert_array_equal(band.mean, [1, 2])
    assert np.isnan([band.low, band.high]).all()


def test_success_rate_has_wilsons_interval() -> None:
    reached = np.array([True] * 7 + [False] * 3)
    assert success_rate(reached) == pytest.approx((0.7, *proportion_confint(7, 10, method="wilson")))
    never = success_rate(np.zeros(10, dtype=bool))
    assert never.low == pytest.approx(0, abs=1e-12)
    assert never.high == pytest.approx(0.278, abs=0.001)
    assert np.isnan(success_rate(np.array([], dtype=bool))).all()


def test_expected_running_time_by_hand() -> None:
    # Three runs reach the target at 2, never within 10, and at 4: 2 successes for a cost of 16.
    estimate = expected_running_time(
        np.array([2.0, np.nan, 4.0]), np.array([10.0, 10.0, 10.0]), np.random.default_rng(0)
    )
    assert estimate.value == 8
    assert estimate.low <= 8
    assert estimate.high == np.inf


def test_expected_running_time_without_success_is_infinite() -> None:
    estimate = expected_running_time(np.full(5, np.nan), np.full(5, 10.0), np.random.default_rng(0))
    assert estimate == (np.inf, np.inf, np.inf)


def test_expected_running_time_of_one_run_and_of_none() -> None:
    one = expected_running_time(np.array([3.0]), np.array([9.0]), np.random.default_rng(0))
    assert one.value == 3
    assert np.isnan([one.low, one.high]).all()
    assert np.isnan(expected_running_time(np.array([]), np.array([]), np.random.default_rng(0))).all()


def test_expected_running_time_covers() -> None:
    # An exponential time with mean 100, cut off at 60, has an expected running time of 100.
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        times = rng.exponential(100, size=30)
        estimate = expected_running_time(
            np.where(times <= 60, times, np.nan), np.full(30, 60.0), rng, resamples=300
        )
        covered += estimate.low <= 100 <= estimate.high
    assert 0.915 <= covered / 300 <= 0.985


def test_area_by_hand() -> None:
    # Run 0 from cost 2 to 6: 50 for 1, 70 for 1, 60 for 2. Run 1 is at 80 all the time.
    np.testing.assert_allclose(area_under_curve(2, 6, *EXAMPLE), [60, 80, np.nan])
    np.testing.assert_allclose(area_under_curve(1, 6, *EXAMPLE)[1:], [np.nan, np.nan])


def test_no_cost_has_no_area() -> None:
    assert np.isnan(area_under_curve(6, 6, *EXAMPLE)).all()
    assert np.isnan(area_under_curve(np.nan, 6, *EXAMPLE)).all()


@given(steps())
def test_area_is_that_of_a_fine_grid(data: Steps) -> None:
    edges = np.linspace(2, 17, 20_001)
    values = incumbents_at(edges[:-1], *data)
    np.testing.assert_allclose(area_under_curve(2, 17, *data), values.mean(axis=1), atol=0.01)
