"""Examples of architectures: as many as a rule wants, unless that takes too long."""

import time
from collections.abc import Iterator

import numpy as np

from nasbench_lab.conformance.rules import require
from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.listed import ListedSpace

EXAMPLES = 50
MOST_SECONDS = 3.0


def drawn(
    space: SearchSpace, rng: np.random.Generator, count: int = EXAMPLES, seconds: float = MOST_SECONDS
) -> Iterator[Architecture]:
    """Draw architectures until there are `count` of them, or `seconds` are over; one at least."""
    deadline = time.monotonic() + seconds
    for _ in range(count):
        yield space.sample(rng)
        if time.monotonic() > deadline:
            return


def parent(space: SearchSpace, rng: np.random.Generator) -> Architecture:
    """Draw an architecture that can be mutated; one without neighbors would be mutated for ever."""
    architecture = space.sample(rng)
    while isinstance(space, ListedSpace) and not space.neighbors(architecture):
        architecture = space.sample(rng)
    require(space.neighbors(architecture), f"{architecture} has no neighbor, so it cannot be mutated")
    return architecture


def whole_of(space: SearchSpace) -> SearchSpace:
    """The space of which a space is the listed part; otherwise the space itself."""
    return space.whole if isinstance(space, ListedSpace) else space
