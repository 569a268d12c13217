"""Rules of a search space: `mutate` and `neighbors`."""

import time
from collections import Counter

import numpy as np

from nasbench_lab.conformance.rules import Rule, require, shown
from nasbench_lab.conformance.spaces.examples import MOST_SECONDS, drawn, parent, whole_of
from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.declared import DeclaredSpace

LEAST_PVALUE = 1e-4
MOST_BLOCKS = 400
LEAST_PER_BLOCK = 10
"""Neighbors are compared in blocks, so that each has this many draws on average."""


def neighbors_are_all_valid_single_changes(space: SearchSpace, rng: np.random.Generator) -> None:
    """Each valid architecture that differs in one decision, once; of a declared space, in an active one."""
    for architecture in drawn(space, rng):
        changed = {
            (*architecture[:position], choice, *architecture[position + 1 :])
            for position in _changeable(space, architecture)
            for choice in range(space.cardinalities[position])
        } - {architecture}
        expected = {other for other in changed if space.is_valid(other)}
        neighbors = space.neighbors(architecture)
        twice = [each for each, count in Counter(neighbors).items() if count > 1]
        require(not twice, f"neighbors({architecture}) lists {shown(twice)} twice")
        for wrong in set(neighbors) - expected:
            require(False, f"neighbors({architecture}) lists {wrong}, which is no valid single change")
        for missing in expected - set(neighbors):
            require(False, f"neighbors({architecture}) lacks {missing}")


def mutation_changes_one_decision(space: SearchSpace, rng: np.random.Generator) -> None:
    """A valid architecture that differs in one decision, and follows the seed."""
    for seed in range(50):
        before = parent(space, rng)
        after, again = (space.mutate(before, np.random.default_rng(seed)) for _ in range(2))
        differ = sum(one != other for one, other in zip(before, after, strict=True))
        require(space.is_valid(after), f"mutate({before}) gave {after}, which is not valid")
        require(differ == 1, f"mutate({before}) gave {after}, which differs in {differ} decisions")
        require(after == again, f"mutate({before}) gave {after}, then {again}, with one seed")


def mutation_is_uniform_over_decisions_then_choices(space: SearchSpace, rng: np.random.Generator) -> None:
    """A chi-square test compares many mutations of one architecture with its neighbors."""
    from scipy import stats

    before = parent(space, rng)
    neighbors = space.neighbors(before)
    children: Counter[Architecture] = Counter()
    deadline = time.monotonic() + MOST_SECONDS
    for _ in range(20_000):
        children[space.mutate(before, rng)] += 1
        if time.monotonic() > deadline:
            break
    foreign = set(children) - set(neighbors)
    require(not foreign, f"mutate({before}) gave {shown(foreign)}, which neighbors({before}) lacks")
    count = max(1, min(len(neighbors), MOST_BLOCKS, children.total() // LEAST_PER_BLOCK))
    blocks = np.arange(len(neighbors)) * count // len(neighbors)
    odds = [1 / (space.cardinalities[_changed(before, after)] - 1) for after in neighbors]
    expected = np.bincount(blocks, weights=odds)
    counts = np.bincount(blocks, weights=[children[after] for after in neighbors])
    pvalue = stats.chisquare(counts, expected / expected.sum() * counts.sum()).pvalue
    most = max(neighbors, key=children.__getitem__)
    require(
        len(counts) == 1 or pvalue > LEAST_PVALUE,
        f"of {int(counts.sum()):,} mutations of {before}, {children[most]:,} are {most};"
        f" a uniform one has p = {pvalue:.1e}",
    )


def _changeable(space: SearchSpace, architecture: Architecture) -> list[int]:
    """The positions of the decisions that a search may change."""
    whole = whole_of(space)
    active = whole.active(architecture) if isinstance(whole, DeclaredSpace) else [True] * len(architecture)
    return [position for position, exists in enumerate(active) if exists]


def _changed(before: Architecture, after: Architecture) -> int:
    """The position of the first decision that differs."""
    return next(i for i in range(len(before)) if before[i] != after[i])


RULES: tuple[Rule, ...] = (
    neighbors_are_all_valid_single_changes,
    mutation_changes_one_decision,
    mutation_is_uniform_over_decisions_then_choices,
)
