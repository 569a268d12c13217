import numpy as np
import pytest
from scipy import stats

from nasbench_lab.statistics.ranking import compare_ranks, mean_ranks


def test_rank_one_is_best_and_ties_share() -> None:
    scores = np.array([[90.0, 91.0, 91.0], [70.0, 72.0, 71.0]])
    np.testing.assert_allclose(mean_ranks(scores), [3.0, 1.25, 1.75])


def test_nothing_achieved_ranks_last() -> None:
    np.testing.assert_allclose(mean_ranks(np.array([[np.nan, 1.0, 2.0, np.nan]])), [3.5, 2, 1, 3.5])


def test_friedman_is_scipys() -> None:
    scores = np.random.default_rng(0).normal(size=(6, 4)) + np.arange(4)
    comparison = compare_ranks(scores)
    expected = stats.friedmanchisquare(*scores.T)
    assert comparison is not None
    assert comparison.friedman_statistic == pytest.approx(expected.statistic)
    assert comparison.friedman_p == pytest.approx(expected.pvalue)
    assert comparison.note == ""


def test_critical_difference_is_that_of_the_published_table() -> None:
    # Demšar 2006, section 3.2.4: 4 algorithms on 14 data sets, q = 2.569, CD = 1.25.
    comparison = compare_ranks(np.random.default_rng(0).normal(size=(14, 4)))
    assert comparison is not None
    assert comparison.critical_difference == pytest.approx(1.25, abs=0.005)


def test_pairs_are_different_just_where_ranks_differ_by_the_critical_difference() -> None:
    scores = np.random.default_rng(1).normal(size=(12, 5)) + 0.6 * np.arange(5)
    comparison = compare_ranks(scores)
    assert comparison is not None
    ranks = mean_ranks(scores)
    apart = np.abs(ranks[:, None] - ranks) > comparison.critical_difference
    np.testing.assert_array_equal(comparison.nemenyi_p < 0.05, apart)
    assert apart.any()
    assert not apart.all()


@pytest.mark.parametrize("shape", [(1, 5), (10, 2), (10, 1)])
def test_too_few_tasks_or_algorithms_have_no_comparison(shape: tuple[int, int]) -> None:
    assert compare_ranks(np.random.default_rng(0).normal(size=shape)) is None


def test_it_says_when_nothing_can_be_shown() -> None:
    friedman = compare_ranks(np.array([[1.0, 2.0, 3.0]] * 2))
    nemenyi = compare_ranks(np.array([[1.0, 2.0, 3.0, 4.0, 5.0]] * 2))
    assert friedman is not None
    assert "2 tasks are too few: the same order on every task" in friedman.note
    assert friedman.friedman_p == pytest.approx(0.135, abs=0.001)
    assert nemenyi is not None
    assert "2 tasks are too few" in nemenyi.note


def test_ties_everywhere() -> None:
    comparison = compare_ranks(np.full((4, 3), 90.0))
    assert comparison is not None
    assert np.isnan(comparison.friedman_statistic)
    assert comparison.friedman_p == 1
    assert (comparison.nemenyi_p == 1).all()
    assert comparison.note == "every task is a tie of all algorithms"
