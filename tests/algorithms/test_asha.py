"""ASHA against a schedule worked out by hand, and against a second reading of Algorithm 2."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_lab.algorithms.asha import asha
from nasbench_lab.search import (
    Budget,
    Evaluation,
    Finished,
    Query,
    Start,
    TaskDefaults,
    search,
)
from nasbench_lab.search.card import TaskCard
from nasbench_lab.spaces import find_space
from tests.searches import task_info

SPACE = find_space("nasbench_macro")


def answered(accuracies: list[float], *fidelities: int, eta: int) -> list[int]:
    """The epochs of each request on one worker; the i-th request gets the i-th accuracy."""
    process: Any = asha(SPACE, np.random.default_rng(0), task=task_info(*fidelities), eta=eta)
    request = next(process)
    asked = []
    for accuracy in accuracies:
        assert type(request) is Start
        epochs = request.query.epochs or 0
        asked.append(epochs)
        evaluation = Evaluation(accuracy, 1.0, epochs, "table")
        request = process.send(Finished(request.query, evaluation))
    process.close()
    return asked


def test_promotions_by_hand():
    # eta is 2. Of a = 10 and b = 20, one may go on: b, which reaches 25. Of a, b and c = 30, one may: c,
    # which reaches 40. Of b and c after 2 epochs, one may: c, which reaches 50. With d = 5 there are four: 2
    # may go on, c and b, which have. So e is drawn.
    accuracies = [10.0, 20.0, 25.0, 30.0, 40.0, 50.0, 5.0, 1.0]
    assert answered(accuracies, 1, 2, 4, eta=2) == [1, 1, 2, 1, 2, 4, 1, 1]


def second_reading(accuracies: list[float], fidelities: tuple[int, ...], eta: int) -> list[int]:
    """Algorithm 2 read literally: look at each rung from the top, at its best share not promoted yet."""
    rungs: list[list[tuple[float, int]]] = [[] for _ in fidelities]
    promoted: list[set[int]] = [set() for _ in fidelities]
    asked, fresh = [], 0
    for accuracy in accuracies:
        job = None
        for k in reversed(range(len(fidelities) - 1)):
            top = sorted(rungs[k], key=lambda each: (-each[0], rungs[k].index(each)))[: len(rungs[k]) // eta]
            candidates = [name for _, name in top if name not in promoted[k]]
            if candidates:
                promoted[k].add(candidates[0])
                job = candidates[0], k + 1
                break
        if job is None:
            job, fresh = (fresh, 0), fresh + 1
        name, rung = job
        asked.append(fidelities[rung])
        rungs[rung].append((accuracy, name))
    return asked


@given(st.lists(st.integers(0, 30), max_size=80), st.integers(2, 4))
def test_agrees_with_a_second_reading_of_the_algorithm(accuracies, eta):
    fidelities = (1, eta, eta**2)
    values = [float(each) for each in accuracies]
    assert answered(values, *fidelities, eta=eta) == second_reading(values, fidelities, eta)


class Clocked(TaskDefaults):
    """Each epoch takes one second, and the i-th architecture that is drawn has an accuracy of its own."""

    name = "clocked/one"
    space = SPACE
    epochs = 4
    fidelities: tuple[int, ...] = (1, 2, 4)
    resumable = True
    charges_seconds = True
    optimum, lists_every_architecture = None, True
    card: TaskCard  # no search asks for it

    def __init__(self, accuracies):
        self._accuracies = iter(accuracies)
        self._known: dict[Any, float] = {}

    def evaluate(self, architecture, epochs, rng):
        if architecture not in self._known:
            self._known[architecture] = next(self._accuracies)
        accuracy = self._known[architecture]
        return Evaluation(
            accuracy, float(epochs), epochs, "table", training="one", train_seconds=float(epochs)
        )

    def test_accuracy(self, architecture):
        return self._known[architecture]


def test_two_workers_by_hand():
    # a and b begin at 0 and end at 1. a is told first: 10 alone promotes nothing, so c = 30 begins (1 to 2).
    # b is told: it is the best of two, and goes on to 2 epochs for one second more (1 to 2). At 2, c is told:
    # it is the best of three, and goes on (2 to 3). b is told, alone after 2 epochs: d = 5 begins (2 to 3).
    # At 3, c is told: it is the best of two after 2 epochs, and goes on to 4 for two seconds more (3 to 5).
    task = Clocked([10.0, 20.0, 30.0, 5.0, 1.0, 2.0, 3.0, 4.0])
    run = search(asha_of(2), task, Budget(seconds=3.5, workers=2), np.random.SeedSequence(0))
    assert run.epochs.tolist()[:6] == [1, 1, 1, 2, 2, 1]
    assert run.valid_accuracy.tolist()[:6] == [10.0, 20.0, 30.0, 20.0, 30.0, 5.0]
    assert run.clock is not None
    assert run.clock.tolist()[:6] == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    # The last ones began at 3, before the budget of 3.5 was spent: a new draw, and c to 4 epochs.
    assert sorted(zip(run.clock.tolist()[6:], run.epochs.tolist()[6:], strict=True))[-1] == (5.0, 4)


def asha_of(eta):
    def algorithm(space, rng, *, task):
        return asha(space, rng, task=task, eta=eta)

    return algorithm


def test_failed_trainings_are_never_promoted():
    process: Any = asha(SPACE, np.random.default_rng(0), task=task_info(1, 2), eta=2)
    request = next(process)
    for _ in range(20):
        assert request.query.epochs == 1
        evaluation = Evaluation(99.0, 1.0, 1, "table", failed=True)
        request = process.send(Finished(request.query, evaluation))


def test_while_a_worker_is_free_new_architectures_are_drawn():
    process: Any = asha(SPACE, np.random.default_rng(0), task=task_info(1, 4))
    requests = [next(process), *(process.send(None) for _ in range(7))]
    assert all(request == Start(Query(request.query.architecture, 1)) for request in requests)


def test_an_eta_below_two_is_refused():
    with pytest.raises(ValueError, match="eta is 2 or more; received 1"):
        next(asha(SPACE, np.random.default_rng(0), task=task_info(1, 4), eta=1))
