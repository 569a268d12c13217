from dataclasses import replace

import pytest

from nasbench_lab.report.plots import architectures
from nasbench_lab.report.plots.gallery import all_figures
from nasbench_lab.report.tables import compute_tables
from tests.nasbench_lab.report.plots.conftest import synthetic


def with_spaces(tasks, spaces):
    """Results on tasks whose architectures are of these search spaces."""
    results, _ = synthetic(tasks=tasks)
    cards = [replace(card, space=space) for card, space in zip(results.tasks, spaces, strict=True)]
    results = replace(results, tasks=tuple(cards))
    return results, compute_tables(results)


def test_the_best_three_of_the_only_task_are_drawn():
    results, tables = with_spaces(1, ["nasbench201"])
    figure = architectures.draw(results, tables)
    expected = tables.architectures.head(3)
    titles = [axes.get_title() for axes in figure.axes]
    assert len(titles) == 3
    for title, row in zip(titles, expected.to_dict("records"), strict=True):
        assert title.startswith(f"{row['rank']}. {row['accuracy']:.2f} %, {row['runs']} run")
    assert "The 3 best architectures that runs ended with" in architectures.caption(results, tables)


def test_the_best_of_each_task_is_drawn_if_its_space_is_known():
    results, tables = with_spaces(3, ["nasbench201", "", "nasbench201"])
    titles = [axes.get_title().partition("\n")[0] for axes in architectures.draw(results, tables).axes]
    assert titles == [results.tasks[0].title, results.tasks[2].title]
    assert list(all_figures(results, tables))[-1] == "architectures"
    assert "The best architecture of each task" in architectures.caption(results, tables)


@pytest.mark.parametrize("spaces", [["", ""], ["gone", "gone"]])
def test_without_a_known_space_there_is_no_figure(spaces):
    results, tables = with_spaces(2, spaces)
    assert not architectures.computable(results)
    assert "architectures" not in all_figures(results, tables)
    # The table says the choices themselves.
    assert tables.architectures["architecture"].tolist()[0] == "(0, 0, 0, 0, 0, 0)"
