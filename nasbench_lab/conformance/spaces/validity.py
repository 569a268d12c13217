"""Rules of a search space: its name, its decisions, and what it accepts as an architecture."""

import math

import numpy as np

from nasbench_lab.conformance.rules import Rule, require, shown
from nasbench_lab.conformance.spaces.examples import drawn
from nasbench_lab.spaces.base import SearchSpace

MOST_CHOICES = 2**16  # runs store choices as 16-bit numbers
MOST_ARCHITECTURES = 2**63 - 1  # an index has 64 bits
JUNK: tuple[object, ...] = (
    *(None, True, -1, 0, 10**30, 0.0, 1.5, math.nan, math.inf, 1j, "", "0", "a-b", b"0", ..., int, object()),
    *((), (None,), [], [0], [[]], {}, {0: 0}, set(), range(3), np.zeros(3), np.float64(0), np.str_("0")),
)
"""Values that are no architecture, whatever the space."""


def it_has_a_name_and_decisions(space: SearchSpace, rng: np.random.Generator) -> None:
    """A name to print, and decisions whose combinations are `size`, and can be stored."""
    require(
        isinstance(space.name, str) and space.name and space.name.isprintable(),
        f"name is {shown(space.name)}; it is a text of one line",
    )
    choices = space.cardinalities
    require(
        isinstance(choices, tuple)
        and choices
        and all(isinstance(each, int) and 1 <= each <= MOST_CHOICES for each in choices),
        f"cardinalities is {shown(choices)}; it is a tuple of whole numbers, each from 1 to {MOST_CHOICES}",
    )
    require(max(choices) > 1, "no decision has two or more choices")
    require(
        space.size == math.prod(choices) <= MOST_ARCHITECTURES,
        f"size is {space.size}; it is the product of cardinalities, and at most 2^63 - 1",
    )


def an_architecture_is_a_tuple_of_whole_numbers_in_range(
    space: SearchSpace, rng: np.random.Generator
) -> None:
    """Shorter, longer and out of range is not valid; NumPy's whole numbers are."""
    for architecture in drawn(space, rng, 5):
        wrong = (
            architecture[:-1],
            (*architecture, 0),
            (-1, *architecture[1:]),
            (space.cardinalities[0], *architecture[1:]),
            list(architecture),
        )
        for each in wrong:
            require(not space.is_valid(each), f"is_valid accepts {shown(each)}")  # type: ignore[arg-type]
        same = tuple(np.array(architecture))
        require(
            space.is_valid(same),
            f"is_valid accepts {architecture}, but refuses {shown(same)}, which is equal",
        )


def nothing_else_is_valid_and_asking_never_raises(space: SearchSpace, rng: np.random.Generator) -> None:
    """Whatever `is_valid` receives, it answers."""
    decisions = len(space.cardinalities)
    for junk in JUNK:
        for wrong in (junk, (junk,) * (decisions + 1)):
            answer = space.is_valid(wrong)  # type: ignore[arg-type]
            require(answer is False, f"is_valid({shown(wrong)}) is {answer!r}; it is False")
        space.is_valid((junk,) * decisions)  # type: ignore[arg-type]


def canonical_is_a_fixed_point_of_the_space(space: SearchSpace, rng: np.random.Generator) -> None:
    """The canonical form is an architecture, and its own canonical form."""
    for architecture in drawn(space, rng):
        canonical = space.canonical(architecture)
        require(
            type(canonical) is tuple and space.is_valid(canonical),
            f"canonical({architecture}) is {shown(canonical)}, which is not valid",
        )
        again = space.canonical(canonical)
        require(again == canonical, f"canonical({architecture}) is {canonical}, but of that it is {again}")


RULES: tuple[Rule, ...] = (
    it_has_a_name_and_decisions,
    an_architecture_is_a_tuple_of_whole_numbers_in_range,
    nothing_else_is_valid_and_asking_never_raises,
    canonical_is_a_fixed_point_of_the_space,
)
