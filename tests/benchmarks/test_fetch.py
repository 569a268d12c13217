import errno
import hashlib
import logging
import os
from dataclasses import replace

import numpy as np
import pytest

from nasbench_lab.benchmarks import fetch as fetching
from nasbench_lab.benchmarks.fetch import Download, fetch
from nasbench_lab.errors import FetchError, NasbenchLabWarning
from tests.web import serving

CONTENT = np.random.default_rng(1).bytes(1_000_000)


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server():
    with serving(CONTENT) as server:
        yield server


@pytest.fixture
def download(server):
    return Download(
        url=server.url(), checksum=f"sha256:{hashlib.sha256(CONTENT).hexdigest()}", size=len(CONTENT)
    )


def refused(download, folder):
    with pytest.raises(FetchError) as raised:
        fetch(download, folder)
    message = str(raised.value)
    assert len(message.splitlines()) == 1
    return message


def test_brings_a_file_once(tmp_path, server, download, caplog):
    caplog.set_level(logging.INFO)
    folder = tmp_path / "new" / "folder"
    seen = []
    path = fetch(download, folder, lambda received, size: seen.append((received, size)))
    assert path == folder / "file.bin"
    assert path.read_bytes() == CONTENT
    assert list(folder.iterdir()) == [path]
    assert seen == sorted(seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert fetch(download, folder) == path
    assert server.requests == [None]
    assert caplog.messages == []


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_either_checksum_is_compared(tmp_path, server, algorithm):
    digest = hashlib.new(algorithm, CONTENT).hexdigest()
    download = Download(url=server.url(), checksum=f"{algorithm}:{digest}", size=1)
    assert download.digest == digest
    assert fetch(download, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("announced", [True, False])
def test_goes_on_after_a_cut(tmp_path, server, download, announced):
    server.cut = 300_000
    part = tmp_path / "file.bin.part"
    kept = [0]
    for _ in range(2):
        assert "the connection broke (IncompleteRead(" in refused(download, tmp_path)
        assert list(tmp_path.iterdir()) == [part]
        assert CONTENT.startswith(part.read_bytes())
        kept.append(part.stat().st_size)
        assert 0 <= kept[-2] + server.cut - kept[-1] < fetching.PIECE
    server.cut, server.announced = None, announced
    seen = []
    path = fetch(download, tmp_path, lambda received, size: seen.append((received, size)))
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]
    assert server.requests == [None, *(f"bytes={size}-" for size in kept[1:])]
    assert seen[0][0] > kept[-1]
    assert {size for _, size in seen} == {len(CONTENT)}


def test_begins_anew_where_the_server_cannot_go_on(tmp_path, server, download):
    (tmp_path / "file.bin.part").write_bytes(b"another beginning")
    server.ranges = False
    assert fetch(download, tmp_path).read_bytes() == CONTENT


def test_a_part_that_is_whole_is_taken(tmp_path, server, download):
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    path = fetch(download, tmp_path)
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]


def test_two_downloads_of_one_file_do_not_write_to_one_part(tmp_path, server, download):
    fcntl = pytest.importorskip("fcntl")
    part = tmp_path / "file.bin.part"
    part.write_bytes(CONTENT[:10])
    with part.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        message = refused(download, tmp_path)
    assert message.startswith(f"another process is downloading {tmp_path / 'file.bin'}; wait for it")
    assert part.read_bytes() == CONTENT[:10]
    assert server.requests == []
    assert fetch(download, tmp_path).read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [tmp_path / "file.bin"]


def test_a_file_system_without_locks_is_no_error(tmp_path, server, download, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def without(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", without)
    with pytest.warns(NasbenchLabWarning, match="has no file locks"):
        assert fetch(download, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("part", [b"", b"another beginning", CONTENT + b"more"])
def test_a_wrong_checksum_leaves_nothing(tmp_path, server, download, part):
    if part:
        (tmp_path / "file.bin.part").write_bytes(part)
    else:
        server.content = b"<html>Sign in</html>"
    message = refused(download, tmp_path)
    assert f"{download.url} does not give the published file: SHA256 hash" in message
    assert download.digest in message
    assert list(tmp_path.iterdir()) == []
    server.content = CONTENT
    assert fetch(download, tmp_path).read_bytes() == CONTENT


def test_a_damaged_file_is_replaced_only_by_a_right_one(tmp_path, server, download):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    server.status = 503
    assert "503" in refused(download, tmp_path)
    assert path.read_bytes() == b"old"
    server.status = None
    assert fetch(download, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("part", [b"", b"some"])
@pytest.mark.parametrize(("status", "reason"), [(404, "Not Found"), (403, "Forbidden"), (500, "Internal")])
def test_an_error_of_the_server_is_named(tmp_path, server, download, part, status, reason):
    server.status = status
    if part:
        (tmp_path / "file.bin.part").write_bytes(part)
    message = refused(download, tmp_path)
    assert f"{download.url} cannot be fetched: the server answered {status} {reason}" in message
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([part] if part else [])


def test_a_server_that_is_not_there_is_named(tmp_path):
    with serving(b"") as gone:
        url = gone.url()
    message = refused(Download(url=url, checksum="md5:" + "0" * 32, size=1), tmp_path)
    assert f"{url} cannot be reached, or the connection broke (" in message
    assert "Connection refused); check the network" in message
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_nobody_has_is_named(tmp_path, download):
    message = refused(replace(download, url="http://nowhere.invalid/file.bin"), tmp_path)
    assert "http://nowhere.invalid/file.bin cannot be reached" in message


def test_a_full_disk_is_named_and_the_part_kept(tmp_path, server, download, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        message = refused(download, tmp_path)
    assert f"{tmp_path / 'file.bin'} cannot be written: No space left on device" in message
    assert [path.name for path in tmp_path.iterdir()] == ["file.bin.part"]
    assert fetch(download, tmp_path).read_bytes() == CONTENT


def test_a_folder_that_cannot_be_made_is_named(tmp_path, server, download):
    (tmp_path / "file").write_text("not a folder")
    assert "cannot be written" in refused(download, tmp_path / "file" / "folder")
    assert server.requests == []
