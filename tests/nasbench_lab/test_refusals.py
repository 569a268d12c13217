import errno
import os
from pathlib import Path

import pytest

from nasbench_lab import refusals
from nasbench_lab.errors import RefusedError, TableError
from nasbench_lab.refusals import explaining_refusals, refusal

HDF5 = "Unable to synchronously open object (file read failed: time = now\n, errno = {}, error message = 'x')"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "toy.h5"
    path.write_bytes(b"content" * 500_000)
    return path


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EIO, "{} cannot be read ({said}); check the disk or the network that holds it, and run this"),
        (
            errno.ESTALE,
            "{} cannot be read ({said}); check the disk or the network that holds it, and run this",
        ),
        (
            errno.EAGAIN,
            "another program has {} open for writing ({said}); close it there, and run this again",
        ),
        (errno.EBUSY, "another program has {} open for writing ({said}); close it there, and run this again"),
        (errno.EMFILE, "{} cannot be read ({said}); close other programs or use fewer --jobs"),
        (errno.ENOMEM, "there is too little memory to read {} (it has 3.5 MB); close other programs or use"),
        (errno.EACCES, "{} may not be read ({said}); "),
        (errno.EPERM, "{} may not be read ({said}); "),
        (errno.EISDIR, "{} is a folder; a file is expected"),
    ],
)
@pytest.mark.parametrize("kind", ["of Python", "in the text of HDF5", "in a KeyError of HDF5"])
def test_a_refusal_says_of_which_file_and_what_to_do(path, number, sentence, kind):
    error: Exception = OSError(number, os.strerror(number))
    if kind != "of Python":
        error = (OSError if "text" in kind else KeyError)(HDF5.format(number))
    text = refusal(error, path)
    assert text.startswith(sentence.format(path, said=os.strerror(number)))
    assert "\n" not in text
    assert not {"damaged", "delete", "import"} & set(text.replace(";", "").split())


@pytest.mark.parametrize(
    "error",
    [
        OSError("Unable to synchronously open file (file signature not found)"),
        OSError(errno.EINVAL, "Invalid argument"),  # a position before the start of the file
        OSError(HDF5.format(0)),
        EOFError("Compressed file ended before the end-of-stream marker was reached"),
        KeyError("keys"),
        ValueError("errno is 5"),
    ],
)
def test_damage_is_no_refusal(path, error):
    assert refusal(error, path) == ""
    with pytest.raises(type(error)) as raised, explaining_refusals(path):
        raise error
    assert raised.value is error


def test_absence_is_no_refusal(path):
    with pytest.raises(FileNotFoundError), explaining_refusals(path.with_name("other")):
        path.with_name("other").open()
    with pytest.raises(FileNotFoundError) as raised, explaining_refusals(path / "below"):
        (path / "below").open()
    assert raised.value.filename == str(path / "below")


def test_errors_of_this_package_pass(path):
    error = TableError("of another file, errno = 5")
    with pytest.raises(TableError) as raised, explaining_refusals(path):
        raise error
    assert raised.value is error


def test_short_memory_says_how_much_is_needed(path):
    error = MemoryError("Unable to allocate 381. MiB for an array with shape (50000000,) and data type int64")
    assert "too little memory to read" in refusal(error, path)
    assert "(it takes another 381 MiB)" in refusal(error, path)
    assert "(it has 3.5 MB)" in refusal(MemoryError(), path)
    assert "(its size is unknown)" in refusal(MemoryError(), path.with_name("gone"))


@pytest.mark.skipif(os.name == "nt", reason="rights are of another kind there")
class TestRights:
    """The remedy names who may give the right to read, and to what."""

    @pytest.fixture
    def closed(self, monkeypatch):
        """A function that closes files or folders, in the eyes of this process."""

        def close(*paths):
            allowed = os.access
            monkeypatch.setattr(os, "access", lambda path, mode: path not in paths and allowed(path, mode))

        return close

    def said(self, path):
        with pytest.raises(RefusedError) as raised, explaining_refusals(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return str(raised.value)

    def test_a_file_of_ones_own(self, path, closed):
        closed(path)
        assert (
            self.said(path) == f"{path} may not be read (Permission denied); allow it with: chmod u+r {path}"
        )

    def test_a_file_of_another_user(self, path, closed, monkeypatch):
        closed(path)
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
        monkeypatch.setattr(Path, "owner", lambda self: "ada")
        assert self.said(path).endswith(f"; it belongs to ada, who can allow it with: chmod o+r {path}")

    def test_an_owner_without_a_name(self, path, closed, monkeypatch):
        def nameless(self):
            raise KeyError("getpwuid(): uid not found: 12345")

        closed(path)
        monkeypatch.setattr(Path, "owner", nameless)
        assert "; it belongs to another user, who can allow it with: chmod o+r" in self.said(path)

    def test_a_folder_above(self, path, closed):
        closed(path.parent, path)
        folder = path.parent
        assert self.said(path).endswith(
            f"; its folder {folder} may not be entered; allow it with: chmod u+x {folder}"
        )

    def test_another_reason(self, path):
        assert self.said(path).endswith(
            "; close other programs that have it open, or ask the owner for the right to read it"
        )


def test_the_system_errors_of_damage_are_not_those_of_a_refusal():
    assert not refusals.OF_DAMAGE & (refusals.BUSY | refusals.RIGHTS | refusals.TOO_MANY)
