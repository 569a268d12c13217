"""A search space declared by its decisions, in Python or as data, without a file of its own.

    from nasbench_lab.spaces.decisions import Categorical, Ordered
    from nasbench_lab.spaces.declared import DeclaredSpace

    space = DeclaredSpace(
        "my-space",
        {
            "width": Ordered(16, 32, 64),
            "activation": Categorical("relu", "tanh"),
            "dropout": Ordered(0.0, 0.5, when={"activation": "relu"}),  # exists only under this value
        },
    )

The TOML schema of a table of your own has the same as `[space]`, see `benchmarks.tables.own_table`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.errors import UsageError, unknown_name
from nasbench_lab.settings import from_mapping
from nasbench_lab.spaces.base import MOST_MUTANTS, Architecture, SearchSpace
from nasbench_lab.spaces.decisions import Categorical, Ordered, Value, is_plain, text_of
from nasbench_lab.spaces.graphs import Graph, Node

MOST_ARCHITECTURES = 2**63 - 1  # an index has 64 bits


class DeclaredSpace(SearchSpace):
    """A space of named decisions; every combination of choices is an architecture, unless `valid` says no.

    A decision with a condition is inactive if its condition does not hold. It then has no effect, and has its
    first choice in the canonical form. `mutate` and `neighbors` change active decisions only.

    The text form is `width=16,activation=relu,dropout=0.5`. It leaves out an inactive decision. If that has
    another than its first choice, it stands in parentheses: `width=16,activation=tanh,(dropout=0.5)`.

    Args:
        name: the name of the space.
        decisions: each decision by its name.
        valid: says whether the values of the active decisions, by name, are an architecture. A space with
            such a function has no `definition`, so no table can store it.

    Raises `UsageError` if the decisions make no space.
    """

    def __init__(
        self,
        name: str,
        decisions: Mapping[str, Categorical],
        valid: Callable[[Mapping[str, Value]], bool] | None = None,
    ) -> None:
        self.name = name
        self.decisions = dict(decisions)
        self.cardinalities = tuple(len(decision.values) for decision in decisions.values())
        self._valid = valid
        for each in (name, *decisions):
            if not is_plain(each) or "=" in each or "(" in each:
                raise UsageError(
                    "the name of a space or a decision is a text without commas, line breaks, '=' and '(';"
                    f" received {each!r:.80}"
                )
        if not any(choices > 1 for choices in self.cardinalities):
            raise UsageError(f"the search space {name} has no decision with two or more values")
        if self.size > MOST_ARCHITECTURES:
            raise UsageError(
                f"the search space {name} has {self.size:.1e} architectures; at most {MOST_ARCHITECTURES:.1e}"
                " are possible"
            )
        self._conditions = tuple(self._condition(each) for each in decisions)

    def _condition(self, name: str) -> tuple[tuple[int, frozenset[int]], ...]:
        """The condition of a decision: the places of other decisions, each with the choices it needs."""
        earlier = list(self.decisions)[: list(self.decisions).index(name)]
        condition = []
        for other, values in self.decisions[name].when.items():
            if other not in earlier:
                raise unknown_name(f"decision in the condition of {name}", other, earlier, "Name it earlier.")
            decision = self.decisions[other]
            choices = [decision.find(value) for value in values]
            if None in choices or not choices:
                raise UsageError(
                    f"the condition of {name} takes values of {other}: {', '.join(decision.texts)};"
                    f" received {', '.join(map(text_of, values)) or 'none'}"
                )
            condition.append((earlier.index(other), frozenset(each for each in choices if each is not None)))
        return tuple(condition)

    def active(self, architecture: Architecture) -> list[bool]:
        """Whether each decision is active, shape `(d,)`."""
        active: list[bool] = []
        for condition in self._conditions:
            active.append(all(active[place] and architecture[place] in needed for place, needed in condition))
        return active

    def values(self, architecture: Architecture) -> dict[str, Any]:
        """The values of the active decisions, by name."""
        active = self.active(architecture)
        chosen = zip(self.decisions.items(), architecture, active, strict=True)
        return {name: decision.values[choice] for (name, decision), choice, exists in chosen if exists}

    @cached_property
    def _every_tuple_is_valid(self) -> bool:
        return self._valid is None

    def is_valid(self, architecture: Architecture) -> bool:
        """Whether a tuple is an architecture of this space."""
        if not self._in_range(architecture):
            return False
        return self._valid is None or bool(self._valid(self.values(architecture)))

    def canonical(self, architecture: Architecture) -> Architecture:
        """Set each inactive decision to its first choice."""
        active = self.active(architecture)
        return tuple([choice if exists else 0 for choice, exists in zip(architecture, active, strict=True)])

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Change exactly one active decision, drawn uniformly over those with more than one choice.

        Raises `UsageError` if the architecture has no neighbor.
        """
        active = self.active(architecture)
        for _ in range(MOST_MUTANTS):
            mutant = super().mutate(architecture, rng)
            if self._changes(architecture, mutant, active):
                return mutant
        return self._drawn_neighbor(architecture, rng)

    def neighbors(self, architecture: Architecture) -> list[Architecture]:
        """All valid architectures that differ from this one in exactly one active decision."""
        active = self.active(architecture)
        return [each for each in super().neighbors(architecture) if self._changes(architecture, each, active)]

    @staticmethod
    def _changes(before: Architecture, after: Architecture, active: list[bool]) -> bool:
        """Whether an active decision changed."""
        return any(old != new and exists for old, new, exists in zip(before, after, active, strict=True))

    def features(self, architectures: Sequence[Architecture]) -> NDArray[np.float32]:
        """Inputs of a model, shape `(n, k)`: one number from 0 to 1 for an ordered decision, others one-hot.

        Functionally equal architectures have equal features.
        """
        encoded = self.encode([self.canonical(architecture) for architecture in architectures])
        blocks = np.split(encoded, np.cumsum(self.cardinalities)[:-1], axis=1)
        columns = [
            block @ np.linspace(0, 1, block.shape[1], dtype=np.float32)[:, None]
            if decision.ordered
            else block
            for block, decision in zip(blocks, self.decisions.values(), strict=True)
        ]
        return np.concatenate(columns, axis=1)

    def graphs(self, architecture: Architecture) -> tuple[Graph, ...]:
        """One graph without edges: a node such as `width = 16` for each active decision."""
        values = self.values(architecture).items()
        return (Graph("", tuple([Node(f"{name} = {text_of(value)}", "decision") for name, value in values])),)

    def format(self, architecture: Architecture) -> str:
        """The architecture as text: `width=16,activation=relu,dropout=0.5`."""
        parts = []
        active = self.active(architecture)
        for (name, decision), choice, exists in zip(
            self.decisions.items(), architecture, active, strict=True
        ):
            text = f"{name}={decision.texts[choice]}"
            if exists or choice:
                parts.append(text if exists else f"({text})")
        return ",".join(parts)

    def parse(self, text: str) -> Architecture:
        """Read the output of `format`; raises `UsageError` on anything else."""
        written = {}
        for part in text.split(","):
            inside = part[1:-1] if part.startswith("(") else part
            name, _, value = inside.partition("=")
            written[name] = value
        choices = [
            decision.by_text.get(written.get(name, ""), 0) for name, decision in self.decisions.items()
        ]
        architecture = tuple(choices)
        # Whatever was not understood is missing in the text that comes back.
        if not self.is_valid(architecture) or self.format(architecture) != text:
            raise self.not_an_architecture(text)
        return architecture

    @cached_property
    def definition(self) -> str:
        """The space as JSON text, by which `find_space` finds it."""
        if self._valid is not None:
            raise UsageError(
                f"the search space {self.name} has a function that says which architectures are valid, and a"
                " table cannot store a function; make the space a file of nasbench_lab/spaces"
            )
        return self.notation

    @cached_property
    def notation(self) -> str:
        """The space as JSON text, without its function for valid architectures."""
        decisions = {
            name: {"values": decision.values, "ordered": decision.ordered, "when": decision.when}
            for name, decision in self.decisions.items()
        }
        return json.dumps({"name": self.name, "decisions": decisions}, ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class DecisionSettings:
    """The settings of one decision, see `Categorical`."""

    values: tuple[Value, ...]
    ordered: bool = False
    when: dict[str, Value | tuple[Value, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SpaceSettings:
    """The settings of a space; `decisions` are settings of decisions by name."""

    name: str
    decisions: dict[str, Any]


def space_from_settings(content: Mapping[str, Any]) -> DeclaredSpace:
    """A space from plain values; raises `UsageError` that names the setting."""
    settings = from_mapping(SpaceSettings, content)
    decisions = {}
    for name, each in settings.decisions.items():
        try:
            if not isinstance(each, dict):
                raise UsageError(f"a decision is written {{ values = [...] }}; received {each!r:.80}")
            of = from_mapping(DecisionSettings, each)
            decisions[name] = (Ordered if of.ordered else Categorical)(*of.values, when=of.when)
        except UsageError as error:
            raise UsageError(f"decisions.{name if name.isprintable() else repr(name)}: {error}") from None
    return DeclaredSpace(settings.name, decisions)


def space_from_definition(text: str) -> DeclaredSpace:
    """The space of a `definition`; raises `UsageError` on anything else."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise UsageError(f"{text!r:.80} does not define a search space")
    return space_from_settings(content)
