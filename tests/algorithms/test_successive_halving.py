"""Successive halving: its rungs by hand, and which members go on."""

from typing import Any

import numpy as np
import pytest

from nasbench_lab.algorithms.successive_halving import successive_halving
from nasbench_lab.conformance import Landscape
from nasbench_lab.search import Budget, Evaluation, Query
from nasbench_lab.search.loop import search
from nasbench_lab.spaces import find_space
from tests.searches import task_info

SPACE = find_space("nasbench201")


def rungs(fidelities, answer, *, count, **hyperparameters) -> list[list[Query]]:
    """The first requests of a search; `answer` gives the evaluation of the i-th query of a rung."""
    process: Any = successive_halving(
        SPACE, np.random.default_rng(0), task=task_info(*fidelities), **hyperparameters
    )
    request: list[Query] = next(process)
    seen = []
    for _ in range(count):
        seen.append(request)
        request = process.send([answer(i) for i in range(len(request))])
    process.close()
    return seen


def later_is_better(i):
    return Evaluation(float(i))


@pytest.mark.parametrize(
    ("eta", "fidelities", "expected"),
    [
        # 81 / 1 = 3^4, so 81 architectures; a third of them goes on to three times the epochs.
        (3, (1, 3, 9, 27, 81), [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)]),
        # 64 / 1 = 4^3.
        (4, (1, 4, 16, 64), [(64, 1), (16, 4), (4, 16), (1, 64)]),
        # 12 / 1 is more than 3^2 and less than 3^3: 1.33, 4 and 12 epochs, of which 1.33 is 1.
        (3, tuple(range(1, 13)), [(9, 1), (3, 4), (1, 12)]),
        # The same task with eta 4: 3 and 12 epochs.
        (4, tuple(range(1, 13)), [(4, 3), (1, 12)]),
        # 200 / 12 is more than 4^2: 12.5, 50 and 200 epochs. The first two are 12 here, and one rung.
        (4, (12, 200), [(16, 12), (1, 200)]),
        (3, (100,), [(1, 100)]),
    ],
)
def test_rungs_by_hand(eta, fidelities, expected):
    seen = rungs(fidelities, later_is_better, count=2 * len(expected), eta=eta)
    assert [(len(rung), *{query.epochs for query in rung}) for rung in seen] == expected * 2


def test_the_best_go_on_and_a_new_bracket_begins_with_new_ones():
    seen = rungs((1, 3, 9), later_is_better, count=4)
    first, second, third, again = ([query.architecture for query in rung] for rung in seen)
    assert second == first[:-4:-1]
    assert third == second[-1:]
    assert again != first


def test_equal_members_go_on_in_the_order_of_their_draws():
    seen = rungs((1, 3, 9), lambda i: Evaluation(50.0), count=2)
    first, second = ([query.architecture for query in rung] for rung in seen)
    assert second == first[:3]


def test_failed_trainings_go_on_last_whatever_their_accuracy():
    """In a rung of nine, the first five fail with the highest accuracies."""
    seen = rungs((1, 3, 9), lambda i: Evaluation(90.0 if i < 5 else float(i), failed=i < 5), count=2)
    first, second = ([query.architecture for query in rung] for rung in seen)
    assert second == [first[8], first[7], first[6]]


def test_a_bracket_costs_as_computed_by_hand():
    """27 trainings of 1 epoch, then 9 go on for 2 more, 3 for 6 more, and 1 for 18 more: 81 epochs."""
    task = Landscape(SPACE, fidelities=(1, 3, 9, 27))
    run = search(successive_halving, task, Budget(evaluations=40), np.random.SeedSequence(3))
    assert run.epochs.tolist() == [1] * 27 + [3] * 9 + [9] * 3 + [27]
    assert run.seconds.sum() == 27 * 1 + 9 * 2 + 3 * 6 + 1 * 18


def test_its_last_rung_is_better_than_random_draws():
    """On a landscape without noise, the last of a rung of 27 is the best one of 27 draws."""
    task = Landscape(SPACE, fidelities=(1, 3, 9, 27))
    run = search(successive_halving, task, Budget(evaluations=400), np.random.SeedSequence(3))
    accuracies, epochs = run.valid_accuracy.reshape(10, 40), run.epochs.reshape(10, 40)
    assert (epochs[:, -1] == 27).all()
    assert (accuracies[:, -1] == accuracies[:, :27].max(axis=1)).all()
    assert accuracies[:, -1].mean() > accuracies[:, :27].mean() + 15


def test_an_eta_below_two_is_refused():
    with pytest.raises(ValueError, match="eta is 2 or more; received 1"):
        rungs((1, 3), later_is_better, count=1, eta=1)
