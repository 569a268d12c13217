"""Means and interquartile means over the runs of one algorithm on one task."""

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.statistics.bootstrap import RESAMPLES, Interval, bootstrap_interval


def mean(values: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of resamples: values `(n, ...)` and counts `(r, n)` give `(r, ...)`."""
    return counts @ values / len(values)


def interquartile_mean(values: NDArray[np.float64]) -> float:
    """Mean of the middle half: without the lowest and the highest quarter (rounded down) of runs.

    Values have shape `(n,)` and any unit; the result is NaN without values. Like the median it is robust,
    but it needs fewer runs (Agarwal et al. 2021, Deep reinforcement learning at the edge of the
    statistical precipice).
    """
    from scipy import stats

    return float(stats.trim_mean(values, 0.25)) if len(values) else float("nan")


def interquartile_means(values: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Interquartile means of resamples: values `(n,)` and counts `(r, n)` give `(r,)`."""
    n = len(values)
    trimmed = int(0.25 * n)
    order = np.argsort(values)
    # Only positions `trimmed` to `n - trimmed` of a sorted resample count. A run's weight is the number of
    # these positions that it fills.
    ends = np.clip(np.cumsum(counts[:, order], axis=1), trimmed, n - trimmed)
    weights = np.diff(ends, axis=1, prepend=trimmed)
    return np.asarray(weights @ values[order] / (n - 2 * trimmed))


def interquartile_mean_interval(
    values: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Interval:
    """Bootstrap interval of the interquartile mean of values of shape `(n,)`; NaN if n < 2."""
    low, high = bootstrap_interval(
        values, interquartile_means, rng, resamples=resamples, confidence=confidence
    )
    return Interval(float(low), float(high))
