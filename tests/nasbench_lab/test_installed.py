"""Names of installed packages: each test runs in a Python of its own that finds two small packages."""

import subprocess
import sys
import textwrap

import pytest

from tests.own_problems import FILE

CODE = (
    FILE
    + '''

from dataclasses import replace

from nasbench_lab import SearchSpace
from nasbench_lab.benchmarks.training.recipes import MINI


class Plugged(SearchSpace):
    """A space of a package."""

    name = "plugged-space"
    cardinalities = (2, 3)


recipe = replace(MINI, name="plugged-recipe", epochs=7)


def plugged_search(space, rng, *, step: int = 2):
    """An algorithm of a package."""
    while True:
        for _ in range(step):
            yield space.sample(rng)


def plain(space, rng):
    return 3


broken = 1
'''
)
ENTRY_POINTS = """
[nasbench_lab.benchmarks]
plugged = plugged_package.code:my_problem
plugged-pair = plugged_package.code:Toys
broken = plugged_package.nowhere:x
number = plugged_package.code:broken
nasbench201 = plugged_package.code:my_problem
twice = plugged_package.code:my_problem

[nasbench_lab.spaces]
plugged-space = plugged_package.code:Plugged
misnamed = plugged_package.code:Plugged
number = plugged_package.code:broken
nasbench101 = plugged_package.code:Plugged

[nasbench_lab.algorithms]
plugged = plugged_package.code:plugged_search
plain = plugged_package.code:plain
reinforce = plugged_package.code:plugged_search

[nasbench_lab.recipes]
plugged = plugged_package.code:recipe
number = plugged_package.code:broken
cifar10-mini = plugged_package.code:recipe
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder in which two packages are installed; they share one name."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "plugged_package").mkdir()
    (folder / "plugged_package" / "__init__.py").write_text("")
    (folder / "plugged_package" / "code.py").write_text(CODE)
    for name, entry_points in {
        "plugged-package": ENTRY_POINTS,
        "another-package": "[nasbench_lab.benchmarks]\ntwice = plugged_package.code:my_problem\n",
    }.items():
        about = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(entry_points)
    return folder


@pytest.fixture
def python(packages, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(packages), prepend=":")
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=200
        )

    return run


COMPARE = ["-m", "nasbench_lab.compare", "--seeds", "2", "--budget-evaluations", "5", "--out", "r"]


def test_a_comparison_takes_their_names(python, tmp_path):
    done = python(
        *COMPARE, "--jobs", "2", "--benchmark", "plugged", "plugged-pair/trains", "--algorithms",
        "plugged:step=3", "random_search",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {path.name.split("--")[0] for path in (tmp_path / "r" / "runs").iterdir()} == {
        "toys-blocks",
        "toys-trains",
    }


def test_spaces_and_recipes_are_found(python):
    done = python(
        "-c",
        textwrap.dedent(
            """
            from nasbench_lab.benchmarks.catalog import is_bare_space
            from nasbench_lab.benchmarks.training.recipes import find_recipe
            from nasbench_lab.spaces import find_space, space_names
            space = find_space("plugged-space")
            assert space is find_space("plugged-space") and space.cardinalities == (2, 3)
            assert is_bare_space("plugged-space") and "plugged-space" in space_names()
            assert find_recipe("plugged").epochs == 7
            recipe = find_recipe("plugged:epochs=9")
            assert (recipe.epochs, recipe.name) == (9, "plugged:epochs=9")
            """
        ),
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--benchmark", "plugget"], "unknown benchmark 'plugget'; did you mean 'plugged'"),
        (["--algorithms", "pluggad"], "unknown algorithm 'pluggad'; did you mean 'plugged'"),
        (
            ["--benchmark", "broken"],
            "'broken' of the package plugged-package cannot be loaded from plugged_pack",
        ),
        (["--benchmark", "number"], "number is neither a Task"),
        (["--algorithms", "plain"], "plain (plugged_package.code:plain) is not a generator function"),
        (
            ["--benchmark", "nasbench201"],
            "the benchmark 'nasbench201' is in two packages, nasbench-lab and plugged-package; uninstall one",
        ),
        (
            ["--benchmark", "twice"],
            "the benchmark 'twice' is in two packages, plugged-package and another-package",
        ),
        (
            ["--algorithms", "reinforce"],
            "the algorithm 'reinforce' is in two packages, nasbench-lab and plugged",
        ),
    ],
)
def test_what_cannot_be_used_is_one_line(python, arguments, message):
    done = python(*COMPARE, "--jobs", "1", *arguments)
    assert done.returncode == 2
    assert message in done.stderr.replace(
        "another-package and plugged-package", "plugged-package and another-package"
    )
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("find_space('plugged-spase')", "unknown search space 'plugged-spase'; did you mean 'plugged-space'"),
        (
            "find_space('misnamed')",
            "plugged_package.code:Plugged is named 'plugged-space', and its entry point",
        ),
        ("find_space('number')", "plugged_package.code:broken is no SearchSpace; received 1"),
        ("find_space('nasbench101')", "the search space 'nasbench101' is in two packages"),
        ("find_recipe('pluggad')", "unknown recipe 'pluggad'; did you mean 'plugged'"),
        ("find_recipe('number')", "plugged_package.code:broken is no Recipe; received 1"),
        ("find_recipe('cifar10-mini')", "the recipe 'cifar10-mini' is in two packages"),
    ],
)
def test_a_space_or_a_recipe_that_cannot_be_used_is_named(python, call, message):
    done = python(
        "-c",
        "from nasbench_lab.benchmarks.training.recipes import find_recipe\n"
        f"from nasbench_lab.spaces import find_space\n{call}",
    )
    assert message in done.stderr.splitlines()[-1]


def test_other_names_are_not_disturbed(python):
    done = python(*COMPARE, "--jobs", "1", "--algorithms", "random_search")
    assert done.returncode == 0, done.stderr


def test_help_does_not_look_for_packages(python):
    code = (
        "import sys, nasbench_lab.compare\n"
        "try: nasbench_lab.compare.main(['--help'])\n"
        "except SystemExit: pass\n"
        "installed = sys.modules.get('nasbench_lab.installed')\n"
        "assert installed is None or installed._entry_points.cache_info().currsize == 0\n"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
