"""The probability that one algorithm improves on another, across tasks.

Agarwal et al. 2021, Deep reinforcement learning at the edge of the statistical precipice, section 4.3.
The interval covers other runs on the same tasks, not other tasks.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.statistics.bootstrap import Interval
from nasbench_lab.statistics.pairwise import interval_of_wins, smoothed_wins, vargha_delaney


def probability_of_improvement(
    first: Sequence[NDArray[np.float64]], second: Sequence[NDArray[np.float64]]
) -> float:
    """Mean over tasks of the probability that a run of the first is better; ties count half.

    `first[t]` and `second[t]` are the values on task t, shapes `(n,)` and `(m,)`, higher is better.
    NaN without tasks, or if a sample is empty.
    """
    scores = [vargha_delaney(x, y) for x, y in zip(first, second, strict=True)]
    return float(np.mean(scores)) if scores else float("nan")


def improvement_interval(
    first: Sequence[NDArray[np.float64]],
    second: Sequence[NDArray[np.float64]],
    *,
    confidence: float = 0.95,
) -> Interval:
    """Confidence interval of the probability of improvement; NaN without tasks or runs.

    The method is `vargha_delaney_interval` with the variance of a mean over tasks. A stratified bootstrap
    of runs within tasks is as good with many runs. If one algorithm is far better, the bootstrap covers as
    little as 64 % with 5 runs and 90 % with 10. If one algorithm is always better, it has no width.
    """
    if not first or any(len(sample) == 0 for sample in [*first, *second]):
        return Interval(float("nan"), float("nan"))
    smoothed = [smoothed_wins(x, y) for x, y in zip(first, second, strict=True)]
    return interval_of_wins(
        probability_of_improvement(first, second),
        sum(wins for wins, _ in smoothed) / len(smoothed),
        sum(variance for _, variance in smoothed) / len(smoothed) ** 2,
        confidence=confidence,
    )
