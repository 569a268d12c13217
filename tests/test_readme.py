"""The READMEs tell the truth: their examples run, their links lead somewhere, their tables are whole."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench_lab.benchmarks.catalog import all_sources
from nasbench_lab.benchmarks.library import open_table
from nasbench_lab.benchmarks.tables.embedded import embedded_names
from nasbench_lab.benchmarks.training.recipes import RECIPES
from nasbench_lab.comparison.contestants import algorithm_names
from nasbench_lab.data import main as data
from nasbench_lab.spaces import all_spaces
from tests.tables import present

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / page
    for page in (
        "README.md",
        "CONTRIBUTING.md",
        "algorithms/README.md",
        "benchmarks/README.md",
        "nasbench_lab/README.md",
        "nasbench_lab/spaces/README.md",
        "nasbench_lab/statistics/README.md",
        "results/README.md",
        "tests/performance/README.md",
    )
]


def headings(page):
    """The anchors of a page's headings."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_tutorial_runs_in_a_comparison(tmp_path):
    section = README.partition("## 3. Add an algorithm")[2]
    name = present(re.search(r"Save this as `(\w+\.py)`", section))[1]
    code = present(re.search(r"```python\n(.*?)```", section, re.DOTALL))[1]
    command = present(re.search(r"```bash\npython (.*?)```", section, re.DOTALL))[1].split()
    assert len(code.strip().splitlines()) <= 10, "the algorithm of the tutorial has more than ten lines"
    (tmp_path / name).write_text(code)
    outcome = subprocess.run(
        [sys.executable, *command, "--seeds", "4", "--out", "r", "--jobs", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "Threshold accepting" in outcome.stdout
    assert "Threshold accepting" in (tmp_path / "r" / "report.html").read_text(encoding="utf-8")


def test_there_are_exactly_two_set_up_commands_on_the_first_screen():
    first_screen = README.partition("\n## ")[0]
    (block,) = re.findall(r"```bash\n(.*?)```", first_screen, re.DOTALL)
    commands = [line for line in block.splitlines() if line and not line.startswith("#")]
    assert len(commands) == 2
    assert all(command.startswith("pip install") for command in commands)


def test_it_is_one_page():
    assert len(README.splitlines()) < 200


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\((?!http)([^)]+)\)", page.read_text(encoding="utf-8"))
    for link in links:
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), link
        assert not anchor or anchor in headings(file), link


def test_every_page_is_reached_from_the_first():
    links = set(re.findall(r"\]\((?!http)([^)#]+)", README))
    assert {str(page.relative_to(ROOT)) for page in PAGES} - {"README.md"} <= links


@pytest.mark.parametrize("name", algorithm_names())
def test_every_algorithm_is_in_the_table(name):
    assert f"| `{name}` |" in (ROOT / "algorithms" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*all_sources(), *embedded_names()])
def test_every_benchmark_is_in_the_table(name):
    assert f"| `{name}` |" in (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", all_spaces())
def test_every_space_is_in_the_table(name):
    assert f"`{name}`" in (ROOT / "nasbench_lab" / "spaces" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_every_recipe_is_in_the_table(recipe):
    assert f"`{recipe.name}`" in (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")


def test_the_example_of_a_space_is_a_space():
    page = (ROOT / "nasbench_lab" / "spaces" / "README.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(code, names)
    (space,) = names["SPACES"]
    rng = np.random.default_rng(0)
    architecture = space.mutate(space.sample(rng), rng)
    assert space.parse(space.format(architecture)) == architecture
    assert space.size == 64


def test_the_example_of_a_table_of_your_own_is_imported(tmp_path, monkeypatch, capsys):
    page = (
        (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8").partition("## A table of your own")[2]
    )
    table, schema = re.findall(r"```(?:toml)?\n(.*?)```", page, re.DOTALL)[:2]
    (tmp_path / "table.csv").write_text(table)
    (tmp_path / "schema.toml").write_text(schema)
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    files = [str(tmp_path / "table.csv"), str(tmp_path / "schema.toml")]
    assert data(["import", "--as", "my-table", *files]) == 0, capsys.readouterr().err
    valid = open_table("my-table").data_set("cifar10").trainings[50].valid_accuracy
    assert valid is not None
    assert valid.seeds == ("a", "b")


def test_the_example_of_a_declared_space_is_imported(tmp_path, monkeypatch, capsys):
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    section = page.partition("### A search space of your own")[2]
    schema, table = re.findall(r"```(?:toml)?\n(.*?)```", section, re.DOTALL)[:2]
    (tmp_path / "table.csv").write_text(table)
    (tmp_path / "schema.toml").write_text(schema)
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "120")
    files = [str(tmp_path / "table.csv"), str(tmp_path / "schema.toml")]
    assert data(["import", "--as", "my-table", *files]) == 0, capsys.readouterr().err
    command = present(re.search(r"`data (query my-table\s\S+)`", section))[1].split()
    assert data(command) == 0, capsys.readouterr().err
    assert "90.2000 %" in capsys.readouterr().out
    text = present(re.search(r"text form of an architecture is `(.*?)`", section))[1]
    space = open_table("my-table").data_set("digits").search_space
    assert space.format(space.parse(text)) == text


def run_in(folder, *command):
    """Run Python with a command in a folder, with a data folder of its own."""
    outcome = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"NASBENCH_LAB_DATA": str(folder / "data")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


def test_the_example_of_a_problem_of_your_own_runs_from_the_command_line_and_from_python(tmp_path):
    section = README.partition("## 4. Bring a problem of your own")[2]
    code = present(re.search(r"```python\n(.*?)```", section, re.DOTALL))[1]
    (tmp_path / "spirals.py").write_text(code)
    command = present(re.search(r"`python (-m nasbench_lab.compare --benchmark spirals.py)`", section))[
        1
    ].split()
    few = ["--seeds", "2", "--budget-evaluations", "8", "--jobs", "1", "--out", "r"]
    assert "spirals/two" in run_in(tmp_path, *command, *few)
    call = present(re.search(r"`(nasbench_lab.compare\(tasks=.*?)\)`", section, re.DOTALL))[1]
    (tmp_path / "from_python.py").write_text(
        f"""
import nasbench_lab
from spirals import spirals

def my_function(space, rng):
    while True:
        yield space.sample(rng)

results = {call}, seeds=2, budget_evaluations=8, jobs=1, out="p")
print(results.algorithms, results.final["accuracy"].min() > 50)
"""
    )
    assert "('random_search', 'my_function') True" in run_in(tmp_path, "from_python.py")


def test_the_example_of_a_network_of_your_own_runs(tmp_path):
    pytest.importorskip("torch")
    section = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    section = section.partition("## A problem of your own")[2]
    code = present(re.search(r"```python\n(.*?)```", section, re.DOTALL))[1]
    (tmp_path / "convs.py").write_text(code.replace("flip=false", "flip=false,epochs=1"))
    few = ["--seeds", "1", "--budget-evaluations", "2", "--jobs", "1", "--out", "r"]
    told = run_in(
        tmp_path,
        "-m",
        "nasbench_lab.compare",
        "--benchmark",
        "convs.py",
        "--algorithms",
        "random_search",
        *few,
    )
    assert "Random search" in told


def test_the_example_of_other_optimisers_runs(tmp_path):
    pytest.importorskip("optuna")
    pytest.importorskip("nevergrad")
    page = (ROOT / "algorithms" / "README.md").read_text(encoding="utf-8")
    section = page.partition("## Optimisers with `ask` and `tell`")[2]
    (tmp_path / "others.py").write_text(present(re.search(r"```python\n(.*?)```", section, re.DOTALL))[1])
    algorithms = present(re.search(r"`(--algorithms others.*?)`", section))[1].split()
    few = ["--seeds", "2", "--budget-evaluations", "8", "--jobs", "1", "--out", "r"]
    told = run_in(tmp_path, "-m", "nasbench_lab.compare", *algorithms, *few)
    assert "Optuna tpe" in told
    assert "One plus one" in told
