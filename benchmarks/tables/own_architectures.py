"""The architectures of your own table: in one column as text, or in one column for each decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.tables.own_file import OwnFile, is_empty
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import SearchSpace
from nasbench_lab.spaces.declared import DeclaredSpace

SHOWN = 20  # values of a decision that an error names


class Form(Protocol):
    """The way in which a file lists architectures."""

    @property
    def columns(self) -> Sequence[str]:
        """The columns that hold them."""

    @property
    def numeric(self) -> set[str]:
        """Those of the columns that hold numbers."""

    def indices(self, file: OwnFile) -> NDArray[np.int64]:
        """The index of each row's architecture, shape `(rows,)`; raises `TableError` that names the field."""


def form_of(space: SearchSpace, column: str | None) -> Form:
    """The form of a file: texts in a column, or a column for each decision of a declared space."""
    if column is None:
        assert isinstance(space, DeclaredSpace)
        return _Decisions(space)
    return _Texts(space, column)


@dataclass(frozen=True)
class _Texts:
    space: SearchSpace
    column: str

    @property
    def columns(self) -> Sequence[str]:
        return (self.column,)

    @property
    def numeric(self) -> set[str]:
        return set()

    def indices(self, file: OwnFile) -> NDArray[np.int64]:
        indices = np.empty(len(file.lines), dtype=np.int64)
        for row, text in enumerate(file.column(self.column)):
            try:
                indices[row] = self.space.index(self.space.parse(str(text)))
            except UsageError as error:
                raise file.error(row, self.column, str(error)) from None
        return indices


@dataclass(frozen=True)
class _Decisions:
    space: DeclaredSpace

    @property
    def columns(self) -> Sequence[str]:
        return tuple(self.space.decisions)

    @property
    def numeric(self) -> set[str]:
        return {
            name
            for name, decision in self.space.decisions.items()
            if all(type(value) in (int, float) for value in decision.values)
        }

    def indices(self, file: OwnFile) -> NDArray[np.int64]:
        choices = np.array([self._choices(file, name) for name in self.columns], dtype=np.int64).T
        empty = np.array([[is_empty(field) for field in file.column(name)] for name in self.columns]).T
        for row in np.flatnonzero(empty.any(axis=1)).tolist():
            active = self.space.active(tuple(choices[row].tolist()))
            for name, exists, missing in zip(self.columns, active, empty[row], strict=True):
                if exists and missing:
                    raise file.error(
                        row, name, "it is empty; only a decision whose condition does not hold is left empty"
                    )
        return self.space.indices(choices)

    def _choices(self, file: OwnFile, name: str) -> list[int]:
        """The choice in each row; the first one for an empty field."""
        decision = self.space.decisions[name]
        choices = []
        for row, field in enumerate(file.column(name)):
            choice = 0 if is_empty(field) else decision.find(field)
            if choice is None and isinstance(field, str) and file.decimal == ",":
                choice = decision.find(field.replace(",", "."))
            if choice is None:
                shown = ", ".join(decision.texts[:SHOWN]) + ", ..." * (len(decision.texts) > SHOWN)
                raise file.error(row, name, f"{str(field)[:80]!r} is none of the values {shown}")
            choices.append(choice)
        return choices
