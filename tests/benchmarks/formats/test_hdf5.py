import errno
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from nasbench_lab.benchmarks.formats import hdf5
from nasbench_lab.benchmarks.formats.hdf5 import created, opened, read_array, read_packed
from nasbench_lab.errors import RefusedError

LOCK = "Unable to synchronously open file (unable to lock file, errno = {}, error message = '{}')"
NO_LOCKS = [errno.ENOLCK, errno.EIO, errno.ENOSYS, errno.EOPNOTSUPP]
VALUES = np.arange(1000)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "toy.h5"
    with created(path) as file:
        file["values"] = VALUES
        file.create_dataset("packed", data=VALUES, chunks=True, compression="lzf", fletcher32=True)
    return path


def read(path):
    with opened(path) as file:
        return read_array(file["values"])


def refused(path):
    with pytest.raises(RefusedError) as raised:
        read(path)
    text = str(raised.value)
    assert str(path) in text
    assert "\n" not in text
    assert "damaged" not in text
    assert "delete" not in text
    return text


@pytest.fixture
def locks(monkeypatch):
    """A function that sets the error of all locks; each attempt to open a file is noted."""
    attempts: list[object] = []

    def refuse(number: int, *, always: bool = False) -> list[object]:
        original = h5py.File

        def file(path, mode, *, locking=None, **settings):
            attempts.append(locking)
            if locking is not False or always:
                raise OSError(number, LOCK.format(number, os.strerror(number)))
            return original(path, mode, locking=locking, **settings)

        def flock(file, operation):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(h5py, "File", file)
        if sys.platform != "win32":
            monkeypatch.setattr("fcntl.flock", flock)
        return attempts

    return refuse


@pytest.mark.parametrize("number", NO_LOCKS)
def test_a_file_system_without_locks_is_read_without_them(path, locks, number):
    attempts = locks(number)
    assert (read(path) == VALUES).all()
    assert attempts == [None, False]


@pytest.mark.skipif(sys.platform == "win32", reason="other locks")
def test_if_every_lock_is_called_taken_there_are_no_locks(path, locks):
    attempts = locks(errno.EAGAIN)
    assert (read(path) == VALUES).all()
    assert attempts == [None, False]


def test_a_lock_that_is_taken_means_another_program(path, locks, monkeypatch):
    locks(errno.EAGAIN)
    monkeypatch.setattr(hdf5, "locks_work", lambda folder: True)
    text = refused(path)
    assert text.startswith(
        f"another program has {path} open for writing; close it there, and run this again."
    )
    assert "HDF5_USE_FILE_LOCKING=FALSE" in text


def test_locks_that_the_user_asks_for_where_there_are_none(path, locks):
    locks(errno.ENOLCK, always=True)
    assert "has no file locks, and HDF5_USE_FILE_LOCKING asks for them; unset" in refused(path)


def test_a_new_file_needs_no_locks(path, locks):
    attempts = locks(errno.ENOLCK)
    with created(path.with_name("new.h5")) as file:
        file["values"] = VALUES
    assert attempts == [False]


@pytest.mark.skipif(sys.platform == "win32", reason="other locks")
@pytest.mark.parametrize("settings", ["", ", locking=False"])
def test_a_file_that_another_program_writes_to_is_refused_and_stays(path, settings):
    program = (
        f"import h5py, sys; file = h5py.File({str(path)!r}, 'a'{settings}); print('open', flush=True);"
        " sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "open\n"
    before = path.read_bytes()
    text = refused(path)
    assert path.read_bytes() == before
    other.communicate("", timeout=60)
    assert text.startswith(f"another program has {path} open for writing")
    assert ("h5clear -s" in text) == bool(settings)
    assert (read(path) == VALUES).all()


@pytest.mark.parametrize("locking", [True, False, "best-effort", None])
def test_a_file_that_this_process_has_open_is_read(path, locking):
    """HDF5 refuses to open a file twice with different settings of its locks."""
    with h5py.File(path, "r", locking=locking):
        assert (read(path) == VALUES).all()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE, errno.ENOMEM, errno.ESTALE])
def test_a_refusal_to_open_or_read_is_one(path, monkeypatch, number):
    def refuse(*_, **__):
        raise OSError(number, f"Unable to synchronously open file (unable to open file: errno = {number})")

    with pytest.raises(RefusedError), opened(path):
        refuse()
    monkeypatch.setattr(h5py, "File", refuse)
    assert os.strerror(number) in refused(path) or number == errno.ENOMEM


def test_short_memory_is_a_refusal(path):
    with pytest.raises(RefusedError, match="too little memory to read "), opened(path):
        raise MemoryError


def test_absence_and_damage_are_no_refusal(path):
    with pytest.raises(FileNotFoundError):
        read(path.with_name("nothing.h5"))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(hdf5.DAMAGE) as raised:
        read(path)
    assert not isinstance(raised.value, RefusedError)


def test_a_packed_array_that_claims_too_much_is_not_allocated(path):
    with h5py.File(path, "a") as file:
        file.create_dataset("zeros", data=np.zeros(2**22), chunks=True, compression="lzf")
        file.create_dataset("claims", shape=(2**40,), dtype="f8", chunks=True, compression="lzf")
    with opened(path) as file:
        assert (read_packed(file["packed"]) == VALUES).all()
        assert (read_packed(file["zeros"]) == np.zeros(2**22)).all()
        with pytest.raises(ValueError, match="claims more bytes than the file can hold"):
            read_packed(file["claims"])


def test_a_file_system_that_cannot_map_is_read(path, monkeypatch):
    def unmapped(*_):
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr(hdf5, "LEAST_MAPPED", 1)
    monkeypatch.setattr(np, "memmap", unmapped)
    assert (read(path) == VALUES).all()
