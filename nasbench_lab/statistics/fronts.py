"""Quality of sets of points with several objectives, by moocore.

Every function takes points of shape `(n, m)` and says for each objective whether higher is better.
"""

from collections.abc import Sequence

import moocore
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def is_nondominated(points: Points, higher: Sequence[bool]) -> NDArray[np.bool_]:
    """Whether no other point dominates each point, shape `(n,)`; of equal points, the first counts."""
    if not len(points):
        return np.zeros(0, dtype=bool)
    return np.asarray(moocore.is_nondominated(points, maximise=list(higher)), dtype=bool)


def nondominated(points: Points, higher: Sequence[bool]) -> Points:
    """The distinct points that no other one dominates, in ascending order of the first objective."""
    front: Points = np.unique(points, axis=0)
    return front[is_nondominated(front, higher)]


def worst_of(points: Points, higher: Sequence[bool]) -> NDArray[np.float64]:
    """The worst value of each objective, shape `(m,)`."""
    worst: NDArray[np.float64] = np.where(higher, points.min(axis=0), points.max(axis=0))
    return worst


def hypervolume(points: Points, worst: NDArray[np.float64], higher: Sequence[bool]) -> float:
    """The volume that the points dominate, up to the reference point `worst`; higher is better.

    Zitzler & Thiele, "Multiobjective Optimization Using Evolutionary Algorithms", PPSN 1998. The unit is
    the product of the objectives' units. 0 for no points.
    """
    return float(moocore.hypervolume(points, ref=worst, maximise=list(higher))) if len(points) else 0.0


def igd_plus(points: Points, front: Points, worst: NDArray[np.float64], higher: Sequence[bool]) -> float:
    """The mean distance from the true front to the points, counting only what they lack; lower is better.

    Ishibuchi et al., "Modified Distance Calculation in Generational Distance and Inverted Generational
    Distance", EMO 2015. Each objective is scaled so that 0 is its best value on the front and 1 is `worst`.
    Infinite for no points.
    """
    if not len(points):
        return float("inf")
    best = np.where(higher, front.max(axis=0), front.min(axis=0))
    span = np.where(best == worst, 1.0, worst - best)
    # Scaled, lower is better for every objective.
    return float(moocore.igd_plus((points - best) / span, ref=(front - best) / span))
