"""The tables, the text and the HTML of results."""

import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasbench_lab.comparison.results import Results
from nasbench_lab.interactive.results import ComparisonResults
from nasbench_lab.report.latex import OPTIONAL
from nasbench_lab.report.tables import Tables, compute_tables
from tests.nasbench_lab.report.plots.conftest import synthetic

TABLES = [field.name for field in fields(Tables)]


class Balanced(HTMLParser):
    """Reads HTML, and keeps its tags and text; every tag that is opened must be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data


def made(**shape) -> ComparisonResults:
    stored, tables = synthetic(**shape)
    return ComparisonResults(stored, Path("nowhere"), tables)


@pytest.mark.parametrize("name", [name for name in TABLES if name not in OPTIONAL])
def test_each_table_equals_its_file(results, folder, name):
    written = pd.read_csv(folder / "tables" / f"{name}.csv", dtype=str)
    frame = getattr(results, name)
    assert list(frame.columns) == list(written.columns)
    for column in frame:
        if pd.api.types.is_numeric_dtype(frame[column]):
            np.testing.assert_array_equal(frame[column].to_numpy(float), written[column].astype(float))
        else:
            assert frame[column].fillna("").tolist() == written[column].fillna("").tolist()


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_table_that_this_comparison_lacks_is_empty(results, name):
    assert getattr(results, name).empty


def test_tables_are_computed_once_and_not_for_tab_completion(results, monkeypatch):
    import rlcompleter

    calls: list[Results] = []

    def counted(stored: Results) -> Tables:
        calls.append(stored)
        return compute_tables(stored)

    monkeypatch.setattr("nasbench_lab.interactive.results.compute_tables", counted)
    completer = rlcompleter.Completer({"results": results})
    offered = {completer.complete("results.", state) for state in range(40)}
    assert {f"results.{name}" for name in TABLES} <= offered
    assert {"results.plot", "results.best(", "results.evaluations("} <= offered
    assert calls == []
    assert len(results.summary) == len(results.summary) == 6
    assert len(calls) == 1


def test_a_changed_frame_changes_no_result(results):
    frame = results.summary
    frame["mean"] = 0.0
    assert results.summary["mean"].gt(0).all()


def test_what_was_compared(results):
    assert results.protocol == ""
    assert results.settings["random_search"] == "random_search()"
    assert results.settings["regularized_evolution"].startswith("regularized_evolution(population_size=")


def test_the_text_is_a_few_lines(results):
    lines = repr(results).splitlines()
    assert lines[0] == f"Comparison three in {results.folder}: 3 algorithms, 6 runs each"
    assert len(lines) == 3
    summary = results.summary
    for line, (_, rows) in zip(lines[1:], summary.groupby("task", sort=False), strict=True):
        assert f"best mean {rows['mean'].max():.2f} %, " in line


def test_many_tasks_and_failed_runs_in_text():
    assert "no run gave a result" in repr(made(tasks=1, algorithms=2, runs=2, failed=2))
    assert len(repr(made(tasks=9, algorithms=10, runs=3)).splitlines()) == 10


def test_stored_results_do_not_print_their_arrays(results):
    assert repr(results.stored) == "<Results of three: 2 x 3 tasks and algorithms, 36 runs>"
    runs = results.stored.runs["toys/blocks", "reinforce"]
    assert repr(runs) == "<Runs: 6 runs, 150 evaluations>"


def test_the_html_has_the_summary_of_each_task(results):
    shown = Balanced(results._repr_html_())
    assert shown.tags.count("table") == 2
    assert shown.text.count("best mean") == 2
    for row in results.summary.to_dict("records"):
        assert f"{row['mean']:.2f} ± {row['std']:.2f}" in shown.text
    assert not {"script", "style"} & set(shown.tags)
    assert f"Report: {results.folder / 'report.html'}" in shown.text


def test_the_html_of_many_tasks_is_cut_and_says_so():
    shown = Balanced(made(tasks=9, algorithms=10, runs=3)._repr_html_())
    assert shown.tags.count("table") == 4
    assert "5 more tasks: see the attribute summary" in shown.text
    assert "more task" not in Balanced(made(tasks=3, algorithms=10, runs=3)._repr_html_()).text


def test_names_of_others_are_escaped():
    results = made(tasks=1, algorithms=2, runs=3)
    card = replace(results.stored.tasks[0], title="<script>alert(1)</script> & more")
    changed = ComparisonResults(replace(results.stored, tasks=(card,)), Path("nowhere"), results.tables)
    html = changed._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html
    assert type(html) is str


def test_colours_are_those_of_the_page():
    html = made(tasks=1, algorithms=2, runs=3)._repr_html_()
    assert not re.search(r"color:(?!inherit)", html)
    assert not re.search("background:(?!none)", html)


def test_runs_that_failed_are_not_counted():
    shown = Balanced(made(tasks=1, algorithms=1, runs=5, failed=2)._repr_html_())
    assert re.search(r"Random search\s+[\d.]+ ± [\d.]+\s+3\s+best mean", shown.text)


def test_everything_is_written_again_elsewhere(results, folder, tmp_path):
    assert results.write(str(tmp_path / "again")) == tmp_path / "again"
    for path in (folder / "tables").iterdir():
        assert (tmp_path / "again" / "tables" / path.name).read_bytes() == path.read_bytes()
    for path in (folder / "figures").iterdir():
        assert (tmp_path / "again" / "figures" / path.name).read_bytes() == path.read_bytes()
    assert (tmp_path / "again" / "report.html").exists()


def test_the_inner_results_stay_as_they_are(results):
    assert isinstance(results.stored, Results)
