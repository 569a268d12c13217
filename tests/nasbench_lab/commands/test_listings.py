"""Lists of algorithms, benchmarks, protocols and recipes, and the description of each."""

import inspect
import subprocess
import sys
from dataclasses import fields
from importlib.metadata import EntryPoint

import pytest

from nasbench_lab import data, installed, protocols, recipes
from nasbench_lab.algorithms import __main__ as algorithms
from nasbench_lab.benchmarks import __main__ as benchmarks
from nasbench_lab.benchmarks.training.recipes import RECIPES, SOURCES, Recipe
from nasbench_lab.commands.algorithms import paper_of
from nasbench_lab.comparison import protocols as published
from nasbench_lab.comparison.contestants import algorithm_names, find_algorithm
from tests.tables import present

OWN = '''
"""Ours (Doe 2020)."""

def helper():
    return 1

def own(space, rng, *, must: int, rate: float = 0.5, loud: bool = False, limit: int | None = None):
    """Do as we do.

    As in this code:

        while True:
            pass

    Args:
        rate: how fast
            it goes.
    """
    while True:
        yield space.sample(rng)
'''


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


def output(capsys, module, *arguments):
    code = module.main(list(arguments))
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out


def words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("module", ["algorithms", "benchmarks", "protocols", "recipes"])
def test_each_is_a_command(module, tmp_path):
    outcome = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"nasbench_lab.{module}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (outcome.returncode, outcome.stderr) == (0, "")
    name = {"algorithms": "asha", "benchmarks": "cifar10-mini", "protocols": "nats-bench"}.get(module)
    assert any(line.startswith(name or "nasbench101-108") for line in outcome.stdout.splitlines())


def test_every_algorithm_is_listed_with_its_idea_and_its_paper(capsys):
    out = output(capsys, algorithms)
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    for name in algorithm_names():
        function = find_algorithm(name).function.func
        at = next(i for i, line in enumerate(lines) if line.split()[:1] == [name])
        assert any(character.isdigit() for character in lines[at])
        idea = present(inspect.getdoc(function)).split("\n\n")[0]
        assert words("\n".join(lines[at + 1 :])).startswith(words(idea))
    assert "regularized_evolution         Real et al. 2019\n    Mutate the best of" in out
    assert "__main__" not in out


def test_an_algorithm_of_the_current_folder_is_listed_and_a_broken_one_does_no_harm(capsys, tmp_path):
    folder = tmp_path / "algorithms"
    folder.mkdir()
    (folder / "own.py").write_text(OWN)
    (folder / "broken.py").write_text("1 / 0")
    (folder / "_part.py").write_text("1 / 0")
    out = output(capsys, algorithms)
    assert "own                           Doe 2020\n    Do as we do.\n" in out
    assert "broken\n    " in out
    assert "ZeroDivisionError" in out
    assert "_part" not in out


@pytest.mark.parametrize("name", algorithm_names())
def test_every_hyperparameter_is_described(name, capsys):
    out = output(capsys, algorithms, name)
    hyperparameters = find_algorithm(name).hyperparameters
    for key, value in hyperparameters.items():
        assert f"\n  {key} = {str(value).lower()}" in out
    assert ("It has no hyperparameters." in out) == (not hyperparameters)
    if hyperparameters:
        setting = out.partition("--algorithms ")[2].split()[0]
        assert find_algorithm(setting).hyperparameters == hyperparameters
    assert out.endswith(f"{name}.py\n")


def test_an_algorithm_of_ones_own_is_described(capsys, tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    out = output(capsys, algorithms, "own.py")
    assert out == (
        "own.py (Doe 2020)\n"
        "\n"
        "Do as we do.\n"
        "\n"
        "As in this code:\n"
        "\n"
        "    while True:\n"
        "        pass\n"
        "\n"
        "Hyperparameters:\n"
        "  must, which has to be given\n"
        "                            a whole number\n"
        "  rate = 0.5                a number; how fast it goes.\n"
        "  loud = false              true or false\n"
        "  limit = none              a whole number or none\n"
        "\n"
        "To set one: python -m nasbench_lab.compare --algorithms own.py:must=VALUE\n"
        "\n"
        f"File: {tmp_path / 'own.py'}\n"
    )


def test_an_installed_algorithm_is_listed_and_described(capsys, monkeypatch):
    point = EntryPoint("ours", "nasbench_lab.algorithms.reinforce:reinforce", "nasbench_lab.algorithms")
    found: dict[str, dict[str, list[EntryPoint]]] = {kind: {} for kind in installed.IN_WORDS}
    found["algorithms"]["ours"] = [point]
    monkeypatch.setattr(installed, "_entry_points", lambda: found)
    listed = output(capsys, algorithms)
    assert "\nours                          Williams 1992; NATS-Bench's variant\n" in listed
    assert "  learning_rate = 0.01      a number" in output(capsys, algorithms, "ours")


@pytest.mark.parametrize(
    ("text", "paper"),
    [
        ("Hill climbing (White et al. 2021).", "White et al. 2021"),
        ("Dueck & Scheuer 1990: accept what is not much worse.", "Dueck & Scheuer 1990"),
        ("Halving (many epochs), of Li (JMLR\n2018, arXiv 1603.06560).", "JMLR 2018, arXiv 1603.06560"),
        ("Our own (with 2000 steps of it).", ""),
        ("Our own (of 12).\n\nSee Doe (2020).", ""),
        (None, ""),
    ],
)
def test_the_paper_comes_from_the_first_sentence_of_a_docstring(text, paper):
    def function():
        yield

    function.__doc__ = text
    assert paper_of(function) == paper


@pytest.mark.parametrize(
    ("module", "name", "message"),
    [
        (algorithms, "reinforc", "unknown algorithm 'reinforc'; did you mean 'reinforce'?"),
        (algorithms, "none.py", "there is no algorithm file"),
        (benchmarks, "cifar10-mimi", "unknown benchmark 'cifar10-mimi'; did you mean 'cifar10-mini'?"),
        (protocols, "nats", "unknown protocol 'nats'; did you mean 'nats-bench'? Known: nats-bench."),
        (recipes, "mini", "unknown recipe 'mini'; did you mean 'cifar10-mini'?"),
        (recipes, "cifar10-mini:epoch=3", "unknown setting of the recipe cifar10-mini 'epoch'; did you mean"),
    ],
)
def test_an_unknown_name_is_one_line(module, name, message, capsys):
    assert module.main([name]) == 2
    out, error = capsys.readouterr()
    assert error.startswith(f"error: {message}")
    assert (out, len(error.splitlines())) == ("", 1)


def test_benchmarks_are_those_of_the_data_command(capsys):
    assert output(capsys, benchmarks) == output(capsys, data, "list")
    assert output(capsys, benchmarks, "cifar10-mini") == output(capsys, data, "info", "cifar10-mini")


def test_every_protocol_has_a_source():
    assert published.PROTOCOLS.keys() == published.SOURCES.keys()
    assert all(name == comparison.protocol for name, comparison in published.PROTOCOLS.items())


def test_a_protocol_is_shown_with_its_settings(capsys):
    assert "nats-bench\n    Dong, Liu, Musial & Gabrys, " in output(capsys, protocols)
    out = output(capsys, protocols, "nats-bench")
    assert max(map(len, out.splitlines())) <= 80
    for line in (
        "seeds 500 budget_seconds 20000 40000 120000 over_budget include promotions restart",
        "epochs 12 training_seed random",
        "benchmark nasbench201/cifar10 nasbench201/cifar100 nasbench201/imagenet16-120 algorithms",
    ):
        assert line in words(out)
    assert "budget_evaluations" not in out


def test_every_recipe_has_a_source_and_every_setting_a_text(capsys):
    assert list(SOURCES) == [recipe.name for recipe in RECIPES]
    listed = output(capsys, recipes)
    for recipe in RECIPES:
        assert any(line.startswith(f"{recipe.name} ") for line in listed.splitlines())
        assert f"{recipe.epochs} epochs\n    {SOURCES[recipe.name][:20]}" in listed
        out = output(capsys, recipes, recipe.name)
        assert max(map(len, out.splitlines()[:-2])) <= 80
        for field in fields(Recipe):
            if field.name not in ("name", "spaces"):
                assert f"\n  {field.name} = {str(getattr(recipe, field.name)).lower()}" in out


def test_a_changed_recipe_is_shown_with_its_changes(capsys):
    out = output(capsys, recipes, "cifar10-mini:epochs=7,flip=false")
    assert out.startswith("cifar10-mini:epochs=7,flip=false, for every search space\n")
    assert "\n  epochs = 7 " in out
    assert "\n  flip = false " in out


def test_recipes_are_listed_without_torch(tmp_path):
    code = (
        "import sys; sys.modules['torch'] = None; from nasbench_lab.recipes import main;"
        "sys.exit(main([]) or main(['nasbench201-12']))"
    )
    outcome = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, timeout=100, check=False)
    assert outcome.returncode == 0


def test_the_commands_are_no_algorithms():
    assert not [name for name in algorithm_names() if name.startswith("_")]
    assert algorithms.PROGRAM.prog == "python -m nasbench_lab.algorithms"
