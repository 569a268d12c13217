import numpy as np
import pytest
from scipy import stats

from nasbench_lab.statistics.aggregate import improvement_interval, probability_of_improvement
from nasbench_lab.statistics.pairwise import vargha_delaney, vargha_delaney_interval


def tasks(rng: np.random.Generator, shifts: list[float], n: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    return [rng.normal(size=n) + shift for shift in shifts], [rng.normal(size=n) for _ in shifts]


def test_it_is_the_mean_of_the_tasks() -> None:
    first, second = tasks(np.random.default_rng(0), [0.0, 1.0], 9)
    expected = np.mean([vargha_delaney(x, y) for x, y in zip(first, second, strict=True)])
    assert probability_of_improvement(first, second) == pytest.approx(expected)


def test_on_one_task_it_is_a12() -> None:
    first, second = tasks(np.random.default_rng(0), [1.0], 9)
    assert probability_of_improvement(first, second) == vargha_delaney(first[0], second[0])
    assert improvement_interval(first, second) == pytest.approx(vargha_delaney_interval(first[0], second[0]))


def test_swapped_it_adds_up_to_one() -> None:
    first, second = tasks(np.random.default_rng(0), [0.0, 1.0, 3.0], 9)
    low, high = improvement_interval(first, second)
    assert improvement_interval(second, first) == pytest.approx((1 - high, 1 - low))


def test_with_many_runs_it_is_the_stratified_bootstrap() -> None:
    rng = np.random.default_rng(0)
    first, second = tasks(rng, [0.0, 0.5, 1.0], 150)
    replicates = [
        probability_of_improvement(
            [rng.choice(x, len(x)) for x in first], [rng.choice(y, len(y)) for y in second]
        )
        for _ in range(2000)
    ]
    expected = np.quantile(replicates, [0.025, 0.975])
    assert improvement_interval(first, second) == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize("shifts", [[0.0, 0.5, 1.0], [3.0, 3.0, 2.5]])
def test_interval_covers(shifts: list[float]) -> None:
    rng = np.random.default_rng(0)
    truth = np.mean(stats.norm.cdf(np.array(shifts) / np.sqrt(2)))
    covered = 0
    for _ in range(300):
        low, high = improvement_interval(*tasks(rng, shifts, 10))
        covered += low <= truth <= high
    assert covered >= stats.binom.ppf(0.01, 300, 0.95)


def test_without_tasks_or_runs_there_is_no_answer() -> None:
    assert np.isnan(probability_of_improvement([], []))
    assert np.isnan(improvement_interval([], [])).all()
    some, none = np.array([1.0]), np.array([])
    assert np.isnan(probability_of_improvement([some, some], [some, none]))
    assert np.isnan(improvement_interval([some, some], [some, none])).all()
