"""Performance over the course of a search: incumbents as step functions, targets, expected cost.

An incumbent holds until the next one, and the last one holds for ever; nothing is interpolated. The
functions take all runs as flat arrays over their steps (evaluations), in order, with `s` steps in all:

    run_of_step  the run of each step, 0 to runs - 1, ascending, shape `(s,)`
    cost         spent by the run up to and including the step, never falling within a run, shape `(s,)`
    accuracy     reported accuracy of the new incumbent, NaN if it did not change, shape `(s,)`
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.statistics.bootstrap import (
    RESAMPLES,
    bootstrap_interval,
    percentile_interval,
    resampled_counts,
)
from nasbench_lab.statistics.summary import mean


class Band(NamedTuple):
    """A mean curve and the ends of its interval at each point, shape `(costs,)` each."""

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


class Estimate(NamedTuple):
    """A number with its confidence interval."""

    value: float
    low: float
    high: float


def incumbents_at(
    grid: NDArray[np.float64],
    run_of_step: NDArray[np.int64],
    cost: NDArray[np.float64],
    accuracy: NDArray[np.float64],
    runs: int,
) -> NDArray[np.float64]:
    """Accuracy of each run's incumbent after each cost in `grid` is spent, shape `(runs, costs)`.

    `grid` is ascending. Values before a run's first incumbent are NaN. After the end of a run its last
    incumbent stays.
    """
    changes = np.flatnonzero(~np.isnan(accuracy))
    # The first grid point at or after each change. If two changes share a point, the later one stays.
    seen = np.searchsorted(grid, cost[changes], side="left")
    step = np.full((runs, len(grid) + 1), -1, dtype=np.int64)
    np.maximum.at(step, (run_of_step[changes], seen), changes)
    step = np.maximum.accumulate(step, axis=1)[:, :-1]
    # Step -1 means no incumbent yet; it picks the NaN at the end.
    return np.append(accuracy, np.nan)[step]


def first_incumbent(
    run_of_step: NDArray[np.int64],
    cost: NDArray[np.float64],
    accuracy: NDArray[np.float64],
    runs: int,
) -> NDArray[np.float64]:
    """Cost at which each run has its first incumbent, shape `(runs,)`; NaN if it never has one."""
    return cost_to_target(-np.inf, run_of_step, cost, accuracy, runs)


def cost_to_target(
    target: float,
    run_of_step: NDArray[np.int64],
    cost: NDArray[np.float64],
    accuracy: NDArray[np.float64],
    runs: int,
) -> NDArray[np.float64]:
    """Cost at which each run's incumbent first is at or above the target, shape `(runs,)`.

    NaN if a run never reaches it. A run counts as having reached the target even if a later incumbent
    (chosen by validation) is worse again.
    """
    reaching = np.flatnonzero(accuracy >= target)
    reached, first = np.unique(run_of_step[reaching], return_index=True)
    result = np.full(runs, np.nan)
    result[reached] = cost[reaching[first]]
    return result


def mean_band(
    values: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Band:
    """Mean over runs with a bootstrap interval at each cost (not for the whole curve at once).

    Values have shape `(runs, costs)`, without NaN. Begin the curve at a cost at which every run has an
    incumbent: a mean over only those runs that have one compares nothing.
    """
    low, high = bootstrap_interval(values, mean, rng, resamples=resamples, confidence=confidence)
    return Band(values.mean(axis=0), low, high)


def success_rate(reached: NDArray[np.bool_], *, confidence: float = 0.95) -> Estimate:
    """Share of runs that reached a target, with Wilson's interval; NaN without runs."""
    from statsmodels.stats.proportion import proportion_confint

    runs, successes = len(reached), int(np.sum(reached))
    if not runs:
        return Estimate(float("nan"), float("nan"), float("nan"))
    low, high = proportion_confint(successes, runs, alpha=1 - confidence, method="wilson")
    return Estimate(successes / runs, float(low), float(high))


def expected_running_time(
    cost_to_target: NDArray[np.float64],
    cost_spent: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Estimate:
    """Expected cost to reach a target if each run that fails is followed by another run.

    This is the cost of all runs divided by the number of runs that reached the target (Hansen et al. 2021,
    COCO). A run costs its cost to the target, or its total cost if it never reached it. The value is
    infinite if no run reached the target. An end of the interval is infinite if no run did in enough
    resamples. Without runs everything is NaN; with one run the interval is NaN.

    Args:
        cost_to_target: shape `(runs,)`, NaN for a run that never reached it.
        cost_spent: total cost of each run, shape `(runs,)`.
        rng: source of the resamples.
        resamples: number of resamples.
        confidence: level of the interval, such as 0.95.
    """
    runs = len(cost_to_target)
    if not runs:
        return Estimate(float("nan"), float("nan"), float("nan"))
    reached = ~np.isnan(cost_to_target)
    sums = np.column_stack([np.where(reached, cost_to_target, cost_spent), reached])
    value = float(_over_successes(sums.sum(axis=0)))
    if runs < 2:
        return Estimate(value, float("nan"), float("nan"))
    replicates = [_over_successes(counts @ sums) for counts in resampled_counts(runs, resamples, rng)]
    low, high = percentile_interval(np.concatenate(replicates), runs, confidence)
    return Estimate(value, float(low), float(high))


def _over_successes(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    cost, successes = sums[..., 0], sums[..., 1]
    return np.asarray(np.divide(cost, successes, out=np.full(cost.shape, np.inf), where=successes > 0))


def area_under_curve(
    start: float,
    end: float,
    run_of_step: NDArray[np.int64],
    cost: NDArray[np.float64],
    accuracy: NDArray[np.float64],
    runs: int,
) -> NDArray[np.float64]:
    """Mean accuracy of each run's incumbent while cost goes from `start` to `end`, shape `(runs,)`.

    This is the exact area under the run's step function divided by `end - start`, in the unit of accuracy.
    NaN for a run without an incumbent at `start`, and for all runs if `end` is not above `start`.
    """
    begun = first_incumbent(run_of_step, cost, accuracy, runs) <= start
    if not end > start or not begun.any():
        return np.full(runs, np.nan)
    changes = np.flatnonzero(~np.isnan(accuracy))
    run = run_of_step[changes]
    at = np.clip(cost[changes], start, end)
    until = np.append(at[1:], end)
    until[:-1][run[1:] != run[:-1]] = end
    area = np.bincount(run, weights=accuracy[changes] * (until - at), minlength=runs) / (end - start)
    return np.where(begun, area, np.nan)
