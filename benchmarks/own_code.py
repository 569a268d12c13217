"""The digest of a function that a user wrote, by which results of an edited function are told apart."""

import hashlib
import inspect
from collections.abc import Callable, Iterator
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import SearchSpace
from nasbench_lab.spaces.declared import DeclaredSpace

PLAIN = (str, bytes, int, float, complex, bool, type(None))


def digest_of(function: Callable[..., Any], *settings: object) -> str:
    """SHA-256 over the code of a function and over settings, which are plain values, in hexadecimal.

    The code of a function is its source, its default values, and the variables of the functions around it.
    All that it names in its own module counts, too: functions and classes with their code, numbers, texts,
    tuples and arrays. Code of other modules does not count. A function without a source counts by its
    bytecode.
    """
    content = hashlib.sha256()
    for part in _parts((function, settings), set()):
        content.update(f"{len(part)} ".encode() + part)
    return content.hexdigest()


def space_text(space: SearchSpace) -> str:
    """A text that tells search spaces apart: the notation of a declared space, or else the name."""
    if isinstance(space, DeclaredSpace):
        return space.notation
    return f"{space.definition} {space.cardinalities}"


def check_call(function: object, role: str, *parameters: str) -> None:
    """Raise `UsageError` if something is not a function that takes these positional parameters."""
    form = f"{role}({', '.join(parameters)})"
    if not callable(function):
        raise UsageError(f"{role} is a function, {form}; received {function!r:.80}")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a function of C code may have none
        return
    try:
        signature.bind(*parameters)
    except TypeError as error:
        name = getattr(function, "__name__", role)
        raise UsageError(f"{role} is called as {form}; {name}{signature} cannot be: {error}") from None


def _parts(value: object, seen: set[int]) -> Iterator[bytes]:
    """The code of a value, piece by piece. What has no code here counts by its type alone."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, PLAIN):
        yield f"{type(value).__name__} {value!r}".encode()
        return
    yield type(value).__qualname__.encode()
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield f"{value.dtype} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, tuple):
        for each in value:
            yield from _parts(each, seen)
    elif id(value) in seen:  # functions may call each other, and lists hold themselves
        yield b"again"
    else:
        seen.add(id(value))
        yield from _contents(value, seen)


def _contents(value: object, seen: set[int]) -> Iterator[bytes]:
    """The parts of a value that may hold itself."""
    if isinstance(value, list):
        for each in value:
            yield from _parts(each, seen)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _parts(name, seen)
            yield from _parts(each, seen)
    elif isinstance(value, partial):
        for each in (value.func, value.args, value.keywords):
            yield from _parts(each, seen)
    elif isinstance(value, MethodType):
        yield from _parts(value.__func__, seen)
        yield from _parts(vars(value.__self__) if hasattr(value.__self__, "__dict__") else None, seen)
    elif isinstance(value, FunctionType):
        yield from _function(value, seen)
    elif isinstance(value, type):
        yield from _class(value, seen)
    elif callable(value) and hasattr(value, "__dict__"):
        yield from _parts(type(value), seen)
        yield from _parts(vars(value), seen)


def _function(function: FunctionType, seen: set[int]) -> Iterator[bytes]:
    yield _source(function) or repr(_bytecode(function.__code__)).encode()
    yield from _parts(function.__defaults__, seen)
    yield from _parts(function.__kwdefaults__, seen)
    for cell in function.__closure__ or ():
        try:
            yield from _parts(cell.cell_contents, seen)
        except ValueError:  # a variable that has no value yet
            yield b"empty"
    for name in sorted(_names(function.__code__)):
        named = function.__globals__.get(name)
        if _counts(named, function.__module__):
            yield name.encode()
            yield from _parts(named, seen)


def _class(kind: type, seen: set[int]) -> Iterator[bytes]:
    """The code of a class, and of the functions that its methods name."""
    yield _source(kind) or kind.__qualname__.encode()
    for base in kind.__bases__:
        if base.__module__ == kind.__module__:
            yield from _parts(base, seen)
    for member in vars(kind).values():
        function = getattr(member, "__func__", member)  # of a class method
        if isinstance(function, FunctionType) and function.__module__ == kind.__module__:
            yield from _parts(function, seen)


def _counts(value: object, module: str | None) -> bool:
    """Whether a global variable counts: a constant, or code of the same module."""
    if isinstance(value, FunctionType | type):
        return value.__module__ == module
    return isinstance(value, (*PLAIN, np.generic, tuple, np.ndarray)) and value is not None


def _source(code: Any) -> bytes | None:
    try:
        return inspect.getsource(code).encode()
    except (OSError, TypeError, SyntaxError, IndexError):
        return None


def _bytecode(code: CodeType) -> tuple[object, ...]:
    def plain(constant: object) -> object:
        if isinstance(constant, CodeType):
            return _bytecode(constant)
        # The order of a set of texts differs from process to process.
        return sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant

    return code.co_code, code.co_names, code.co_varnames, tuple(map(plain, code.co_consts))


def _names(code: CodeType) -> set[str]:
    """All names that a function uses, also in the functions inside it."""
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return set(code.co_names).union(*map(_names, inner))
