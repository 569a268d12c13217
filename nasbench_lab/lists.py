"""Lists as people write them: what Python takes for one, and names that a comma separates."""

import re
from collections.abc import Iterator, KeysView, Sequence, ValuesView
from typing import Any

from nasbench_lab.errors import UsageError, shown

SETTING = re.compile(r"\s*\w+=")


def in_order(value: object, name: str) -> list[Any] | None:
    """The items of a list, or of anything that has items in an order; None for a single value.

    A tuple, an array or a Series, a range, a generator, and the keys or the values of a mapping have an
    order. Raises `UsageError` for a set, which has none: tables and figures keep the order of `name`.
    """
    if isinstance(value, set | frozenset):
        raise UsageError(
            f"{name} takes a list, because tables and figures keep its order; a set has none; received"
            f" {shown(value)}"
        )
    if isinstance(value, list | tuple | range | KeysView | ValuesView | Iterator):
        return list(value)
    # numpy is not imported for this: `--help` must not wait for it. A number of numpy has no items.
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and len(shape) == 1 and hasattr(value, "tolist"):
        return list(value.tolist())
    return None


def kept(value: object) -> Any:
    """The same value; a generator as a list, which can be read twice."""
    return list(value) if isinstance(value, Iterator) else value


def separated(text: str) -> list[str]:
    """The names in a text that a comma separates; commas between settings, `NAME:a=1,b=2`, are none."""
    names: list[str] = []
    for part in text.split(","):
        if names and ":" in names[-1] and SETTING.match(part):
            names[-1] += f",{part}"
        else:
            names.append(part)
    return [name.strip() for name in names if name.strip()]


def separate(setting: str, values: Sequence[str], what: str = "names") -> str:
    """The advice to separate the values of a setting, for the end of an error."""
    option = setting.replace("_", "-")
    return f"separate {what} by spaces: --{option} {' '.join(values)} (in Python: a list)"
