"""Simulated workers, against schedules worked out by hand and by brute force."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_lab.errors import AlgorithmError, UsageError
from nasbench_lab.search import (
    Budget,
    Evaluation,
    Finished,
    Query,
    Share,
    Start,
    TaskCard,
    TaskDefaults,
    search,
)
from nasbench_lab.search.answers import Answers
from nasbench_lab.search.history import History, Limits
from nasbench_lab.search.workers import Workers
from nasbench_lab.spaces.decisions import Ordered
from nasbench_lab.spaces.declared import DeclaredSpace
from tests.tables import present

SPACE = DeclaredSpace("line", {"seconds": Ordered(*range(1, 101))})
SEED = np.random.SeedSequence(3)


class Timed(TaskDefaults):
    """A task whose architecture (i,) takes i + 1 seconds, and has an accuracy of i + 1."""

    name = "timed/one"
    space = SPACE
    epochs = 4
    fidelities = (1, 4)
    resumable = True
    charges_seconds = True
    optimum, lists_every_architecture = None, True
    card: TaskCard  # no search asks for it

    def evaluate(self, architecture, epochs, rng):
        after = epochs or self.epochs
        seconds = (architecture[0] + 1) * after / 4
        return Evaluation(
            architecture[0] + 1.0, seconds, after, "table", training="one", train_seconds=seconds
        )

    def test_accuracy(self, architecture):
        return float(architecture[0])


def seconds(run):
    return [int(row[0]) + 1 for row in run.architectures]


def lasting(*times):
    return [(each - 1,) for each in times]


def test_a_batch_is_scheduled_on_the_worker_that_is_free_first():
    clocks = []

    def algorithm(space, rng):
        answers = yield lasting(
            5, 3, 2, 4
        )  # worker A: 5; worker B: 3, then 2 (to 5), then 4 goes to A (5 to 9)
        clocks.append([answer.seconds for answer in answers])
        yield lasting(1, 7)  # both begin at 9

    run = search(algorithm, Timed(), Budget(evaluations=6, workers=2), SEED)
    assert clocks == [[5.0, 3.0, 2.0, 4.0]]  # answers come in the order of the requests
    assert seconds(run) == [3, 5, 2, 4, 1, 7]  # and are recorded in the order of their ends
    assert present(run.clock).tolist() == [3.0, 5.0, 5.0, 9.0, 10.0, 16.0]
    assert run.seconds.tolist() == [3.0, 5.0, 2.0, 4.0, 1.0, 7.0]


def test_started_queries_are_told_as_soon_as_a_worker_is_free():
    told = []

    def algorithm(space, rng):
        for architecture in lasting(5, 3, 1, 4, 2):
            finished = yield Start(Query(architecture))
            told.append(finished)

    run = search(algorithm, Timed(), Budget(evaluations=9, workers=3), SEED)
    # At 0 A takes 5, B takes 3 and C takes 1. C is free at 1 and takes 4 (to 5), B at 3 and takes 2 (to 5).
    assert told[:2] == [None, None]
    assert [finished.evaluation.seconds for finished in told[2:]] == [1.0, 3.0, 5.0]
    assert [finished.query for finished in told[2:]] == [Query(each) for each in lasting(1, 3, 5)]
    assert all(type(finished) is Finished for finished in told[2:])
    assert seconds(run) == [1, 3, 5, 4, 2]  # of equal ends, the one that began first is first
    assert present(run.clock).tolist() == [1.0, 3.0, 5.0, 5.0, 5.0]


def test_on_one_worker_a_start_is_an_evaluation():
    def asynchronous(space, rng):
        while True:
            finished = yield Start(Query(space.sample(rng)))
            assert finished.evaluation.valid_accuracy == finished.query.architecture[0] + 1

    def plain(space, rng):
        while True:
            yield space.sample(rng)

    one, other = (search(each, Timed(), Budget(seconds=500), SEED) for each in (asynchronous, plain))
    assert one.architectures.tolist() == other.architectures.tolist()
    assert one.clock is None
    assert one.seconds.tolist() == other.seconds.tolist()


def test_evaluations_that_begin_before_the_budget_is_spent_are_the_last_ones():
    def algorithm(space, rng):
        for architecture in lasting(4, 6, 9, 3, 50, 50):
            yield Start(Query(architecture))

    # A: 4, then 9 (4 to 13). B: 6, then 3 (6 to 9), then 50 (9 to 59). A would begin the last one at 13.
    run = search(algorithm, Timed(), Budget(seconds=10, workers=2), SEED)
    assert present(run.clock).tolist() == [4.0, 6.0, 9.0, 13.0, 59.0]
    run = search(algorithm, Timed(), Budget(seconds=10, workers=2, over_budget="discard"), SEED)
    assert present(run.clock).tolist() == [4.0, 6.0, 9.0]


def test_a_target_ends_the_search_when_it_is_reached_by_the_clock():
    def algorithm(space, rng):
        yield lasting(90, 20, 30, 40)

    run = search(algorithm, Timed(), Budget(evaluations=9, workers=4, target_accuracy=25), SEED)
    assert present(run.clock).tolist() == [20.0, 30.0]


def test_a_budget_of_evaluations_or_epochs_ends_what_may_begin():
    def algorithm(space, rng):
        while True:
            yield Start(Query(space.sample(rng), 1))

    run = search(algorithm, Timed(), Budget(evaluations=7, workers=3), SEED)
    assert len(run) == 7
    run = search(algorithm, Timed(), Budget(trainings=2, workers=3), SEED)
    assert len(run) == 8
    assert (np.diff(present(run.clock)) >= 0).all()


def brute_force(times, workers):
    """Ends of a batch: each takes the worker that is free first."""
    free = [0.0] * workers
    ends = []
    for each in times:
        first = free.index(min(free))
        free[first] += each
        ends.append(free[first])
    return sorted(ends)


@given(st.lists(st.integers(1, 100), min_size=2, max_size=30), st.integers(2, 9))
def test_ends_of_a_batch_match_a_brute_force_schedule(times, workers):
    def algorithm(space, rng):
        yield lasting(*times)

    run = search(algorithm, Timed(), Budget(evaluations=99, workers=workers), SEED)
    assert present(run.clock).tolist() == brute_force(times, workers)


@given(
    st.lists(st.lists(st.integers(1, 100), min_size=1, max_size=5), min_size=1, max_size=8),
    st.integers(1, 400),
)
def test_one_simulated_worker_agrees_with_the_loop_in_turn(batches, limit):
    def algorithm(space, rng):
        for batch in batches:
            yield lasting(*batch) if len(batch) > 1 else lasting(*batch)[0]

    task, budget = Timed(), Budget(seconds=limit)
    run = search(algorithm, task, budget, SEED)
    history = History()
    rng = np.random.default_rng(0)
    process = algorithm(SPACE, rng)
    answers = Answers(task, budget, rng, 0, ("valid_accuracy",))
    with contextlib.suppress(StopIteration):
        Workers(1, answers, Limits(budget, task), history).answer(process, next(process))
    assert [each[0] for each in history.architectures] == run.architectures[:, 0].tolist()
    assert history.clock == np.cumsum(run.seconds).tolist()


def test_other_requests_beside_started_queries_are_refused():
    def mixing(space, rng):
        yield Start(Query((0,)))
        yield (1,)

    with pytest.raises(AlgorithmError, match="yields nothing but Start"):
        search(mixing, Timed(), Budget(evaluations=9, workers=2), SEED)


@pytest.mark.parametrize(
    "request_",
    [[Start(Query((0,)))], Start(Start(Query((0,)))), [Share([(0,)])], Start(7)],  # type: ignore[arg-type]
)
@pytest.mark.parametrize("workers", [1, 2])
def test_nested_requests_are_refused(request_, workers):
    def algorithm(space, rng):
        yield request_

    with pytest.raises(AlgorithmError, match="the algorithm yielded"):
        search(algorithm, Timed(), Budget(evaluations=9, workers=workers), SEED)


def test_workers_need_seconds():
    class Free(Timed):
        charges_seconds = False

    def algorithm(space, rng):
        yield (0,)

    with pytest.raises(UsageError, match="no training times, so 2 workers cannot be simulated"):
        search(algorithm, Free(), Budget(evaluations=9, workers=2), SEED)
    with pytest.raises(UsageError, match="the number of workers is 1 or more; received 0"):
        Budget(evaluations=9, workers=0)
