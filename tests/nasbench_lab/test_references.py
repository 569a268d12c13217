from types import ModuleType

import pytest

from nasbench_lab.errors import UsageError
from nasbench_lab.references import Reference, find_own, read_reference


def texts_of(module: ModuleType):
    return {name: each for name, each in vars(module).items() if isinstance(each, str) and name[0] != "_"}


@pytest.mark.parametrize(
    ("text", "file", "module", "name", "rest"),
    [
        ("own.py", "own.py", "", "", ""),
        ("own.py:it", "own.py", "", "it", ""),
        ("own.py/images", "own.py", "", "", "/images"),
        ("a/own.py:it/images", "a/own.py", "", "it", "/images"),
        ("own.py:it:x=1", "own.py", "", "it", ":x=1"),
        ("own.py:x=1", "own.py", "", "", ":x=1"),
        ("a.b:it", None, "a.b", "it", ""),
        ("a.b:it/images", None, "a.b", "it", "/images"),
        ("a:it:x=1", None, "a", "it", ":x=1"),
    ],
)
def test_the_parts_of_a_reference(tmp_path, monkeypatch, text, file, module, name, rest):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / file if file else None
    assert read_reference(text) == (Reference(path, module, name), rest)


@pytest.mark.parametrize("text", ["nasbench201/cifar10", "cifar10-mini", "a:x=1", "1a:b", "", ":it", "a.pyc"])
def test_other_texts_are_no_references(text):
    assert read_reference(text) is None


@pytest.mark.parametrize("folder", ["a.py", "b.py:c", "d=e", "f g", "~"])
def test_the_part_that_is_a_file_is_the_path(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "own.py").write_text("")
    read = read_reference(f"{folder}/own.py:it/images")
    assert read == (Reference(tmp_path / folder / "own.py", "", "it"), "/images")
    # The text of a reference gives the reference again.
    assert read_reference(read[0].text) == (read[0], "")


def find(text):
    read = read_reference(text)
    assert read is not None
    return find_own(read[0], "text", texts_of).object


def test_the_object_is_named_or_like_the_file_or_the_only_one(tmp_path):
    path = tmp_path / "my-text.py"
    path.write_text("one = 'the only one'\n_hidden = 'x'\n")
    assert find(str(path)) == "the only one"
    path.write_text("one = '1'\ntwo = '2'\n")
    assert find(f"{path}:two") == "2"
    with pytest.raises(
        UsageError, match=r"no text that is named like the file, 'my_text'; it has one and two"
    ):
        find(str(path))
    path.write_text("one = '1'\ntwo = '2'\nmy_text = '3'\n")
    assert find(str(path)) == "3"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nowhere.py", "there is no text file .*nowhere.py"),
        ("no.such.module:it", "cannot import 'no.such.module' for the text 'no.such.module:it'"),
        ("string:nothing", "string.py has no text 'nothing'; it has whitespace and ascii_"),
        ("nasbench_lab.algorithms:nothing", "has no text 'nothing'; it has no text at all"),
    ],
)
def test_what_is_not_there_is_named(text, message):
    with pytest.raises(UsageError, match=message):
        find(text)
