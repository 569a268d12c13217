import io
import pickle
import pickletools
import time
import tracemalloc
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_lab.benchmarks.formats import pickles
from nasbench_lab.benchmarks.formats.pickles import SKIPPED, read_numbers, read_plain
from tests import cifar10_files
from tests.nats_files import Weights, dumps_as_torch
from tests.tables import present

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


flat_keys = keys | st.tuples(keys, keys)
nested = st.recursive(
    plain | st.text() | st.none() | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(flat_keys, inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(data=nested | st.sets(keys), protocol=st.sampled_from([2, 3, 4, 5]))
def test_reads_all_plain_data(data, protocol):
    assert read_numbers(pickle.dumps(data, protocol)) == data


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_reads_numpy_scalars_and_ordered_dictionaries(protocol):
    data = OrderedDict(
        {
            ("cifar10", 777): np.float64(0.1),
            "half": np.float32(0.5),
            "many": np.int64(2**40),
            "few": [np.int32(-3)],
            "none": OrderedDict(),
        }
    )
    read = read_numbers(pickle.dumps(data, protocol))
    assert read == data
    assert {type(value) for value in read.values()} == {float, int, list, dict}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("length", [0, 3, 30_000])
def test_reads_rows_of_numbers_as_lists(protocol, length):
    rows = {"a": np.arange(length) / 7, "b": np.arange(length, dtype=np.int32)}
    if protocol == 2 and length > 1000:
        pytest.skip("protocol 2 has no bytes: arrays are written as texts, and long texts are refused")
    read = read_numbers(pickle.dumps(rows, protocol))
    assert read == {name: row.tolist() for name, row in rows.items()}


def test_reads_in_pieces_and_keeps_its_place():
    first = {i: [f"text {i % 50}", i / 7] for i in range(40_000)}
    file = io.BytesIO(pickle.dumps(first, 2) + pickle.dumps("second", 4) + b"rest")
    assert read_plain(file, alone=False) == first
    assert read_plain(file, alone=False) == "second"
    assert file.read() == b"rest"
    with pytest.raises(ValueError, match="does not hold exactly one object"):
        read_numbers(pickle.dumps(first, 2) + b"rest")


def test_what_is_stored_under_any_number_is_found_again():
    jumps = b"\x80\x02]r\x05\x00\x00\x00(K\x01q\x00K\x02q\x01K\x03q\x00h\x00h\x01j\x05\x00\x00\x00e."
    read = read_numbers(jumps)
    assert read[:5] == [1, 2, 3, 3, 2]
    assert read[5] is read


def test_what_is_finished_can_be_taken_out():
    data = {"cells": {i: {"curve": list(range(100))} for i in range(10)}}

    def reduce(target):
        if "curve" in target:
            target["curve"] = sum(target["curve"])

    read = read_plain(io.BytesIO(pickle.dumps(data, 4)), finished=reduce)
    assert read == {"cells": {key: {"curve": 4950} for key in range(10)}}


def test_weights_are_skipped_where_that_is_asked_for():
    content = {"accuracy": 0.5, "weights": OrderedDict({"stem": Weights()})}
    data = dumps_as_torch(content)
    assert read_plain(io.BytesIO(data), weights=True) == {"accuracy": 0.5, "weights": {"stem": SKIPPED}}
    with pytest.raises(ValueError, match=r"the pickle names 'torch._utils._rebuild_tensor_v2'"):
        read_numbers(data)
    with pytest.raises(ValueError, match=r"the pickle names 'os.system'"):
        read_plain(io.BytesIO(b"\x80\x02cos\nsystem\n."), weights=True)


class Marker:
    """An object that prints a word if it is unpickled."""

    def __reduce__(self):
        return (print, ("executed",))


def read_block(data):
    return read_plain(io.BytesIO(data), blocks=True)


def python2(content=bytes(6), shape=(2, 3), **settings):
    return b"\x80\x02" + cifar10_files.array(content, shape, **settings) + b"."


@pytest.mark.parametrize("shape", [(1,), (200, 3072), (2, 3, 4, 5)])
@pytest.mark.parametrize("write", [2, 3, 4, 5, "python 2"])
def test_reads_blocks_of_bytes_as_arrays(write, shape):
    array = np.random.default_rng(1).integers(256, size=shape, dtype=np.uint8)
    if write == "python 2":
        data = python2(array.tobytes(), shape)
        assert (pickle.loads(data, encoding="bytes") == array).all()
    elif write == 2 and array.size > 2**15:
        pytest.skip("Python 3 writes arrays as texts in protocol 2, and long texts are refused")
    else:
        data = pickle.dumps(array, write)
    read = read_block(data).values
    assert read.dtype == np.uint8
    assert read.tolist() == array.tolist()


def test_reads_a_dictionary_of_python_2():
    pixels, labels = cifar10_files.images(1, 2500)
    data = cifar10_files.batch_of(pixels, labels)
    written = pickle.loads(data, encoding="bytes")
    read = read_block(data)
    assert (read.pop(b"data").values == written.pop(b"data")).all()
    assert read == written
    assert read[b"labels"] == labels


OBJECTS = b"cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (python2(bytes(24), kind=b"i4", order=b"<"), "other than unsigned bytes"),
        (python2(kind=b"i1"), "other than plain data"),
        (python2(kind=b"b1"), "other than plain data"),
        (python2(bytes(48), kind=b"O8"), "other than plain data"),
        (python2(kind=b"V1"), "other than plain data"),
        (python2(bytes(24), kind=b"i4", order=b">"), "other than a little-endian number"),
        (python2(order=b">"), "other than a little-endian number"),
        (python2(fortran=True), "row by row"),
        (python2(shape=(2, 4)), "6 bytes in a shape of another size"),
        (python2(shape=(-2, -3)), "in a shape of another size"),
        (python2(shape=(0, 2**31 - 1), content=b""), "in a shape of another size"),
        (python2(shape=(2**31 - 1,) * 4), "in a shape of another size"),
        (python2(shape=(1,) * 65, content=b"a"), "in a shape of another size"),
        (python2(shape=()), "in a shape of another size"),
        (python2()[:-1] + b"(K\x01K\x01\x85" + OBJECTS + b"\x89U\x00tb.", "other than plain data"),
        (python2().replace(b"ndarray", b"matrix"), "'numpy.matrix'"),
        (b"\x80\x02}U\x01ac__builtin__\neval\ns.", "'__builtin__.eval'"),
        (pickle.dumps(np.zeros((2, 3), np.uint8, order="F"), 5), "row by row"),
        (pickle.dumps(np.zeros((2, 3), ">u2"), 5), "other than plain data"),
        (pickle.dumps(np.array([{}, []], object), 4), "other than plain data"),
        (pickle.dumps(np.zeros(3), 4), "other than unsigned bytes"),
        (pickle.dumps({b"data": Marker()}, 5), "the pickle names 'builtins.print'"),
        (b"\x80\x02}" + cifar10_files.array(b"a", (1,)) + b"K\x01s.", "neither text nor a whole number"),
    ],
)  # fmt: skip
def test_arrays_of_anything_else_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        read_block(data)


def test_an_array_is_filled_once():
    twice = python2()[:-1] + b"(K\x01K\x06\x85cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R\x89U\x06abcdeftb."
    for blocks in (True, False):
        data = twice if blocks else twice.replace(b"(K\x02K\x03t", b"(K\x06t")
        with pytest.raises(ValueError, match="fills an array twice"):
            read_plain(io.BytesIO(data), blocks=blocks)


@pytest.mark.parametrize("write", [3, 4, 5, "python 2"])
def test_a_block_cut_anywhere_is_an_error(write):
    pixels, labels = cifar10_files.images(2, 120)
    whole = (
        cifar10_files.batch_of(pixels, labels)
        if write == "python 2"
        else pickle.dumps({b"labels": labels, b"data": pixels}, write)
    )
    boundaries = {present(position) for _, _, position in pickletools.genops(whole)}
    pieces = {pickles.PIECE + step for step in (-1, 0, 1)}
    for length in sorted({at + step for at in boundaries for step in (0, 1)} | pieces):
        if length < len(whole):
            with pytest.raises(ValueError, match="cut off or damaged"):
                read_block(whole[:length])
    assert len(whole) > pickles.PIECE + 1


@pytest.mark.parametrize(
    "head", [b"T\xff\xff\xff\xff", b"T\x00\x00\x00\x04", b"B\x00\x00\x00\x04", b"\x96" + b"\xff" * 8]
)
def test_a_block_that_is_not_there_is_not_allocated(head):
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"the pickle is (cut off|damaged)"):
        read_block(b"\x80\x05" + head + bytes(1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**21


BOMBS = {
    # One stored object is named a hundred thousand times, in five to seven bytes each time.
    "texts": (
        b"c_codecs\nencode\nq\x00X\x00\xf0\x00\x00" + b"a" * 61440 + b"X\x06\x00\x00\x00latin1\x86q\x01]("
        + b"h\x00h\x01R" * 100_000 + b"e."
    ),
    "sets": (
        b"c__builtin__\nset\nq\x00](" + b"".join(b"M" + i.to_bytes(2, "little") for i in range(9999))
        + b"e\x85q\x01](" + b"h\x00h\x01R" * 100_000 + b"e."
    ),
    "rows": (
        b"(K\x01M\xff\xff\x85cnumpy\ndtype\nX\x02\x00\x00\x00u1\x85R\x89B\xff\xff\x00\x00" + bytes(65535)
        + b"tq\x01cnumpy.core.multiarray\n_reconstruct\nq\x00(cnumpy\nndarray\nK\x00\x85C\x01btq\x02]("
        + b"h\x00h\x02Rh\x01b" * 100_000 + b"e."
    ),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("blocks", [False, True])
def test_what_is_stored_once_is_not_copied_again_and_again(bomb, blocks):
    tracemalloc.start()
    with pytest.raises(ValueError, match="makes more data than it holds"):
        read_plain(io.BytesIO(b"\x80\x03" + BOMBS[bomb]), blocks=blocks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**26


@given(position=st.integers(0, 20_000), bit=st.integers(0, 7), write=st.sampled_from(["python 2", 4, 5]))
def test_a_damaged_block_gives_an_error_or_a_value(position, bit, write):
    pixels, labels = cifar10_files.images(3, 5)
    batch = {b"labels": labels, b"data": pixels}
    whole = bytearray(
        cifar10_files.batch_of(pixels, labels) if write == "python 2" else pickle.dumps(batch, write)
    )
    whole[position % len(whole)] ^= 1 << bit
    try:
        read_block(bytes(whole))
    except ValueError as error:
        message = str(error)
        assert len(message.splitlines()) == 1


def test_cyclic_data_ends():
    assert read_numbers(b"\x80\x03}q\x00X\x01\x00\x00\x00ah\x00s.")["a"] is not None


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
        pickle.dumps(bytearray(b"a"), 3),
        pickle.dumps(Fraction(1, 2), 4),
        pickle.dumps(np.zeros((3, 2)), 3),
        pickle.dumps(np.array(["a", "b"]), 3),
        pickle.dumps(np.array([{}]), 3),
        pickle.dumps({np.float32(1): 1}, 3),
    ],
)
def test_anything_else_is_refused_and_nothing_runs(data, capsys):
    with pytest.raises(ValueError, match="the pickle"):
        read_numbers(data)
    assert capsys.readouterr().out == ""


def test_a_bomb_of_nested_keys_takes_no_time():
    """Hashing pairs that are nested n deep takes 2**n steps, so a tuple is never a key."""
    nest = b"K\x01" + b"q\x00h\x00\x86" * 60
    start = time.monotonic()
    with pytest.raises(ValueError, match="neither text nor a whole number"):
        read_numbers(b"\x80\x03}" + nest + b"K\x01s.")
    assert time.monotonic() - start < 1


def test_keys_that_a_dictionary_cannot_tell_apart_take_no_time():
    """All multiples of 2**61 - 1 have the same hash; a hundred thousand of them would take minutes."""
    data = pickle.dumps({(2**61 - 1) * i: 1 for i in range(100)}, 3)
    with pytest.raises(ValueError, match="neither text nor a whole number"):
        read_numbers(data)


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
    """The byte of each supported instruction, compared with Python's own list."""
    codes = {opcode.name: opcode.code.encode("latin-1") for opcode in pickletools.opcodes}
    assert (codes["BINGET"], codes["SETITEMS"], codes["REDUCE"]) == (b"\x68", b"\x75", b"\x52")
    assert (codes["MEMOIZE"], codes["SHORT_BINUNICODE"], codes["STACK_GLOBAL"]) == (b"\x94", b"\x8c", b"\x93")
    assert (codes["BINPERSID"], codes["ADDITEMS"], codes["LONG1"]) == (b"\x51", b"\x90", b"\x8a")
    assert (codes["SHORT_BINSTRING"], codes["BINSTRING"], codes["BYTEARRAY8"]) == (b"U", b"T", b"\x96")
    assert (codes["TUPLE1"], codes["LONG_BINGET"], codes["BUILD"]) == (b"\x85", b"\x6a", b"\x62")
