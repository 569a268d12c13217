"""The decisions of a declared search space."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

from nasbench_lab.errors import UsageError

Value = str | int | float | bool
Conditions = Mapping[str, Value | Sequence[Value]]
MOST_VALUES = 2**16 - 1  # choices are stored as 16-bit numbers


class Categorical:
    """A decision between values without an order.

    Args:
        values: strings, numbers or truth values, each once.
        when: the decision exists only if each of these decisions, named earlier, has this value or one of
            these values.

    Raises `UsageError` if values cannot be told apart, or cannot stand in the text of an architecture.
    """

    ordered = False

    def __init__(self, *values: Value, when: Conditions | None = None) -> None:
        self.values = values
        self.texts = tuple(map(text_of, values))
        self.when = {
            name: tuple(allowed) if isinstance(allowed, list | tuple) else (allowed,)
            for name, allowed in (when or {}).items()
        }
        if not 1 <= len(values) <= MOST_VALUES:
            raise UsageError(f"a decision has 1 to {MOST_VALUES:,} values; received {len(values):,}")
        for value, text in zip(values, self.texts, strict=True):
            if not is_plain(text):
                raise UsageError(
                    "a value is a text without a comma, a line break or blanks at its ends;"
                    f" received {value!r:.80}"
                )
            if isinstance(value, float) and not math.isfinite(value):
                raise UsageError(f"a value is a finite number; received {value}")
        for choice, (value, text) in enumerate(zip(values, self.texts, strict=True)):
            if self.by_text[text] != choice or self._by_value[_kind(value), value] != choice:
                raise UsageError(f"each value is listed once; received {text!r:.80} twice")

    @cached_property
    def by_text(self) -> dict[str, int]:
        """The choice of each value, by the value's text."""
        return {text: choice for choice, text in enumerate(self.texts)}

    @cached_property
    def _by_value(self) -> dict[tuple[str, Value], int]:
        return {(_kind(value), value): choice for choice, value in enumerate(self.values)}

    def find(self, value: object) -> int | None:
        """The choice that has a value, or None; a text may also be that of a number or a truth value."""
        if not isinstance(value, str | int | float):
            return None
        if not isinstance(value, str):
            return self._by_value.get((_kind(value), value))
        text = value.strip()
        if text in self.by_text:
            return self.by_text[text]
        if text.lower() in ("true", "false"):
            return self._by_value.get((_kind(True), text.lower() == "true"))
        try:
            return self._by_value.get((_kind(0.0), float(text)))
        except ValueError:
            return None


class Ordered(Categorical):
    """A decision between values in their order, such as widths; see `Categorical`."""

    ordered = True


def text_of(value: Value) -> str:
    """A value as text, as TOML and JSON have it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_plain(text: str) -> bool:
    """Whether a text can stand in that of an architecture, between commas."""
    return bool(text) and text.isprintable() and text == text.strip() and "," not in text


def _kind(value: Value) -> str:
    """The kind of a value. Only values of one kind may be equal; in Python 1 equals True."""
    return "number" if type(value) in (int, float) else type(value).__name__
