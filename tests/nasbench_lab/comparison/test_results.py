import numpy as np
import pytest

from nasbench_lab.comparison.results import Runs
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import Run


def run(seconds, test):
    n = len(seconds)
    return Run(
        architectures=np.zeros((n, 2), np.uint16),
        valid_accuracy=np.zeros(n),
        seconds=np.array(seconds, float),
        epochs=np.ones(n, np.int32),
        source=np.zeros(n, np.uint8),
        test_accuracy=np.array(test, float),
    )


def test_joins_runs_of_different_lengths():
    nan = np.nan
    runs = Runs.of([run([1, 2], [50, nan]), run([], []), run([5, 5, 5], [40, 45, nan])])
    assert len(runs) == 3
    assert runs.offsets.tolist() == [0, 2, 2, 5]
    assert runs.run_of_step.tolist() == [0, 0, 2, 2, 2]
    assert runs.evaluations_spent.tolist() == [1, 2, 1, 2, 3]
    assert runs.clock.tolist() == [1, 3, 5, 10, 15]
    assert runs.final() == pytest.approx([50, nan, 45], nan_ok=True)


def card(metric):
    return TaskCard("b/d", "B, D", metric, "valid", "test", "evaluations", None, "digest", "cited", "free")


@pytest.mark.parametrize(
    ("metric", "quantity", "regret_unit", "shown"),
    [
        ("accuracy (%)", "accuracy", "percentage points", "−0.51 %"),
        ("mIoU (%)", "mIoU", "percentage points", "−0.51 %"),
        ("SSIM", "SSIM", "SSIM", "−0.5123"),
        ("negative loss", "negative loss", "negative loss", "−0.5123"),
    ],
)
def test_a_metric_is_shown_in_its_unit(metric, quantity, regret_unit, shown):
    task = card(metric)
    assert (task.quantity, task.regret_unit) == (quantity, regret_unit)
    assert task.shown(-0.51234) == shown
    assert task.number(-0.51234) == shown.removesuffix(" %")
