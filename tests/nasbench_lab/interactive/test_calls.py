"""Comparisons from Python write and return the same as the command line."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import nasbench_lab
from nasbench_lab import ComparisonResults
from nasbench_lab.comparison.execution import Progress
from nasbench_lab.errors import StoreError, UsageError
from nasbench_lab.report.tables import Tables

SMALL = ["--benchmark", "cifar10-mini", "--algorithms", "random_search", "reinforce", "--seeds", "3"]
SAME: dict[str, Any] = {
    "tasks": "cifar10-mini",
    "algorithms": ["random_search", "reinforce"],
    "seeds": 3,
    "jobs": 1,
}
BUDGET = 12


def content(folder: Path) -> dict[Path, bytes]:
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".json"
    }


def test_python_and_the_command_line_write_the_same_files(tmp_path, monkeypatch, capsys):
    from nasbench_lab.compare import main

    monkeypatch.chdir(tmp_path)
    assert main([*SMALL, "--budget-evaluations", str(BUDGET), "--jobs", "1", "--out", "r"]) == 0
    Path("r").rename("command")
    results = nasbench_lab.compare(**SAME, budget_evaluations=BUDGET, out="r")
    assert isinstance(results, ComparisonResults)
    # The report names the day of the search.
    ours, theirs = content(Path("r")), content(Path("command"))
    assert ours.keys() == theirs.keys()
    assert {path for path in ours if ours[path] != theirs[path]} <= {Path("report.html")}
    assert Path("figures/anytime.svg") in ours
    assert Path("report.html") in ours


def test_without_a_report_only_runs_are_written(tmp_path):
    results = nasbench_lab.compare(
        **SAME, budget_evaluations=BUDGET, out=tmp_path / "r", report=False, progress=False
    )
    assert {path.name for path in (tmp_path / "r").iterdir()} - {".lock"} == {"comparison.json", "runs"}
    assert len(results.final) == 6
    assert results.write() == tmp_path / "r"
    assert (tmp_path / "r" / "figures" / "final.png").exists()


def test_the_default_folder_is_that_of_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = nasbench_lab.compare(**SAME, budget_evaluations=BUDGET, report=False, progress=False)
    assert results.folder.parent == Path("results")
    assert (results.folder / "comparison.json").exists()
    assert nasbench_lab.load(results.folder).final.equals(results.final)


def test_a_function_is_called_with_the_progress(tmp_path):
    seen: list[Progress] = []
    nasbench_lab.compare(
        **SAME, budget_evaluations=BUDGET, out=tmp_path / "r", report=False, progress=seen.append
    )
    assert [(each.finished, each.total) for each in seen] == [(3, 6), (6, 6)]


def test_the_module_of_the_command_is_the_same_function(tmp_path):
    from nasbench_lab import compare as module

    results = module(**SAME, budget_evaluations=BUDGET, out=tmp_path / "r", report=False, progress=False)
    assert isinstance(results, ComparisonResults)


@pytest.mark.parametrize("kind", [str, Path])
def test_a_folder_is_a_text_or_a_path(folder, kind):
    results = nasbench_lab.load(kind(folder))
    assert results.algorithms == ("random_search", "regularized_evolution", "reinforce")
    assert results.folder == folder


def test_errors_pass_through(tmp_path):
    with pytest.raises(StoreError, match="there is no stored comparison in"):
        nasbench_lab.load(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="unknown setting of compare 'seed'; did you mean 'seeds'"):
        nasbench_lab.compare(seed=3)
    with pytest.raises(UsageError, match="unknown algorithm 'reinforc'"):
        nasbench_lab.compare(algorithms="reinforc", out=tmp_path / "r", progress=False)


def test_the_results_have_every_table():
    for field in fields(Tables):
        assert isinstance(getattr(ComparisonResults, field.name), property)
