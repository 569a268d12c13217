"""The bootstrap over runs: resampling whole runs with replacement, vectorised and in bounded memory.

It captures the spread between seeds. It does not capture the effect of other tasks, other
hyperparameters or another benchmark.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
_BLOCK_ELEMENTS = 2**21

# statistic(values, counts) takes the values of n runs, shape (n, ...), and how often each run occurs in each
# resample, shape (r, n). It returns r replicates, shape (r, ...).
Statistic = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


class Interval(NamedTuple):
    """A confidence interval, in the unit of the estimated quantity."""

    low: float
    high: float


def resampled_counts(runs: int, resamples: int, rng: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    """The number of times each resample holds each run, in blocks of shape `(some, runs)`.

    Each row is one resample and sums to `runs`; the blocks hold `resamples` rows in all.
    """
    block = max(1, _BLOCK_ELEMENTS // runs)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = rng.integers(runs, size=(rows, runs)) + runs * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * runs).reshape(rows, runs).astype(np.float64)


def bootstrap_interval(
    values: NDArray[np.float64],
    statistic: Statistic,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high end of the bootstrap interval of a statistic that shifts with its data.

    Args:
        values: one row per run, shape `(n, ...)`, without NaN.
        statistic: such as `mean` or `interquartile_means`, whose docstrings give the shapes.
        rng: source of the resamples.
        resamples: number of resamples.
        confidence: level of the interval, such as 0.95.

    Returns:
        Two arrays of the statistic's shape; NaN if n < 2, since one run says nothing about spread.
        If all n values are equal, the interval has no width: the bootstrap sees no other values.
    """
    if len(values) < 2:
        missing = np.full(values.shape[1:], np.nan)
        return missing, missing.copy()
    # Relative to one run: equal values then give exactly that value, without rounding errors.
    origin = values[0]
    blocks = [statistic(values - origin, counts) for counts in resampled_counts(len(values), resamples, rng)]
    low, high = percentile_interval(np.concatenate(blocks), len(values), confidence)
    return origin + low, origin + high


def percentile_interval(
    replicates: NDArray[np.float64], runs: int, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The expanded percentile interval of bootstrap replicates, shape `(resamples, ...)`.

    The plain interval is too narrow by a factor of sqrt((n - 1) / n) times the normal quantile over the
    Student quantile. Wider levels make up for it (Hesterberg 2015, What teachers should know about the
    bootstrap, section 5.3). Infinite replicates are allowed.
    """
    from scipy import stats

    quantile = stats.t.ppf((1 + confidence) / 2, runs - 1) * np.sqrt(runs / (runs - 1))
    tail = float(stats.norm.sf(quantile))
    # Order statistics, since infinite replicates cannot be interpolated.
    low = np.quantile(replicates, tail, axis=0, method="inverted_cdf")
    high = np.quantile(replicates, 1 - tail, axis=0, method="inverted_cdf")
    return low, high
