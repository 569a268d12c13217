import hashlib
import os
import textwrap
from typing import Any

import numpy as np
import pytest

from nasbench_lab.comparison.contestants import algorithm_names, find_algorithm, with_absolute_path
from nasbench_lab.errors import AlgorithmError, UsageError
from nasbench_lab.spaces import find_space

OWN = """
    def own(space, rng, *, rate: float = 0.5, size: int | None = None, loud: bool = False, mode="a", must=1):
        while True:
            yield space.sample(rng)
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(textwrap.dedent(OWN))
    return path


def test_finds_what_is_in_the_folder():
    assert "random_search" in algorithm_names()
    algorithm = find_algorithm("regularized_evolution:population_size=10,sample_size=3")
    assert algorithm.label == "regularized_evolution:population_size=10,sample_size=3"
    assert algorithm.hyperparameters == {"population_size": 10, "sample_size": 3}
    space = find_space("nasbench201")
    request: Any = next(algorithm.function(space, np.random.default_rng(0)))
    assert space.is_valid(request)


def test_defaults_are_part_of_the_hyperparameters():
    assert find_algorithm("regularized_evolution:sample_size=3").hyperparameters["population_size"] == 100


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("random_search", "random_search"),
        ("baseline=random_search", "baseline"),
        ("small=regularized_evolution:population_size=10", "small"),
        ("nasbench_lab.algorithms.random_search:random_search", "random_search"),
        ("x=nasbench_lab.algorithms.regularized_evolution:regularized_evolution:sample_size=3", "x"),
    ],
)
def test_labels(text, label):
    assert find_algorithm(text).label == label


def test_reads_a_file_of_ones_own_with_typed_hyperparameters(own):
    algorithm = find_algorithm(f"{own}:rate=2,size=3,loud=true,mode=b")
    assert algorithm.label == "own:rate=2,size=3,loud=true,mode=b"
    assert algorithm.hyperparameters == {"rate": 2.0, "size": 3, "loud": True, "mode": "b", "must": 1}
    assert isinstance(algorithm.hyperparameters["rate"], float)
    assert find_algorithm(f"{own}:size=none").hyperparameters["size"] is None


def test_the_digest_follows_the_file(own):
    before = find_algorithm(str(own)).source_sha256
    own.write_text(own.read_text() + "\n")
    assert find_algorithm(str(own)).source_sha256 != before


def test_the_code_that_runs_is_that_of_the_digest(own, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    assert find_algorithm(str(own)).hyperparameters["rate"] == 0.5
    time_stamp = own.stat().st_mtime
    own.write_text(own.read_text().replace("0.5", "0.7"))
    os.utime(own, (time_stamp, time_stamp))  # an edit within the second that Python's bytecode cache sees
    algorithm = find_algorithm(str(own))
    assert algorithm.hyperparameters["rate"] == 0.7
    assert algorithm.source_sha256 == hashlib.sha256(own.read_bytes()).hexdigest()


def test_a_module_that_was_edited_after_its_import_is_refused(own, monkeypatch):
    monkeypatch.syspath_prepend(own.parent)
    module = own.rename(own.with_name("edited_module.py"))
    before = find_algorithm("edited_module:own")
    content = module.read_text()
    module.write_text(content.replace("0.5", "0.7"))
    with pytest.raises(
        AlgorithmError, match=r"edited_module.py has changed since this Python process import"
    ):
        find_algorithm("edited_module:own")
    module.write_text(content)
    assert find_algorithm("edited_module:own").source_sha256 == before.source_sha256


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("rate=fast", "rate of .* takes a number; received 'fast'"),
        ("size=2.5", "size of .* takes a whole number or none; received '2.5'"),
        ("loud=1", "loud of .* takes true or false; received '1'"),
        ("rat=1", "unknown hyperparameter of .* 'rat'; did you mean 'rate'"),
        ("rate=1,size", "written key=value, separated by commas; received 'size'"),
    ],
)
def test_says_what_a_hyperparameter_takes(own, settings, message):
    with pytest.raises(UsageError, match=message):
        find_algorithm(f"{own}:{settings}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("random_serch", "unknown algorithm 'random_serch'; did you mean 'random_search'"),
        ("nowhere/own.py", "there is no algorithm file .*nowhere/own.py"),
        ("no.such.module:function", "cannot import 'no.such.module'"),
        ("nasbench_lab.algorithms.random_search:other", "has no algorithm 'other'"),
        ("", "unknown algorithm ''"),
    ],
)
def test_says_what_cannot_be_found(text, message):
    with pytest.raises(UsageError, match=message):
        find_algorithm(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("def own(space, rng): return 3", "is not a generator function"),
        ("own = 3", "is not a generator function"),
        ("async def own(space, rng): yield 3", "is asynchronous; an algorithm is a plain generator function"),
        ("def own(:", "cannot be imported: SyntaxError"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path, content, message):
    path = tmp_path / "own.py"
    path.write_text(content)
    with pytest.raises(AlgorithmError, match=message):
        find_algorithm(str(path))


def test_says_what_is_wrong_with_a_module(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "broken_module.py").write_text("def own(:")
    with pytest.raises(AlgorithmError, match="broken_module cannot be imported: SyntaxError: invalid syntax"):
        find_algorithm("broken_module:own")


def test_a_hyperparameter_without_default_must_be_given(tmp_path):
    path = tmp_path / "own.py"
    path.write_text("def own(space, rng, *, size: int):\n    yield space.sample(rng)\n")
    with pytest.raises(UsageError, match="needs a value for size"):
        find_algorithm(str(path))
    assert find_algorithm(f"{path}:size=4").hyperparameters == {"size": 4}


def test_a_hyperparameter_without_a_value_says_how_it_is_written(own):
    with pytest.raises(UsageError, match=r"are written reinforce:KEY=VALUE,...; received 'learning_rate'"):
        find_algorithm("reinforce:learning_rate")
    with pytest.raises(UsageError, match=r"own.py has no algorithm 'rate'; it has own"):
        find_algorithm(f"{own}:rate")


def test_a_file_may_have_several_algorithms(tmp_path):
    path = tmp_path / "my-algorithms.py"
    path.write_text(
        "from nasbench_lab.algorithms.random_search import random_search\n"
        "def one(space, rng, *, size: int = 1):\n    yield space.sample(rng)\n"
    )
    assert find_algorithm(str(path)).label == "my-algorithms"
    assert find_algorithm(str(path)).function.func.__name__ == "one"
    named = find_algorithm(f"small={path}:one:size=2")
    assert (named.label, named.hyperparameters) == ("small", {"size": 2})
    assert find_algorithm(f"{path}:one:size=2").label == "one:size=2"
    path.write_text(path.read_text() + "def two(space, rng):\n    yield space.sample(rng)\n")
    with pytest.raises(UsageError, match=r"named like the file, 'my_algorithms'; it has one and two: write"):
        find_algorithm(str(path))
    path.write_text(path.read_text() + "my_algorithms = two\n")
    assert find_algorithm(str(path)).function.func.__name__ == "two"


@pytest.mark.parametrize("folder", ["lr=0.1", "a:b", "with space", "a.py", "v=1:x.py", "C:\\x", "a,b"])
def test_a_path_may_have_the_signs_of_the_grammar_in_it(tmp_path, own, folder, monkeypatch):
    (tmp_path / folder).mkdir()
    path = own.rename(tmp_path / folder / "own.py")
    monkeypatch.chdir(tmp_path)
    for text in (str(path), f"{folder}/own.py"):
        algorithm = find_algorithm(text)
        assert (algorithm.label, algorithm.reference) == ("own", str(path))
        labelled = find_algorithm(f"X={text}:own:rate=2")
        assert (labelled.label, labelled.reference) == ("X", f"X={path}:own:rate=2")
        assert labelled.hyperparameters["rate"] == 2.0


def test_a_path_may_begin_in_the_home_folder(own, monkeypatch):
    monkeypatch.setenv("HOME", str(own.parent))
    assert find_algorithm("~/own.py").reference == str(own)


def test_a_function_that_only_python_knew_is_named():
    for text in ("function walk", "x=function walk"):
        with pytest.raises(UsageError, match=r"run it from Python with compare\(algorithms=\[walk, "):
            find_algorithm(text)


def test_a_label_that_may_be_a_part_of_the_path_is_explained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UsageError, match=r"no algorithm file .*/folder/alg.py; the text before '=', 'my', is its label"
    ):
        find_algorithm("my=folder/alg.py")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("random_search,local_search", "random_search local_search"),
        ("random_serch, local_search", "random_serch local_search"),
        ("random_search,own.py", "random_search own.py"),
        ("own.py,own.py:rate=2,size=3", "own.py own.py:rate=2,size=3"),
        ("a=random_search,b=local_search", "a=random_search b=local_search"),
        ("reinforce:learning_rate=1,local_search", "reinforce:learning_rate=1 local_search"),
    ],
)
def test_names_with_commas_between_them_are_explained(own, monkeypatch, text, names):
    monkeypatch.chdir(own.parent)
    for given in (text, with_absolute_path(text)):
        with pytest.raises(UsageError) as raised:
            find_algorithm(given)
        assert str(raised.value) == (
            f"unknown algorithm {text!r}; separate names by spaces: --algorithms {names} (in Python: a list)"
        )


@pytest.mark.parametrize("name", ["mine", "mine-too", "mine.2"])
def test_a_file_in_a_folder_algorithms_here_is_found_by_its_name(own, monkeypatch, name):
    monkeypatch.chdir(own.parent)
    (own.parent / "algorithms").mkdir()
    file = own.rename(own.parent / "algorithms" / f"{name}.py")
    found = find_algorithm(f"{name}:rate=2")
    assert (found.label, found.reference) == (f"{name}:rate=2", f"{file}:rate=2")
    assert found.hyperparameters["rate"] == 2.0
    assert with_absolute_path(f"X={name}") == f"X={file}"
    assert find_algorithm(f"X={name}").label == "X"
    # The reference is valid in any folder.
    monkeypatch.chdir("/")
    assert find_algorithm(found.reference).source_sha256 == found.source_sha256


def test_a_name_of_ours_is_never_a_file_of_ones_own(own, monkeypatch):
    monkeypatch.chdir(own.parent)
    (own.parent / "algorithms").mkdir()
    own.rename(own.parent / "algorithms" / "random_search.py")
    assert find_algorithm("random_search").hyperparameters == {}
    assert with_absolute_path("random_search") == "random_search"


def test_the_file_in_this_folder_is_named(own, monkeypatch):
    monkeypatch.chdir(own.parent)
    for text in ("own", "own:rate=2", "X=own"):
        with pytest.raises(
            UsageError, match=r"unknown algorithm 'own'; for the file in this folder, write own.py$"
        ):
            find_algorithm(text)


def test_the_digest_does_not_depend_on_how_lines_end(own):
    before = find_algorithm(str(own)).source_sha256
    own.write_bytes(own.read_bytes().replace(b"\n", b"\r\n"))
    assert find_algorithm(str(own)).source_sha256 == before


def test_hyperparameters_are_values_of_json(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(
        "from pathlib import Path\n"
        "def own(space, rng, *, sizes=(1, 2), folder: Path = Path('a'), how=len):\n"
        "    yield space.sample(rng)\n"
    )
    algorithm = find_algorithm(f"{path}:sizes=[3,4],folder=b")
    assert algorithm.hyperparameters == {"sizes": [3, 4], "folder": "b", "how": "len"}
    assert algorithm.function.keywords["sizes"] == (3, 4)
    assert str(algorithm.function.keywords["folder"]) == "b"


def test_a_decorated_generator_function_is_an_algorithm(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(
        "from functools import wraps\n"
        "def logged(function):\n"
        "    @wraps(function)\n"
        "    def inner(*values, **settings):\n"
        "        return function(*values, **settings)\n"
        "    return inner\n"
        "@logged\n"
        "def walk(space, rng, *, size: int = 3):\n"
        "    yield space.sample(rng)\n"
    )
    assert find_algorithm(f"{path}:size=5").hyperparameters == {"size": 5}
