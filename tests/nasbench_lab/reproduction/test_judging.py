import math

import numpy as np
import pytest
from scipy import stats

from nasbench_lab.errors import UsageError
from nasbench_lab.reproduction.judging import judge


def test_the_interval_is_welchs():
    ours = np.array([3.0, 4.0, 6.0, 7.0, 7.5])
    theirs = np.array([5.0, 9.0, 8.0, 6.0])
    found = judge(ours, theirs.mean(), theirs.std(ddof=1), len(theirs))
    expected = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.99)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.ours, found.runs, found.difference) == pytest.approx((5.5, 5, -1.5))
    assert found.spread == pytest.approx(ours.std(ddof=1))


def test_our_spread_stands_for_an_unknown_one():
    ours = np.arange(500) / 100
    found = judge(ours, 2.4, None, 300)
    error = ours.std(ddof=1) * math.sqrt(1 / 500 + 1 / 300)
    assert found.high - found.difference == pytest.approx(stats.t.ppf(0.995, 499) * error)
    assert found.high - found.difference == pytest.approx(2.585 * error, rel=1e-3)


@pytest.mark.parametrize(("published", "holds"), [(5.2, True), (5.9, False), (4.0, False)])
def test_a_claim_holds_if_no_difference_lies_inside(published, holds):
    ours = np.tile([4.0, 6.0], 50)
    assert judge(ours, published, 1.0, 100).holds is holds


@pytest.mark.parametrize("spread_is_known", [True, False])
def test_true_claims_hold_in_99_of_100_cases(spread_is_known):
    rng = np.random.default_rng(20190225)
    cases, held = 4000, 0
    for _ in range(cases):
        ours, theirs = rng.normal(7, 2, 30), rng.normal(7, 2, 20)
        spread = theirs.std(ddof=1) if spread_is_known else None
        held += judge(ours, theirs.mean(), spread, 20).holds
    # Four standard errors of a share of 0.99 in 4,000 cases are 0.0063.
    assert held / cases == pytest.approx(0.99, abs=0.0063)


def test_runs_without_a_value_are_left_out():
    assert judge([1.0, np.nan, 3.0], 2.0, 1.0, 5) == judge([1.0, 3.0], 2.0, 1.0, 5)


def test_runs_without_spread_on_both_sides_have_no_interval():
    found = judge([2.0, 2.0], 2.0, 0.0, 1)
    assert (found.low, found.high, found.holds) == (0.0, 0.0, True)


def test_one_value_has_no_spread():
    with pytest.raises(UsageError, match="two runs with a value or more; received 1"):
        judge([1.0, np.nan], 1.0, None, 5)
