import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_lab.benchmarks.formats.tfrecord import read_records
from nasbench_lab.errors import RefusedError, TableError
from tests.nasbench101 import crc32c, framed, masked

RECORDS = [b"first", b"", b"the third \0 record"]
CONTENT = b"".join(map(framed, RECORDS))
BOUNDARIES = [0]
for each in RECORDS:
    BOUNDARIES.append(BOUNDARIES[-1] + 16 + len(each))


def read(folder, content):
    path = folder / "some.tfrecord"
    path.write_bytes(content)
    return list(read_records(path, 1000))


def test_the_writer_has_the_published_checksum():
    assert crc32c(b"123456789") == 0xE3069283
    assert masked(0) == struct.pack("<I", 0xA282EAD8)


@given(records=st.lists(st.binary(max_size=300), max_size=5))
def test_what_is_written_is_read(tmp_path_factory, records):
    content = b"".join(map(framed, records))
    assert read(tmp_path_factory.mktemp("written"), content) == records


def test_a_cut_file_is_refused_wherever_it_is_cut(tmp_path):
    for end in range(len(CONTENT)):
        if end in BOUNDARIES:
            assert read(tmp_path, CONTENT[:end]) == RECORDS[: BOUNDARIES.index(end)]
            continue
        with pytest.raises(TableError, match=r"record \d: the file ends inside (it|its length)") as raised:
            read(tmp_path, CONTENT[:end])
        assert len(str(raised.value).splitlines()) == 1


def test_any_flipped_bit_is_found(tmp_path):
    for bit in range(8 * len(CONTENT)):
        changed = bytearray(CONTENT)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(TableError, match=r"differs? from (its|their) checksum"):
            read(tmp_path, bytes(changed))


@pytest.mark.parametrize("length", [1001, 2**31, 2**63, 2**64 - 1])
def test_a_length_that_cannot_be_is_refused_before_it_is_read(tmp_path, length):
    header = struct.pack("<Q", length)
    content = header + masked(crc32c(header)) + b"short"
    with pytest.raises(TableError, match=f"record 1: it claims {length:,} bytes; 1,000 is the most allowed"):
        read(tmp_path, content)


def test_unreadable_files_are_refused(tmp_path):
    with pytest.raises(TableError, match="there is no file"):
        list(read_records(tmp_path / "nothing", 10))
    with pytest.raises(RefusedError, match="is a folder; a file is expected"):
        list(read_records(tmp_path, 10))
