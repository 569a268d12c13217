from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasbench_lab.commands.outcome import print_outcome
from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.report.tables import compute_tables
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import Run


def run(accuracy: float) -> Run:
    return Run(
        architectures=np.zeros((1, 2), dtype=np.uint16),
        valid_accuracy=np.ones(1),
        seconds=np.ones(1),
        epochs=np.ones(1, dtype=np.int32),
        source=np.zeros(1, dtype=np.uint8),
        test_accuracy=np.array([accuracy]),
    )


def test_a_significant_p_value_is_not_shown_as_the_level(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    card = TaskCard("t", "T", "accuracy (%)", "valid", "test", "evaluations", 95.0, "digest", "cited", "free")
    runs = {("t", label): Runs.of([run(90 + level)] * 3) for level, label in enumerate("ab")}
    results = Results("example", "", (card,), ("a", "b"), {}, runs, {}, {})
    tables = compute_tables(results)
    shown = replace(tables, pairwise=tables.pairwise.assign(p_holm=0.0497, verdict="second better"))
    print_outcome(results, shown, Path("folder"))
    assert "worse, p = 0.0497" in capsys.readouterr().out


def test_the_best_architecture_is_named_on_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    card = TaskCard(
        *("t", "T", "accuracy (%)", "valid", "test", "evaluations", 95.0, "digest", "cited", "free"),
        space="nasbench201",
    )
    made = replace(run(90), architectures=np.zeros((1, 6), dtype=np.uint16))
    results = Results("example", "", (card,), ("a",), {}, {("t", "a"): Runs.of([made] * 3)}, {}, {})
    print_outcome(results, compute_tables(results), Path("folder"))
    lines = capsys.readouterr().out.splitlines()
    place = lines.index("Best found: 90.00 in 3 runs (A 3):")
    assert lines[place + 1] == "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
