"""What every search space offers to algorithms, benchmarks and figures."""

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.errors import UsageError

Architecture = tuple[int, ...]
"""One choice per decision: `architecture[i]` is in `range(space.cardinalities[i])`."""


class SearchSpace:
    """A finite space of architectures, each a tuple of small whole numbers, one per decision.

    A subclass sets `name` and `cardinalities`, and overrides what is special: `is_valid` where not
    every tuple is an architecture, `canonical` where different tuples compute the same function,
    `parse` and `format` for the published text form, `index` and `architecture` for the published
    order.

    Attributes:
        name: how tables and the command line refer to the space.
        cardinalities: number of choices of each decision, shape `(d,)`.
    """

    name: str
    cardinalities: tuple[int, ...]

    @cached_property
    def size(self) -> int:
        """Number of tuples that `cardinalities` allows, valid or not, isomorphic ones counted apart."""
        return math.prod(self.cardinalities)

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw a valid architecture, uniformly over the valid tuples."""
        random = rng.random
        while True:
            architecture = tuple([int(random() * choices) for choices in self.cardinalities])
            if self.is_valid(architecture):
                return architecture

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Change exactly one decision, drawn uniformly over the decisions that have a choice.

        The new choice is uniform over the others; a change that gives an invalid architecture is
        drawn again.
        """
        random = rng.random
        while True:
            position = self._mutable[int(random() * len(self._mutable))]
            choice = int(random() * (self.cardinalities[position] - 1))
            choice += choice >= architecture[position]
            mutant = (*architecture[:position], choice, *architecture[position + 1 :])
            if self.is_valid(mutant):
                return mutant

    @cached_property
    def _mutable(self) -> tuple[int, ...]:
        return tuple(i for i, choices in enumerate(self.cardinalities) if choices > 1)

    def neighbors(self, architecture: Architecture) -> list[Architecture]:
        """All valid architectures that differ from this one in exactly one decision."""
        changed = (
            (*architecture[:position], choice, *architecture[position + 1 :])
            for position, choices in enumerate(self.cardinalities)
            for choice in range(choices)
            if choice != architecture[position]
        )
        return [neighbor for neighbor in changed if self.is_valid(neighbor)]

    def is_valid(self, architecture: Architecture) -> bool:
        """Whether a tuple is an architecture of this space; never raises."""
        return self._in_range(architecture)

    def _in_range(self, architecture: object) -> bool:
        return (
            isinstance(architecture, tuple)
            and len(architecture) == len(self.cardinalities)
            and all(
                isinstance(choice, int | np.integer) and 0 <= choice < choices
                for choice, choices in zip(architecture, self.cardinalities, strict=True)
            )
        )

    def canonical(self, architecture: Architecture) -> Architecture:
        """A representative that is equal for isomorphic or functionally equal architectures."""
        return architecture

    def index(self, architecture: Architecture) -> int:
        """Position of an architecture in the space's own order, in `range(size)`."""
        index = 0
        for choice, choices in zip(architecture, self.cardinalities, strict=True):
            index = index * choices + choice
        return index

    def architecture(self, index: int) -> Architecture:
        """The architecture at a position of the space's own order: the inverse of `index`."""
        if not 0 <= index < self.size:
            raise UsageError(
                f"{self.name} has no architecture {index}: its indices run from 0 to {self.size - 1}"
            )
        reversed_choices = []
        for choices in reversed(self.cardinalities):
            index, choice = divmod(index, choices)
            reversed_choices.append(choice)
        return tuple(reversed(reversed_choices))

    def encode(self, architectures: Sequence[Architecture]) -> NDArray[np.float32]:
        """One-hot encoding, shape `(len(architectures), sum(cardinalities))`."""
        choices = np.asarray(architectures, dtype=np.int64).reshape(-1, len(self.cardinalities))
        offsets = np.concatenate([[0], np.cumsum(self.cardinalities)[:-1]]).astype(np.int64)
        encoded = np.zeros((len(choices), sum(self.cardinalities)), dtype=np.float32)
        np.put_along_axis(encoded, choices + offsets, 1.0, axis=1)
        return encoded

    def format(self, architecture: Architecture) -> str:
        """The architecture as text, in the benchmark's published form where it has one."""
        return "-".join(str(choice) for choice in architecture)

    def parse(self, text: str) -> Architecture:
        """Read what `format` writes; raises `UsageError` on anything else."""
        try:
            architecture = tuple(int(choice) for choice in text.split("-"))
        except ValueError:
            raise self.not_an_architecture(text) from None
        if not self.is_valid(architecture):
            raise self.not_an_architecture(text)
        return architecture

    def not_an_architecture(self, text: str) -> UsageError:
        """The error for a text that `parse` cannot read."""
        example = self.format(self.sample(np.random.default_rng(0)))
        return UsageError(f"{text!r} is not an architecture of {self.name}; one would be {example!r}")
