"""Fronts, against brute force, pen and paper, and another library's numbers."""

import math

import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from nasbench_lab.statistics import fronts

HIGHER_LOWER = (True, False)


def test_two_points_by_hand():
    # Accuracy (higher) and latency (lower); the worst point is (0, 10).
    points = np.array([[2.0, 4.0], [5.0, 7.0]])
    worst = np.array([0.0, 10.0])
    # (2 - 0) * (10 - 4) = 12 and (5 - 0) * (10 - 7) = 15; they share 2 * 3 = 6.
    assert fronts.hypervolume(points, worst, HIGHER_LOWER) == 12 + 15 - 6
    assert fronts.hypervolume(points[:0], worst, HIGHER_LOWER) == 0


def test_igd_plus_by_hand():
    front = np.array([[10.0, 2.0], [6.0, 0.0]])
    worst = np.array([0.0, 10.0])
    # Scaled: the front is (0, 0.2) and (0.4, 0); the point (8, 1) is (0.2, 0.1).
    # It lacks 0.2 and nothing of the first, nothing and 0.1 of the second: the mean of 0.2 and 0.1.
    found = fronts.igd_plus(np.array([[8.0, 1.0]]), front, worst, HIGHER_LOWER)
    assert found == pytest.approx(0.15)
    assert fronts.igd_plus(front, front, worst, HIGHER_LOWER) == 0
    assert fronts.igd_plus(front[:0], front, worst, HIGHER_LOWER) == math.inf


points_strategy = npst.arrays(
    np.float64, st.tuples(st.integers(1, 12), st.just(2)), elements=st.integers(0, 9)
)


def dominates(one, other):
    """Whether one point is as good in both objectives, and better in one."""
    return one[0] >= other[0] and one[1] <= other[1] and tuple(one) != tuple(other)


@given(points_strategy)
def test_nondominated_points_match_brute_force(points):
    expected = sorted({tuple(p) for p in points if not any(dominates(q, p) for q in points)})
    assert [tuple(row) for row in fronts.nondominated(points, HIGHER_LOWER)] == expected


@given(points_strategy)
def test_hypervolume_matches_a_count_of_unit_squares(points):
    worst = fronts.worst_of(points, HIGHER_LOWER)
    squares = sum(
        any(x + 1 <= p[0] and y >= p[1] for p in points)
        for x in range(int(worst[0]), 10)
        for y in range(int(worst[1]))
    )
    assert fronts.hypervolume(points, worst, HIGHER_LOWER) == squares


@given(points_strategy, points_strategy)
def test_more_points_never_make_it_worse(points, more):
    worst = np.array([0.0, 9.0])
    front = np.array([[9.0, 2.0], [5.0, 0.0]])
    both = np.vstack([points, more])
    assert fronts.hypervolume(both, worst, HIGHER_LOWER) >= fronts.hypervolume(points, worst, HIGHER_LOWER)
    assert fronts.igd_plus(both, front, worst, HIGHER_LOWER) <= fronts.igd_plus(
        points, front, worst, HIGHER_LOWER
    )


def test_equals_moocore_on_raw_points():
    points = np.random.default_rng(0).random((30, 3))
    expected = moocore.hypervolume(points * [-1, 1, 1], ref=[0, 1, 1])
    found = fronts.hypervolume(points, np.array([0.0, 1.0, 1.0]), (True, False, False))
    assert found == pytest.approx(expected)


def test_no_points_have_no_front():
    assert len(fronts.nondominated(np.empty((0, 2)), HIGHER_LOWER)) == 0
