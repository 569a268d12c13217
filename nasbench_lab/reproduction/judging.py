"""Does a mean of ours lie within the sampling error of a published one?"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from nasbench_lab.errors import UsageError

CONFIDENCE = 0.99


@dataclass(frozen=True)
class Judgement:
    """Ours against the published number, in the unit of the claim.

    Attributes:
        ours, spread, runs: mean, standard deviation (n - 1) and number of our runs.
        difference: ours minus published.
        low, high: the interval of the difference at the confidence `CONFIDENCE`.
    """

    ours: float
    spread: float
    runs: int
    difference: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether no difference lies inside the interval."""
        return self.low <= 0 <= self.high


def judge(values: ArrayLike, published: float, spread: float | None, runs: int) -> Judgement:
    """Judge a published mean by our runs.

    The standard error of the difference has both sides. Its interval is Welch's, with his degrees of
    freedom. It covers the sampling of the runs alone: not a difference of the tables, nor the rounding of the
    published number.

    Args:
        values: one of each of our runs, shape `(n,)`; NaN are runs without a value, and left out.
        published: the published mean.
        spread: its standard deviation over runs; None if unknown, and ours then stands for it.
        runs: the published number of runs.

    Raises:
        UsageError: fewer than two of our runs have a value.
    """
    ours = np.asarray(values, dtype=np.float64)
    ours = ours[~np.isnan(ours)]
    n = len(ours)
    if n < 2:
        raise UsageError(f"a spread needs two runs with a value or more; received {n}")
    mean, deviation = float(ours.mean()), float(ours.std(ddof=1))
    difference = mean - published
    if spread is None:
        error, freedom = deviation * math.sqrt(1 / n + 1 / runs), float(n - 1)
    else:
        a, b = deviation**2 / n, spread**2 / runs
        error = math.sqrt(a + b)
        squares = a**2 / (n - 1) + (b**2 / (runs - 1) if runs > 1 else 0.0)
        freedom = (a + b) ** 2 / squares if squares > 0 else float(n - 1)
    margin = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    return Judgement(mean, deviation, n, difference, difference - margin, difference + margin)
