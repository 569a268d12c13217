"""Reads plain data out of a pickle without running anything in it.

A pickle is a program, and Python's own reader runs it. This reader only understands the instructions that
make dictionaries, lists, tuples and sets of text, numbers and None. It also understands `OrderedDict`,
NumPy's scalars and NumPy's rows of numbers, which are read as lists. No name is ever looked up: the few
expected names stand for marks of this module. Any other name or instruction ends the reading.

Keys are text, bytes, 32-bit whole numbers, or tuples of these. The reader copies at most twice as much data
as it reads. So time and memory grow only with the length of the data. A string of Python 2 is read as bytes.

Files of PyTorch also hold weights. On request, their names and contents are read as `SKIPPED`, an empty
placeholder. Image files hold arrays of unsigned bytes. On request, these are read as `Block`. Boosters of
XGBoost and LightGBM hold their trees in one piece of bytes or text. On request, they are read as `Booster`.
"""

import struct
from bisect import bisect_right
from collections.abc import Callable
from io import BytesIO
from math import prod
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Finished = Callable[[dict[Any, Any]], None]


class Readable(Protocol):
    """A stream of bytes; it gives fewer bytes than asked for only at its end."""

    def read(self, size: int, /) -> bytes:
        """The next `size` bytes, or fewer at the end."""


class Scalar:
    """A kind of NumPy number with its little-endian layout; `order` is NumPy's mark of this byte order."""

    def __init__(self, layout: str) -> None:
        self.layout = layout
        self.unpack = struct.Struct(layout).unpack
        self.length = struct.calcsize(layout)
        self.order = "<" if self.length > 1 else "|"


class Block:
    """An array of unsigned bytes. `values` is read-only; it is None if the pickle does not fill it."""

    values: NDArray[np.uint8] | None = None


class Booster:
    """Boosted trees of `library`. `state` holds the object's fields by name, or None if there are none."""

    def __init__(self, library: str) -> None:
        self.library = library
        self.state: dict[Any, Any] | None = None


class Skipped:
    """Stands for the weights of a network and for everything made from them."""


MARK: Final = object()
SCALAR: Final = object()
DTYPE: Final = object()
ENCODE: Final = object()
BYTES: Final = object()
ARRAY: Final = object()
NEW_ARRAY: Final = object()
FROM_BUFFER: Final = object()
ORDERED_DICT: Final = object()
SET: Final = object()
BYTE_ARRAY: Final = object()
DEFAULT_DICT: Final = object()
NEW_BOOSTER: Final = {"xgboost": object(), "lightgbm": object()}
SKIPPED: Final = Skipped()

# Old and new versions of NumPy and Python write the same function under different names.
NAMES: dict[tuple[str, str], object] = {
    ("numpy.core.multiarray", "scalar"): SCALAR,
    ("numpy._core.multiarray", "scalar"): SCALAR,
    ("numpy.core.multiarray", "_reconstruct"): NEW_ARRAY,
    ("numpy._core.multiarray", "_reconstruct"): NEW_ARRAY,
    ("numpy.core.numeric", "_frombuffer"): FROM_BUFFER,
    ("numpy._core.numeric", "_frombuffer"): FROM_BUFFER,
    ("numpy", "ndarray"): ARRAY,
    ("numpy", "dtype"): DTYPE,
    ("_codecs", "encode"): ENCODE,
    ("__builtin__", "bytes"): BYTES,
    ("collections", "OrderedDict"): ORDERED_DICT,
    ("__builtin__", "set"): SET,
    ("builtins", "set"): SET,
}
NAMES_OF_BOOSTERS: dict[tuple[str, str], object] = {
    ("xgboost.core", "Booster"): NEW_BOOSTER["xgboost"],
    ("lightgbm.basic", "Booster"): NEW_BOOSTER["lightgbm"],
    ("builtins", "bytearray"): BYTE_ARRAY,
    ("collections", "defaultdict"): DEFAULT_DICT,
    ("builtins", "dict"): ORDERED_DICT,
}
UNSIGNED_BYTE: Final = Scalar("<B")
SCALARS = {
    "f8": Scalar("<d"),
    "f4": Scalar("<f"),
    "i8": Scalar("<q"),
    "i4": Scalar("<i"),
    "u1": UNSIGNED_BYTE,
}
EMPTY = {0x7D: dict, 0x5D: list, 0x29: tuple, 0x8F: set}
PROTOCOLS = (2, 3, 4, 5)

# Texts and names are shorter. So this much data holds any complete instruction, except for long bytes.
LONGEST = 2**16
LONGEST_BYTES = 2**22
LONGEST_BLOCK = 2**26
LONGEST_BOOSTER = 2**28
PIECE = 2**18
# A limit for the stack with room to spare: Python writes a container's items in batches of a thousand.
DEEPEST = 2**16

_float64 = struct.Struct(">d").unpack_from
_int32 = struct.Struct("<i").unpack_from
_uint32 = struct.Struct("<I").unpack_from
_uint64 = struct.Struct("<Q").unpack_from
_uint16 = struct.Struct("<H").unpack_from


def read_numbers(data: bytes) -> Any:
    """The plain data of a pickle, see `read_plain`; nothing may follow the pickle."""
    return read_plain(BytesIO(data))


def read_plain(
    file: Readable,
    *,
    weights: bool = False,
    blocks: bool = False,
    boosters: bool = False,
    finished: Finished | None = None,
    alone: bool = True,
) -> Any:
    """The plain data of a pickle of protocol 2 to 5.

    Args:
        file: the pickle, read in pieces from its current position.
        weights: whether PyTorch's weights are read as `SKIPPED`; otherwise they are an error.
        blocks: whether arrays hold unsigned bytes, in any shape and up to 64 MiB, and are read as `Block`.
            Otherwise they are rows of numbers, and are read as lists.
        boosters: whether boosters of XGBoost and LightGBM are read as `Booster`, with pieces of bytes or
            text up to 256 MiB; otherwise they are an error.
        finished: called with a dictionary each time items were added to it. It may take items out, to read
            a file that is larger than the memory.
        alone: whether nothing may follow the pickle. If not, `file` must be able to seek, and is left
            right after the pickle.

    Raises:
        ValueError: if the data are damaged, are not plain data, or hold a dictionary with one key twice.
            Errors of `file` are passed on.
    """
    try:
        return _Reading(file, weights, blocks, boosters, finished).run(alone)
    except (IndexError, struct.error, UnicodeDecodeError):
        raise ValueError("the pickle is cut off or damaged") from None


class _Memory:
    """The objects that a pickle stores for later use, in blocks: no long list is copied as it grows.

    Python numbers these objects without gaps. There are so many that a dictionary would take ten times as
    much memory. Objects with any other number go to a separate dictionary.
    """

    def __init__(self) -> None:
        self._blocks: list[list[Any]] = []
        self._starts: list[int] = []
        self._strays: dict[int, Any] = {}
        self.new_block()
        self.first = self._blocks[0]

    def new_block(self) -> tuple[list[Any], int]:
        """Begin a block; return the list to append to and the number of its first object."""
        if not self._blocks or self._blocks[-1]:
            self._starts.append(self._starts[-1] + len(self._blocks[-1]) if self._blocks else 0)
            self._blocks.append([])
        return self._blocks[-1], self._starts[-1]

    def put(self, place: int, thing: Any) -> None:
        """Store an object under any number."""
        within = place - self._starts[-1]
        block = self._blocks[-1]
        if within == len(block):
            block.append(thing)
        elif within > len(block):
            self._strays[place] = thing
        else:
            block, within = self._find(place)
            block[within] = thing

    def get(self, place: int) -> Any:
        """The object stored under a number; raises `ValueError` if there is none."""
        block, within = self._find(place)
        if within < len(block):
            return block[within]
        if place in self._strays:
            return self._strays[place]
        raise ValueError("the pickle refers to an object that it has not stored")

    def _find(self, place: int) -> tuple[list[Any], int]:
        which = bisect_right(self._starts, place) - 1
        return self._blocks[which], place - self._starts[which]


class _Reading:
    """The reading of one pickle."""

    def __init__(
        self, file: Readable, weights: bool, blocks: bool, boosters: bool, finished: Finished | None
    ) -> None:
        self._file = file
        self._weights = weights
        self._blocks = blocks
        self._boosters = boosters
        self._longest = LONGEST_BOOSTER if boosters else LONGEST_BLOCK if blocks else LONGEST_BYTES
        self._finished = finished
        self._texts: dict[bytes, str] = {}
        self._read = 0
        self._copied = 0

    def run(self, alone: bool) -> Any:
        stack: list[Any] = []
        memory = _Memory()
        early, texts = memory.first, self._texts
        push, pop = stack.append, stack.pop
        block, start = memory.new_block()
        memoize = block.append
        data, at, last = b"", 0, -1
        while True:
            if at > last:
                data, at, last = self._more(data, at)
                if len(stack) > DEEPEST:
                    raise ValueError("the pickle nests deeper than any table of numbers")
                block, start = memory.new_block()
                memoize = block.append
            instruction = data[at]
            at += 1
            # Ordered by how often each instruction occurs in the tables.
            if instruction == 0x47:  # BINFLOAT
                push(_float64(data, at)[0])
                at += 8
            elif instruction == 0x94:  # MEMOIZE
                memoize(stack[-1])
            elif instruction == 0x8C:  # SHORT_BINUNICODE
                end = at + 1 + data[at]
                word = data[at + 1 : end]
                text = texts.get(word)
                if text is None:
                    text = self._text(word, data[at])
                push(text)
                at = end
                if data[at] == 0x94:  # MEMOIZE, which nearly always follows
                    memoize(text)
                    at += 1
            elif instruction == 0x4B:  # BININT1
                push(data[at])
                at += 1
                if data[at] == 0x47:  # BINFLOAT: a curve over epochs alternates like this
                    push(_float64(data, at + 1)[0])
                    at += 9
            elif instruction == 0x68:  # BINGET
                place = data[at]
                push(early[place] if place < len(early) else memory.get(place))
                at += 1
            elif instruction == 0x72:  # LONG_BINPUT
                place = _uint32(data, at)[0]
                if place == start + len(block):
                    memoize(stack[-1])
                else:
                    memory.put(place, stack[-1])
                at += 4
            elif instruction == 0x58:  # BINUNICODE
                length = _uint32(data, at)[0]
                if self._boosters and length > LONGEST - 16:
                    content, data, at, last = self._long(data, at + 4, length)
                    push(content.decode("utf-8"))
                    continue
                word = data[at + 4 : at + 4 + length]
                text = texts.get(word)
                push(self._text(word, length) if text is None else text)
                at += 4 + length
            elif instruction == 0x28:  # MARK
                push(MARK)
            elif instruction == 0x75:  # SETITEMS
                items = _pop_to_mark(stack)
                self._fill(stack[-1], items)
            elif instruction in EMPTY:  # EMPTY_DICT, EMPTY_LIST, EMPTY_TUPLE, EMPTY_SET
                push(EMPTY[instruction]())
            elif instruction == 0x52:  # REDUCE
                arguments, function = pop(), pop()
                push(self._call(function, arguments))
            elif instruction in (0x43, 0x55):  # SHORT_BINBYTES, SHORT_BINSTRING
                push(_take(data, at + 1, data[at]))
                at += 1 + data[at]
            elif instruction in (0x42, 0x54):  # BINBYTES, BINSTRING
                content, data, at, last = self._long(data, at + 4, _uint32(data, at)[0])
                push(content)
            elif instruction == 0x86:  # TUPLE2
                second, first = pop(), pop()
                push((first, second))
            elif instruction == 0x6A:  # LONG_BINGET
                push(memory.get(_uint32(data, at)[0]))
                at += 4
            elif instruction == 0x4D:  # BININT2
                push(_uint16(data, at)[0])
                at += 2
            elif instruction == 0x4A:  # BININT
                push(_int32(data, at)[0])
                at += 4
            elif instruction == 0x71:  # BINPUT
                memory.put(data[at], stack[-1])
                at += 1
            elif instruction == 0x4E:  # NONE
                push(None)
            elif instruction == 0x61:  # APPEND
                item = pop()
                _extend(stack[-1], [item])
            elif instruction == 0x65:  # APPENDS
                items = _pop_to_mark(stack)
                _extend(stack[-1], items)
            elif instruction == 0x73:  # SETITEM
                value, key = pop(), pop()
                self._fill(stack[-1], [key, value])
            elif instruction == 0x85:  # TUPLE1
                push((pop(),))
            elif instruction == 0x87:  # TUPLE3
                third, second, first = pop(), pop(), pop()
                push((first, second, third))
            elif instruction == 0x74:  # TUPLE
                push(tuple(_pop_to_mark(stack)))
            elif instruction in (0x88, 0x89):  # NEWTRUE, NEWFALSE
                push(instruction == 0x88)
            elif instruction == 0x90:  # ADDITEMS
                items = _pop_to_mark(stack)
                _add(stack[-1], items)
            elif instruction == 0x63:  # GLOBAL
                module, separator, rest = data[at : at + 200].partition(b"\n")
                name, end_of_name, _ = rest.partition(b"\n")
                if not end_of_name:
                    raise IndexError
                push(self._name(module.decode(), name.decode()))
                at += len(module + separator + name + end_of_name)
            elif instruction == 0x93:  # STACK_GLOBAL
                name, module = pop(), pop()
                push(self._name(module, name))
            elif instruction == 0x62:  # BUILD
                state = pop()
                self._build(stack[-1], state)
            elif instruction == 0x8A:  # LONG1
                push(int.from_bytes(_take(data, at + 1, data[at]), "little", signed=True))
                at += 1 + data[at]
            elif instruction == 0x96:  # BYTEARRAY8
                content, data, at, last = self._long(data, at + 8, _uint64(data, at)[0])
                push(content)
            elif instruction == 0x81 and self._boosters:  # NEWOBJ
                arguments, kind = pop(), pop()
                push(_new_booster(kind, arguments))
            elif instruction == 0x51 and self._weights:  # BINPERSID
                pop()
                push(SKIPPED)
            elif instruction == 0x95:  # FRAME
                at += 8
            elif instruction == 0x80:  # PROTO
                if data[at] not in PROTOCOLS:
                    raise ValueError(f"the pickle is written in protocol {data[at]}; 2 to 5 are understood")
                at += 1
            elif instruction == 0x2E:  # STOP
                if len(stack) != 1 or (alone and (at < len(data) or self._file.read(1))):
                    raise ValueError("the pickle does not hold exactly one object")
                if not alone:
                    self._file.seek(at - len(data), 1)  # type: ignore[attr-defined]
                return pop()
            else:
                raise ValueError(f"the pickle holds more than plain data (instruction 0x{instruction:02x})")

    def _more(self, data: bytes, at: int) -> tuple[bytes, int, int]:
        """The data from `at` on with more appended, the new position, and the last safe position.

        Any instruction that starts at or before the last safe position is complete, except for long bytes.
        """
        if at > len(data):
            raise IndexError
        piece = self._file.read(PIECE)
        self._read += len(piece)
        data = data[at:] + piece
        ended = len(data) <= LONGEST
        return data, 0, len(data) if ended else len(data) - LONGEST

    def _long(self, data: bytes, at: int, length: int) -> tuple[bytes, bytes, int, int]:
        """The `length` bytes from `at` on, then the result of `_more` after them.

        The bytes are collected while they are read: a length that the file does not have is never
        allocated.
        """
        if length > self._longest:
            raise ValueError(f"the pickle is damaged, or holds {length:,} bytes in one piece")
        content = BytesIO()
        content.write(data[at : at + length])
        while missing := length - content.tell():
            piece = self._file.read(min(missing, PIECE))
            if not piece:
                raise IndexError
            self._read += len(piece)
            content.write(piece)
        return content.getvalue(), *self._more(data, min(at + length, len(data)))

    def _text(self, word: bytes, length: int) -> str:
        """A text that was not read before; equal texts are kept once."""
        if len(word) != length or length > LONGEST - 16:
            raise ValueError(f"the pickle is cut off or damaged, or holds a text of {length:,} bytes")
        self._texts[word] = text = word.decode("utf-8")
        return text

    def _fill(self, target: Any, items: list[Any]) -> None:
        if target is SKIPPED:
            return
        if type(target) is not dict or len(items) % 2:
            raise ValueError("the pickle stores items in something other than a dictionary")
        keys = items[::2]
        for key in keys:
            _check_key(key)
        before = len(target)
        target.update(zip(keys, items[1::2], strict=True))
        if len(target) != before + len(keys):
            raise ValueError("a dictionary of the pickle gives one key twice")
        if self._finished is not None:
            self._finished(target)

    def _name(self, module: object, name: object) -> object:
        if type(module) is not str or type(name) is not str:
            raise ValueError("the pickle is cut off or damaged")
        if (module, name) in NAMES:
            return NAMES[module, name]
        if self._boosters and (module, name) in NAMES_OF_BOOSTERS:
            return NAMES_OF_BOOSTERS[module, name]
        if self._weights and module.partition(".")[0] == "torch":
            return SKIPPED
        shown = f"{module}.{name}".encode("ascii", "replace").decode()[:100]
        raise ValueError(f"the pickle names {shown!r}, which no table of numbers needs")

    def _call(self, function: Any, arguments: Any) -> Any:
        """The result of a known function; only the expected uses are allowed."""
        if function is SKIPPED:
            return SKIPPED
        if type(arguments) is tuple:
            if function is SCALAR and len(arguments) == 2:
                kind, value = arguments
                if type(kind) is Scalar and type(value) is bytes and len(value) == kind.length:
                    return kind.unpack(value)[0]
            if function is DTYPE and arguments[:1] and _text_of(arguments[0]) in SCALARS:
                return SCALARS[_text_of(arguments[0])]
            if function is NEW_ARRAY and len(arguments) == 3 and arguments[0] is ARRAY:
                return Block() if self._blocks else []
            if function is FROM_BUFFER and len(arguments) == 4:
                data, kind, shape, order = arguments
                array: Block | list[Any] = Block() if self._blocks else []
                self._set_array(array, shape, kind, order != "C", data)
                return array
            if function is ENCODE and len(arguments) == 2:
                text, encoding = arguments
                if type(text) is str and encoding == "latin1":
                    self._count(len(text))
                    return text.encode("latin-1", "replace")
            if function is BYTES and not arguments:
                return b""
            if function is ORDERED_DICT and (not arguments or arguments == ([],)):
                return {}
            if function is BYTE_ARRAY and len(arguments) == 1 and type(arguments[0]) is bytes:
                return arguments[0]
            if function is DEFAULT_DICT and arguments == (ORDERED_DICT,):
                return {}
            if function is SET and len(arguments) == 1:
                made: set[Any] = set()
                self._count(len(arguments[0]) if type(arguments[0]) is list else 0)
                _add(made, arguments[0])
                return made
        raise ValueError("the pickle makes something other than plain data")

    def _count(self, length: int) -> None:
        """Count copied data: a stored object can be named, and copied, again and again.

        Raises `ValueError` above twice the data read. Older files write the bytes of an array as text, and
        these are copied twice.
        """
        self._copied += length
        if self._copied > 2 * self._read:
            raise ValueError("the pickle makes more data than it holds")

    def _build(self, target: Any, state: Any) -> None:
        """Set the state of an array or a booster, check that a number is little-endian, skip weights."""
        if self._weights and (target is SKIPPED or type(target) is dict):
            return
        if type(target) is Booster:
            if target.state is not None or type(state) is not dict:
                raise ValueError("the pickle sets the state of a booster to something unexpected")
            target.state = state
            return
        if type(target) in (list, Block) and type(state) is tuple and len(state) == 5:
            self._set_array(target, *state[1:])
        elif type(target) is not Scalar or type(state) is not tuple or _text_of(state[1]) != target.order:
            raise ValueError("the pickle sets the state of something other than a little-endian number")

    def _set_array(self, array: Any, shape: Any, kind: Any, fortran: Any, data: Any) -> None:
        """Fill an array with its numbers; raises `ValueError` if it is already filled."""
        if type(data) is bytes:
            self._count(len(data))
        if type(array) is Block and array.values is None:
            array.values = _unsigned_bytes(shape, kind, fortran, data)
        elif type(array) is list and not array:
            array.extend(_numbers(shape, kind, data))
        else:
            raise ValueError("the pickle fills an array twice")


def _new_booster(kind: Any, arguments: Any) -> Booster:
    for library, mark in NEW_BOOSTER.items():
        if kind is mark and type(arguments) is tuple and not arguments:
            return Booster(library)
    raise ValueError("the pickle makes an object that is no booster")


def _check_key(key: Any) -> None:
    for part in key if type(key) is tuple else (key,):
        # Many longer numbers can be chosen with the same hash, and a dictionary would take very long.
        if type(part) not in (str, bytes) and (type(part) is not int or not -(2**31) <= part < 2**31):
            raise ValueError("a dictionary of the pickle has a key that is neither text nor a whole number")


def _text_of(word: Any) -> Any:
    """A text of Python 2 or 3 as text; None for any other object."""
    return word.decode("latin-1") if type(word) is bytes else word if type(word) is str else None


def _numbers(shape: Any, kind: Any, data: Any) -> tuple[Any, ...]:
    """The numbers of a one-dimensional array."""
    if type(shape) is tuple and len(shape) == 1 and type(kind) is Scalar and type(data) is bytes:
        (length,) = shape
        if type(length) is int and length * kind.length == len(data):
            return struct.unpack(f"<{length}{kind.layout[1:]}", data)
    raise ValueError("the pickle holds an array of something other than a row of numbers")


def _unsigned_bytes(shape: Any, kind: Any, fortran: Any, data: Any) -> NDArray[np.uint8]:
    """An array of 1 to 4 dimensions that shares the memory of `data`."""
    if kind is not UNSIGNED_BYTE or fortran or type(data) is not bytes:
        raise ValueError("the pickle holds an array of something other than unsigned bytes, row by row")
    sides = shape if type(shape) is tuple and 0 < len(shape) <= 4 else (0,)
    if not all(type(side) is int and side > 0 for side in sides) or prod(sides) != len(data):
        raise ValueError(f"the pickle holds an array of {len(data):,} bytes in a shape of another size")
    return np.frombuffer(data, np.uint8).reshape(sides)


def _take(data: bytes, start: int, length: int) -> bytes:
    if start + length > len(data):
        raise IndexError
    return data[start : start + length]


def _pop_to_mark(stack: list[Any]) -> list[Any]:
    mark = len(stack) - 1
    while stack[mark] is not MARK:
        if mark == 0:
            raise IndexError
        mark -= 1
    items = stack[mark + 1 :]
    del stack[mark:]
    return items


def _extend(target: Any, items: list[Any]) -> None:
    if target is SKIPPED:
        return
    if type(target) is not list:
        raise ValueError("the pickle appends to something other than a list")
    target.extend(items)


def _add(target: Any, items: Any) -> None:
    if type(target) is not set or type(items) is not list:
        raise ValueError("the pickle adds to something other than a set")
    for item in items:
        _check_key(item)
    target.update(items)
