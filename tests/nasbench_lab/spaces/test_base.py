"""Spaces whose rule leaves nothing to draw end in an error, not in a loop."""

from collections import Counter

import numpy as np
import pytest

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import base
from nasbench_lab.spaces.base import SearchSpace
from nasbench_lab.spaces.decisions import Categorical, Ordered
from nasbench_lab.spaces.declared import DeclaredSpace


class Parity(SearchSpace):
    """Tuples with an even sum: none differs from another in one decision only."""

    def __init__(self, *cardinalities, remainder=0):
        self.name = "parity"
        self.cardinalities = cardinalities
        self._remainder = remainder

    def is_valid(self, architecture):
        return self._in_range(architecture) and sum(architecture) % 2 == self._remainder


LARGE = (2,) * 20  # more tuples than are listed


@pytest.mark.parametrize("cardinalities", [(2, 2), LARGE])
def test_an_architecture_without_neighbors_cannot_be_mutated(cardinalities):
    space = Parity(*cardinalities)
    rng = np.random.default_rng(0)
    architecture = space.sample(rng)
    assert space.neighbors(architecture) == []
    with pytest.raises(UsageError, match=r"the search space parity has no architecture that differs from"):
        space.mutate(architecture, rng)


@pytest.mark.parametrize("cardinalities", [(2, 2), LARGE])
def test_an_empty_space_cannot_be_sampled(cardinalities, monkeypatch):
    monkeypatch.setattr(base, "MOST_DRAWS", 1000)
    space = Parity(*cardinalities, remainder=2)
    with pytest.raises(
        UsageError, match=r"the search space parity is empty: (none of its 4|of 1,000 random) combinations"
    ):
        space.sample(np.random.default_rng(0))


def test_a_declared_space_says_the_same():
    def with_rule(valid):
        return DeclaredSpace("mine", {"a": Ordered(1, 2), "b": Categorical("x", "y")}, valid)

    rng = np.random.default_rng(0)
    alone = with_rule(lambda values: values == {"a": 1, "b": "x"})
    assert alone.sample(rng) == (0, 0)
    with pytest.raises(UsageError, match=r"mine has no architecture that differs from a=1,b=x in one decis"):
        alone.mutate((0, 0), rng)
    with pytest.raises(UsageError, match=r"mine is empty: none of its 4 combinations is an architecture"):
        with_rule(lambda values: False).sample(rng)


def test_changes_of_inactive_decisions_alone_are_none():
    decisions = {
        "a": Ordered(1, 2),
        "b": Ordered(1, 2, when={"a": 2}),
    }
    space = DeclaredSpace("mine", decisions, lambda values: values["a"] == 1)
    assert space.is_valid((0, 1))  # differs from (0, 0) in an inactive decision
    with pytest.raises(UsageError, match="mine has no architecture that differs from a=1 in one decision"):
        space.mutate((0, 0), np.random.default_rng(0))


class Rare(SearchSpace):
    """Of the many neighbors of (0, 0, 0), three are valid."""

    name = "rare"

    def __init__(self, *cardinalities):
        self.cardinalities = cardinalities

    def is_valid(self, architecture):
        return architecture in ((0, 0, 0), (7, 0, 0), (0, 0, 1), (0, 0, 2))


@pytest.mark.parametrize("most_mutants", [1, 1000])
def test_rare_neighbors_have_the_probability_of_their_decision(most_mutants, monkeypatch):
    monkeypatch.setattr(base, "MOST_MUTANTS", most_mutants)
    space, rng = Rare(9, 9, 3), np.random.default_rng(0)
    drawn = Counter(space.mutate((0, 0, 0), rng) for _ in range(9000))
    # (7, 0, 0) is one of the 8 changes of its decision, each of the others one of 2.
    assert set(drawn) == {(7, 0, 0), (0, 0, 1), (0, 0, 2)}
    assert abs(drawn[7, 0, 0] - 1000) < 150
    assert abs(drawn[0, 0, 1] - 4000) < 250


def test_a_single_neighbor_among_very_many_is_found():
    space = Rare(10**5, 10**5, 1)
    assert space.mutate((0, 0, 0), np.random.default_rng(0)) == (7, 0, 0)
