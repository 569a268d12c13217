"""Differential evolution on architectures: mutation and crossover in the unit cube (Storn & Price 1997)."""

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.spaces.base import Architecture, SearchSpace

Vector = NDArray[np.float64]

MOST_REJECTED = 100
"""Trial vectors without an architecture before one of the space is drawn."""


class DifferentialEvolution:
    """The operators rand/1/bin on decisions mapped from [0, 1]^d.

    A component x of a vector stands for the choice floor(c x) of c. As in DEHB (Awad et al. 2021), a
    component outside of the cube is drawn again, uniformly.

    Args:
        space: of the architectures.
        scale: mutation factor F.
        crossover: rate Cr at which a component comes from the mutant.

    Raises `ValueError` if `scale` is not above 0, or `crossover` not in [0, 1].
    """

    def __init__(self, space: SearchSpace, scale: float, crossover: float) -> None:
        if not scale > 0 or not 0 <= crossover <= 1:
            raise ValueError(
                f"scale is above 0 and crossover lies in [0, 1]; received {scale:g} and {crossover:g}"
            )
        self.space, self.scale, self.crossover = space, scale, crossover
        self._choices = np.array(space.cardinalities)

    def random(self, rng: np.random.Generator) -> Vector:
        """Draw a vector whose architecture is uniform over those of the space."""
        vector: Vector = (np.array(self.space.sample(rng)) + rng.random(len(self._choices))) / self._choices
        return vector

    def architecture(self, vector: Vector) -> Architecture:
        """The choices that a vector stands for; they need not be an architecture of the space."""
        # Rounding may bring (c - 1 + u) / c to 1.
        choices = np.minimum((vector * self._choices).astype(int), self._choices - 1)
        return tuple(choices.tolist())

    def trial(self, target: Vector, pool: NDArray[np.float64], rng: np.random.Generator) -> Vector:
        """The vector that challenges `target`, with three different members of `pool` for the mutant.

        Args:
            target: shape `(d,)`.
            pool: shape `(n, d)`, with n of 3 or more.
            rng: the only source of randomness.

        Returns:
            Shape `(d,)`. If it is no architecture of the space, it is made again; after 100 of them a random
            one is drawn.
        """
        for _ in range(MOST_REJECTED):
            # The order of a sort of random numbers is a permutation, in a fraction of the time of `choice`.
            r1, r2, r3 = pool[rng.random(len(pool)).argsort()[:3]]
            mutant = r1 + self.scale * (r2 - r3)
            outside = (mutant < 0) | (mutant > 1)
            mutant = np.where(outside, rng.random(len(mutant)), mutant)
            crossed = rng.random(len(mutant)) < self.crossover
            crossed[int(rng.random() * len(mutant))] = True
            vector: Vector = np.where(crossed, mutant, target)
            if self.space.is_valid(self.architecture(vector)):
                return vector
        return self.random(rng)
