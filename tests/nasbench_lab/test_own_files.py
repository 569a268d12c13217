import hashlib
import subprocess
import sys
import textwrap

import pytest

from nasbench_lab.errors import AlgorithmError, UsageError
from nasbench_lab.own_files import import_file


def in_fresh_process(code, folder):
    """The output of code that runs in a Python of its own, from a folder."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=folder, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def problem(tmp_path):
    """A file that imports one beside it at once, and another later."""
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "beside_it.py").write_text("VALUE = 1\n")
    (folder / "package_beside").mkdir()
    (folder / "package_beside" / "__init__.py").write_text("from package_beside.inner import VALUE\n")
    (folder / "package_beside" / "inner.py").write_text("VALUE = 10\n")
    path = folder / "problem.py"
    path.write_text(
        "from beside_it import VALUE\n"
        "def later():\n    import package_beside\n    return VALUE + package_beside.VALUE\n"
    )
    return path


LATER = """
from pathlib import Path
from nasbench_lab.own_files import import_file
file = import_file(Path("there/problem.py"))
print(file.module.later(), file.sha256)
"""


def test_a_file_imports_what_lies_beside_it_now_and_later(tmp_path, problem):
    assert in_fresh_process(LATER, tmp_path).split()[0] == "11"


@pytest.mark.parametrize("edited", ["problem.py", "beside_it.py", "package_beside/inner.py"])
def test_the_digest_follows_all_its_files(tmp_path, problem, edited):
    before = in_fresh_process(LATER, tmp_path).split()[1]
    assert in_fresh_process(LATER, tmp_path).split()[1] == before
    file = problem.parent / edited
    file.write_text(file.read_text() + "# another version\n")
    assert in_fresh_process(LATER, tmp_path).split()[1] != before


def test_without_anything_beside_it_the_digest_is_that_of_the_file(tmp_path):
    path = tmp_path / "alone.py"
    path.write_text("import json, os.path\n")
    assert import_file(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["random", "colorsys", "numpy", "seaborn"])
def test_a_file_does_not_replace_a_library(tmp_path, name):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / f"{name}.py").write_text("raise RuntimeError('replaced')\n")
    (tmp_path / "there" / "problem.py").write_text(f"import {name}\nfile = {name}.__file__\n")
    code = """
    from pathlib import Path
    from nasbench_lab.own_files import import_file
    print(import_file(Path("there/problem.py")).module.file)
    """
    assert "there" not in in_fresh_process(code, tmp_path)


def test_an_import_that_a_library_hides_is_explained(tmp_path):
    (tmp_path / "colorsys.py").write_text("def mine(): pass\n")
    (tmp_path / "problem.py").write_text("from colorsys import mine\n")
    with pytest.raises(UsageError, match=r"cannot import name 'mine'.*colorsys.py beside it was not used"):
        import_file(tmp_path / "problem.py")


def test_two_files_of_one_name_are_refused(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same_name_here.py").write_text("")
        (tmp_path / folder / "problem.py").write_text("import same_name_here\n")
    import_file(tmp_path / "a" / "problem.py")
    with pytest.raises(UsageError, match=r"b/same_name_here.py beside it and .*a/same_name_here.py, which"):
        import_file(tmp_path / "b" / "problem.py")


def test_a_file_is_run_once_per_version(tmp_path):
    path = tmp_path / "once.py"
    path.write_text("made = object()\n")
    first = import_file(path).module.made
    assert import_file(path).module.made is first
    path.write_text("made = object()  # another version\n")
    assert import_file(path).module.made is not first


def test_a_module_beside_it_that_was_edited_since_is_refused(tmp_path):
    (tmp_path / "edited_beside.py").write_text("VALUE = 1\n")
    path = tmp_path / "problem.py"
    path.write_text("from edited_beside import VALUE\n")
    assert import_file(path).module.VALUE == 1
    (tmp_path / "edited_beside.py").write_text("VALUE = 2\n")
    with pytest.raises(AlgorithmError, match=r"edited_beside.py has changed since this Python process"):
        import_file(path, AlgorithmError)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 / 0\n", r"ZeroDivisionError: division by zero \(.*problem.py:1\)"),
        ("def (\n", r"SyntaxError: .*problem.py, line 1"),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
        (
            "import no_such_module_anywhere\n",
            "ModuleNotFoundError: No module named 'no_such_module_anywhere'",
        ),
        ("\0", "SyntaxError|ValueError"),
    ],
)
def test_what_cannot_be_imported_is_one_line(tmp_path, content, message):
    path = tmp_path / "problem.py"
    path.write_text(content)
    with pytest.raises(UsageError, match=rf"problem.py cannot be imported: {message}") as raised:
        import_file(path)
    assert len(str(raised.value).splitlines()) == 1


def test_nothing_is_written_beside_it(tmp_path, problem, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    in_fresh_process(
        "from pathlib import Path\nfrom nasbench_lab.own_files import import_file\n"
        "import_file(Path('there/problem.py'))",
        tmp_path,
    )
    assert not list(problem.parent.glob("__pycache__"))


@pytest.mark.parametrize("ends", [b"\r\n", b"\r"])
@pytest.mark.parametrize("edited", ["problem.py", "beside_it.py", "package_beside/inner.py"])
def test_the_digest_does_not_depend_on_how_lines_end(tmp_path, problem, edited, ends):
    before = in_fresh_process(LATER, tmp_path)
    file = problem.parent / edited
    assert b"\r" not in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(b"\n", ends))
    assert in_fresh_process(LATER, tmp_path) == before


def test_a_file_with_other_line_ends_has_not_changed(tmp_path):
    (tmp_path / "ends_beside.py").write_bytes(b"VALUE = 1\n")
    path = tmp_path / "problem.py"
    path.write_bytes(b"from ends_beside import VALUE\n")
    first = import_file(path)
    for file in (path, tmp_path / "ends_beside.py"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert import_file(path) == first


@pytest.mark.parametrize("name", ["marked.py", "marked-file.py"])
def test_a_file_with_a_byte_order_mark_is_imported(tmp_path, name):
    path = tmp_path / name
    path.write_text("import math\nVALUE = 'é'\n", encoding="utf-8-sig")
    assert path.read_bytes()[:3] == b"\xef\xbb\xbf"
    assert import_file(path).module.VALUE == "é"
