"""The interface of a search space for algorithms, benchmarks and figures."""

import itertools
import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces.graphs import Graph, Node

Architecture = tuple[int, ...]
"""One choice per decision: `architecture[i]` is in `range(space.cardinalities[i])`."""

WHOLE_NUMBER = (int, np.integer)
MOST_DIMENSIONS = 16
"""Decisions that are turned into an index at once; NumPy 1 refuses 32 of them."""
MOST_LISTED = 100_000
"""Spaces up to this size keep a list of their tuples, for fast sampling and lookups."""
MOST_DRAWS = 1_000_000
"""Tuples that `sample` draws of a larger space before it takes the space for empty."""
MOST_MUTANTS = 1_000
"""Changes that `mutate` draws before it lists the neighbors."""


class SearchSpace:
    """A finite space of architectures, each a tuple of small whole numbers, one per decision.

    A subclass sets `name` and `cardinalities`. It overrides `is_valid` if not every tuple is an
    architecture, `canonical` if different tuples compute the same function, `parse` and `format` for the
    published text form, `index` and `architecture` for the published order, and `graphs` for its pictures.

    Attributes:
        name: the name of the space in tables and on the command line.
        cardinalities: number of choices of each decision, shape `(d,)`.
    """

    name: str
    cardinalities: tuple[int, ...]

    @property
    def definition(self) -> str:
        """The text by which `find_space` finds this space: its name, unless it is a declared space."""
        return self.name

    @property
    def notation(self) -> str:
        """The text by which `find_space` finds a space whose texts of architectures mean the same."""
        return self.definition

    @cached_property
    def size(self) -> int:
        """Number of tuples that `cardinalities` allows; invalid and isomorphic tuples all count."""
        return math.prod(self.cardinalities)

    @cached_property
    def _tuples(self) -> Sequence[Architecture] | None:
        """Every tuple in the space's own order; None if there are too many to list."""
        return self._in_order() if self.size <= MOST_LISTED else None

    def _in_order(self) -> list[Architecture]:
        return list(itertools.product(*map(range, self.cardinalities)))

    @cached_property
    def _positions(self) -> dict[Architecture, int] | None:
        if self._tuples is None:
            return None
        return {architecture: index for index, architecture in enumerate(self._tuples)}

    @cached_property
    def _valid_tuples(self) -> Sequence[Architecture] | None:
        if self._tuples is None or self._every_tuple_is_valid:
            return self._tuples
        valid = [architecture for architecture in self._tuples if self.is_valid(architecture)]
        if not valid:
            raise self._empty(f"none of its {self.size:,} combinations is an architecture")
        return valid

    @cached_property
    def _every_tuple_is_valid(self) -> bool:
        return type(self).is_valid is SearchSpace.is_valid

    def _accepts(self, architecture: Architecture) -> bool:
        """`is_valid` for a tuple whose choices are known to be in range."""
        return self.is_valid(architecture) if self._valid_set is None else architecture in self._valid_set

    @cached_property
    def _valid_set(self) -> frozenset[Architecture] | None:
        return None if self._valid_tuples is None else frozenset(self._valid_tuples)

    @cached_property
    def _alternatives(self) -> tuple[tuple[int, int], ...]:
        """Position of each decision with more than one choice, and the number of its other choices."""
        return tuple((i, choices - 1) for i, choices in enumerate(self.cardinalities) if choices > 1)

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw a valid architecture, uniformly over all of them; raises `UsageError` if none is found."""
        # Whole numbers come from `random()`: a call of `integers` takes twenty times as long. The bias of
        # 53 random bits is below 1e-10.
        valid = self._valid_tuples
        if valid is not None:
            return valid[int(rng.random() * len(valid))]
        random = rng.random
        for _ in range(MOST_DRAWS):
            architecture = tuple([int(random() * choices) for choices in self.cardinalities])
            if self._every_tuple_is_valid or self.is_valid(architecture):
                return architecture
        raise self._empty(f"of {MOST_DRAWS:,} random combinations none is an architecture")

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Change exactly one decision, drawn uniformly over the decisions with more than one choice.

        The new choice is uniform over the other choices. If the result is invalid, the change is drawn
        again. Raises `UsageError` if the architecture has no neighbor.
        """
        alternatives = self._alternatives
        rejected = 0
        while True:
            draw = rng.random() * len(alternatives)
            which = int(draw)
            position, others = alternatives[which]
            choice = int((draw - which) * others)
            if choice >= architecture[position]:
                choice += 1
            mutant = (*architecture[:position], choice, *architecture[position + 1 :])
            if self._every_tuple_is_valid or self._accepts(mutant):
                return mutant
            rejected += 1
            if rejected == MOST_MUTANTS:
                return self._drawn_neighbor(architecture, rng)

    def _drawn_neighbor(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """A neighbor with the probability that `mutate` gives it, from the list of all neighbors."""
        neighbors = self.neighbors(architecture)
        if not neighbors:
            raise UsageError(
                f"the search space {self.name} has no architecture that differs from"
                f" {self.format(architecture):.200} in one decision, so that one cannot be mutated; change"
                " its rule of valid architectures, or use an algorithm that only samples: random_search"
            )
        others = np.array(self.cardinalities) - 1
        changed = (np.array(neighbors) != np.array(architecture)).argmax(axis=1)
        ends = np.cumsum(1 / others[changed])
        return neighbors[int(np.searchsorted(ends, rng.random() * ends[-1], side="right"))]

    def _empty(self, found: str) -> UsageError:
        return UsageError(
            f"the search space {self.name} is empty: {found}; change its rule of valid architectures, or the"
            " values of its decisions"
        )

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
        if not isinstance(architecture, tuple) or len(architecture) != len(self.cardinalities):
            return False
        for choice, choices in zip(architecture, self.cardinalities, strict=True):
            if not (isinstance(choice, WHOLE_NUMBER) and 0 <= choice < choices):
                return False
        return True

    def canonical(self, architecture: Architecture) -> Architecture:
        """The representative that isomorphic or functionally equal architectures share."""
        return architecture

    def index(self, architecture: Architecture) -> int:
        """Position of an architecture in the space's own order, in `range(size)`.

        Raises `ValueError` for anything but a tuple of the space.
        """
        if self._positions is not None:
            position = self._positions.get(architecture)
            if position is None:
                raise ValueError(f"{architecture!r} is not an architecture of {self.name}")
            return position
        return int(self.indices(np.asarray([architecture]))[0])

    def indices(self, architectures: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """`index` of many architectures at once.

        Args:
            architectures: shape `(n, d)`.

        Returns:
            Shape `(n,)`. Raises `ValueError` if a row is not a tuple of the space.
        """
        choices = np.asarray(architectures)
        if choices.ndim != 2 or choices.shape[1] != len(self.cardinalities):
            raise ValueError(
                f"architectures of {self.name} come as an array of shape (n, {len(self.cardinalities)});"
                f" received shape {choices.shape}"
            )
        indices: NDArray[np.int64] = np.zeros(len(choices), dtype=np.int64)
        for start in range(0, len(self.cardinalities), MOST_DIMENSIONS):
            piece = self.cardinalities[start : start + MOST_DIMENSIONS]
            within = np.ravel_multi_index(tuple(choices.T[start : start + MOST_DIMENSIONS]), piece)
            indices = indices * math.prod(piece) + within if start else within
        return indices

    def canonical_indices(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Indices of the canonical architectures, -1 for each invalid architecture, shape `(n,)`."""
        distinct, where = np.unique(indices, return_inverse=True)
        architectures = map(self.architecture, distinct.tolist())
        found = [self.index(self.canonical(a)) if self._accepts(a) else -1 for a in architectures]
        return np.array(found, dtype=np.int64)[where]

    def architecture(self, index: int) -> Architecture:
        """The architecture at a position of the space's own order: the inverse of `index`."""
        if not 0 <= index < self.size:
            raise UsageError(
                f"{self.name} has no architecture {index}: its indices run from 0 to {self.size - 1}"
            )
        if self._tuples is not None:
            return self._tuples[index]
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

    def features(self, architectures: Sequence[Architecture]) -> NDArray[np.float32]:
        """Inputs of a model that predicts accuracy, shape `(n, k)`; by default the encoded canonical form."""
        canonical = [self.canonical(architecture) for architecture in architectures]
        return self.encode(canonical)

    def format(self, architecture: Architecture) -> str:
        """The architecture as text, in the benchmark's published form if it has one."""
        return "-".join(str(choice) for choice in architecture)

    def parse(self, text: str) -> Architecture:
        """Read the output of `format`; raises `UsageError` on anything else."""
        try:
            architecture = tuple(int(choice) for choice in text.split("-"))
        except ValueError:
            raise self.not_an_architecture(text) from None
        if not self.is_valid(architecture) or self.format(architecture) != text:
            raise self.not_an_architecture(text)
        return architecture

    def graphs(self, architecture: Architecture) -> tuple[Graph, ...]:
        """The architecture as graphs of operations, for pictures; one at least.

        By default a graph without edges, with a node such as `0: 2` for each decision: its position and the
        choice.
        """
        nodes = [Node(f"{place}: {choice}", "decision") for place, choice in enumerate(architecture)]
        return (Graph("decision: choice", tuple(nodes)),)

    def not_an_architecture(self, text: str) -> UsageError:
        """The error for a text that `parse` cannot read."""
        example = self.format(self.canonical(self.sample(np.random.default_rng(0))))
        shown = text if len(text) <= 80 else text[:77] + "..."
        return UsageError(f"{shown!r} is not an architecture of {self.name}; one would be {example!r}")
