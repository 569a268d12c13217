"""Algorithms that choose their own epochs: seeds, charges, budgets and facts about the task."""

from dataclasses import replace

import numpy as np
import pytest

from nasbench_lab.benchmarks.tables.contents import Measurement, Training
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.errors import EvaluationError, UsageError
from nasbench_lab.search import Budget, Evaluation, Metric, Query, TaskInfo, search
from nasbench_lab.search.task import TaskDefaults
from tests.tables import SIZE, small_contents

SEED = np.random.SeedSequence(7)
LENGTH, EPOCHS, SEEDS = 27, (1, 3, 9, 27), ("0", "1", "2", "3")
SECONDS_AN_EPOCH, VALID_SECONDS = 10.0, 0.5


def accuracy(row: int, epochs: int, seed: int) -> float:
    """The accuracy that the table lists; the seed stands in its tenths, so it can be read off."""
    return 10 + row % 7 + epochs + seed / 10


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A training of 27 epochs with four seeds, and a separate training of 81 epochs."""
    rows, epochs, seeds = np.arange(SIZE), np.array(EPOCHS), np.arange(len(SEEDS))
    values = 10.0 + (rows % 7)[:, None, None] + epochs[None, :, None] + seeds[None, None, :] / 10
    spent = np.broadcast_to(SECONDS_AN_EPOCH * epochs[None, :, None], values.shape).copy()
    passes = np.full(values.shape, VALID_SECONDS)
    short = Training(
        valid_accuracy=Measurement(values, EPOCHS, SEEDS),
        train_seconds=Measurement(spent, EPOCHS, SEEDS),
        valid_seconds=Measurement(passes, EPOCHS, SEEDS),
    )
    long = np.full((SIZE, 1, 1), 50.0)
    separate = Training(
        valid_accuracy=Measurement(long, (81,), ("0",)),
        test_accuracy=Measurement(long, (81,), ("0",)),
        train_seconds=Measurement(long * 0 + 810.0, (81,), ("0",)),
        valid_seconds=Measurement(long * 0 + VALID_SECONDS, (81,), ("0",)),
    )
    contents = small_contents(trainings={LENGTH: short, 81: separate})
    path = tmp_path_factory.mktemp("tables") / "toy.h5"
    write_table(replace(contents, data_sets={"one": contents.data_sets["one"]}), path)
    return Table(path)


def task(table, **settings):
    return TabularTask(table, "one", **{"epochs": LENGTH, **settings})


def seed_of(evaluation):
    """The training seed behind an evaluation of the table."""
    return round((evaluation.valid_accuracy % 1) * 10)


def asking(*queries, seen):
    """An algorithm that makes these requests and keeps the answers."""

    def algorithm(space, rng):
        for epochs in queries:
            seen.append((yield Query(space.architecture(5), epochs)))

    return algorithm


def test_a_promotion_goes_on_with_the_same_training_and_is_charged_its_new_epochs(table):
    for run in range(20):
        seen: list[Evaluation] = []
        algorithm = asking(1, 3, 9, 27, seen=seen)
        search(algorithm, task(table), Budget(evaluations=9), np.random.SeedSequence(run))
        assert len({seed_of(evaluation) for evaluation in seen}) == 1
        # Each new epoch once, and one validation pass an evaluation.
        assert [evaluation.seconds for evaluation in seen] == [10.5, 20.5, 60.5, 180.5]
        assert [evaluation.epochs for evaluation in seen] == [1, 3, 9, 27]


def test_a_protocol_may_charge_every_rung_from_the_start(table):
    seen: list[Evaluation] = []
    budget = Budget(evaluations=9, promotions="restart")
    search(asking(1, 3, 9, seen=seen), task(table), budget, SEED)
    assert [evaluation.seconds for evaluation in seen] == [10.5, 30.5, 90.5]
    assert len({seed_of(evaluation) for evaluation in seen}) == 1


def test_a_separate_training_is_charged_whole(table):
    seen: list[Evaluation] = []
    search(asking(27, 81, seen=seen), task(table), Budget(evaluations=9), SEED)
    assert [evaluation.seconds for evaluation in seen] == [270.5, 810.5]


def test_the_same_epochs_again_are_another_training(table):
    seen: list[Evaluation] = []
    search(asking(*[9] * 40, seen=seen), task(table), Budget(evaluations=40), SEED)
    assert {seed_of(evaluation) for evaluation in seen} == {0, 1, 2, 3}
    assert {evaluation.seconds for evaluation in seen} == {90.5}


def test_promotions_leave_the_draws_of_others_alone(table):
    """A run with promotions in between draws the same seeds for its first rungs."""

    def seeds(promotes):
        drawn = []

        def algorithm(space, rng):
            for index in range(30):
                drawn.append(seed_of((yield Query(space.architecture(index), 1))))
                if promotes:
                    yield Query(space.architecture(index), 27)

        search(algorithm, task(table), Budget(evaluations=1000), SEED)
        return drawn

    assert seeds(True) == seeds(False)


def test_a_budget_in_full_trainings_counts_the_epochs_charged(table):
    seen: list[Evaluation] = []
    run = search(asking(*[1] * 200, seen=seen), task(table), Budget(trainings=2), SEED)
    assert len(run) == 54
    run = search(asking(*[1, 3, 9, 27] * 10, seen=seen), task(table), Budget(trainings=2), SEED)
    assert run.epochs.tolist() == [1, 3, 9, 27] * 2
    # Charged from the start it is 40 epochs a climb; the third rung of the second one goes over 54.
    budget = Budget(trainings=2, promotions="restart", over_budget="discard")
    run = search(asking(*[1, 3, 9, 27] * 10, seen=seen), task(table), budget, SEED)
    assert run.epochs.tolist() == [1, 3, 9, 27, 1, 3, 9]


def test_plain_architectures_count_as_full_trainings(table):
    def plain(space, rng):
        while True:
            yield space.sample(rng)

    assert len(search(plain, task(table), Budget(trainings=5), SEED)) == 5


def test_the_mean_of_several_trainings_costs_all_of_them(table):
    seen: list[Evaluation] = []
    search(asking(1, 3, seen=seen), task(table, seed="mean"), Budget(evaluations=9), SEED)
    assert [evaluation.seconds for evaluation in seen] == [4 * 10.5, 4 * 20.5]
    assert seen[0].valid_accuracy == pytest.approx(np.mean([accuracy(5, 1, seed) for seed in range(4)]))


def test_an_algorithm_that_names_the_task_is_told_about_it(table):
    told = []

    def algorithm(space, rng, *, task, hyperparameter=3):
        told.append((task, hyperparameter))
        yield Query(space.sample(rng), task.fidelities[0])

    budget = Budget(evaluations=4)
    run = search(algorithm, task(table), budget, SEED)
    assert run.epochs.tolist() == [1]
    info = TaskInfo(
        epochs=27,
        fidelities=(1, 3, 9, 27, 81),
        resumable=False,
        charges_seconds=True,
        metrics={"valid_accuracy": Metric("higher", "%"), "parameters": Metric("lower", "millions")},
        objectives=("valid_accuracy",),
        workers=1,
        budget=budget,
    )
    assert told == [(info, 3)]


def test_epochs_of_a_shorter_training_are_read_off_it(table):
    seen: list[Evaluation] = []
    search(asking(9, None, seen=seen), task(table, epochs=None), Budget(evaluations=9), SEED)
    assert [(evaluation.epochs, evaluation.seconds) for evaluation in seen] == [(9, 90.5), (81, 810.5)]


def test_epochs_that_are_not_there_are_named_with_those_that_are(table):
    with pytest.raises(UsageError, match="no validation accuracy after 5 epochs; it lists 1, 3, 9, 27, 81"):
        search(asking(5, seen=[]), task(table), Budget(evaluations=1), SEED)


class Free(TaskDefaults):
    """A task whose evaluations cost nothing, or that fails."""

    name = "free/one"
    epochs = 1
    fidelities: tuple[int, ...] = (1,)
    charges_seconds = True
    optimum, lists_every_architecture = None, True

    def __init__(self, table, error=None):
        self._task = task(table)
        self.space = self._task.space
        self.card = self._task.card
        self._error = error

    def evaluate(self, architecture, epochs, rng):
        if self._error is not None:
            raise self._error
        return self._task.evaluate(architecture, 1, rng)._replace(seconds=0.0)

    def test_accuracy(self, architecture):
        return 1.0


def endless(space, rng):
    while True:
        yield space.sample(rng)


def test_a_budget_that_is_never_spent_ends_in_one_line(table):
    with pytest.raises(UsageError, match="cost 0 seconds, so a budget of seconds is never spent"):
        search(endless, Free(table), Budget(seconds=200), SEED)


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), ZeroDivisionError("x")])
def test_an_error_of_a_benchmark_is_not_the_algorithms(table, error):
    with pytest.raises(
        EvaluationError,
        match=r"free/one failed while it evaluated .*: \w+: '?x'? \(.*test_trainings.py:\d+\)",
    ):
        search(endless, Free(table, error), Budget(evaluations=2), SEED)


def test_a_source_that_nobody_knows_is_named(table):
    free = Free(table)
    evaluate = free.evaluate
    free.evaluate = lambda *arguments: evaluate(*arguments)._replace(source="oracle")  # type: ignore[method-assign]
    with pytest.raises(EvaluationError, match=r"one of table, surrogate, live, .*; received 'oracle'"):
        search(endless, free, Budget(evaluations=2), SEED)
