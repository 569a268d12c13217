import io
import pickle
import pickletools
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.pickles import read_numbers

plain = (
    st.integers(-(2**31), 2**31 - 1) | st.floats(allow_nan=False) | st.text(st.characters(max_codepoint=127))
)
keys = st.integers(0, 2**31 - 1) | st.text(st.characters(max_codepoint=127))
SCALAR = b"cnumpy.core.multiarray\nscalar\n"


@given(data=st.dictionaries(keys, plain | st.dictionaries(keys, plain)), protocol=st.sampled_from([2, 3]))
def test_reads_what_python_writes(data, protocol):
    assert read_numbers(pickle.dumps(data, protocol)) == data


def test_reads_numpy_floats():
    numbers = {i: {"accuracy": np.float64(i / 7), "latency": np.float64(i)} for i in range(1000)}
    assert read_numbers(pickle.dumps(numbers, 3)) == numbers


def test_cyclic_data_ends():
    assert read_numbers(b"\x80\x03}q\x00X\x01\x00\x00\x00ah\x00s.")["a"] is not None


class Marker:
    """Unpickling it would leave a mark."""

    def __reduce__(self):
        return (print, ("executed",))


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps(Marker(), 2),
        pickle.dumps({"a": Marker()}, 3),
        b"cos\nsystem\n(S'echo executed'\ntR.",
        b"\x80\x03cbuiltins\neval\nX\x08\x00\x00\x00print(1)\x85R.",
        b"\x80\x03cnumpy\nload\n.",
        b"\x80\x03cnumpy\ndtype\nX\x02\x00\x00\x00O8\x89\x88\x87R.",
        b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x8c\x06system\x93.",
        pickle.dumps(io.BytesIO(b"a"), 3),
        pickle.dumps({1, 2}, 3),
        pickle.dumps([1, 2], 3),
        pickle.dumps(np.zeros(3), 3),
        pickle.dumps({np.float32(1): 1}, 3),
    ],
)
def test_anything_else_is_refused_and_nothing_runs(data, capsys):
    with pytest.raises(ValueError, match="the pickle"):
        read_numbers(data)
    assert capsys.readouterr().out == ""


def test_a_bomb_of_nested_keys_takes_no_time():
    """Hashing a tuple of pairs of pairs of pairs ... takes 2**n steps; a tuple is never a key."""
    nest = b"K\x01" + b"q\x00h\x00\x86" * 60
    start = time.monotonic()
    with pytest.raises(ValueError, match="neither text nor a whole number"):
        read_numbers(b"\x80\x03}" + nest + b"K\x01s.")
    assert time.monotonic() - start < 1


@pytest.mark.parametrize("head", [b"X\xff\xff\xff\xff", b"C\xff", b"X\xff\xff\xff\x7fabc"])
def test_lengths_that_are_not_there_are_not_allocated(head):
    with pytest.raises(ValueError, match="cut off or damaged"):
        read_numbers(b"\x80\x03" + head)


def test_one_key_twice_is_refused():
    with pytest.raises(ValueError, match="gives one key twice"):
        read_numbers(b"\x80\x03}(K\x01K\x02K\x01K\x03u.")


@given(data=st.binary(max_size=60))
def test_noise_gives_an_error_or_a_value(data):
    for start in (b"", b"\x80\x03", b"\x80\x03}(", SCALAR):
        try:
            read_numbers(start + data + b".")
        except ValueError as error:
            message = str(error)
            assert len(message.splitlines()) == 1


@given(position=st.integers(0, 400), bit=st.integers(0, 7), length=st.integers(0, 400))
def test_damage_gives_an_error_or_a_value(position, bit, length):
    whole = bytearray(pickle.dumps({i: {"a": np.float64(i), "b": i / 3} for i in range(9)}, 3))
    with pytest.raises(ValueError, match="pickle"):
        read_numbers(bytes(whole[: min(length, len(whole) - 1)]))
    whole[position % len(whole)] ^= 1 << bit
    try:
        read_numbers(bytes(whole))
    except ValueError:
        return


def test_instructions_are_those_of_python():
    """The byte of each instruction that is understood, against Python's own list."""
    codes = {opcode.name: opcode.code.encode("latin-1") for opcode in pickletools.opcodes}
    assert (codes["BINGET"], codes["SETITEMS"], codes["REDUCE"]) == (b"\x68", b"\x75", b"\x52")
    assert (codes["TUPLE1"], codes["LONG_BINGET"], codes["BUILD"]) == (b"\x85", b"\x6a", b"\x62")
