"""Reads numbers out of a pickle without running anything in it.

A pickle is a program, and Python's own reader runs it. Here a few of its instructions are understood:
those that make dictionaries of text, whole numbers and floats, and NumPy's way of writing one float.
Any other instruction or name ends the reading. Keys are text or whole numbers and nothing is nested
in a key, so that the time taken grows with the length of the data alone.
"""

import struct
from typing import Any

MARK = object()
SCALAR = object()
DTYPE = object()
FLOAT64 = object()

# Old and new NumPy write the same function under two names.
NAMES: dict[tuple[bytes, bytes], object] = {
    (b"numpy.core.multiarray", b"scalar"): SCALAR,
    (b"numpy._core.multiarray", b"scalar"): SCALAR,
    (b"numpy", b"dtype"): DTYPE,
}

_float64 = struct.Struct(">d").unpack_from
_little_float64 = struct.Struct("<d").unpack
_int32 = struct.Struct("<i").unpack_from
_uint32 = struct.Struct("<I").unpack_from
_uint16 = struct.Struct("<H").unpack_from


def read_numbers(data: bytes) -> Any:
    """The dictionaries and numbers that a pickle of protocol 2 or 3 holds.

    Raises:
        ValueError: on damaged data, on anything but plain dictionaries and numbers, and on a
            dictionary that gives a key twice.
    """
    try:
        return _run(data)
    except (IndexError, struct.error, UnicodeDecodeError):
        raise ValueError("the pickle is cut off or damaged") from None


def _run(data: bytes) -> Any:
    stack: list[Any] = []
    memory: dict[int, Any] = {}
    push, pop = stack.append, stack.pop
    at = 0
    while True:
        instruction = data[at]
        at += 1
        # In the order of how often each occurs in a table of numbers.
        if instruction == 0x68:  # BINGET
            push(_recall(memory, data[at]))
            at += 1
        elif instruction == 0x72:  # LONG_BINPUT
            memory[_uint32(data, at)[0]] = stack[-1]
            at += 4
        elif instruction == 0x47:  # BINFLOAT
            push(_float64(data, at)[0])
            at += 8
        elif instruction == 0x28:  # MARK
            push(MARK)
        elif instruction == 0x75:  # SETITEMS
            items = _pop_to_mark(stack)
            _fill(stack[-1], items)
        elif instruction == 0x7D:  # EMPTY_DICT
            push({})
        elif instruction == 0x52:  # REDUCE
            arguments, function = pop(), pop()
            push(_call(function, arguments))
        elif instruction == 0x43:  # SHORT_BINBYTES
            push(_take(data, at + 1, data[at]))
            at += 1 + data[at]
        elif instruction == 0x86:  # TUPLE2
            second, first = pop(), pop()
            push((first, second))
        elif instruction == 0x4D:  # BININT2
            push(_uint16(data, at)[0])
            at += 2
        elif instruction == 0x4A:  # BININT
            push(_int32(data, at)[0])
            at += 4
        elif instruction == 0x71:  # BINPUT
            memory[data[at]] = stack[-1]
            at += 1
        elif instruction == 0x4B:  # BININT1
            push(data[at])
            at += 1
        elif instruction == 0x58:  # BINUNICODE
            length = _uint32(data, at)[0]
            push(_take(data, at + 4, length).decode("ascii"))
            at += 4 + length
        elif instruction == 0x6A:  # LONG_BINGET
            push(_recall(memory, _uint32(data, at)[0]))
            at += 4
        elif instruction == 0x73:  # SETITEM
            value, key = pop(), pop()
            _fill(stack[-1], [key, value])
        elif instruction == 0x85:  # TUPLE1
            push((pop(),))
        elif instruction == 0x87:  # TUPLE3
            third, second, first = pop(), pop(), pop()
            push((first, second, third))
        elif instruction == 0x74:  # TUPLE
            push(tuple(_pop_to_mark(stack)))
        elif instruction == 0x4E:  # NONE
            push(None)
        elif instruction in (0x88, 0x89):  # NEWTRUE, NEWFALSE
            push(instruction == 0x88)
        elif instruction == 0x63:  # GLOBAL
            module, separator, rest = data[at : at + 100].partition(b"\n")
            name, end, _ = rest.partition(b"\n")
            push(_name(module, name))
            at += len(module + separator + name + end)
        elif instruction == 0x62:  # BUILD
            state = pop()
            if stack[-1] is not FLOAT64 or type(state) is not tuple or state[1] != "<":
                raise ValueError("the pickle sets the state of something other than a little-endian float")
        elif instruction == 0x80:  # PROTO
            if data[at] not in (2, 3):
                raise ValueError(f"the pickle is written in protocol {data[at]}; 2 and 3 are understood")
            at += 1
        elif instruction == 0x2E:  # STOP
            if len(stack) != 1:
                raise ValueError("the pickle does not hold one thing")
            return pop()
        else:
            raise ValueError(f"the pickle holds more than numbers (instruction 0x{instruction:02x})")


def _recall(memory: dict[int, Any], place: int) -> Any:
    if place not in memory:
        raise ValueError("the pickle refers to what it has not stored")
    return memory[place]


def _take(data: bytes, start: int, length: int) -> bytes:
    if start + length > len(data):
        raise ValueError("the pickle is cut off or damaged")
    return data[start : start + length]


def _pop_to_mark(stack: list[Any]) -> list[Any]:
    mark = len(stack) - 1
    while stack[mark] is not MARK:
        if mark == 0:
            raise ValueError("the pickle is cut off or damaged")
        mark -= 1
    items = stack[mark + 1 :]
    del stack[mark:]
    return items


def _fill(target: Any, items: list[Any]) -> None:
    if type(target) is not dict or len(items) % 2:
        raise ValueError("the pickle stores items in something other than a dictionary")
    keys = items[::2]
    for key in keys:
        if type(key) is not int and type(key) is not str:
            raise ValueError("a dictionary of the pickle has a key that is neither text nor a whole number")
    before = len(target)
    target.update(zip(keys, items[1::2], strict=True))
    if len(target) != before + len(keys):
        raise ValueError("a dictionary of the pickle gives one key twice")


def _name(module: bytes, name: bytes) -> object:
    if (module, name) not in NAMES:
        shown = b".".join((module, name)).decode("ascii", "replace")
        raise ValueError(f"the pickle names {shown!r}, which no table of numbers needs")
    return NAMES[module, name]


def _call(function: Any, arguments: Any) -> Any:
    """What NumPy's two functions give for the only use of them that is expected: one float."""
    if function is SCALAR and type(arguments) is tuple and len(arguments) == 2:
        kind, value = arguments
        if kind is FLOAT64 and type(value) is bytes and len(value) == 8:
            return _little_float64(value)[0]
    if function is DTYPE and type(arguments) is tuple and arguments[:1] == ("f8",):
        return FLOAT64
    raise ValueError("the pickle makes something other than a float")
