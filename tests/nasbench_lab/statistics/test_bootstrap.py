import numpy as np
import pytest

from nasbench_lab.statistics import bootstrap
from nasbench_lab.statistics.bootstrap import bootstrap_interval, percentile_interval, resampled_counts
from nasbench_lab.statistics.summary import mean


def test_each_resample_holds_as_many_runs_as_there_are() -> None:
    counts = np.concatenate(list(resampled_counts(7, 40, np.random.default_rng(0))))
    assert counts.shape == (40, 7)
    assert (counts.sum(axis=1) == 7).all()


def test_blocks_do_not_change_what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(resampled_counts(7, 40, np.random.default_rng(0))))
    monkeypatch.setattr(bootstrap, "_BLOCK_ELEMENTS", 21)
    blocks = list(resampled_counts(7, 40, np.random.default_rng(0)))
    assert [len(block) for block in blocks] == [3] * 13 + [1]
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_runs_are_drawn_evenly() -> None:
    counts = np.concatenate(list(resampled_counts(5, 4000, np.random.default_rng(0))))
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.06)
    # A count is distributed as binomial(5, 1/5).
    np.testing.assert_allclose(counts.var(axis=0), 0.8, atol=0.08)


def test_same_seed_same_interval_other_seed_another() -> None:
    values = np.random.default_rng(1).normal(size=20)
    first, again, other = (
        bootstrap_interval(values, mean, np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_interval_is_the_plain_percentile_interval_but_for_its_widening() -> None:
    values = np.random.default_rng(2).normal(size=200)
    low, high = bootstrap_interval(values, mean, np.random.default_rng(0), resamples=9999)
    means = np.random.default_rng(3).choice(values, size=(9999, 200)).mean(axis=1)
    assert (low, high) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.01)


def test_few_runs_widen_the_interval() -> None:
    replicates = np.random.default_rng(0).normal(size=20_000)
    widths = [np.subtract(*percentile_interval(replicates, runs)[::-1]) for runs in (5, 10, 30, 10_000)]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(2 * 1.96, rel=0.03)


def test_one_run_has_no_interval() -> None:
    low, high = bootstrap_interval(np.array([[90.0, 91.0]]), mean, np.random.default_rng(0))
    assert low.shape == high.shape == (2,)
    assert np.isnan([low, high]).all()


def test_equal_values_give_that_value_exactly() -> None:
    low, high = bootstrap_interval(np.full(30, 93.7600001), mean, np.random.default_rng(0))
    assert low == high == 93.7600001


@pytest.mark.parametrize("runs", [10, 30])
def test_interval_of_a_skewed_mean_covers(runs: int) -> None:
    rng = np.random.default_rng(4)
    values = 94 - rng.gamma(2, 1.5, size=(runs, 1000))
    low, high = bootstrap_interval(values, mean, rng, resamples=1000)
    covered = ((low <= 91) & (high >= 91)).mean()
    assert 0.915 <= covered <= 0.98
