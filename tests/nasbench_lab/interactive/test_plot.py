"""Figures on axes of one's own, and whole."""

import io
from pathlib import Path
from typing import Any, get_type_hints

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from nasbench_lab.errors import UsageError
from nasbench_lab.interactive.plot import Plot, TaskFigure, WholeFigure
from nasbench_lab.interactive.results import ComparisonResults
from nasbench_lab.report.plots.gallery import all_figures, save
from tests.nasbench_lab.report.plots.conftest import synthetic

OF_TASKS = ("anytime", "final", "pairwise", "targets")
WHOLE = ("ranks", "improvement")
TASK = "benchmark/1"


@pytest.fixture(scope="module")
def plot() -> Plot:
    stored, tables = synthetic(tasks=3, algorithms=4, runs=8)
    return ComparisonResults(stored, Path("nowhere"), tables).plot


@pytest.fixture(scope="module")
def tables() -> Any:
    return synthetic(tasks=3, algorithms=4, runs=8)[1]


@pytest.fixture
def ax() -> Any:
    return Figure(figsize=(6, 4)).subplots()


def lines(axes: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def test_completion_and_types_name_the_figures(plot):
    assert dir(plot) == sorted((*OF_TASKS, *WHOLE))
    hints = get_type_hints(Plot)
    assert {name for name, kind in hints.items() if kind is TaskFigure} == set(OF_TASKS)
    assert {name for name, kind in hints.items() if kind is WholeFigure} == set(WHOLE)
    for name in hints:
        assert f"results.plot.{name}(ax=None" in repr(getattr(plot, name))
    assert repr(plot).startswith("<Figures of a comparison: anytime, final")


def test_every_figure_of_the_files_is_here():
    assert set(all_figures(*synthetic())) == {*OF_TASKS, *WHOLE}


@pytest.mark.parametrize("name", OF_TASKS)
def test_the_axes_come_back_labelled(plot, ax, name):
    assert getattr(plot, name)(ax, TASK) is ax
    assert ax.get_title().startswith("NAS-Bench-201, CIFAR-100")
    assert ax.get_xlabel() or name == "pairwise"
    bare = Figure().subplots()
    getattr(plot, name)(bare, TASK, title=False, legend=False)
    assert bare.get_title() == ""
    assert bare.get_legend() is None
    assert len(bare.figure.axes) == 1


@pytest.mark.parametrize("name", WHOLE)
def test_axes_across_tasks_come_back(plot, ax, name):
    assert getattr(plot, name)(ax) is ax
    assert ax.lines


def test_lines_are_the_rows_of_the_table(plot, ax, tables):
    plot.anytime(ax, TASK)
    drawn = lines(ax)
    rows = tables.anytime[tables.anytime["task"] == TASK]
    assert set(drawn) == {"Random search", "Local search", "Regularized evolution", "Genetic algorithm"}
    for label, name in (("local_search", "Local search"), ("genetic_algorithm", "Genetic algorithm")):
        own = rows[rows["algorithm"] == label]
        np.testing.assert_allclose(drawn[name].get_xdata(), own["cost"])
        np.testing.assert_allclose(drawn[name].get_ydata(), own["regret_mean"])
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "Cost (simulated seconds)",
        "Mean regret (percentage points)",
    )
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(drawn)


def test_target_lines_end_at_the_share_of_the_table(plot, ax, tables):
    plot.targets(ax, TASK)
    rows = tables.targets[tables.targets["task"] == TASK].set_index("algorithm")
    assert f"target {rows['target'].iloc[0]:.2f} %" in ax.get_title()
    share = lines(ax)["Local search"].get_ydata()[-1]
    assert share == pytest.approx(100 * rows.loc["local_search", "success_rate"])


def test_cells_and_medians_are_those_of_the_tables(plot, tables):
    cells = plot.pairwise(Figure().subplots(), TASK)
    pairs = tables.pairwise[tables.pairwise["task"] == TASK]
    texts = [text.get_text().rstrip("*") for text in cells.texts]
    assert texts[0] == f"{pairs['a12'].iloc[0]:.2f}"
    rows = plot.final(Figure().subplots(), TASK)
    circles = [line.get_xdata()[0] for line in rows.lines if line.get_color() == "white"]
    summary = tables.summary[tables.summary["task"] == TASK]
    np.testing.assert_allclose(circles, summary["regret_median"])
    assert rows.get_yticklabels()[1].get_text() == "Local search"


def test_ranks_and_probabilities_are_those_of_the_tables(plot, tables):
    diagram = plot.ranks(Figure().subplots())
    markers = [line.get_xdata()[0] for line in diagram.lines if line.get_marker() not in ("None", "|")]
    np.testing.assert_allclose(sorted(markers), sorted(tables.ranks["mean_rank"]))
    points = plot.improvement(Figure().subplots())
    found = [line.get_xdata()[0] for line in points.lines if line.get_marker() != "None"]
    likelier = np.maximum(tables.improvement["probability"], 1 - tables.improvement["probability"])
    np.testing.assert_allclose(sorted(found), sorted(likelier))


def test_algorithms_are_chosen_and_keep_their_colours(plot):
    every, some = (Figure().subplots() for _ in range(2))
    plot.anytime(every, TASK)
    plot.anytime(some, TASK, algorithms=["genetic_algorithm", "local_search"])
    assert list(lines(some)) == ["Local search", "Genetic algorithm"]
    for name, line in lines(some).items():
        assert line.get_color() == lines(every)[name].get_color()
    assert list(lines(plot.targets(Figure().subplots(), TASK, "local_search"))) == ["Local search"]
    assert len(plot.final(Figure().subplots(), TASK, ["local_search"]).get_yticks()) == 1
    assert len(plot.pairwise(algorithms=["local_search", "random_search"]).axes[0].texts) == 2


@pytest.mark.parametrize("name", [*OF_TASKS, *WHOLE])
def test_own_settings_hold_and_stay(plot, name):
    own: dict[Any, Any] = {
        "font.family": ["monospace"],
        "font.size": 17.0,
        "axes.spines.top": True,
        "axes.titlesize": 23.0,
    }
    with matplotlib.rc_context(own):
        before = dict(matplotlib.rcParams)
        axes = Figure(figsize=(9, 6)).subplots()
        getattr(plot, name)(*([axes, TASK] if name in OF_TASKS else [axes]))
        getattr(plot, name)()
        assert dict(matplotlib.rcParams) == before
        if name in ("anytime", "final", "targets"):
            assert axes.title.get_fontsize() == 23
            assert axes.title.get_fontfamily() == ["monospace"]
            assert axes.spines["top"].get_visible()
        texts = [*axes.texts, axes.xaxis.label, *axes.get_yticklabels()]
        assert max(text.get_fontsize() for text in texts) == 17


def test_whole_figures_are_those_of_the_files(plot, tmp_path):
    stored, tables = synthetic(tasks=3, algorithms=4, runs=8)
    for name, figure in all_figures(stored, tables).items():
        theirs = save(figure(), tmp_path / "theirs", name)
        ours = save(getattr(plot, name)(), tmp_path / "ours", name)
        assert [path.read_bytes() for path in ours] == [path.read_bytes() for path in theirs]


def test_a_figure_of_one_task(plot):
    figure = plot.anytime(task=TASK)
    assert [axes.get_title() for axes in figure.axes] == ["NAS-Bench-201, CIFAR-100"]


def test_a_notebook_shows_a_figure_once(plot):
    import matplotlib.pyplot as plt

    open_before = plt.get_fignums()
    figure = plot.anytime()
    png = figure._repr_png_()
    assert png.startswith(b"\x89PNG")
    # No figure of pyplot: the inline backend would show it a second time at the end of the cell.
    assert plt.get_fignums() == open_before
    written = io.BytesIO()
    figure.savefig(written, format="pdf")
    assert written.getvalue().startswith(b"%PDF")


def test_axes_of_pyplot_will_do(plot):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, layout="constrained")
    plot.pairwise(axes[0], TASK)
    plot.final(axes[1], TASK, legend=False)
    assert [label.get_text() for label in axes[1].get_yticklabels()] == [""] * 4
    figure.canvas.draw()
    plt.close(figure)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda plot, ax: plot.anytime(ax),
            "axes show one of 3 tasks; name it with task=..., one of benchmark/0, benchmark/1, benchmark/2$",
        ),
        (lambda plot, ax: plot.final(task="benchmark/9"), "unknown task 'benchmark/9'; did you mean"),
        (lambda plot, ax: plot.targets(task=3), "unknown task '3'"),
        (
            lambda plot, ax: plot.pairwise(algorithms="local"),
            "unknown algorithm 'local'; did you mean 'local_search'",
        ),
        (lambda plot, ax: plot.final(algorithms=[]), "name at least one algorithm of random_search, local"),
        (lambda plot, ax: plot.pairwise(algorithms="local_search"), "pairwise compares 2 algorithms or more"),
        (lambda plot, ax: plot.anytme(), "unknown figure 'anytme'; did you mean 'anytime'"),
        (lambda plot, ax: plot.anytime([ax], TASK), "ax is one Axes of Matplotlib, .* a value of list$"),
        (lambda plot, ax: plot.ranks([ax]), "ax is one Axes of Matplotlib, .* a value of list$"),
        (lambda plot, ax: plot.anytime(title=False), "title and legend are settings of axes; give ax"),
    ],
)
def test_mistakes_are_one_line(plot, ax, call, message):
    with pytest.raises(UsageError, match=message) as caught:
        call(plot, ax)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", WHOLE)
def test_figures_across_tasks_need_several(name):
    stored, tables = synthetic(tasks=1, algorithms=2)
    plot = ComparisonResults(stored, Path("nowhere"), tables).plot
    with pytest.raises(UsageError, match=rf"{name} needs 2 tasks and . algorithms or more; .* has 1 and 2$"):
        getattr(plot, name)()


def test_python_sees_an_unknown_figure_as_a_missing_attribute(plot):
    assert not hasattr(plot, "histogram")
    assert not hasattr(plot, "_repr_html_")
    with pytest.raises(AttributeError):
        plot.histogram  # noqa: B018
    with pytest.raises(UsageError):
        plot.histogram  # noqa: B018
