"""Settings and their types, checked in one place: from Python, from the command line and from files."""

import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from pathlib import PurePath
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from nasbench_lab.errors import UsageError, unknown_name

Kind = TypeVar("Kind")
WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    dict: "a table of settings",
    type(None): "none",
}


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
        text: `key=value,key=value`, or empty.
        parameters: the keys that may be set. A type comes from the annotation, or else from the default.
        kind: a word for a key, for the error: `hyperparameter of NAME`.

    Raises `UsageError` on anything else.
    """
    chosen: dict[str, Any] = {}
    for setting in filter(None, text.split(",")):
        key, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"each {kind} is written key=value, separated by commas; received {setting!r}")
        if key not in parameters:
            raise unknown_name(kind, key, parameters)
        chosen[key] = _read(value, parameters[key], kind.replace(" of ", f" {key} of ", 1))
    return chosen


def _read(text: str, parameter: inspect.Parameter, name: str) -> Any:
    annotation = parameter.annotation
    if annotation is parameter.empty or isinstance(annotation, str):
        annotation = type(parameter.default)
    # A text fits every other type's text, so it is tried last.
    for kind in sorted(_alternatives(annotation), key=lambda kind: kind is str):
        if kind is type(None) and text.lower() == "none":
            return None
        if kind is bool and text.lower() not in ("true", "false"):
            continue
        try:
            return msgspec.convert(text, kind, strict=False)
        except (msgspec.ValidationError, TypeError):  # TypeError: a type that no text can give
            continue
    raise _refused(f"the {name}", text, annotation)


def _refused(name: str, value: object, kind: Any) -> UsageError:
    return UsageError(f"{name} takes {_in_words(kind)}; received {value!r:.80}")


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
    if get_origin(kind) is tuple:
        return f"a list with {_in_words(get_args(kind)[0])} in each place"
    return WORDS.get(get_origin(kind) or kind, str(getattr(kind, "__name__", kind)))


def _bounds(meta: msgspec.Meta) -> str:
    least = "" if meta.ge is None else f" from {meta.ge}"
    return least + ("" if meta.le is None else f" to {meta.le}")
