"""Rules of a search space: what `sample` draws."""

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.conformance.global_generators import left_alone
from nasbench_lab.conformance.processes import in_another_process
from nasbench_lab.conformance.rules import Rule, require, shown
from nasbench_lab.conformance.spaces.examples import drawn, parent, whole_of
from nasbench_lab.spaces.base import Architecture, SearchSpace

BLOCKS = 60
LEAST_PER_BLOCK = 5
"""Draws; fewer, of a space that draws slowly, say too little."""
LEAST_PVALUE = 1e-4
MOST_COUNTED = 100_000
"""Spaces up to this size are counted; of larger ones, random tuples are drawn."""
LEAST_HITS = 1_000
"""Valid tuples among those drawn; fewer say too little about a space that accepts hardly any."""


def what_is_drawn_is_valid_and_plain(space: SearchSpace, rng: np.random.Generator) -> None:
    """A valid tuple of Python's own whole numbers."""
    for architecture in drawn(space, rng):
        require(space.is_valid(architecture), f"sample drew {shown(architecture)}, which is not valid")
        require(
            type(architecture) is tuple and all(type(choice) is int for choice in architecture),
            f"sample drew {shown(architecture)}; an architecture is a tuple of int",
        )


def drawing_follows_the_seed(space: SearchSpace, rng: np.random.Generator) -> None:
    """The same seed draws the same, another seed draws something else."""
    first, again, other = (list(drawn(space, np.random.default_rng(seed), 20, 60.0)) for seed in (1, 1, 2))
    require(first == again, f"with seed 1, sample first drew {first[0]}, then {again[0]}")
    require(first != other, f"with seed 1 and with seed 2, sample drew the same: {first[0]}")


def drawing_is_the_same_in_another_process(space: SearchSpace, rng: np.random.Generator) -> None:
    """The order of a set, for one, may differ between processes. A listed part is never sent to one."""
    space = whole_of(space)
    parent(space, np.random.default_rng(7))
    here, there = _drawn_once(space), in_another_process(type(space), _drawn_once, space)
    for name, one, other in zip(("sample", "mutate", "canonical"), here, there, strict=True):
        require(one == other, f"with one seed, {name} gave {one} here, and {other} in another process")


def _drawn_once(space: SearchSpace) -> tuple[Architecture, ...]:
    rng = np.random.default_rng(7)
    first = space.sample(rng)
    return first, space.mutate(first, rng), space.canonical(first)


def drawing_leaves_the_global_generators_alone(space: SearchSpace, rng: np.random.Generator) -> None:
    """All draws come from the generator that is given."""
    with left_alone():
        space.mutate(parent(space, rng), rng)


def drawing_is_uniform(space: SearchSpace, rng: np.random.Generator) -> None:
    """A chi-square test compares the draws with the valid tuples, by blocks of neighbouring indices.

    If the space is too large to list, the draws are compared with the valid ones among random tuples.
    """
    from scipy import stats

    counts = _per_block(space, list(drawn(space, rng, 30_000)))
    if counts.sum() < LEAST_PER_BLOCK * BLOCKS:
        return
    valid = _per_block(space, _valid_tuples(space, rng))
    # A block of a small space may be empty, or hold no valid tuple: then nothing may be drawn from it.
    hit = counts + valid > 0 if space.size > MOST_COUNTED else valid > 0
    if space.size > MOST_COUNTED:
        if valid.sum() < LEAST_HITS:
            return
        pvalue = stats.chi2_contingency([counts[hit], valid[hit]]).pvalue if hit.sum() > 1 else 1.0
    elif counts[~hit].any():
        pvalue = 0.0
    else:
        expected = valid[hit] / valid.sum() * counts.sum()
        pvalue = stats.chisquare(counts[hit], expected).pvalue if hit.sum() > 1 else 1.0
    draws, tuples = (np.round(100 * each / each.sum(), 1).tolist() for each in (counts, valid))
    worst = int(np.argmax(np.abs(np.subtract(draws, tuples))))
    require(
        pvalue > LEAST_PVALUE,
        f"{draws[worst]} % of the draws have an index of part {worst + 1} of {BLOCKS} of the space, but"
        f" {tuples[worst]} % of the valid tuples have one (p = {pvalue:.1e})",
    )


def _valid_tuples(space: SearchSpace, rng: np.random.Generator) -> list[Architecture]:
    """All valid tuples of a small space; of a large one, the valid ones among 60,000 random tuples."""
    if space.size <= MOST_COUNTED:
        tuples = map(space.architecture, range(space.size))
    else:
        choices = rng.integers(space.cardinalities, size=(60_000, len(space.cardinalities)))
        tuples = map(tuple, choices.tolist())
    return [each for each in tuples if space.is_valid(each)]


def _per_block(space: SearchSpace, architectures: list[Architecture]) -> NDArray[np.int64]:
    """The number of architectures in each block of neighbouring indices, shape `(BLOCKS,)`."""
    # Divide first, because an index times the number of blocks may not fit 64 bits.
    blocks = space.indices(
        np.array(architectures, dtype=np.int64).reshape(-1, len(space.cardinalities))
    ) // -(-space.size // BLOCKS)
    return np.bincount(blocks, minlength=BLOCKS)


RULES: tuple[Rule, ...] = (
    what_is_drawn_is_valid_and_plain,
    drawing_follows_the_seed,
    drawing_is_the_same_in_another_process,
    drawing_leaves_the_global_generators_alone,
    drawing_is_uniform,
)
