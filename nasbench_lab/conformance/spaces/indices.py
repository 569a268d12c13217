"""Rules of a search space: the order of its architectures."""

import numpy as np

from nasbench_lab.conformance.rules import Rule, require, require_refused
from nasbench_lab.conformance.spaces.examples import drawn, whole_of
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces.base import SearchSpace

MOST_LISTED = 100_000


def an_index_leads_back_to_its_architecture(space: SearchSpace, rng: np.random.Generator) -> None:
    """`index` is in `range(size)`, and `architecture` inverts it."""
    for architecture in drawn(space, rng):
        index = space.index(architecture)
        require(0 <= index < space.size, f"index({architecture}) is {index}; size is {space.size}")
        back = space.architecture(index)
        require(back == architecture, f"index({architecture}) is {index}, which leads back to {back}")


def every_index_is_used_once(space: SearchSpace, rng: np.random.Generator) -> None:
    """Checked for spaces of at most 100,000 tuples."""
    if space.size > MOST_LISTED:
        return
    architectures = np.array([space.architecture(index) for index in range(space.size)])
    distinct = len(np.unique(architectures, axis=0))
    require(distinct == space.size, f"{space.size} indices lead to {distinct} architectures")
    indices = space.indices(architectures)
    wrong = np.flatnonzero(indices != np.arange(space.size))
    if len(wrong):
        index = int(wrong[0])
        require(False, f"index {index} leads to {space.architecture(index)}, which has {indices[index]}")


def indices_are_index_many_times(space: SearchSpace, rng: np.random.Generator) -> None:
    """Of arrays of any kind of whole numbers, and of no architectures, too."""
    architectures = list(drawn(space, rng, 500))
    expected = [space.index(architecture) for architecture in architectures]
    for dtype in (np.uint16, np.int64):
        indices = space.indices(np.array(architectures, dtype=dtype))
        require(indices.dtype == np.int64, f"indices are {indices.dtype}; they are int64")
        for architecture, one, many in zip(architectures, expected, indices.tolist(), strict=True):
            require(one == many, f"index({architecture}) is {one}, but indices says {many}")
    nothing = space.indices(np.zeros((0, len(space.cardinalities)), dtype=np.int64))
    require(nothing.shape == (0,), f"indices of no architectures have shape {nothing.shape}; expected (0,)")


def canonical_indices_are_canonical_many_times(space: SearchSpace, rng: np.random.Generator) -> None:
    """The index of each canonical form, -1 for a tuple that is not valid."""
    indices = rng.integers(space.size, size=300)
    canonical = space.canonical_indices(indices)
    require(canonical.dtype == np.int64, f"canonical_indices are {canonical.dtype}; they are int64")
    for index, many in zip(indices.tolist(), canonical.tolist(), strict=True):
        architecture = space.architecture(index)
        one = space.index(space.canonical(architecture)) if space.is_valid(architecture) else -1
        require(one == many, f"canonical_indices of {architecture} says {many}; expected {one}")
    nothing = space.canonical_indices(indices[:0])
    require(nothing.shape == (0,), f"canonical_indices of none have shape {nothing.shape}; expected (0,)")


def foreign_indices_are_refused(space: SearchSpace, rng: np.random.Generator) -> None:
    """`UsageError` for an index that is not there, `ValueError` for a tuple that is not of the space."""
    for index in (-1, space.size):
        message = f"{whole_of(space).name} has no architecture {index}"
        require_refused(UsageError, space.architecture, index, message=message)
    architecture = space.sample(rng)
    for wrong in ((space.cardinalities[0], *architecture[1:]), (-1, *architecture[1:]), architecture[:-1]):
        require_refused(ValueError, space.index, wrong)
        require_refused(ValueError, space.indices, np.array([wrong]))


RULES: tuple[Rule, ...] = (
    an_index_leads_back_to_its_architecture,
    every_index_is_used_once,
    indices_are_index_many_times,
    canonical_indices_are_canonical_many_times,
    foreign_indices_are_refused,
)
