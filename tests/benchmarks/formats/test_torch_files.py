"""Files written byte for byte as `torch.save` does, and files that only look like them."""

import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nasbench_lab.benchmarks.formats.pickles import SKIPPED, read_plain
from nasbench_lab.benchmarks.formats.torch_files import is_torch_file, opened_pickle
from nasbench_lab.errors import TableError
from tests.nats_files import Weights, dumps_as_torch, write_legacy, write_zip

CONTENT = {"accuracy": {0: 10.0, 1: 12.5}, "names": ["a", "b"], "weights": {"stem": Weights()}}
READ = CONTENT | {"weights": {"stem": SKIPPED}}
FORMS: dict[str, Callable[[Path, bytes], Path]] = {"zip": write_zip, "legacy": write_legacy}


def read(path):
    with opened_pickle(path) as file:
        return read_plain(file, weights=True, alone=False)


@pytest.mark.parametrize("form", FORMS)
def test_both_formats_are_read(tmp_path, form):
    path = FORMS[form](tmp_path / "file.pth", dumps_as_torch(CONTENT))
    assert is_torch_file(path.read_bytes()[:16])
    assert read(path) == READ


def test_other_files_are_told_apart():
    for start in (b"", b"BZh9", b"arch,arch_str", pickle.dumps({}, 2), b"\x89HDF\r\n\x1a\n"):
        assert not is_torch_file(start)


def refused(path, message):
    with pytest.raises(TableError, match=message) as raised:
        read(path)
    assert str(path) in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def archive(path, members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members:
            file.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["../data.pkl", "/data.pkl", "a/../../b", "C:\\data.pkl", "..\\data.pkl"])
def test_archives_that_reach_outside_are_refused(tmp_path, name):
    path = archive(tmp_path / "file.pth", [("archive/data.pkl", pickle.dumps({}, 2)), (name, b"")])
    refused(path, "has a member outside of itself")
    assert [file.name for file in tmp_path.iterdir()] == ["file.pth"]


def test_archives_of_something_else_are_refused(tmp_path):
    path = tmp_path / "file.pth"
    refused(archive(path, [("a/version", b"3")]), "has 0 members called data.pkl; one is expected")
    refused(archive(path, [("a/data.pkl", b""), ("b/data.pkl", b"")]), "has 2 members called data.pkl")


def test_a_compressed_pickle_is_refused(tmp_path):
    """It is refused however large its content would be."""
    bomb = archive(tmp_path / "file.pth", [("a/data.pkl", b"\0" * 2**24)], zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 2**16
    refused(bomb, "its data.pkl is compressed, which torch.save never does")


def test_a_member_that_claims_more_than_there_is(tmp_path):
    path = write_zip(tmp_path / "file.pth", dumps_as_torch(CONTENT))
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[directory + 20 : directory + 28] = struct.pack("<II", 2**31, 2**31)
    path.write_bytes(data)
    refused(path, "cannot be read")


def test_a_wrong_checksum_is_noticed(tmp_path):
    path = write_zip(tmp_path / "file.pth", dumps_as_torch(CONTENT))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"accuracy", b"Accuracy"))
    refused(path, "Bad CRC-32|cannot be read")


def test_something_after_the_pickle_is_refused(tmp_path):
    refused(
        write_zip(tmp_path / "file.pth", dumps_as_torch(CONTENT) + b"more"), "something follows the pickle"
    )


def test_legacy_headings_are_checked(tmp_path):
    path = write_legacy(tmp_path / "file.pth", dumps_as_torch(CONTENT))
    data = path.read_bytes()
    protocol = pickle.dumps(1001, 2)
    for changed, message in (
        (data.replace(protocol, pickle.dumps(1002, 2), 1), "it is not a file of torch.save"),
        (data.replace(b"little_endian", b"little_ending", 1), "big-endian"),
        (pickle.dumps({}, 2) * 3, "it is not a file of torch.save"),
        (data[:40], "cut off"),
        (b"", "cut off"),
    ):
        path.write_bytes(changed)
        refused(path, message)


@pytest.mark.parametrize("form", FORMS)
def test_cut_files_are_refused(tmp_path, form):
    path = FORMS[form](tmp_path / "file.pth", dumps_as_torch(CONTENT))
    data = path.read_bytes()
    end = data.index(b"stem") if form == "legacy" else len(data) - 1
    for length in range(20, end, 7):
        path.write_bytes(data[:length])
        refused(path, "cannot be read")


def test_what_is_not_there_is_named(tmp_path):
    refused(tmp_path / "nothing.pth", "cannot be read")
