"""The part of a search space that a table lists, as a space of its own."""

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.graphs import Graph

TRIES = 50  # draws of a mutation before its results are listed one by one
REMEMBERED = 2**17  # architectures whose answer of `lists` is kept


class ListedSpace(SearchSpace):
    """A space whose only architectures are those that a table lists.

    Texts, indices and features are those of the whole space. An architecture has the neighbors that it has
    there, as far as they are listed. Unlike other spaces, this one may have architectures without any
    neighbor.

    Args:
        whole: the space of the table.
        rows: the index of each row's architecture, shape `(n,)`. `sample` draws each with the same
            probability.
        lists: says whether the table has an answer for an architecture of `whole`. It may have one for
            others than those of `rows`: a row may stand for functionally equal architectures.

    Raises `UsageError` if there are fewer than two rows.
    """

    def __init__(
        self, whole: SearchSpace, rows: NDArray[np.int64], lists: Callable[[Architecture], bool]
    ) -> None:
        self.whole = whole
        self.name = f"the listed part of {whole.name}"
        self.cardinalities = whole.cardinalities
        self._rows = rows
        self._lists = lru_cache(REMEMBERED)(lists)
        if len(rows) < 2:
            raise UsageError(
                f"a search needs two architectures or more; {len(rows)} of {whole.name}"
                f" {'is' if len(rows) == 1 else 'are'} listed with all that an evaluation needs"
            )

    @property
    def definition(self) -> str:
        """The text by which `find_space` finds the whole space."""
        return self.whole.definition

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw the architecture of a row, uniformly over the rows."""
        return self.whole.architecture(int(self._rows[int(rng.random() * len(self._rows))]))

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Mutate as in the whole space, again and again until the result is listed.

        If 50 draws bring none, draw uniformly from the listed neighbors. If there are none either, draw the
        architecture of another row: a search goes on from any architecture.
        """
        for _ in range(TRIES):
            mutant = self.whole.mutate(architecture, rng)
            if self._lists(mutant):
                return mutant
        neighbors = self.neighbors(architecture)
        if neighbors:
            return neighbors[int(rng.random() * len(neighbors))]
        while True:
            other = self.sample(rng)
            if other != architecture:
                return other

    def neighbors(self, architecture: Architecture) -> list[Architecture]:
        """All neighbors in the whole space that are listed; there may be none."""
        return [neighbor for neighbor in self.whole.neighbors(architecture) if self._lists(neighbor)]

    def is_valid(self, architecture: Architecture) -> bool:
        """Whether a tuple is an architecture that the table lists; never raises."""
        return self.whole.is_valid(architecture) and self._lists(architecture)

    def _accepts(self, architecture: Architecture) -> bool:
        return self.is_valid(architecture)

    def canonical(self, architecture: Architecture) -> Architecture:
        """The canonical form in the whole space if that is listed, else its first equal among the rows."""
        canonical = self.whole.canonical(architecture)
        if self._lists(canonical):
            return canonical
        return self.whole.architecture(self._first_rows[self.whole.index(canonical)])

    @cached_property
    def _first_rows(self) -> dict[int, int]:
        """The index of the first row of each class of functionally equal ones, by the canonical index."""
        classes = self.whole.canonical_indices(self._rows)
        pairs = zip(classes.tolist(), self._rows.tolist(), strict=True)
        # The last of equal keys stays, so the first row has to come last.
        return dict(reversed(list(pairs)))

    def index(self, architecture: Architecture) -> int:
        """Position of an architecture in the order of the whole space."""
        return self.whole.index(architecture)

    def indices(self, architectures: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """`index` of many architectures at once, see the base class."""
        return self.whole.indices(architectures)

    def architecture(self, index: int) -> Architecture:
        """The architecture at a position of the order of the whole space: the inverse of `index`."""
        return self.whole.architecture(index)

    def encode(self, architectures: Sequence[Architecture]) -> NDArray[np.float32]:
        """The encoding of the whole space, see the base class."""
        return self.whole.encode(architectures)

    def features(self, architectures: Sequence[Architecture]) -> NDArray[np.float32]:
        """The features of the whole space, see the base class."""
        return self.whole.features(architectures)

    def format(self, architecture: Architecture) -> str:
        """The architecture as the whole space writes it."""
        return self.whole.format(architecture)

    def graphs(self, architecture: Architecture) -> tuple[Graph, ...]:
        """The graphs of the whole space, see the base class."""
        return self.whole.graphs(architecture)

    def parse(self, text: str) -> Architecture:
        """Read the output of `format`; raises `UsageError` on anything else, and if it is not listed."""
        try:
            architecture = self.whole.parse(text)
        except UsageError:
            raise self.not_an_architecture(text) from None
        if not self._lists(architecture):
            raise self.not_an_architecture(text)
        return architecture
