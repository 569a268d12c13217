"""The bootstrap over runs: resampling whole runs with replacement, vectorised and in bounded memory.

It captures the spread between seeds. It does not capture that tasks, hyperparameters or the
benchmark itself might have been others.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
_BLOCK_ELEMENTS = 2**21

# statistic(values, counts): values of n runs, shape (n, ...), and how often a resample holds each of
# them, shape (r, n), give r replicates, shape (r, ...).
Statistic = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


class Interval(NamedTuple):
    """A confidence interval, in the unit of what it is an interval of."""

    low: float
    high: float


def resampled_counts(runs: int, resamples: int, rng: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    """How often each resample of `runs` runs holds each run, in blocks of shape `(some, runs)`.

    Each row sums to `runs`; the blocks hold `resamples` rows in all.
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
    """Low and high end of the bootstrap interval of a statistic that moves with its data.

    Args:
        values: one row per run, shape `(n, ...)`, without NaN.
        statistic: such as `mean` or `interquartile_mean`, which say what shape it gives.
        rng: what the resamples are drawn from.
        resamples: how many.
        confidence: of the interval.

    Returns:
        Two arrays of the statistic's shape; NaN when n < 2, since one run says nothing about spread.
        Of n equal values the interval has no width: the bootstrap cannot know what it never saw.
    """
    if len(values) < 2:
        missing = np.full(values.shape[1:], np.nan)
        return missing, missing.copy()
    # Relative to one run, so that equal values give exactly that value whatever the rounding.
    origin = values[0]
    blocks = [statistic(values - origin, counts) for counts in resampled_counts(len(values), resamples, rng)]
    low, high = percentile_interval(np.concatenate(blocks), len(values), confidence)
    return origin + low, origin + high


def percentile_interval(
    replicates: NDArray[np.float64], runs: int, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The expanded percentile interval of bootstrap replicates, shape `(resamples, ...)`.

    The plain one is too narrow by a factor of sqrt((n - 1) / n) times normal over Student quantile;
    the levels are widened to make up for it (Hesterberg 2015, What teachers should know about the
    bootstrap, section 5.3). Infinite replicates are allowed.
    """
    from scipy import stats

    quantile = stats.t.ppf((1 + confidence) / 2, runs - 1) * np.sqrt(runs / (runs - 1))
    tail = float(stats.norm.sf(quantile))
    # Order statistics, not interpolation: between infinite replicates there is nothing to interpolate.
    low = np.quantile(replicates, tail, axis=0, method="inverted_cdf")
    high = np.quantile(replicates, 1 - tail, axis=0, method="inverted_cdf")
    return low, high
