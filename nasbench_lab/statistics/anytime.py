"""Performance over the course of a search: incumbents as step functions, targets, expected cost.

An incumbent holds until the next one, and the last one for ever: nothing is interpolated. Runs come
as flat arrays over their steps (evaluations), in order, `s` steps in all:

    run_of_step  which run each step belongs to, 0 to runs - 1, ascending, shape `(s,)`
    cost         spent by the run up to and including the step, never falling within a run, shape `(s,)`
    accuracy     reported accuracy of the new incumbent, NaN where it did not change, shape `(s,)`
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
    """Accuracy of each run's incumbent once each cost is spent, shape `(runs, costs)`.

    `grid` is ascending. NaN before a run's first incumbent; its last one is carried on after its end.
    """
    changes = np.flatnonzero(~np.isnan(accuracy))
    # The first point of the grid that sees each change; of two changes at one point the later stays.
    seen = np.searchsorted(grid, cost[changes], side="left")
    step = np.full((runs, len(grid) + 1), -1, dtype=np.int64)
    np.maximum.at(step, (run_of_step[changes], seen), changes)
    step = np.maximum.accumulate(step, axis=1)[:, :-1]
    # Step -1, no incumbent yet, finds the NaN put at the end.
    return np.append(accuracy, np.nan)[step]


def first_incumbent(
    run_of_step: NDArray[np.int64],
    cost: NDArray[np.float64],
    accuracy: NDArray[np.float64],
    runs: int,
) -> NDArray[np.float64]:
    """Cost at which each run has its first incumbent, shape `(runs,)`; NaN for never."""
    return cost_to_target(-np.inf, run_of_step, cost, accuracy, runs)


def cost_to_target(
    target: float,
    run_of_step: NDArray[np.int64],
    cost: NDArray[np.float64],
    accuracy: NDArray[np.float64],
    runs: int,
) -> NDArray[np.float64]:
    """Cost at which each run's incumbent first is at or above the target, shape `(runs,)`.

    NaN for never. Reaching counts even where a later incumbent (chosen by validation) is worse again.
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

    Values have shape `(runs, costs)`, without NaN: begin the curve where every run has an incumbent,
    since a mean over the runs that happen to have one compares nothing.
    """
    low, high = bootstrap_interval(values, mean, rng, resamples=resamples, confidence=confidence)
    return Band(values.mean(axis=0), low, high)


def success_rate(reached: NDArray[np.bool_], *, confidence: float = 0.95) -> Estimate:
    """Share of runs that reached a target, with Wilson's interval; NaN of no runs."""
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
    """Expected cost to reach a target when a run that fails to is followed by another one.

    What all runs spent (until the target, or in all) over the number that reached it (Hansen et al.
    2021, COCO). Infinite when none did, and at the end of the interval where enough resamples have
    none; NaN of no runs, and the interval NaN of one.

    Args:
        cost_to_target: NaN where a run never reached it, shape `(runs,)`.
        cost_spent: by each run in all, shape `(runs,)`.
        rng: what the resamples are drawn from.
        resamples: how many.
        confidence: of the interval.
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

    That is the area under its step function over the width, exact, in the unit of accuracy. NaN for a
    run with no incumbent at `start`, and for all where `end` is not above `start`.
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
