"""Smooth curves from left to right through given points, and their arrowheads."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from nasbench_lab.report.layout.drawing import STATES, Box, Curve, Point

ARROW = 0.75  # length of an arrowhead
SAMPLES = 12


def smooth(points: Sequence[Point]) -> tuple[Point, ...]:
    """Cubic Bezier segments through points with growing x that never overshoot (Fritsch & Carlson 1980)."""
    slopes = _slopes(points)
    curve: list[Point] = [points[0]]
    for (start, end), (one, other) in zip(pairwise(points), pairwise(slopes), strict=True):
        third = (end[0] - start[0]) / 3
        curve += [(start[0] + third, start[1] + third * one), (end[0] - third, end[1] - third * other), end]
    return tuple(curve)


def _slopes(points: Sequence[Point]) -> list[float]:
    """The slope at each point: a harmonic mean within, and such that the curve begins and ends straight."""
    pieces = [((b[1] - a[1]) / (b[0] - a[0]), b[0] - a[0]) for a, b in pairwise(points)]
    slopes = [0.0]
    for (one, before), (other, after) in pairwise(pieces):
        if one * other <= 0:
            slopes.append(0.0)
        else:
            first, second = 2 * after + before, after + 2 * before
            slopes.append((first + second) / (first / one + second / other))
    slopes.append(0.0)
    if len(pieces) == 1:
        return [pieces[0][0]] * 2
    for end, inner, piece in ((0, 1, 0), (-1, -2, -1)):
        slopes[end] = (3 * pieces[piece][0] - slopes[inner]) / 2
    return slopes


def sampled(curve: Sequence[Point]) -> list[Point]:
    """Points along Bezier segments."""
    points = [curve[0]]
    for start in range(0, len(curve) - 1, 3):
        segment = curve[start : start + 4]
        points += [_at(segment, step / SAMPLES) for step in range(1, SAMPLES + 1)]
    return points


def _at(segment: Sequence[Point], t: float) -> Point:
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = segment
    return a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy


def with_arrow(curve: Sequence[Point], target: Box) -> Curve:
    """End a curve at the border of the box that it leads to, with an arrowhead."""
    segment = curve[-4:]
    touch = _last(segment, lambda point: _gap(point, target) > 0)
    tip = _at(segment, touch)
    base = _last(segment, lambda point: math.dist(point, tip) > ARROW and point[0] < tip[0])
    if base == 0.0:
        base = touch / 2
    return Curve((*curve[:-4], *_first_part(segment, base)), smooth=True, tip=(tip, _at(segment, base)))


def _gap(point: Point, box: Box) -> float:
    """The distance of a point from the border of a box, negative inside; the ends of states are round."""
    if box.kind in STATES:
        radius = box.height / 2
        middle = min(max(point[0], box.left + radius), box.right - radius)
        return math.dist(point, (middle, box.y)) - radius
    return box.left - point[0]


def _last(segment: Sequence[Point], outside: Callable[[Point], bool]) -> float:
    """The largest parameter of a Bezier segment whose point is outside, by bisection."""
    low, high = 0.0, 1.0
    if outside(_at(segment, high)):
        return high
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if outside(_at(segment, middle)) else (low, middle)
    return low


def _first_part(segment: Sequence[Point], t: float) -> tuple[Point, ...]:
    """The part of a Bezier segment up to a parameter (de Casteljau)."""
    points, first = list(segment), [segment[0]]
    while len(points) > 1:
        points = [((1 - t) * ax + t * bx, (1 - t) * ay + t * by) for (ax, ay), (bx, by) in pairwise(points)]
        first.append(points[0])
    return tuple(first)
