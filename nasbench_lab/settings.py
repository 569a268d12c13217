"""Settings and their types, checked in one place: from Python, from the command line and from files."""

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import PurePath
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from nasbench_lab.errors import UsageError, shown, unknown_name

Kind = TypeVar("Kind")
WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    dict: "a table of settings",
    list: "a list, as in [1,2]",
    tuple: "a list, as in [1,2]",
    type(None): "none",
}
ANYTHING = int | float | bool | str | None
"""The type of a value that neither an annotation nor a default describes."""


def checked(name: str, value: object, kind: Any) -> Any:
    """A value as its type has it: a list as a tuple, a whole number as a float; see also `plain`.

    Raises `UsageError` that gives `name`, the values that the type allows, and the value received.
    """
    try:
        return msgspec.convert(plain(value), kind)
    except (msgspec.ValidationError, SystemError):
        # Before version 0.22 msgspec ends in a SystemError if no float can hold the number.
        raise _refused(name, value, kind) from None


def plain(value: object) -> Any:
    """A value from Python as a plain one: a number or array of numpy as Python's, a path as a text."""
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, list | tuple):
        return type(value)(map(plain, value)) if type(value) in (list, tuple) else value
    # numpy is not imported for this: `--help` must not wait for it.
    if isinstance(getattr(value, "shape", None), tuple) and hasattr(value, "tolist"):
        return value.tolist()
    return value


def from_mapping(kind: type[Kind], values: Mapping[str, Any], what: str = "setting") -> Kind:
    """A dataclass from plain values.

    Raises `UsageError` for a field that is missing, unknown or of another type than the dataclass says. The
    error calls a field a `what`.
    """
    allowed = _types(kind)
    for name in values:
        if name not in allowed:
            raise unknown_name(what, name, allowed)
    for field in fields(kind):  # type: ignore[arg-type]
        if field.name not in values and field.default is MISSING and field.default_factory is MISSING:
            raise UsageError(f"the {what} {field.name!r} is missing")
    return kind(**{name: checked(name, value, allowed[name]) for name, value in values.items()})


def check_fields(instance: Any, owner: str = "") -> None:
    """Convert each field of a frozen dataclass to its type; raises `UsageError`, see `checked`.

    `owner` follows a field's name in the error: ` of the recipe NAME`.
    """
    for name, kind in _types(type(instance)).items():
        object.__setattr__(instance, name, checked(name + owner, getattr(instance, name), kind))


def _types(kind: Any) -> dict[str, Any]:
    """The type of each field of a dataclass."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def keyword_parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The keyword-only parameters of a function or of a dataclass, by name; the annotations are types."""
    try:
        signature = inspect.signature(function, eval_str=True)
    except Exception:  # an annotation that exists for type checkers only
        signature = inspect.signature(function)
    return {
        parameter.name: parameter
        for parameter in signature.parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def read_settings(text: str, parameters: Mapping[str, inspect.Parameter], kind: str) -> dict[str, Any]:
    """The values that are set in a text, each of the type of its parameter.

    Args:
        text: `key=value,key=value`, or empty. A list is written `[1,2]`; a text with commas stands in
            quotes or has its commas in brackets.
        parameters: the keys that may be set. A type comes from the annotation, or else from the default.
        kind: a word for a key, for the error: `hyperparameter of NAME`.

    Raises `UsageError` on anything else.
    """
    chosen: dict[str, Any] = {}
    for setting in filter(None, _between_commas(text)):
        key, equals, value = setting.partition("=")
        key = key.strip()
        if not equals:
            raise UsageError(f"each {kind} is written key=value, separated by commas; received {setting!r}")
        if key not in parameters:
            raise unknown_name(kind, key, parameters)
        name = kind.replace(" of ", f" {key} of ", 1)
        if key in chosen:
            raise UsageError(f"the {name} is set twice; received {text!r}")
        chosen[key] = read_value(f"the {name}", value, _type_of(parameters[key]))
    return chosen


def read_value(name: str, text: str, kind: Any) -> Any:
    """The value of a type that a text stands for.

    Raises `UsageError` that gives `name`, the values that the type allows, and the text.
    """
    try:
        return _from_text(text, kind)
    except ValueError:
        raise _refused(name, text, kind) from None


def type_in_words(parameter: inspect.Parameter) -> str:
    """The values that a parameter takes."""
    return _in_words(_type_of(parameter))


def _between_commas(text: str) -> list[str]:
    """The parts of a text between its commas, without those in brackets and in quotes."""
    parts, start, depth, quote = [], 0, 0, ""
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"" and text[max(place - 1, 0)] in "=[(,":
            quote = sign
        elif sign in "[](){}":
            depth += 1 if sign in "[({" else -1
        elif sign == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    # Brackets and quotes that nothing closes are signs like any other.
    return text.split(",") if depth or quote else [*parts, text[start:]]


def _type_of(parameter: inspect.Parameter) -> Any:
    annotation, default = parameter.annotation, parameter.default
    if annotation is not parameter.empty and not isinstance(annotation, str):
        return annotation
    if default is parameter.empty or default is None:
        return ANYTHING
    kinds = {type(each) for each in default} if isinstance(default, list | tuple) else set()
    if len(kinds) == 1:
        return list[kinds.pop()] if isinstance(default, list) else tuple[kinds.pop(), ...]  # type: ignore[misc]
    return type(default)


def _from_text(text: str, annotation: Any) -> Any:
    """The value of a type that a text stands for; raises `ValueError` if the type has no such value."""
    # A text fits every other type's text, so it is tried last.
    alternatives = _alternatives(ANYTHING if annotation is Any else annotation)
    for kind in sorted(alternatives, key=lambda kind: kind is str):
        try:
            return _of_one_type(text, kind)
        # TypeError: a type that no text can give; SystemError: see `checked`.
        except (ValueError, TypeError, SystemError, msgspec.ValidationError):
            continue
    raise ValueError(text)


def _of_one_type(text: str, kind: Any) -> Any:
    word = text.strip().lower()
    if (kind is type(None) and word != "none") or (kind is bool and word not in ("true", "false")):
        raise ValueError(text)
    if kind is type(None):
        return None
    if kind is str:
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
        return text[1:-1] if quoted else text
    container = get_origin(kind) or kind
    if container in (list, tuple, Sequence):
        return _list_from_text(text.strip(), get_args(kind), tuple if container is tuple else list)
    if isinstance(kind, type) and issubclass(kind, PurePath):
        return kind(text)
    return msgspec.convert(text.strip(), kind, strict=False)


def _list_from_text(text: str, of: tuple[Any, ...], container: type) -> Any:
    if text[:1] + text[-1:] not in ("[]", "()"):
        raise ValueError(text)
    items = [each.strip() for each in _between_commas(text[1:-1]) if each.strip()]
    if container is list or of[1:] == (...,) or not of:
        of = (of[0] if of else ANYTHING,) * len(items)
    return container(_from_text(item, kind) for item, kind in zip(items, of, strict=True))


def _refused(name: str, value: object, kind: Any) -> UsageError:
    return UsageError(f"{name} takes {_in_words(kind)}; received {shown(value)}")


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _in_words(kind: Any) -> str:
    """The values that a type allows."""
    if get_origin(kind) is Annotated:
        return _in_words(kind.__origin__) + _bounds(kind.__metadata__[0])
    alternatives = _alternatives(kind)
    if len(alternatives) > 1:
        return " or ".join(_in_words(each) for each in alternatives)
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if get_origin(kind) in (list, tuple, Sequence):
        return f"a list with {_in_words(get_args(kind)[0])} in each place"
    return WORDS.get(get_origin(kind) or kind, str(getattr(kind, "__name__", kind)))


def _bounds(meta: msgspec.Meta) -> str:
    least = "" if meta.ge is None else f" from {meta.ge}"
    return least + ("" if meta.le is None else f" to {meta.le}")
