"""Hyperband: its brackets, its halvings, and the cost of one bracket computed by hand."""

from typing import Any

import numpy as np
import pytest

from nasbench_lab.algorithms.hyperband import hyperband
from nasbench_lab.conformance import Landscape
from nasbench_lab.search import Budget, Evaluation, Query
from nasbench_lab.search.loop import search
from nasbench_lab.spaces import find_space
from tests.searches import task_info

SPACE = find_space("nasbench201")
SEED = np.random.SeedSequence(3)


class Epochs(Landscape):
    """A landscape with trainings that go on: an epoch takes 10 seconds, a validation pass half a second."""

    def __init__(self, *fidelities: int) -> None:
        super().__init__(SPACE, fidelities=fidelities)

    def evaluate(self, architecture, epochs, rng):
        after = epochs or self.epochs
        evaluation = super().evaluate(architecture, None, rng)
        return evaluation._replace(
            seconds=10.0 * after + 0.5, train_seconds=10.0 * after, epochs=after, training="all"
        )


def requests(*fidelities: int, count: int, eta: int = 3) -> list[list[Query]]:
    """The first requests of a search whose accuracies are the order of asking, the later the better."""
    process: Any = hyperband(SPACE, np.random.default_rng(0), task=task_info(*fidelities), eta=eta)
    request: list[Query] = next(process)
    seen: list[list[Query]] = []
    for _ in range(count):
        seen.append(request)
        answers = [Evaluation(float(i), 1.0, query.epochs or 0, "table") for i, query in enumerate(request)]
        request = process.send(answers)
    process.close()
    return seen


def test_brackets_are_those_of_algorithm_1():
    """R = 81 and eta = 3: n = ceil((s_max + 1) / (s + 1) eta^s), then a third of each rung goes on."""
    brackets = {
        4: [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        3: [(34, 3), (11, 9), (3, 27), (1, 81)],
        2: [(15, 9), (5, 27), (1, 81)],
        1: [(8, 27), (2, 81)],
        0: [(5, 81)],
    }
    expected = [rung for rungs in brackets.values() for rung in rungs]
    seen = requests(1, 3, 9, 27, 81, count=len(expected))
    assert [(len(request), request[0].epochs) for request in seen] == expected


def test_the_best_of_a_rung_go_on():
    first, second = requests(1, 3, 9, count=2)
    assert {query.architecture for query in second} == {query.architecture for query in first[-len(second) :]}
    assert all(type(query) is Query for query in first)


@pytest.mark.parametrize(
    ("fidelities", "rungs"),
    [
        ((4, 12, 36, 108), [(27, 4), (9, 12), (3, 36), (1, 108)]),  # NAS-Bench-101
        ((1, 2, 3, 4), [(3, 1), (1, 4)]),  # cifar10-mini: a third of 4 epochs is 1
        ((12, 200), [(9, 12), (1, 200)]),  # NAS-Bench-201: 22 and 67 epochs are 12, which is asked once
        ((100,), [(1, 100)]),
    ],
)
def test_rungs_take_the_epochs_that_a_task_has(fidelities, rungs):
    seen = requests(*fidelities, count=len(rungs))
    assert [(len(request), request[0].epochs) for request in seen] == rungs


def test_one_bracket_costs_as_computed_by_hand():
    """R = 27, eta = 3, s = 3: 27 trainings of 1 epoch, 9 of them to 3, 3 to 9 and 1 to 27."""
    run = search(hyperband, Epochs(1, 3, 9, 27), Budget(evaluations=40), SEED)
    assert run.epochs.tolist() == [1] * 27 + [3] * 9 + [9] * 3 + [27]
    epochs = 27 * 1 + 9 * 2 + 3 * 6 + 1 * 18
    assert run.seconds.sum() == pytest.approx(10 * epochs + 0.5 * 40)
    # 81 epochs are three full trainings; charged from the start it is four times 27 epochs.
    assert len(search(hyperband, Epochs(1, 3, 9, 27), Budget(trainings=epochs / 27), SEED)) == 40
    budget = Budget(trainings=4, promotions="restart")
    assert len(search(hyperband, Epochs(1, 3, 9, 27), budget, SEED)) == 40


def test_an_eta_below_two_is_refused():
    with pytest.raises(ValueError, match="eta is 2 or more; received 1"):
        requests(1, 3, count=1, eta=1)
