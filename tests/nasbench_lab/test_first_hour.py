"""The typical mistakes of a first hour: one line that helps, exit code 2, and nothing is written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMPARE = "nasbench_lab.compare"
DATA = "nasbench_lab.data"
FILES = {
    "returns.py": "def returns(space, rng):\n    return space.sample(rng)\n",
    "raises.py": "import math\n\nmath.sqrt(-1)\n",
    "broken.py": "def broken(space, rng:\n    yield space.sample(rng)\n",
    "fails.py": "def fails(space, rng):\n    yield space.sample(rng)\n    raise KeyError('lost')\n",
    "typo.py": "def typo(space, rng):\n    yield space.smaple(rng)\n",
}


def run(folder: Path, module: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command as a user runs it: in a process of its own, from a folder, without any data."""
    environment = os.environ | {"NASBENCH_LAB_DATA": str(folder.parent / "data"), "COLUMNS": "80"}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture
def empty(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def fails_in_one_line(folder: Path, module: str, *arguments: str) -> str:
    """The sentence after `error: `."""
    before = {path: path.read_bytes() for path in folder.iterdir()}
    ended = run(folder, module, *arguments)
    assert (ended.returncode, ended.stdout) == (2, ""), ended
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("error: "), ended.stderr
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    return lines[0].removeprefix("error: ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        # A typing mistake in a name.
        (["--algorithms", "random_serch"], "unknown algorithm 'random_serch'; did you mean 'random_search'"),
        (["--algorithms", "Random Search"], "algorithm 'Random Search'; did you mean 'random_search'?"),
        (["--benchmark", "nasbench-graph"], "benchmark 'nasbench-graph'; did you mean 'nasbench_graph'"),
        # Names that a comma separates.
        (
            ["--algorithms", "random_search,local_search"],
            "unknown algorithm 'random_search,local_search'; separate names by spaces:"
            " --algorithms random_search local_search (in Python: a list)",
        ),
        (
            ["--benchmark", "cifar10-mini,nasbench_graph/cora"],
            "unknown benchmark 'cifar10-mini,nasbench_graph/cora'; separate names by spaces:"
            " --benchmark cifar10-mini nasbench_graph/cora (in Python: a list)",
        ),
        (
            ["--objectives", "accuracy,latency:raspi4"],
            "separate names by spaces: --objectives accuracy latency:raspi4 (in Python: a list)",
        ),
        (
            ["--fallback", "surrogate,live"],
            "separate names by spaces: --fallback surrogate live (in Python: a list)",
        ),
        (
            ["--budget-seconds", "1,2"],
            "received '1,2'; separate numbers by spaces: --budget-seconds 1 2 (in Python: a list)",
        ),
        # A hyperparameter that does not exist, or that takes something else.
        (
            ["--algorithms", "reinforce:rate=0.1"],
            "unknown hyperparameter of reinforce 'rate'; did you mean 'learning_rate'? Known: ",
        ),
        (
            ["--algorithms", "reinforce:learning_rate=fast"],
            "the hyperparameter learning_rate of reinforce takes a number; received 'fast'",
        ),
        (
            ["--algorithms", "regularized_evolution:population_size=2.5"],
            "hyperparameter population_size of regularized_evolution takes a whole number; received '2.5'",
        ),
        # A benchmark whose data has to be brought.
        (
            ["--benchmark", "nasbench201/cifar10"],
            "is not here; bring it with: python -m nasbench_lab.data import nasbench201 FILE where FILE is",
        ),
        (["--protocol", "nats-bench"], "is not here; bring it with: python -m nasbench_lab.data import nasb"),
        # A file that is none.
        (["--algorithms", "my_search.py"], "there is no algorithm file {folder}/my_search.py"),
        (["--algorithms", "my=folder/search.py"], "there is no algorithm file {folder}/folder/search.py; "),
        (["--benchmark", "my_problem.py"], "there is no problem file {folder}/my_problem.py"),
        (["--config", "results/default/comparison.json"], "results/default/comparison.json"),
        # An option that does not exist, or that lacks its value.
        (["--seed", "5"], "--seeds"),
        (["--seeds"], "--seeds"),
        (["--seeds", "five"], "--seeds takes a whole number; received 'five'"),
        (["--algorithm", "random_search"], "--algorithms"),
        (["random_search"], "random_search"),
        (["--over-budget", "maybe"], "'include' or 'discard'"),
    ],
)
def test_a_mistake_in_a_comparison(empty, arguments, sentence):
    assert sentence.format(folder=empty) in fails_in_one_line(empty, COMPARE, *arguments)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("returns.py", "{path} is not a generator function; an algorithm yields the architecture to"),
        ("raises.py", "{path} cannot be imported: ValueError: math domain error ({path}:3)"),
        ("broken.py", "{path} cannot be imported: SyntaxError: '(' was never closed (broken.py, line 1)"),
        ("typo.py", "AttributeError: 'NasBench201' object has no attribute 'smaple'"),
        ("typo.py", "{path}:2)"),
    ],
)
def test_a_mistake_in_an_algorithm(empty, file, sentence):
    (empty / file).write_text(FILES[file])
    arguments = ["--algorithms", file, "--seeds", "2", "--jobs", "1"]
    assert sentence.format(path=empty / file) in fails_in_one_line(empty, COMPARE, *arguments)


def test_an_algorithm_file_without_its_ending(empty):
    (empty / "returns.py").write_text(FILES["returns.py"])
    assert "for the file in this folder, write returns.py" in fails_in_one_line(
        empty, COMPARE, "--algorithms", "returns"
    )


def test_an_algorithm_that_fails_later_names_its_line(empty):
    (empty / "fails.py").write_text(FILES["fails.py"])
    ended = run(empty, COMPARE, "--algorithms", "fails.py", "--seeds", "2", "--jobs", "1", "--out", "r")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: fails on cifar10-mini/cifar10, run 0: KeyError: 'lost' (")
    assert ended.stderr.endswith(f"{empty / 'fails.py'}:3)\n")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["info", "nasbench_201"], "unknown benchmark 'nasbench_201'; did you mean 'nasbench201'"),
        (["info"], "NAME"),
        (["imprt", "nasbench201"], "'imprt'"),
        (["import", "nasbench201"], "nasbench201 is imported from one file"),
        (["import", "nasbench201", "no.csv"], "there is no file no.csv"),
    ],
)
def test_a_mistake_with_data(empty, arguments, sentence):
    assert sentence in fails_in_one_line(empty, DATA, *arguments)
