"""Each rule of a search space is kept by a plain space, and found broken where one breaks it."""

import random
import time

import numpy as np
import pytest

from nasbench_lab.conformance import check_space
from nasbench_lab.conformance.rules import check_rule
from nasbench_lab.conformance.spaces import SPACE_RULES
from nasbench_lab.errors import ConformanceError, NasbenchLabError
from nasbench_lab.spaces import SearchSpace
from nasbench_lab.spaces.decisions import Ordered
from nasbench_lab.spaces.declared import DeclaredSpace
from nasbench_lab.spaces.graphs import Edge, Graph, Node

RULES = {rule.__name__: rule for rule in SPACE_RULES}


class Plain(SearchSpace):
    """A space of 36 architectures."""

    name = "plain"
    cardinalities: tuple[int, ...] = (3, 4, 3)


class Halved(Plain):
    """Only tuples with an even sum are architectures."""

    cardinalities = (3, 4, 3, 3)

    def is_valid(self, architecture):
        return self._in_range(architecture) and sum(architecture) % 3 > 0


class Large(Plain):
    """A space with thousands of decisions' worth of neighbors, too large to list."""

    cardinalities = (60,) * 10


MUTANTS: dict = {}


def breaks(rule, message):
    """Register a class as a space that breaks a rule, with a part of the message that says so."""

    def register(mutant):
        MUTANTS[mutant.__name__] = (rule, mutant, message)
        return mutant

    return register


@breaks("it_has_a_name_and_decisions", r"name is 'two\\nlines'; it is a text of one line")
class NameOfTwoLines(Plain):
    name = "two\nlines"


@breaks("it_has_a_name_and_decisions", r"cardinalities is \[3, 4\]")
class ListOfCardinalities(Plain):
    cardinalities = [3, 4]  # type: ignore[assignment]  # noqa: RUF012


@breaks("it_has_a_name_and_decisions", r"cardinalities is \(3, 0\); .* each from 1 to 65536")
class NoChoice(Plain):
    cardinalities = (3, 0)


@breaks("it_has_a_name_and_decisions", "no decision has two or more choices")
class NothingToDecide(Plain):
    cardinalities = (1, 1)


@breaks("it_has_a_name_and_decisions", "it is the product of cardinalities, and at most 2")
class TooManyForAnIndex(Plain):
    cardinalities = (1000,) * 7


@breaks("an_architecture_is_a_tuple_of_whole_numbers_in_range", r"is_valid accepts \(\d, \d, \d, 0\)")
class AnyLength(Plain):
    def is_valid(self, architecture):
        return isinstance(architecture, tuple) and self._in_range(architecture[:3])


@breaks("an_architecture_is_a_tuple_of_whole_numbers_in_range", r"is_valid accepts \(-1, \d, \d\)")
class Negative(Plain):
    def is_valid(self, architecture):
        return len(architecture) == 3 and all(
            each < most for each, most in zip(architecture, self.cardinalities, strict=True)
        )


@breaks("an_architecture_is_a_tuple_of_whole_numbers_in_range", "but refuses .*, which is equal")
class OnlyInt(Plain):
    def is_valid(self, architecture):
        return self._in_range(architecture) and all(type(choice) is int for choice in architecture)


@breaks("nothing_else_is_valid_and_asking_never_raises", "TypeError: object of type 'NoneType' has no len")
class AskingRaises(Plain):
    def is_valid(self, architecture):
        return len(architecture) == 3 and self._in_range(architecture)


@breaks("nothing_else_is_valid_and_asking_never_raises", "is None; it is False")
class AnswersNone(Plain):
    def is_valid(self, architecture):
        return self._in_range(architecture) or None


@breaks("canonical_is_a_fixed_point_of_the_space", r"is \(\d, \d, \d\), but of that it is \(\d, \d, \d\)")
class CanonicalTwice(Plain):
    def canonical(self, architecture):
        return architecture[1] % 3, architecture[0], architecture[2]


@breaks("canonical_is_a_fixed_point_of_the_space", r"is \(3, \d, \d\), which is not valid")
class CanonicalOutside(Plain):
    def canonical(self, architecture):
        return 3, *architecture[1:]


@breaks("neighbors_are_all_valid_single_changes", r"neighbors\(.*\) lacks \(")
class NeighborsMissing(Plain):
    def neighbors(self, architecture):
        return super().neighbors(architecture)[1:]


@breaks("neighbors_are_all_valid_single_changes", "which is no valid single change")
class ItsOwnNeighbor(Plain):
    def neighbors(self, architecture):
        return [*super().neighbors(architecture), architecture]


@breaks("neighbors_are_all_valid_single_changes", "twice")
class NeighborsTwice(Plain):
    def neighbors(self, architecture):
        return super().neighbors(architecture) * 2


@breaks("mutation_changes_one_decision", "which differs in 0 decisions")
class NoMutation(Plain):
    def mutate(self, architecture, rng):
        return architecture


@breaks("mutation_changes_one_decision", "which is not valid")
class InvalidMutation(Halved):
    def mutate(self, architecture, rng):
        return SearchSpace.mutate(Plain4(), architecture, rng)


class Plain4(Plain):
    """All tuples of `Halved`."""

    cardinalities = (3, 4, 3, 3)


@breaks("mutation_changes_one_decision", "with one seed")
class MutationWithoutSeed(Plain):
    def mutate(self, architecture, rng):
        return super().mutate(architecture, np.random.default_rng())


@breaks("mutation_changes_one_decision", r"\(.*\) has no neighbor, so it cannot be mutated")
class Islands(Plain):
    """No single change of an architecture is another one."""

    def is_valid(self, architecture):
        return self._in_range(architecture) and len(set(architecture)) == 1


@breaks("mutation_is_uniform_over_decisions_then_choices", r"of 20,000 mutations of .*p = ")
class UniformOverNeighbors(Plain):
    """The decision with four choices is changed too often."""

    def mutate(self, architecture, rng):
        neighbors = self.neighbors(architecture)
        return neighbors[rng.integers(len(neighbors))]


@breaks("mutation_is_uniform_over_decisions_then_choices", "p = ")
class FirstDecisionOften(Large):
    def mutate(self, architecture, rng):
        position = int(rng.integers(11)) % 10
        choice = (architecture[position] + 1 + int(rng.integers(59))) % 60
        return (*architecture[:position], choice, *architecture[position + 1 :])


@breaks("what_is_drawn_is_valid_and_plain", r"sample drew \(3, 0, 0\), which is not valid")
class DrawsOutside(Plain):
    def sample(self, rng):
        return 3, 0, 0


@breaks("what_is_drawn_is_valid_and_plain", "an architecture is a tuple of int")
class DrawsNumPy(Plain):
    def sample(self, rng):
        return tuple(rng.integers(3, size=3))


@breaks("drawing_follows_the_seed", "with seed 1, sample first drew")
class DrawsWithoutSeed(Plain):
    def sample(self, rng):
        return super().sample(np.random.default_rng())


@breaks("drawing_follows_the_seed", "with seed 1 and with seed 2, sample drew the same")
class IgnoresTheSeed(Plain):
    def sample(self, rng):
        return super().sample(np.random.default_rng(0))


@breaks("drawing_is_the_same_in_another_process", "here, and .* in another process")
class DrawsByHash(Plain):
    def sample(self, rng):
        return super().sample(np.random.default_rng([int(rng.integers(9)), abs(hash("text"))]))


@breaks("drawing_is_the_same_in_another_process", "it cannot be sent to another process: ")
class CannotBeSent(Plain):
    def __init__(self):
        self.clock = (each for each in range(3))


@breaks(
    "drawing_leaves_the_global_generators_alone", "the global random generator of NumPy was used or seeded"
)
class UsesNumPysGlobal(Plain):
    def sample(self, rng):
        np.random.rand()  # noqa: NPY002
        return super().sample(rng)


@breaks(
    "drawing_leaves_the_global_generators_alone", "the global random generator of Python was used or seeded"
)
class UsesPythonsGlobal(Plain):
    def mutate(self, architecture, rng):
        random.random()
        return super().mutate(architecture, rng)


@breaks("drawing_is_uniform", r"% of the draws have an index of part \d+ of 60 of the space")
class DrawsSomeOften(Plain):
    def sample(self, rng):
        return super().sample(rng) if rng.random() < 0.9 else (0, 0, 0)


@breaks("drawing_is_uniform", "of the valid tuples have one")
class DrawsSomeNever(Halved):
    def sample(self, rng):
        while (architecture := super().sample(rng)) == (0, 0, 0, 1):
            pass
        return architecture


@breaks("drawing_is_uniform", "of the valid tuples have one")
class LargeAndOften(Large):
    def sample(self, rng):
        architecture = super().sample(rng)
        return architecture if rng.random() < 0.9 else (0, *architecture[1:])


@breaks("an_index_leads_back_to_its_architecture", r"index\(.*\) is \d+, which leads back to")
class OrderOfItsOwn(Plain):
    def architecture(self, index):
        return super().architecture((index + 1) % self.size)


@breaks("every_index_is_used_once", "36 indices lead to 35 architectures")
class IndexUsedTwice(Plain):
    def architecture(self, index):
        return super().architecture(index or 1)


@breaks("every_index_is_used_once", r"index 0 leads to \(0, 0, 0\), which has 1")
class ShiftedIndices(Plain):
    def indices(self, architectures):
        return (super().indices(architectures) + 1) % self.size


@breaks("indices_are_index_many_times", "indices are int32; they are int64")
class NarrowIndices(Plain):
    def indices(self, architectures):
        return super().indices(architectures).astype(np.int32)


@breaks("indices_are_index_many_times", r"index\(.*\) is \d+, but indices says \d+")
class OtherIndices(Plain):
    def indices(self, architectures):
        return super().indices(architectures)[::-1]


@breaks("canonical_indices_are_canonical_many_times", r"canonical_indices of .* says \d+; expected \d+")
class CanonicalIndicesAsThey(Plain):
    def canonical(self, architecture):
        return 0, *architecture[1:]

    def canonical_indices(self, indices):
        return np.asarray(indices)


@breaks("foreign_indices_are_refused", r"architecture\(-1\) gave \(2, 3, 2\); expected UsageError")
class CountsFromTheEnd(Plain):
    def architecture(self, index):
        return super().architecture(index % self.size)


@breaks("foreign_indices_are_refused", r"index\(.*\) gave 0; expected ValueError")
class IndexOfAnything(Plain):
    def index(self, architecture):
        return 0


@breaks("text_leads_back_to_its_architecture", r"is '\d-\d-\d', which parse reads as \(2, 3, 2\)")
class ReadsOneOnly(Plain):
    def parse(self, text):
        return super().parse("2-3-2")


@breaks("text_leads_back_to_its_architecture", "which cannot be printed")
class TextOfTwoLines(Plain):
    def format(self, architecture):
        return super().format(architecture).replace("-", "\n")


@breaks("other_text_is_refused", "ValueError: ")
class OtherError(Plain):
    def parse(self, text):
        return tuple(int(choice) for choice in text.split("-"))


@breaks("other_text_is_refused", "says 'no'; it says in one line that it is not an architecture of plain")
class OtherWords(Plain):
    def not_an_architecture(self, text):
        error = super().not_an_architecture(text)
        error.args = ("no",)
        return error


@breaks(
    "a_damaged_text_is_refused_or_means_what_it_says", r"parse reads '.*' as \(\d, \d, \d\), whose text is"
)
class ReadsBlanks(Plain):
    def parse(self, text):
        return super().parse(text.strip())


@breaks("encoding_is_one_hot", r"encode gave shape \(50, 3\) of float32; expected \(50, 10\) of float32")
class EncodedAsNumbers(Plain):
    def encode(self, architectures):
        return np.array(architectures, dtype=np.float32)


@breaks("encoding_is_one_hot", r"encode\(\[\(\d, \d, \d\)\]\) is \[")
class EncodedBackward(Plain):
    def encode(self, architectures):
        return super().encode(architectures)[:, ::-1]


@breaks("encoding_is_one_hot", r"encode\(\[\]\) has shape \(0, 1\)")
class NothingIsNarrow(Plain):
    def encode(self, architectures):
        return super().encode(architectures) if architectures else np.zeros((0, 1), dtype=np.float32)


@breaks("features_are_numbers_of_each_architecture_alone", "differ among others")
class FeaturesOfTheBatch(Plain):
    def features(self, architectures):
        features = super().features(architectures)
        return features - features.mean(axis=0) if len(features) else features


@breaks("features_are_numbers_of_each_architecture_alone", "numbers that are not finite")
class InfiniteFeatures(Plain):
    def features(self, architectures):
        return super().features(architectures) + np.float32(np.inf)


@breaks("features_are_numbers_of_each_architecture_alone", "of float64; expected a row of float32 for each")
class WideFeatures(Plain):
    def features(self, architectures):
        return super().features(architectures).astype(np.float64)


class Folded(Plain):
    """Architectures that differ in the last decision alone are functionally equal."""

    def canonical(self, architecture):
        return (*architecture[:2], 0)


@breaks("features_are_those_of_the_canonical_architecture", "differ from those of its canonical form")
class Unfolding(Folded):
    """Its canonical form of a canonical form is another one, when asked many times."""

    asked = 0

    def canonical(self, architecture):
        self.asked += 1
        return (*architecture[:2], self.asked % 3)


NODE = Node("conv", "convolution")


@breaks("graphs_are_well_formed", r"graphs\(.*\) is \(\); it is a tuple of one Graph or more")
class NoGraph(Plain):
    def graphs(self, architecture):
        return ()


@breaks("graphs_are_well_formed", r"a graph of \(\d, \d, \d\) has no node")
class NoNode(Plain):
    def graphs(self, architecture):
        return (Graph("", ()),)


@breaks("graphs_are_well_formed", r"has the title 'two\\nlines'; it is a text of one line, or empty")
class TitleOfTwoLines(Plain):
    def graphs(self, architecture):
        return (Graph("two\nlines", (NODE,)),)


@breaks("graphs_are_well_formed", r"a node of a graph of .* has the label ' '; it is a text of one line")
class BlankLabel(Plain):
    def graphs(self, architecture):
        return (Graph("", (NODE, Node(" ", "state"))),)


@breaks("graphs_are_well_formed", r"has the kind 'big'; the kinds are input, output, state, convolution,")
class UnknownKind(Plain):
    def graphs(self, architecture):
        return (Graph("", (Node("conv", "big"),)),)


@breaks("graphs_are_well_formed", "has an edge from 0 to 2, but 2 nodes")
class EdgeToNowhere(Plain):
    def graphs(self, architecture):
        return (Graph("", (NODE, NODE), (Edge(0, 2),)),)


@breaks("graphs_are_well_formed", "an edge of a graph of .* has the kind ''; the kinds are input")
class EdgeWithoutKind(Plain):
    def graphs(self, architecture):
        return (Graph("", (NODE, NODE), (Edge(0, 1, "skip"),)),)


@breaks("graphs_are_well_formed", r"has a cycle among its edges \(Edge\(source=1, target=2")
class Cycle(Plain):
    def graphs(self, architecture):
        return (Graph("", (NODE,) * 4, (Edge(1, 2), Edge(2, 3), Edge(0, 1), Edge(3, 1))),)


@pytest.mark.parametrize(
    "space", [Plain(), Halved(), Large(), Folded()], ids=lambda space: type(space).__name__
)
def test_a_space_that_keeps_all_rules_passes(space):
    check_space(space)
    check_space(space, np.random.default_rng(5))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_space_is_found(name):
    rule, mutant, message = MUTANTS[name]
    space = mutant()
    with pytest.raises(ConformanceError, match=message) as raised:
        check_rule(RULES[rule], "my-space", space, np.random.default_rng(0))
    text = str(raised.value)
    assert text.startswith(f"my-space breaks the rule '{rule.replace('_', ' ')}': ")
    assert len(text.splitlines()) == 1
    with pytest.raises(AssertionError):
        check_space(space)


def test_every_rule_is_broken_by_a_mutant():
    assert {rule for rule, _, _ in MUTANTS.values()} == set(RULES)


def test_the_error_is_one_of_ours_with_the_name_of_the_space():
    with pytest.raises(
        NasbenchLabError, match=r"^plain breaks the rule 'neighbors are all valid single changes'"
    ):
        check_space(NeighborsTwice())


def test_a_declared_space_with_a_rule_of_its_own_passes():
    space = DeclaredSpace(
        "cells",
        {"depth": Ordered(1, 2, 3, 4), "width": Ordered(8, 16, 32, 64)},
        valid=lambda values: float(values["depth"]) * float(values["width"]) <= 128,
    )
    check_space(space)


def test_a_space_that_accepts_little_of_what_it_is_given_passes():
    class Diagonal(SearchSpace):
        """Valid are neighbors on a ring, a tiny part of all tuples."""

        name = "diagonal"
        cardinalities = (1000, 1000, 1000)

        def is_valid(self, architecture):
            return self._in_range(architecture) and max(architecture) - min(architecture) <= 1

        def sample(self, rng):
            while True:
                low = int(rng.integers(999))
                high = tuple(low + int(choice) for choice in rng.integers(2, size=3))
                # All of one choice is drawn from two places.
                if low in high or low == 998 or rng.random() < 0.5:
                    return high

    check_space(Diagonal())


def test_a_slow_and_huge_space_is_checked_within_bounds():
    class Slow(SearchSpace):
        name = "slow"
        cardinalities = (2,) * 62

        def sample(self, rng):
            time.sleep(0.002)
            return super().sample(rng)

    began = time.monotonic()
    check_space(Slow())
    assert time.monotonic() - began < 60
