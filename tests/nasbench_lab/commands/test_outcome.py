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
