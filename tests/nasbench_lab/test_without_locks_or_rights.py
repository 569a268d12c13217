"""The commands where the operating system has no file locks, or gives no right to read."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nasbench_lab.benchmarks.tables.embedded import embedded_path
from nasbench_lab.benchmarks.tables.file import write_table
from tests.tables import small_contents

NO_LOCKS = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

int flock(int file, int operation) { errno = NUMBER; return -1; }

int fcntl(int file, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (command == F_SETLK || command == F_SETLKW) { errno = NUMBER; return -1; }
    int (*original)(int, int, ...) = dlsym(RTLD_NEXT, "fcntl");
    return original(file, command, argument);
}
"""

# Root may read everything. Without these two capabilities, the rights of files count for it, too.
WITHOUT_PRIVILEGES = """
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
system = ctypes.CDLL(None, use_errno=True)
for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
    if os.geteuid() == 0 and system.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
        sys.exit("capabilities cannot be dropped")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""

SMALL = ("--seeds", "2", "--budget-evaluations", "10", "--jobs", "1")

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


def ran(folder, *arguments, before=(), **environment):
    """A command of Python run in a folder, with a data folder in it."""
    data = {"NASBENCH_LAB_DATA": str(folder / "data")}
    (folder / "data").mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, *before, *arguments],
        cwd=folder,
        env={**os.environ, **data, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )


def compared(folder, out, **environment):
    return ran(folder, "-m", "nasbench_lab.compare", *SMALL, "--out", out, **environment)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A folder with a comparison in `r`."""
    folder = tmp_path_factory.mktemp("stored")
    assert compared(folder, "r").returncode == 0
    return folder


@pytest.fixture(scope="module", params=["ENOLCK", "EAGAIN"])
def no_locks(request, tmp_path_factory):
    """A library that refuses every lock, to be loaded before all others."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("needs Linux and a C compiler")
    folder = tmp_path_factory.mktemp("library")
    (folder / "no_locks.c").write_text(NO_LOCKS)
    library = folder / "no_locks.so"
    command = [
        compiler,
        "-shared",
        "-fPIC",
        f"-DNUMBER={request.param}",
        "-o",
        library,
        folder / "no_locks.c",
        "-ldl",
    ]
    subprocess.run(command, check=True)
    return str(library)


def test_without_locks_a_comparison_is_the_same_and_says_so_once(stored, tmp_path, no_locks):
    done = compared(tmp_path, "r", LD_PRELOAD=no_locks)
    assert done.returncode == 0
    assert done.stderr == (
        "note: the file system of r has no file locks, so two processes that work in it at the same time are"
        " not kept apart\n"
    )
    assert contents(tmp_path / "r" / "tables") == contents(stored / "r" / "tables")
    drawn = ran(tmp_path, "-m", "nasbench_lab.figures", "r", LD_PRELOAD=no_locks)
    assert (drawn.returncode, drawn.stderr) == (0, "")
    assert contents(tmp_path / "r" / "tables") == contents(stored / "r" / "tables")


def test_without_locks_tables_are_listed_checked_and_written(tmp_path, no_locks):
    (tmp_path / "data").mkdir()
    write_table(small_contents(), tmp_path / "data" / "toy.h5")
    listed = ran(tmp_path, "-m", "nasbench_lab.data", "list", LD_PRELOAD=no_locks)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "Mini NAS-Bench-201" in listed.stdout
    assert "Toy benchmark" in listed.stdout
    assert "damaged" not in listed.stdout
    checked = ran(tmp_path, "-m", "nasbench_lab.data", "verify", "toy", LD_PRELOAD=no_locks)
    assert (checked.returncode, checked.stderr) == (0, "")
    again = (
        "from pathlib import Path; from nasbench_lab.benchmarks.tables.file import write_table;"
        " from tests.tables import small_contents; write_table(small_contents(), Path('again.h5'))"
    )
    root = Path(__file__).resolve().parents[2]
    written = ran(tmp_path, "-c", again, LD_PRELOAD=no_locks, PYTHONPATH=str(root))
    assert (written.returncode, written.stderr) == (0, "")
    assert (tmp_path / "again.h5").exists()


def without_rights(folder, *arguments):
    done = ran(folder, *arguments, before=("-c", WITHOUT_PRIVILEGES))
    if "capabilities cannot be dropped" in done.stderr:
        pytest.skip("root may read everything here")
    return done


def refused(done, path):
    """The only line of a refused command."""
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {path} may not be read (Permission denied); ")
    assert "damaged" not in line
    assert "delete" not in line
    assert "import" not in line
    return line


@pytest.fixture
def closing():
    """A function that takes the rights from a file or folder until the test has ended."""
    closed = []

    def close(path):
        closed.append((path, path.stat().st_mode))
        path.chmod(0)

    yield close
    for path, mode in reversed(closed):
        path.chmod(mode)


@linux
def test_a_table_without_rights_is_refused_and_stays(tmp_path, closing):
    table = tmp_path / "data" / "toy.h5"
    write_table(small_contents(), table)
    before = table.read_bytes()
    closing(table)
    for command in (
        ("data", "info", "toy"),
        ("data", "verify", "toy"),
        ("compare", "--benchmark", "toy", *SMALL),
    ):
        line = refused(without_rights(tmp_path, "-m", f"nasbench_lab.{command[0]}", *command[1:]), table)
        assert line.endswith(f"; allow it with: chmod u+r {table}")
    listed = without_rights(tmp_path, "-m", "nasbench_lab.data", "list")
    assert listed.returncode == 0
    (row,) = (line for line in listed.stdout.splitlines() if line.startswith("toy "))
    assert "refused" in row
    assert "damaged" not in listed.stdout
    assert f"{table} may not be read (Permission denied); allow it with" in listed.stdout
    table.chmod(0o600)
    assert table.read_bytes() == before


@linux
def test_results_without_rights_are_refused_and_stay(tmp_path, stored, closing):
    shutil.copytree(stored / "r", tmp_path / "r")
    run = sorted((tmp_path / "r" / "runs").iterdir())[0]
    before = contents(tmp_path / "r")
    closing(run)
    for command in (("figures", "r"), ("compare", *SMALL, "--out", "r")):
        done = without_rights(tmp_path, "-m", f"nasbench_lab.{command[0]}", *command[1:])
        assert refused(done, run.relative_to(tmp_path)).endswith(f"; allow it with: chmod u+r {run}")
    run.chmod(0o600)
    assert contents(tmp_path / "r") == before


@linux
@pytest.mark.parametrize("command", ["figures", "compare"])
def test_a_comparison_json_without_rights_is_refused(tmp_path, stored, closing, command):
    shutil.copytree(stored / "r", tmp_path / "r")
    closing(tmp_path / "r" / "comparison.json")
    arguments = ["--config", "r/comparison.json"] if command == "compare" else ["r"]
    refused(without_rights(tmp_path, "-m", f"nasbench_lab.{command}", *arguments), "r/comparison.json")


@linux
def test_an_official_file_without_rights_is_refused(tmp_path, closing):
    file = tmp_path / "file.csv"
    file.write_text("architecture,accuracy\n")
    closing(file)
    for name in (
        "nasbench201",
        "nasbench101",
        "nasbench301",
        "nats_sss",
        "transnas101",
        "nasbench_macro",
    ):
        done = without_rights(tmp_path, "-m", "nasbench_lab.data", "import", name, "file.csv")
        line = done.stderr.strip()
        assert done.returncode == 2, name
        assert line.startswith("error: file.csv may not be read (Permission denied); allow it with: "), name


READERS = """
from pathlib import Path
from nasbench_lab.benchmarks.formats.limits import read_limited
from nasbench_lab.benchmarks.formats.nats_files import read_records as read_nats
from nasbench_lab.benchmarks.formats.tfrecord import read_records
from nasbench_lab.benchmarks.formats.torch_files import opened_pickle
from nasbench_lab.benchmarks.json_files import JsonFiles
from nasbench_lab.benchmarks.live.cache import EvaluationCache
from nasbench_lab.benchmarks.surrogates.ensembles import read_ensembles
from nasbench_lab.benchmarks.surrogates.file import read_surrogate
from nasbench_lab.benchmarks.tables.file import Table
from nasbench_lab.benchmarks.training.images import open_images
from nasbench_lab.benchmarks.training.own_images import read_images
from nasbench_lab.comparison.specification import read_comparison
from nasbench_lab.comparison.store import load_results
from nasbench_lab.errors import RefusedError

file = Path("ab/file.json")
readers = {
    "table": lambda: Table(file),
    "surrogate": lambda: read_surrogate(file),
    "ensembles": lambda: read_ensembles(file),
    "official file": lambda: read_limited(file, 100),
    "NATS-Bench": lambda: read_nats(file, None),
    "records": lambda: list(read_records(file, 100)),
    "torch": lambda: opened_pickle(file).__enter__(),
    "evaluations": lambda: list(EvaluationCache(Path(".")).entries()),
    "images": lambda: open_images("cifar10", file),
    "own images": lambda: read_images(file),
    "comparison": lambda: read_comparison(file),
}
for name, reader in readers.items():
    try:
        reader()
    except RefusedError as error:
        assert str(error).startswith("ab/file.json may not be read (Permission denied); "), error
        print(name)
print(len(readers))
"""


@linux
def test_every_reader_tells_a_refusal(tmp_path, closing):
    (tmp_path / "ab").mkdir()
    file = tmp_path / "ab" / "file.json"
    file.write_bytes(b"noise")
    closing(file)
    done = without_rights(tmp_path, "-c", READERS)
    assert (done.returncode, done.stderr) == (0, "")
    *refused, count = done.stdout.splitlines()
    assert len(refused) == int(count), refused
    assert file.exists()


def test_damage_of_the_table_that_ships_advises_to_install_again(tmp_path, monkeypatch):
    from nasbench_lab.benchmarks.tables import embedded
    from nasbench_lab.benchmarks.tables.file import Table
    from nasbench_lab.errors import TableError

    monkeypatch.setattr(embedded, "FOLDER", tmp_path)
    embedded_path("toy").write_bytes(b"noise")
    with pytest.raises(
        TableError, match=r"is damaged .*; it is a part of nasbench_lab, so install nasbench_lab again$"
    ):
        Table(embedded_path("toy"))
