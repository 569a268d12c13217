"""The report is complete in one file, and no name can break it."""

import dataclasses
import html
import re
from pathlib import Path

import numpy as np
import pytest

from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.report import findings
from nasbench_lab.report.html import write_report
from nasbench_lab.report.names import display_names
from nasbench_lab.report.plots.gallery import all_figures, captions, save
from nasbench_lab.report.tables import Tables, compute_tables
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import Run

HOSTILE = "<script>alert('x')</script>"


def run(rng: np.random.Generator, level: float) -> Run:
    accuracy = np.maximum.accumulate(level + rng.normal(0, 1, 8).round(2))
    return Run(
        architectures=np.zeros((8, 2), dtype=np.uint16),
        valid_accuracy=accuracy,
        seconds=np.full(8, 10.0),
        epochs=np.full(8, 12, dtype=np.int32),
        source=np.zeros(8, dtype=np.uint8),
        test_accuracy=accuracy,
    )


@pytest.fixture(scope="module")
def comparison() -> tuple[Results, Tables]:
    rng = np.random.default_rng(0)
    algorithms = ("random_search", "local_search", "mine")
    tasks = tuple(
        TaskCard(
            name=f"bench/{data_set}",
            title=f"Bench, {data_set}",
            metric="accuracy (%)",
            searched="validation accuracy after 12 epochs",
            reported="mean test accuracy",
            cost="simulated seconds",
            optimum=99.0,
            digest=f"digest-of-{data_set}",
            citation=f"Someone 2020, {data_set}",
            licence="MIT",
        )
        for data_set in ("one", "two")
    )
    results = Results(
        name="trial",
        protocol="",
        tasks=tasks,
        algorithms=algorithms,
        settings=dict.fromkeys(algorithms, "f(x=1)"),
        runs={
            (task.name, label): Runs.of([run(rng, 90 + level) for _ in range(6)])
            for task in tasks
            for level, label in enumerate(algorithms)
        },
        specification={"benchmark": ["bench"], "budget_seconds": [80.0], "root_seed": 7},
        environment={"python": "3.11.2", "machine": "x86_64"},
    )
    return results, compute_tables(results)


def written(results: Results, tables: Tables, folder: Path) -> str:
    write_report(results, tables, folder / "figures", folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def test_holds_every_task_algorithm_number_and_sentence(
    comparison: tuple[Results, Tables], tmp_path: Path
) -> None:
    text = html.unescape(written(*comparison, tmp_path))
    results, tables = comparison
    for task in results.tasks:
        for detail in (task.title, task.name, task.citation, task.digest, task.reported, task.searched):
            assert detail in text
    for name in display_names(results.algorithms):
        assert name in text
    for sentence in [findings.headline(results, tables), *findings.findings(results, tables)]:
        assert sentence in text
    for value in tables.summary[["mean", "area_under_curve"]].to_numpy().ravel():
        assert f"<td>{value:.2f}</td>" in text or f'"best">{value:.2f}</td>' in text
    assert "80 simulated seconds" in text
    assert "root seed 7" in text
    assert "x86_64" in text
    assert '"root_seed": 7' in text
    assert f"python -m nasbench_lab.compare --config {tmp_path}/comparison.json" in text


def test_figures_are_embedded_with_captions(comparison: tuple[Results, Tables], tmp_path: Path) -> None:
    for name, figure in all_figures(*comparison).items():
        save(figure(), tmp_path / "figures", name)
    text = written(*comparison, tmp_path)
    assert text.count('src="data:image/svg+xml;base64,') == len(all_figures(*comparison)) == 6
    for caption in captions(*comparison).values():
        assert caption in html.unescape(text)


def test_a_figure_whose_svg_is_too_large_is_embedded_as_png(
    comparison: tuple[Results, Tables], tmp_path: Path
) -> None:
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "final.svg").write_bytes(b" " * 800_000)
    (figures / "final.png").write_bytes(b"png")
    assert 'src="data:image/png;base64,cG5n"' in written(*comparison, tmp_path)


def test_needs_nothing_from_anywhere(comparison: tuple[Results, Tables], tmp_path: Path) -> None:
    text = written(*comparison, tmp_path)
    assert "<script" not in text
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)|url\(|@import""", text)


def test_escapes_hostile_names(comparison: tuple[Results, Tables], tmp_path: Path) -> None:
    results, _ = comparison
    task = dataclasses.replace(results.tasks[0], title=HOSTILE, citation=HOSTILE, reported=HOSTILE)
    label = f"mine{HOSTILE}"
    hostile = Results(
        name=HOSTILE,
        protocol=HOSTILE,
        tasks=(task,),
        algorithms=("random_search", label),
        settings={"random_search": "random_search()", label: label},
        runs={
            (task.name, "random_search"): results.runs[task.name, "random_search"],
            (task.name, label): results.runs[task.name, "mine"],
        },
        specification={HOSTILE: HOSTILE},
        environment={HOSTILE: HOSTILE},
    )
    tables = compute_tables(hostile)
    for name, figure in all_figures(hostile, tables).items():
        save(figure(), tmp_path / "figures", name)
    text = written(hostile, tables, tmp_path)
    assert "<script" not in text
    assert HOSTILE in html.unescape(text)


def test_same_results_same_bytes_and_no_other_file(
    comparison: tuple[Results, Tables], tmp_path: Path
) -> None:
    assert written(*comparison, tmp_path) == written(*comparison, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_failure_leaves_the_old_report(comparison: tuple[Results, Tables], tmp_path: Path) -> None:
    results, tables = comparison
    before = written(results, tables, tmp_path)
    broken = dataclasses.replace(results, specification={"not": object()})
    with pytest.raises(TypeError):
        write_report(broken, tables, tmp_path / "figures", tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == before


def test_best_mean_is_bold(comparison: tuple[Results, Tables], tmp_path: Path) -> None:
    bold = re.findall(r'class="best">([\d.]+)<', written(*comparison, tmp_path))
    best = comparison[1].summary.groupby("task", sort=False)["mean"].max()
    assert bold == [f"{mean:.2f}" for mean in best]


def test_metrics_without_a_unit(comparison: tuple[Results, Tables], tmp_path: Path) -> None:
    results, _ = comparison
    tasks = tuple(dataclasses.replace(task, metric="negative loss", optimum=-0.5) for task in results.tasks)
    runs = {
        key: dataclasses.replace(each, test_accuracy=(each.test_accuracy - 150) / 100)
        for key, each in results.runs.items()
    }
    specification = {**results.specification, "target_accuracy": [-0.6]}
    results = dataclasses.replace(results, tasks=tasks, runs=runs, specification=specification)
    tables = compute_tables(results)
    text = written(results, tables, tmp_path)
    best = tables.summary.groupby("task", sort=False)["mean"].max()
    assert re.findall(r'class="best">([^<]+)<', text) == [f"−{abs(mean):.4f}" for mean in best]
    assert "best listed −0.5000" in text
    assert '<th scope="col">Target</th>' in text
    assert "-0.6 reached in validation" in text
    assert "percent" not in html.unescape(text)
