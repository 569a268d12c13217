"""The best architectures, against a count in pandas of the last incumbents."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.errors import UsageError
from nasbench_lab.interactive.best import ROWS, best
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import Run
from nasbench_lab.spaces import find_space
from tests.own_problems import SPACE

SPACES = {"cifar10-mini/cifar10": find_space("nasbench201"), "toys/blocks": SPACE}


@pytest.mark.parametrize("task", SPACES)
def test_they_are_the_most_accurate_last_incumbents(results, task):
    space = SPACES[task]
    last = results.incumbents(task).groupby(["algorithm", "run"], observed=True).last().reset_index()
    last["same"] = [str(space.canonical(space.parse(text))) for text in last["architecture"]]
    groups = last.groupby(["same", "accuracy"], observed=True)
    expected = groups.agg(runs=("run", "size"), seen=("valid_accuracy", "mean")).reset_index()
    expected = expected.sort_values(["accuracy", "runs"], ascending=False).head(4)
    frame = results.best(4, task).frame
    assert frame["accuracy"].tolist() == expected["accuracy"].tolist()
    assert frame["runs"].tolist() == expected["runs"].tolist()
    np.testing.assert_allclose(frame["valid_accuracy"], expected["seen"])
    np.testing.assert_array_equal(frame["rank"], frame["accuracy"].rank(method="min", ascending=False))
    assert [str(space.canonical(space.parse(text))) for text in frame["architecture"]] == list(
        expected["same"]
    )


def test_each_run_counts_once(results):
    found = results.best(1000)
    assert found.frame.groupby("task")["runs"].sum().tolist() == [18, 18]
    assert found.found_by["runs"].sum() == 36
    by = found.found_by.groupby(["task", "algorithm"])["runs"].sum()
    assert (by == 6).all()


def test_the_ten_best_of_each_task_are_a_table(results):
    pd.testing.assert_frame_equal(results.architectures, results.best(10).frame)
    assert results.architectures["task"].value_counts().max() <= 10


def test_n_is_of_each_task(results):
    assert results.best(2).frame["task"].value_counts(sort=False).tolist() == [2, 2]
    assert len(results.best(2, "toys/blocks")) == 2


def test_finders_are_named_most_runs_first(results):
    for row in results.best(3).frame.to_dict("records"):
        counts = [int(part.rpartition(" ")[2]) for part in row["found_by"].split(", ")]
        assert counts == sorted(counts, reverse=True)
        assert sum(counts) == row["runs"]


@pytest.mark.parametrize(
    ("n", "message"),
    [(0, "n is the number of architectures, 1 or more; received 0"), ("3", "n takes a whole")],
)
def test_n_is_a_number_of_architectures(results, n, message):
    with pytest.raises(UsageError, match=message):
        results.best(n)


def test_an_unknown_task_is_an_error(results):
    with pytest.raises(UsageError, match="unknown task 'cifar'"):
        results.best(task="cifar")


def made(ends: Mapping[str, Sequence[tuple[tuple[int, ...], float]]], space: str = "") -> Results:
    """Runs of one evaluation each, that end with these architectures and accuracies."""
    card = TaskCard("b/t", "<T>", "accuracy (%)", "", "", "evaluations", 50.0, "", "", "", space=space)
    runs = {
        ("b/t", label): Runs.of(
            [
                Run(
                    architectures=np.array([architecture], dtype=np.uint16),
                    valid_accuracy=np.array([accuracy - 1]),
                    seconds=np.ones(1),
                    epochs=np.ones(1, dtype=np.int32),
                    source=np.zeros(1, dtype=np.uint8),
                    test_accuracy=np.array([accuracy]),
                )
                for architecture, accuracy in pairs
            ]
        )
        for label, pairs in ends.items()
    }
    return Results("r", "", (card,), tuple(ends), dict.fromkeys(ends, ""), runs, {}, {})


def test_equal_functions_are_one_if_their_accuracies_are_equal():
    space = find_space("nasbench201")
    # A skip connection behind an edge that is nothing: the same function as without it.
    one, same = (2, 0, 0, 2, 0, 0), (2, 0, 1, 2, 0, 0)
    assert space.canonical(one) == space.canonical(same)
    ends = {"a": [(one, 40.0), (same, 40.0)], "reinforce": [(same, 40.0), (same, 41.0)]}
    frame = best(made(ends, "nasbench201")).frame
    assert frame["accuracy"].tolist() == [41, 40]
    assert frame["runs"].tolist() == [1, 3]
    assert frame["found_by"].tolist() == ["REINFORCE 1", "A 2, REINFORCE 1"]
    assert frame["architecture"].tolist() == [space.format(same), space.format(one)]
    assert best(made(ends)).frame["runs"].tolist() == [1, 2, 1]


def test_equal_accuracies_have_one_rank_and_more_runs_stand_first():
    ends = {"a": [((1, 1), 40.0), ((2, 2), 40.0), ((2, 2), 40.0), ((3, 3), 39.0)]}
    frame = best(made(ends)).frame
    assert frame["rank"].tolist() == [1, 1, 3]
    assert frame["architecture"].tolist() == ["(2, 2)", "(1, 1)", "(3, 3)"]
    assert frame["regret"].tolist() == [10, 10, 11]


def test_pictures_are_drawn_in_panels_with_captions(results):
    figure = results.best(2).draw()
    titles = [axes.get_title() for axes in figure.axes]
    frame = results.best(2).frame
    assert len(titles) == 4
    for title, row in zip(titles, frame.to_dict("records"), strict=True):
        runs = f"{row['runs']} run{'s' * (row['runs'] != 1)}"
        assert title.endswith(f"\n{row['rank']}. {row['accuracy']:.2f} %, {runs}")
    assert len(results.best(1, "toys/blocks").draw().axes[0].artists) == 1


def test_they_are_drawn_on_axes_of_ones_own(results):
    figure = Figure()
    grid = figure.subplots(2, 2)
    assert results.best(2).draw(grid) == list(grid.ravel())
    whole = results.best(2).draw()
    assert [axes.get_title() for axes in grid.ravel()] == [axes.get_title() for axes in whole.axes]
    assert all(len(axes.artists) == 1 for axes in grid.ravel())
    (only,) = results.best(1, "toys/blocks").draw(Figure().subplots())
    assert only.get_title().startswith("1. ")
    with pytest.raises(UsageError, match="one Axes of Matplotlib for each of 4 architectures; received"):
        results.best(2).draw(grid[0])


def test_a_space_that_is_gone_is_said_in_the_panel():
    found = best(made({"a": [((1, 1), 40.0)]}))
    assert "cannot be" in found.draw().axes[0].texts[0].get_text()
    assert "<svg" not in found._repr_html_()


def test_the_html_has_a_picture_for_each(results):
    html = results.best(3)._repr_html_()
    assert type(html) is str
    assert html.count("<svg") == 6
    assert "<script" not in html
    assert "Toys" in html


def test_the_html_is_escaped_and_cut():
    many = {"a": [((1, place), 40.0 - place) for place in range(ROWS + 5)], "b": [((0, 0), 3.0)]}
    found = best(made(many), n=1000)
    assert "6 more are in its attribute frame" in found._repr_html_()
    assert repr(found).endswith("and 6 more in its attribute frame")
    named = best(made({"<b>": [((1, 1), 40.0)]}))._repr_html_()
    assert "<b>" not in named
    assert "&lt;b&gt; 1" in named


def test_the_text_has_a_line_for_each(results):
    found = results.best(2, "toys/blocks")
    lines = repr(found).splitlines()
    assert lines[0].startswith("1. ")
    for line, text in zip(lines, found.frame["architecture"], strict=True):
        assert line.endswith(text)


def test_nothing_to_draw_is_an_error(tmp_path: Path):
    with pytest.raises(UsageError, match="no run gave a result"):
        best(made({"a": [((1, 1), float("nan"))]})).draw()
