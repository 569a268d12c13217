import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nasbench_lab.statistics.summary import (
    interquartile_mean,
    interquartile_mean_interval,
    interquartile_means,
    mean,
)

accuracies = st.lists(st.floats(0, 100), min_size=1, max_size=30).map(np.array)


def test_interquartile_mean_leaves_out_a_quarter_at_each_end() -> None:
    assert interquartile_mean(np.array([0.0, 1, 2, 3, 4, 5, 6, 1000])) == 3.5


def test_of_no_runs_is_missing() -> None:
    assert np.isnan(interquartile_mean(np.array([])))


@given(accuracies, st.integers(0, 2**32 - 1))
def test_resampled_means_are_those_of_the_resample_written_out(values: np.ndarray, seed: int) -> None:
    n = len(values)
    drawn = np.random.default_rng(seed).integers(n, size=(4, n))
    counts = np.array([np.bincount(row, minlength=n) for row in drawn], dtype=float)
    np.testing.assert_allclose(mean(values, counts), values[drawn].mean(axis=1), atol=1e-9)
    np.testing.assert_allclose(
        interquartile_means(values, counts), stats.trim_mean(values[drawn], 0.25, axis=1), atol=1e-9
    )


@given(accuracies)
def test_order_of_runs_does_not_matter(values: np.ndarray) -> None:
    assert interquartile_mean(values) == pytest.approx(interquartile_mean(values[::-1]))


@given(accuracies)
def test_interval_is_ordered_within_the_values(values: np.ndarray) -> None:
    low, high = interquartile_mean_interval(values, np.random.default_rng(0), resamples=50)
    if len(values) == 1:
        assert np.isnan([low, high]).all()
    else:
        assert values.min() - 1e-9 <= low <= high <= values.max() + 1e-9


@pytest.mark.parametrize("runs", [10, 30])
def test_interval_covers(runs: int) -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        low, high = interquartile_mean_interval(rng.normal(size=runs), rng, resamples=500)
        covered += low <= 0 <= high
    assert 0.925 <= covered / 400 <= 0.985
