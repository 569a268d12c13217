import functools
import importlib.util
import itertools
import subprocess
import sys

import numpy as np
import pytest

from nasbench_lab.benchmarks.own_code import check_call, digest_of, space_text
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import find_space
from nasbench_lab.spaces.decisions import Ordered
from nasbench_lab.spaces.declared import DeclaredSpace
from tests.tables import present

numbers = itertools.count()

FILE = """
import functools
import numpy as np

RATE = 0.1
SIZES = (1, 2)
TABLE = np.arange(3)
UNUSED = 5

class Net:
    def forward(self):
        return inner()

def inner():
    return 1

def step():
    return RATE * TABLE[SIZES[0]]

def evaluate(architecture, epochs, rng, *, scale=2):
    return step() + Net().forward() + scale
"""


@pytest.fixture
def of_file(tmp_path):
    """Write a file, import it, and return the digest of a function in it."""

    def digest(text, name="evaluate"):
        path = tmp_path / f"own{next(numbers)}.py"
        path.write_text(text)
        spec = present(importlib.util.spec_from_file_location(path.stem, path))
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        present(spec.loader).exec_module(module)
        return digest_of(getattr(module, name))

    return digest


def test_the_same_code_has_the_same_digest_under_another_name(of_file):
    assert of_file(FILE) == of_file(FILE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("+ scale", "- scale"),
        ("scale=2", "scale=3"),
        ("RATE = 0.1", "RATE = 0.2"),
        ("SIZES = (1, 2)", "SIZES = (2, 1)"),
        ("arange(3)", "arange(4)"),
        ("return inner()", "return -inner()"),
        ("return 1", "return 2"),
        ("return RATE", "return -RATE"),
    ],
)
def test_an_edit_of_all_that_is_used_counts(of_file, old, new):
    assert FILE.count(old) == 1
    assert of_file(FILE) != of_file(FILE.replace(old, new))


@pytest.mark.parametrize(("old", "new"), [("UNUSED = 5", "UNUSED = 6"), ("import functools\n", "")])
def test_an_edit_of_what_is_not_used_does_not_count(of_file, old, new):
    assert of_file(FILE) == of_file(FILE.replace(old, new))


def around(factor, other=0):
    def evaluate(x):
        return factor * x + other

    return evaluate


def test_variables_of_the_function_around_count():
    assert digest_of(around(2)) == digest_of(around(2))
    different = [
        2,
        2.5,
        "2",
        [2],
        (2,),
        {"a": 2},
        {"b": 2},
        np.array([2]),
        np.array([2.0]),
        around(1),
        np.sin,
    ]
    assert len({digest_of(around(factor)) for factor in different}) == len(different)


class Scaled:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return self.factor * x

    def method(self, x):
        return self.factor + x


def test_methods_partial_functions_and_objects_count_with_their_values():
    def made(factor):
        return [
            Scaled(factor),
            Scaled(factor).method,
            functools.partial(around(1), factor),
            functools.partial(around(1), x=factor),
            functools.lru_cache(around(factor)),
        ]

    assert [digest_of(each) for each in made(2)] == [digest_of(each) for each in made(2)]
    assert len({digest_of(each) for each in [*made(2), *made(3)]}) == 10
    assert digest_of(around(1), "v1") != digest_of(around(1), "v2") != digest_of(around(1))


def first(n):
    return second(n - 1) if n else 0


def second(n):
    return first(n - 1) if n else 1


def test_functions_that_call_each_other_end():
    assert digest_of(first) != digest_of(second)
    loop: list[object] = []
    loop.append(loop)
    assert digest_of(around(loop)) == digest_of(around(loop))


NO_SOURCE = """
from nasbench_lab.benchmarks.own_code import digest_of
names = {}
exec("def evaluate(x):\\n    return [y for y in x if y in {'a', 'b', 'c', %r}]", names)
print(digest_of(names["evaluate"]))
"""


def test_a_function_without_source_has_a_digest_that_is_the_same_in_every_process():
    def outputs(last):
        call = [sys.executable, "-c", NO_SOURCE % last]
        return {subprocess.run(call, capture_output=True, text=True, check=True).stdout for _ in range(3)}

    (one,), (other,) = outputs("d"), outputs("e")
    assert len(one.strip()) == 64
    assert one != other


def test_spaces_are_told_apart():
    spaces = [
        DeclaredSpace("a", {"x": Ordered(1, 2)}),
        DeclaredSpace("a", {"x": Ordered(1, 3)}),
        DeclaredSpace("b", {"x": Ordered(1, 2)}),
        find_space("nasbench201"),
        find_space("nasbench101"),
    ]
    assert len({space_text(space) for space in spaces}) == len(spaces)
    odd = DeclaredSpace("a", {"x": Ordered(1, 2)}, valid=lambda values: values["x"] == 1)
    assert space_text(odd) == space_text(spaces[0])


def test_a_call_is_checked():
    check_call(lambda x, y: 0, "evaluate", "x", "y")
    check_call(lambda *all: 0, "evaluate", "x", "y")
    check_call(max, "evaluate", "x", "y")  # without a signature
    for wrong in (lambda x: 0, lambda x, y, z: 0, lambda x, *, y: 0):
        with pytest.raises(
            UsageError, match=r"evaluate is called as evaluate\(x, y\); <lambda>\(x.* cannot be:"
        ):
            check_call(wrong, "evaluate", "x", "y")
    with pytest.raises(UsageError, match=r"evaluate is a function, evaluate\(x, y\); received None"):
        check_call(None, "evaluate", "x", "y")


@pytest.mark.parametrize("ends", [b"\r\n", b"\r"])
def test_how_lines_end_makes_no_difference(tmp_path, ends):
    text = FILE + "\nNOTE = '''two\nlines'''\n\ndef noted():\n    '''Two\n    lines.'''\n    return NOTE\n"
    (tmp_path / "own.py").write_bytes(text.encode())
    program = (
        "import own; from nasbench_lab.benchmarks.own_code import digest_of;"
        "print(digest_of(own.evaluate), digest_of(own.noted))"
    )

    def digests():
        command = [sys.executable, "-B", "-c", program]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    before = digests()
    (tmp_path / "own.py").write_bytes(text.encode().replace(b"\n", ends))
    assert digests() == before
