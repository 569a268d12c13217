"""Several algorithms across several tasks: average ranks, Friedman's test, Nemenyi's comparison.

Demšar 2006, Statistical comparisons of classifiers over multiple data sets. The tests treat the tasks as
a sample of all tasks of interest. Three tasks can show little.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RankComparison:
    """The results of Friedman's test and Nemenyi's comparison of k algorithms on n tasks.

    Attributes:
        friedman_statistic: chi squared, k - 1 degrees of freedom; NaN if every task is a tie.
        friedman_p: p-value of the hypothesis that no algorithm ranks better than another.
        nemenyi_p: p-value of each pair, shape `(k, k)`, corrected for the number of pairs.
        critical_difference: of mean ranks; a larger difference has Nemenyi p < 0.05.
        note: why the tests can show little: too few tasks, whatever the results, or only ties; or empty.
    """

    friedman_statistic: float
    friedman_p: float
    nemenyi_p: NDArray[np.float64]
    critical_difference: float
    note: str


def mean_ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean rank of each algorithm, shape `(k,)`, from scores of shape `(tasks, k)`, higher is better.

    Rank 1 is best, ties share the mean of their ranks, and NaN (no result) ranks last.
    """
    return np.asarray(_ranks(scores).mean(axis=0))


def _ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy import stats

    return np.asarray(stats.rankdata(np.where(np.isnan(scores), np.inf, -scores), axis=1))


def compare_ranks(scores: NDArray[np.float64], *, level: float = 0.05) -> RankComparison | None:
    """Friedman's test and Nemenyi's comparison of scores of shape `(tasks, k)`, higher is better.

    The tests assume that tasks are independent. Neither is defined with fewer than 2 tasks or 3
    algorithms; the result is then None. The p-values are asymptotic: with few tasks, Friedman's errs on
    the cautious side.
    """
    tasks, k = scores.shape
    if tasks < 2 or k < 3:
        return None
    from scikit_posthocs import posthoc_nemenyi_friedman
    from scipy import stats

    ranks = _ranks(scores)
    critical_difference = _critical_difference(tasks, k, level)
    if np.all(ranks == ranks[:, :1]):
        note = "every task is a tie of all algorithms"
        return RankComparison(float("nan"), 1.0, np.ones((k, k)), critical_difference, note)
    statistic, p_value = stats.friedmanchisquare(*ranks.T)
    return RankComparison(
        friedman_statistic=float(statistic),
        friedman_p=float(p_value),
        nemenyi_p=np.asarray(posthoc_nemenyi_friedman(ranks), dtype=np.float64),
        critical_difference=critical_difference,
        note=_limits(tasks, k, critical_difference, level),
    )


def _critical_difference(tasks: int, k: int, level: float) -> float:
    from scipy import stats

    quantile = float(stats.studentized_range.ppf(1 - level, k, np.inf)) / np.sqrt(2)
    return float(quantile * np.sqrt(k * (k + 1) / (6 * tasks)))


def _limits(tasks: int, k: int, critical_difference: float, level: float) -> str:
    """The differences that even the same order on every task could not show, as text; empty if none."""
    from scipy import stats

    smallest = float(stats.chi2.sf(tasks * (k - 1), k - 1))
    if smallest >= level:
        return (
            f"{tasks} tasks are too few: the same order on every task would still give Friedman"
            f" p = {smallest:.2g}"
        )
    if critical_difference > k - 1:
        return (
            f"{tasks} tasks are too few to tell any two algorithms apart: mean ranks differ by at most"
            f" {k - 1}, the critical difference is {critical_difference:.2f}"
        )
    return ""
