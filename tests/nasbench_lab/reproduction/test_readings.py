import numpy as np
import pytest

from nasbench_lab.comparison.execution import compare
from nasbench_lab.comparison.results import Runs
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.reproduction.readings import (
    Transferred,
    at_budget,
    distinct_until_target,
    final,
    interpolated,
)
from nasbench_lab.search.run import Run
from tests.tables import open_task

NONE = np.nan


def run(valid, test, seconds=None, architectures=None):
    n = len(valid)
    return Run(
        architectures=np.array(architectures or [[i] for i in range(n)], dtype=np.uint16),
        valid_accuracy=np.array(valid, dtype=float),
        seconds=np.array(seconds or [10.0] * n),
        epochs=np.full(n, 12, dtype=np.int32),
        source=np.zeros(n, dtype=np.uint8),
        test_accuracy=np.array(test, dtype=float),
    )


@pytest.mark.parametrize(
    ("clock", "accuracy", "budget", "expected"),
    [
        # The budget lies between two points, a quarter of the way: 60 + 0.25 * 8.
        ([10, 20, 30, 40], [50, NONE, 60, 68], 32.5, 62),
        # The incumbent stays if no better one is found.
        ([10, 20, 30, 40], [50, NONE, NONE, NONE], 35, 50),
        # The last evaluation is long: the nearest two points lie before the budget, and the line goes on.
        ([10, 20, 30, 90], [50, 52, 55, 70], 40, 58),
        # A failure comes first: it has no incumbent, and is no point.
        ([30, 40, 50], [NONE, 60, 62], 35, 59),
        ([10], [50], 35, 50),
        ([35, 35, 90], [50, 60, 70], 35, 50),
        ([10, 20], [NONE, NONE], 35, NONE),
    ],
)
def test_the_value_at_the_budget_by_hand(clock, accuracy, budget, expected):
    found = at_budget(np.array(clock, float), np.array(accuracy, float), budget)
    assert found == pytest.approx(expected, nan_ok=True)


def test_each_run_has_its_own_trajectory():
    runs = Runs.of([run([1, 2, 3], [50, 60, 70]), run([1, 2], [40, 44], seconds=[12, 12])])
    comparison = Comparison(budget_seconds=(15,))
    assert interpolated(runs, comparison) == pytest.approx([55, 41])
    assert final(runs, comparison).tolist() == [70, 44]


def test_architectures_until_the_target_are_counted_once():
    runs = Runs.of(
        [
            run([1, 1, 2, 5, 9], [1, NONE, 2, 5, 9], architectures=[[7], [7], [8], [9], [6]]),
            run([5, 6], [5, 6]),
            run([1, 4], [1, 4]),
        ]
    )
    comparison = Comparison(target_accuracy=(5,))
    assert distinct_until_target(runs, comparison) == pytest.approx([3, 1, NONE], nan_ok=True)


def test_the_same_architectures_are_scored_on_another_task(tmp_path):
    comparison = Comparison(
        benchmark=("cifar10-mini",), algorithms=("random_search",), seeds=5, budget_evaluations=4
    )
    runs = compare(comparison, out=tmp_path / "r", jobs=1).runs["cifar10-mini/cifar10", "random_search"]
    found = Transferred("cifar10-mini")(runs, comparison)
    task = open_task("cifar10-mini")
    expected = [task.test_accuracy(tuple(each.tolist())) for each in runs.architectures[runs.incumbents()]]
    assert found.tolist() == expected
    assert found == pytest.approx(runs.final())
    assert len(set(expected)) > 1
