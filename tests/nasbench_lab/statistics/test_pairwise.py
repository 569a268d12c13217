from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.nonparametric import rank_compare_2indep

from nasbench_lab.statistics.pairwise import (
    holm,
    mann_whitney,
    p_number,
    p_text,
    placements,
    vargha_delaney,
    vargha_delaney_interval,
    verdict,
)

Draw = Callable[[np.random.Generator, int], np.ndarray]
# Ties are common because there are few distinct values.
sample = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=12).map(np.array)

DISTRIBUTIONS: dict[str, Draw] = {
    "continuous": lambda rng, n: rng.normal(size=n),
    "three values": lambda rng, n: rng.choice([0.0, 1.0, 2.0], p=[0.2, 0.3, 0.5], size=n),
    "nearly all equal": lambda rng, n: rng.choice([0.0, 1.0], p=[0.1, 0.9], size=n),
}


def floats(values: np.ndarray) -> np.ndarray:
    return values * 1.0


def a12_by_double_loop(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.mean([(x > y) + 0.5 * (x == y) for x in first for y in second]))


@given(sample, sample)
def test_a12_is_that_of_the_double_loop(first: np.ndarray, second: np.ndarray) -> None:
    assert vargha_delaney(first, second) == pytest.approx(a12_by_double_loop(first, second))


@given(sample, sample)
def test_a12_of_swapped_samples_adds_up_to_one(first: np.ndarray, second: np.ndarray) -> None:
    assert vargha_delaney(first, second) + vargha_delaney(second, first) == pytest.approx(1)
    low, high = vargha_delaney_interval(first, second)
    swapped = vargha_delaney_interval(second, first)
    assert (1 - high, 1 - low) == pytest.approx(swapped)


@given(sample, sample, st.randoms(use_true_random=False))
def test_order_of_runs_does_not_matter(first: np.ndarray, second: np.ndarray, random: object) -> None:
    shuffled = np.array(sorted(first, key=lambda _: random.random()))  # type: ignore[attr-defined]
    assert vargha_delaney_interval(shuffled, second) == pytest.approx(vargha_delaney_interval(first, second))
    assert mann_whitney(shuffled, second) == pytest.approx(mann_whitney(first, second))


@given(sample, sample)
def test_u_is_a12_counted_in_pairs(first: np.ndarray, second: np.ndarray) -> None:
    result = mann_whitney(first, second)
    assert result.u == pytest.approx(len(first) * len(second) * vargha_delaney(first, second))
    assert 0 < result.p_value <= 1


@given(sample, sample)
def test_interval_holds_the_estimate_and_has_width(first: np.ndarray, second: np.ndarray) -> None:
    low, high = vargha_delaney_interval(first, second)
    assert 0 <= low <= vargha_delaney(first, second) <= high <= 1
    assert high - low > 0.01


def test_placements_count_ties_half() -> None:
    np.testing.assert_allclose(placements(np.array([1.0, 2.0]), np.array([1.0, 3.0])), [0.25, 0.5])


@pytest.mark.parametrize(("n", "m"), [(3, 3), (5, 4), (4, 7), (8, 6)])
def test_small_tied_samples_have_scipys_exact_permutation_p(n: int, m: int) -> None:
    rng = np.random.default_rng(n * m)
    for _ in range(5):
        first, second = floats(rng.integers(0, 4, size=n)), floats(rng.integers(0, 5, size=m))
        exact = stats.PermutationMethod(n_resamples=20_000)
        expected = stats.mannwhitneyu(first, second, method=exact)
        assert mann_whitney(first, second) == pytest.approx(tuple(expected))


def test_two_values_give_fishers_test() -> None:
    # 40 of 60 against 55 of 60; Fisher's smaller tail, doubled.
    first, second = np.repeat([1.0, 0.0], [40, 20]), np.repeat([1.0, 0.0], [55, 5])
    tail = stats.hypergeom(120, 95, 60).cdf(40)
    assert mann_whitney(first, second).p_value == pytest.approx(2 * tail)


@pytest.mark.parametrize(("n", "ones"), [(500, 10), (520, 10), (600, 10), (1500, 4)])
def test_more_ways_to_divide_the_runs_than_a_float_holds(n: int, ones: int) -> None:
    first, second = np.repeat([1.0, 0.0], [ones, n - ones]), np.zeros(n)
    expected = stats.fisher_exact([[ones, n - ones], [0, n]]).pvalue
    assert mann_whitney(first, second).p_value == pytest.approx(expected, rel=1e-9)
    assert mann_whitney(second, first).p_value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(6, 7), (9, 9), (30, 31), (50, 50), (5, 400)])
def test_without_ties_it_is_scipys_exact_test(n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    first, second = rng.normal(size=n), rng.normal(size=m) + 0.3
    expected = stats.mannwhitneyu(first, second, method="exact")
    assert mann_whitney(first, second) == pytest.approx(tuple(expected), rel=1e-9)


def test_nine_runs_a_side_have_the_critical_value_of_published_tables() -> None:
    # U = 17 is the largest U that is significant at 5 %; 972 of 48,620 divisions have a U of 17 or less.
    for ninth, u, p_value in ((16, 17, 2 * 972 / 48_620), (17, 18, 0.0503085)):
        first = np.array([1.0, 2, 3, 4, 5, 6, 7, ninth, 18])
        second = np.setdiff1d(np.arange(1.0, 19), first)
        assert mann_whitney(first, second) == pytest.approx((u, p_value), rel=1e-6)


def test_many_runs_without_ties_take_the_normal_approximation() -> None:
    rng = np.random.default_rng(300)
    first, second = rng.normal(size=300), rng.normal(size=301) + 0.3
    expected = stats.mannwhitneyu(first, second, method="asymptotic")
    assert mann_whitney(first, second) == pytest.approx(tuple(expected))


def test_many_tied_runs_take_the_normal_approximation() -> None:
    rng = np.random.default_rng(0)
    first, second = floats(rng.integers(0, 50, size=500)), floats(rng.integers(0, 50, size=500))
    assert mann_whitney(first, second) == pytest.approx(tuple(stats.mannwhitneyu(first, second)))


def test_equal_values_show_nothing() -> None:
    first, second = np.full(10, 93.0), np.full(12, 93.0)
    assert mann_whitney(first, second) == (60.0, 1.0)
    low, high = vargha_delaney_interval(first, second)
    assert 0.2 < low < 0.5 < high < 0.8


def test_no_overlap_is_not_certainty() -> None:
    low, high = vargha_delaney_interval(np.arange(10.0) + 20, np.arange(10.0))
    assert high == 1
    assert 0.5 < low < 0.8


def test_an_empty_sample_has_no_answer() -> None:
    empty, some = np.array([]), np.array([1.0])
    for pair in ((empty, some), (some, empty)):
        assert np.isnan(mann_whitney(*pair)).all()
        assert np.isnan(vargha_delaney(*pair))
        assert np.isnan(vargha_delaney_interval(*pair)).all()


def test_one_run_each_shows_nothing() -> None:
    assert mann_whitney(np.array([2.0]), np.array([1.0])).p_value == 1
    low, high = vargha_delaney_interval(np.array([2.0]), np.array([1.0]))
    assert low < 0.5
    assert high == 1


def test_with_many_runs_the_interval_is_that_of_the_brunner_munzel_variance() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=400) + 0.3, rng.normal(size=400) * 2
    theirs = rank_compare_2indep(first, second).conf_int()
    assert vargha_delaney_interval(first, second) == pytest.approx(theirs, abs=0.003)


def test_holm_by_hand() -> None:
    corrected = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(corrected, [0.03, 0.06, 0.06, 0.02])


def test_holm_passes_over_comparisons_that_were_not_made() -> None:
    np.testing.assert_allclose(holm(np.array([0.01, np.nan, 0.04])), [0.02, np.nan, 0.04])
    assert holm(np.array([])).shape == (0,)
    assert np.isnan(holm(np.array([np.nan]))).all()


@pytest.mark.parametrize(
    ("a12", "p_holm", "expected"),
    [
        (0.9, 0.01, "first better"),
        (0.1, 0.01, "second better"),
        (0.9, 0.05, "no difference shown"),
        (np.nan, np.nan, "no difference shown"),
    ],
)
def test_verdict(a12: float, p_holm: float, expected: str) -> None:
    assert verdict(a12, p_holm) == expected


@pytest.mark.parametrize("draw", DISTRIBUTIONS.values(), ids=list(DISTRIBUTIONS))
@pytest.mark.parametrize(("n", "comparisons"), [(10, 600), (30, 400), (500, 400)])
def test_an_algorithm_is_seldom_called_different_from_itself(n: int, comparisons: int, draw: Draw) -> None:
    rng = np.random.default_rng(n)
    different = sum(mann_whitney(draw(rng, n), draw(rng, n)).p_value < 0.05 for _ in range(comparisons))
    # A test that errs in exactly 5 % of cases stays within this bound in 99 of 100 trials.
    assert different <= stats.binom.ppf(0.99, comparisons, 0.05)


@pytest.mark.parametrize("shift", [0.0, 1.0, 3.2])
@pytest.mark.parametrize("n", [10, 100])
def test_a12_interval_covers(shift: float, n: int) -> None:
    rng = np.random.default_rng(0)
    truth = stats.norm.cdf(shift / np.sqrt(2))
    covered = 0
    for _ in range(400):
        low, high = vargha_delaney_interval(rng.normal(size=n) + shift, rng.normal(size=n))
        covered += low <= truth <= high
    assert covered >= stats.binom.ppf(0.01, 400, 0.95)


def test_a12_interval_covers_with_heavy_ties() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        first, second = rng.random(30) < 0.98, rng.random(30) < 0.95
        low, high = vargha_delaney_interval(floats(first), floats(second))
        covered += low <= 0.515 <= high
    assert covered >= stats.binom.ppf(0.01, 400, 0.95)


@pytest.mark.parametrize(
    ("p_value", "text"),
    [
        (0.0009, "p < 0.001"),
        (0.001, "p = 0.001"),
        (0.0341, "p = 0.034"),
        (0.0497, "p = 0.0497"),
        (0.04998, "p = 0.04998"),
        (0.049999999999, "p = 0.049999999999"),
        (0.05, "p = 0.050"),
        (0.0504, "p = 0.050"),
        (0.25, "p = 0.25"),
        (0.999, "p > 0.99"),
        (1.0, "p > 0.99"),
        (float("nan"), "p not computable"),
    ],
)
def test_p_text(p_value: float, text: str) -> None:
    assert p_text(p_value) == text


@given(st.floats(0, 1))
def test_a_written_p_value_is_on_its_side_of_the_level(p_value: float) -> None:
    assert (float(p_text(p_value).split()[-1]) < 0.05) == (p_value < 0.05)


def test_p_in_a_column_headed_p() -> None:
    assert [p_number(p) for p in (0.034, 0.0002, 1.0)] == ["0.034", "< 0.001", "> 0.99"]
