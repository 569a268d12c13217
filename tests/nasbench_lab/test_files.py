import errno
import multiprocessing
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from nasbench_lab.errors import NasbenchLabWarning
from nasbench_lab.files import lock, replacing


def test_replaces_a_whole_file(tmp_path):
    path = tmp_path / "new" / "file.txt"
    with replacing(path) as temporary:
        temporary.write_text("one")
    with replacing(path) as temporary:
        temporary.write_text("two")
        assert path.read_text() == "one"
    assert path.read_text() == "two"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def write_again_and_again(path, writer, same_process_number):
    """Write texts that name the writer in every character, so a mixture of two texts would show.

    The length depends on the writer, so a text that is not whole would show too.
    """
    if same_process_number:
        os.getpid = lambda: 1  # as in two containers that share the folder
    for _ in range(40):
        with replacing(path) as temporary:
            temporary.write_text(str(writer) * 10**writer)


@pytest.mark.parametrize("same_process_number", [False, True])
def test_many_processes_that_replace_a_file_never_tear_it(tmp_path, same_process_number):
    context: Any = multiprocessing.get_context("spawn" if os.name == "nt" else "fork")
    path = tmp_path / "file.txt"
    writers = [
        context.Process(target=write_again_and_again, args=(path, writer, same_process_number))
        for writer in range(4)
    ]
    for writer in writers:
        writer.start()
    seen = 0
    while any(writer.is_alive() for writer in writers):
        if path.exists():
            text = path.read_text()
            assert text == text[0] * 10 ** int(text[0])
            seen += 1
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert seen > 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("links", [True, False])
def test_the_first_stays_where_that_is_asked_for(tmp_path, monkeypatch, links):
    if not links:

        def no_links(*_):
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(Path, "hardlink_to", no_links)
    path = tmp_path / "file.txt"
    with replacing(path, first_stays=True) as temporary:
        temporary.write_text("one")

    def second():
        with replacing(path, first_stays=True) as temporary:
            temporary.write_text("two")

    with pytest.raises(FileExistsError, match=re.escape(str(path))):
        second()
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_lock_is_held_by_one_until_it_is_closed(tmp_path):
    with lock(tmp_path / ".lock"), pytest.raises(BlockingIOError, match="is locked"):
        lock(tmp_path / ".lock")
    lock(tmp_path / ".lock").close()


@pytest.mark.skipif(sys.platform == "win32", reason="other file systems, another call")
# The last one is also the error for a lock that is taken; here it is given for every lock.
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO, errno.ENOSYS, errno.EOPNOTSUPP, errno.EAGAIN])
def test_where_the_file_system_has_no_locks_it_goes_on_without_and_says_so(tmp_path, monkeypatch, number):
    def no_locks(file, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", no_locks)
    said = f"the file system of {re.escape(str(tmp_path))} has no file locks, so two processes that work"
    with pytest.warns(NasbenchLabWarning, match=said) as noted:
        lock(tmp_path / ".lock").close()
    assert len(noted) == 1
