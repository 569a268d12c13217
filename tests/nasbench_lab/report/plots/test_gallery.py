"""All figures: their list, that they draw any data, and that their files repeat exactly."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from nasbench_lab.report.plots.gallery import all_figures, captions, save
from nasbench_lab.report.plots.style import looks

Make = Callable[..., Any]


def test_a_comparison_of_many_tasks_has_all_six(make: Make) -> None:
    figures = all_figures(*make())
    assert list(figures) == ["anytime", "final", "pairwise", "targets", "ranks", "improvement"]
    assert list(captions(*make())) == list(figures)


def test_figures_without_meaning_are_left_out(make: Make) -> None:
    assert list(all_figures(*make(tasks=1, algorithms=1))) == ["anytime", "final", "targets"]
    assert "ranks" not in all_figures(*make(tasks=2, algorithms=2))
    assert "improvement" not in all_figures(*make(tasks=1))


@pytest.mark.parametrize(
    "shape",
    [
        {"tasks": 1, "algorithms": 1, "runs": 1},
        {"tasks": 2, "algorithms": 3, "regret": 0.0},
        {"tasks": 4, "algorithms": 2, "optimum": None},
        {"tasks": 2, "algorithms": 3, "failed": 2, "runs": 6},
        {"tasks": 1, "algorithms": 2, "failed": 4, "runs": 4},
        {"tasks": 1, "algorithms": 2, "steps": 1},
    ],
    ids=["one of each", "every regret 0", "optimum unknown", "some failed", "all failed", "one step"],
)
def test_awkward_data_are_drawn(make: Make, tmp_path: Path, shape: dict[str, Any]) -> None:
    for name, figure in all_figures(*make(**shape)).items():
        for path in save(figure(), tmp_path, name):
            assert path.stat().st_size > 1000


def test_saving_twice_gives_the_same_bytes_and_leaves_nothing_else(make: Make, tmp_path: Path) -> None:
    results, tables = make()
    for name, figure in all_figures(results, tables).items():
        first = save(figure(), tmp_path / "first", name)
        second = save(figure(), tmp_path / "second", name)
        assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert {path.suffix for path in (tmp_path / "first").iterdir()} == {".png", ".svg"}
    assert len(list((tmp_path / "first").iterdir())) == 12


def test_an_algorithm_has_one_look_in_all_figures(make: Make) -> None:
    results, tables = make()
    look = looks(results)["regularized_evolution"]
    figures = all_figures(results, tables)
    for name in ("anytime", "targets"):
        lines = {line.get_label(): line for line in figures[name]().axes[0].lines}
        assert lines["Regularized evolution"].get_color() == look.colour
        assert lines["Regularized evolution"].get_marker() == look.marker
    for name in ("final", "ranks"):
        drawn = {(line.get_color(), line.get_marker()) for line in figures[name]().axes[0].lines}
        assert (look.colour, look.marker) in drawn


def test_no_figure_needs_pyplot(make: Make) -> None:
    import sys

    figures = all_figures(*make())
    loaded = "matplotlib.pyplot" in sys.modules
    for figure in figures.values():
        figure()
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_captions_say_how_many_runs(make: Make) -> None:
    for name, caption in captions(*make(runs=7)).items():
        assert "n = 3 tasks" in caption if name in ("ranks", "improvement") else "n = 7 runs" in caption


def test_captions_speak_of_regret_and_logarithms_only_where_they_are(make: Make) -> None:
    known, tables = make(tasks=2)
    first, second = known.tasks
    some = replace(known, tasks=(first, replace(second, optimum=None)))
    unknown, no_regret = make(tasks=2, optimum=None)
    for name, axis in (("anytime", "both axes logarithmic"), ("final", "on a logarithmic axis")):
        all_known, mixed, none_known = (
            captions(*shown)[name] for shown in ((known, tables), (some, tables), (unknown, no_regret))
        )
        assert "regret" in all_known
        assert axis in all_known
        assert "unknown" not in all_known
        assert "regret" in mixed
        assert "where the optimum is unknown" in mixed
        assert "both axes" not in mixed
        assert "higher is better" in none_known
        assert "regret" not in none_known
        assert axis not in none_known
        # The optimum is the best of a table, and a table may list only a part of the space.
        assert "possible" not in all_known + mixed
        assert "whole space" not in all_known + mixed


def test_drawing_changes_no_table(make: Make) -> None:
    results, tables = make()
    before = tables.final.copy()
    for figure in all_figures(results, tables).values():
        figure()
    assert before.equals(tables.final)
    assert np.isfinite(tables.anytime["cost"]).all()


def test_metrics_without_a_unit(make: Make) -> None:
    def drawn(name: str, optimum: float | None) -> Axes:
        results, tables = make(tasks=1, optimum=optimum)
        tasks = tuple(replace(task, metric="SSIM") for task in results.tasks)
        return all_figures(replace(results, tasks=tasks), tables)[name]().axes[0]

    assert drawn("anytime", 94.37).get_ylabel() == "Mean regret\n(SSIM)"
    assert drawn("anytime", None).get_ylabel() == "Mean SSIM"
    assert drawn("final", 94.37).get_xlabel() == "Final regret (SSIM)"
    assert drawn("final", None).get_xlabel() == "Final SSIM"
    assert re.search(r"target \d+\.\d{4}$", drawn("targets", 94.37).get_title())
