import bz2
import gzip
import io
import lzma
import zipfile
import zlib

import pytest

from nasbench_lab.benchmarks.formats.limits import read_limited
from nasbench_lab.errors import RefusedError, TableError

CONTENT = b"cell,accuracy\n" * 1000


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


PACKED = {
    "plain": CONTENT,
    "gzip": gzip.compress(CONTENT, mtime=0),
    "bzip2": bz2.compress(CONTENT),
    "xz": lzma.compress(CONTENT),
    "zip": zipped(table=CONTENT),
    "zip from macOS": zipped(**{"__MACOSX/._table.csv": b"x", "folder/": b"", "folder/table.csv": CONTENT}),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "table.csv"


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED)
def test_a_packed_file_is_unpacked_up_to_the_limit(path, packed):
    path.write_bytes(packed)
    assert read_limited(path, len(CONTENT)) == CONTENT
    with pytest.raises(TableError, match=r"table.csv holds more than 13,999 bytes, .*; fetch it again"):
        read_limited(path, len(CONTENT) - 1)
    with pytest.raises(
        TableError, match=r"holds more than 20 bytes, the limit for this file; ask the author"
    ):
        read_limited(path, 20, "ask the author")


@pytest.mark.parametrize("kind", [kind for kind in PACKED if kind != "plain"])
def test_a_damaged_archive_is_refused(path, kind):
    whole = PACKED[kind]
    for length in range(11, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(TableError, match=r"table.csv cannot be read: .*; save it again") as raised:
            read_limited(path, 2**20, "save it again")
        assert len(str(raised.value).splitlines()) == 1
    for place in range(11, len(whole), 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            content = read_limited(path, 2**20)
        except TableError:
            continue
        # A name or a date may be wrong: that does no harm.
        assert zlib.crc32(content) == zlib.crc32(CONTENT)


def test_an_archive_holds_one_file(path):
    path.write_bytes(zipped(a=b"1", b=b"2"))
    with pytest.raises(TableError, match=r"an archive of 2 files, such as a spreadsheet .* if it holds one"):
        read_limited(path, 100_000)
    path.write_bytes(zipped())
    with pytest.raises(TableError, match=r"an archive of 0 files"):
        read_limited(path, 100_000)


def test_a_missing_file_is_named(path):
    with pytest.raises(TableError, match=r"there is no file .*table.csv"):
        read_limited(path, 10)
    path.mkdir()
    with pytest.raises(RefusedError, match=r"table.csv is a folder; a file is expected"):
        read_limited(path, 10)
