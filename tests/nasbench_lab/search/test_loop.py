import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_lab.errors import AlgorithmError, UnlistedArchitecture, UsageError
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.contract import Evaluation, Query
from nasbench_lab.search.incumbents import incumbents
from nasbench_lab.search.loop import search
from nasbench_lab.search.task import TaskDefaults
from nasbench_lab.spaces import find_space

SPACE = find_space("nasbench_macro")
SEED = np.random.SeedSequence(0)
FIRST = (0,) * 8


class Toy(TaskDefaults):
    """A task: the accuracy is the sum of choices plus 1 % per ten epochs; an evaluation takes 10 seconds."""

    name = "toy/toy"
    space = SPACE
    charges_seconds = True
    epochs = 10
    fidelities = (10, 20, 40)
    optimum = 60.0
    # A search asks for neither.
    card: TaskCard
    lists_every_architecture: bool

    def evaluate(self, architecture, epochs, rng):
        if architecture not in self.listed:
            raise UnlistedArchitecture(f"toy does not list {architecture}")
        epochs = epochs or 20
        return Evaluation(sum(architecture) + epochs / 10, 10.0, epochs, "table")

    def prepare(self, queries, rng):
        self.prepared = (*self.prepared, (queries, rng.random()))

    def test_accuracy(self, architecture):
        return 40.0 + sum(architecture)

    prepared: tuple[tuple[Sequence[Query], float], ...] = ()

    listed = frozenset(SPACE.architecture(i) for i in range(SPACE.size)) - {(2,) * 8}


def of(*requests):
    """An algorithm that yields these requests in turn."""

    def algorithm(space, rng):
        yield from (request for request in requests)  # a tuple's iterator has no `send`

    return algorithm


def endless(space, rng):
    while True:
        yield (int(rng.random() * 2), *(int(choice) for choice in rng.integers(3, size=7)))


def test_records_what_happened_step_by_step():
    run = search(of(FIRST, (1,) * 8, (0, 1) * 4), Toy(), Budget(evaluations=10), SEED)
    assert run.architectures.tolist() == [[0] * 8, [1] * 8, [0, 1] * 4]
    assert run.valid_accuracy.tolist() == [2.0, 10.0, 6.0]
    assert run.seconds.tolist() == [10.0] * 3
    assert run.epochs.tolist() == [20] * 3
    assert run.test_accuracy[:2].tolist() == [40.0, 48.0]
    assert math.isnan(run.test_accuracy[2])


def test_sends_an_evaluation_for_an_architecture_and_a_list_for_a_list():
    seen = []

    def algorithm(space, rng):
        seen.append((yield FIRST))
        seen.append((yield [FIRST, Query((1,) * 8, epochs=50)]))
        seen.append((yield Query(FIRST)))

    search(algorithm, Toy(), Budget(evaluations=10), SEED)
    one, several, last = seen
    assert isinstance(one, Evaluation)
    assert [evaluation.epochs for evaluation in several] == [20, 50]
    assert last.epochs == 20


def test_an_evaluation_holds_nothing_of_the_test_set():
    assert not [name for name in Evaluation._fields if "test" in name]


def test_budget_of_evaluations_ends_in_the_middle_of_a_batch():
    run = search(of([FIRST, (1,) * 8, (0, 1) * 4]), Toy(), Budget(evaluations=2), SEED)
    assert len(run) == 2


@pytest.mark.parametrize(
    ("seconds", "over_budget", "evaluations"),
    [(30, "include", 3), (30, "discard", 3), (35, "include", 4), (35, "discard", 3), (5, "discard", 0)],
)
def test_budget_of_simulated_seconds(seconds, over_budget, evaluations):
    budget = Budget(seconds=seconds, over_budget=over_budget)
    assert len(search(endless, Toy(), budget, SEED)) == evaluations


def test_target_accuracy_ends_the_run():
    run = search(endless, Toy(), Budget(evaluations=10_000, target_accuracy=14.0), SEED)
    assert run.valid_accuracy[-1] >= 14
    assert (run.valid_accuracy[:-1] < 14).all()


def test_budget_of_real_seconds_ends_the_run():
    run = search(endless, Toy(), Budget(real_seconds=0.05), SEED)
    assert len(run) > 10


def test_the_algorithm_is_closed_when_the_budget_is_used_up():
    closed = []

    def algorithm(space, rng):
        try:
            while True:
                yield FIRST
        finally:
            closed.append(True)

    search(algorithm, Toy(), Budget(evaluations=3), SEED)
    assert closed == [True]


def test_a_seed_may_be_used_again():
    seed = np.random.SeedSequence(5, spawn_key=(1, 2))
    first, again = (search(endless, Toy(), Budget(evaluations=50), seed) for _ in range(2))
    assert (first.architectures == again.architectures).all()


def test_the_seed_decides_everything():
    first, again = (
        search(endless, Toy(), Budget(evaluations=50), np.random.SeedSequence(5)) for _ in range(2)
    )
    other = search(endless, Toy(), Budget(evaluations=50), np.random.SeedSequence(6))
    assert (first.architectures == again.architectures).all()
    assert not (first.architectures == other.architectures).all()


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ((0,) * 7, r"not an architecture of nasbench_macro; expected a tuple of 8 whole numbers"),
        ((9,) * 8, r"yielded \(9, 9, 9"),
        ("00000000", r"yielded '00000000'"),
        ([FIRST, "x"], r"yielded 'x'"),
        ([[0] * 8], r"yielded \[0, 0"),
        (3, "yielded 3"),
        ([], "empty list"),
        (Query(FIRST, epochs=0), "epochs=0; epochs is a whole number above 0"),
        (Query(FIRST, epochs="12"), "epochs='12'"),  # type: ignore[arg-type]
        (None, "yielded None, before"),
    ],
)
def test_says_what_is_wrong_with_a_request(request_, message):
    class Strict(Toy):
        def evaluate(self, architecture, epochs, rng):
            if epochs is not None and (not isinstance(epochs, int) or epochs < 1):
                raise ValueError(epochs)
            return super().evaluate(architecture, epochs, rng)

    with pytest.raises(AlgorithmError, match=message):
        search(of(request_), Strict(), Budget(evaluations=5), SEED)


def test_none_in_the_middle_is_an_error_too():
    with pytest.raises(AlgorithmError, match="yielded None"):
        search(of(FIRST, None), Toy(), Budget(evaluations=5), SEED)


def test_an_algorithm_that_asks_for_nothing_is_an_error():
    with pytest.raises(AlgorithmError, match="before asking for any evaluation"):
        search(of(), Toy(), Budget(evaluations=5), SEED)


def test_what_is_no_generator_is_an_error():
    with pytest.raises(AlgorithmError, match="an algorithm is a generator function"):
        search(lambda space, rng: 3, Toy(), Budget(evaluations=5), SEED)  # type: ignore[arg-type, return-value]


def test_an_unlisted_architecture_stays_an_unlisted_architecture():
    with pytest.raises(UnlistedArchitecture):
        search(of((2,) * 8), Toy(), Budget(evaluations=5), SEED)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({}, "a search needs a budget"),
        ({"target_accuracy": 90.0}, "a search needs a budget"),
        ({"evaluations": 0}, "the budget of evaluations must be a finite number above 0; received 0"),
        ({"seconds": -1.0}, "the budget of seconds must be a finite number above 0; received -1"),
        ({"real_seconds": math.nan}, "budget of real_seconds must be a finite number above 0; received nan"),
        ({"seconds": math.inf}, "the budget of seconds must be a finite number above 0; received inf"),
        ({"trainings": 0}, "the budget of trainings must be a finite number above 0; received 0"),
        (
            {"evaluations": 1, "target_accuracy": math.nan},
            "the target accuracy must be a finite number; received nan",
        ),
        (
            {"evaluations": 1, "promotions": "never"},
            "promotions takes 'continue' or 'restart'; received 'never'",
        ),
        (
            {"evaluations": 1, "over_budget": "maybe"},
            "over_budget takes 'include' or 'discard'; received 'maybe'",
        ),
    ],
)
def test_refuses_a_budget_of_nothing(limits, message):
    with pytest.raises(UsageError, match=message):
        Budget(**limits)


def test_a_batch_is_prepared_no_further_than_the_budget():
    task = Toy()
    assert len(search(of([FIRST] * 4, [FIRST] * 4), task, Budget(evaluations=6), SEED)) == 6
    assert [len(queries) for queries, _ in task.prepared] == [4, 2]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([4, 12, 36])), max_size=30))
def test_incumbents_match_a_walk_through_the_run(history):
    best: Any = None
    expected = []
    for step, (accuracy, epochs) in enumerate(history):
        more = best is None or epochs > best[1]
        if more or (epochs == best[1] and accuracy > best[0]):
            best = (accuracy, epochs)
            expected.append(step)
    accuracies, epochs = [float(accuracy) for accuracy, _ in history], [epochs for _, epochs in history]
    found = incumbents(accuracies, epochs, "most-epochs", lambda step: 10.0 * step)
    assert list(found) == [(step, 10.0 * step) for step in expected]
    risen = [step for step in range(len(history)) if accuracies[step] > max(accuracies[:step], default=-1.0)]
    found = incumbents(accuracies, epochs, "best", lambda step: 10.0 * step)
    assert list(found) == [(step, 10.0 * step) for step in risen]


def test_one_bad_long_training_after_many_good_short_ones():
    accuracies, epochs = [40.0] * 100 + [11.0], [4] * 100 + [12]
    assert [step for step, _ in incumbents(accuracies, epochs, "best", lambda _: 1.0)] == [0]
    assert [step for step, _ in incumbents(accuracies, epochs, "most-epochs", lambda _: 1.0)] == [0, 100]


def test_what_fails_when_trained_to_the_end_is_no_incumbent():
    reported = [50.0, math.nan, 52.0, 51.0]
    found = incumbents([60.0, 90.0, 70.0, 80.0], [4] * 4, "best", reported.__getitem__)
    assert list(found) == [(0, 50.0), (2, 52.0), (3, 51.0)]


def test_a_failed_evaluation_is_recorded_without_an_accuracy_and_is_no_incumbent():
    class Failing(Toy):
        def evaluate(self, architecture, epochs, rng):
            evaluation = super().evaluate(architecture, epochs, rng)
            failed = architecture == FIRST
            return evaluation._replace(failed=failed, valid_accuracy=0.0 if failed else 5.0)

    told: list[Evaluation] = []

    def algorithm(space, rng):
        while len(told) < 3:
            told.append((yield (FIRST, (1,) * 8)[len(told) % 2]))

    run = search(algorithm, Failing(), Budget(evaluations=9), SEED)
    assert [evaluation.valid_accuracy for evaluation in told] == [0.0, 5.0, 0.0]
    assert np.isnan(run.valid_accuracy).tolist() == [True, False, True]
    assert np.isnan(run.test_accuracy).tolist() == [True, False, True]


def test_a_batch_is_announced_before_it_is_answered():
    task = Toy()
    search(of([FIRST, Query((1,) * 8, 10)], (2, 1) * 4, [FIRST]), task, Budget(evaluations=9), SEED)
    (announced,) = task.prepared  # one architecture alone is no batch
    assert announced[0] == [Query(FIRST), Query((1,) * 8, 10)]


def test_a_batch_with_what_is_no_architecture_is_the_algorithms_fault():
    task = Toy()
    with pytest.raises(AlgorithmError, match="is not an architecture of nasbench_macro"):
        search(of([FIRST, "cell"]), task, Budget(evaluations=9), SEED)
    assert task.prepared == ()
