"""Requests for other metrics and for shared weights, recommendations, objectives and earlier tasks."""

import math
from typing import ClassVar

import numpy as np
import pytest

from nasbench_lab.errors import AlgorithmError, EvaluationError, UsageError
from nasbench_lab.search import (
    Budget,
    Evaluation,
    Metric,
    Previous,
    Query,
    Scores,
    Share,
    TaskCard,
    TaskDefaults,
    TaskInfo,
    search,
)
from nasbench_lab.search.contract import Metrics
from nasbench_lab.spaces import find_space

SPACE = find_space("nasbench_macro")
SEED = np.random.SeedSequence(5)
FIRST, SECOND, THIRD = (0,) * 8, (1,) * 8, (2,) * 8


class Network:
    """A shared network: the loss is the number of steps so far, the accuracy is a tenth of it."""

    def __init__(self, seed):
        self.seed = seed
        self.steps = 0

    def train(self, paths):
        losses = [float(self.steps + i) for i in range(len(paths))]
        self.steps += len(paths)
        return losses, 2.0 * len(paths)

    def accuracy(self, architecture):
        return self.steps / 10 + architecture[0], 3.0


class Measured(TaskDefaults):
    """A task with a latency that comes unasked and a score that costs 0.5 seconds."""

    name = "measured/one"
    space = SPACE
    epochs = 4
    fidelities = (4,)
    charges_seconds = True
    optimum, lists_every_architecture = None, True
    card: TaskCard  # no search asks for it
    metrics: ClassVar = {
        "valid_accuracy": Metric("higher", "%"),
        "latency:phone": Metric("lower", "ms"),
        "proxy:synflow": Metric("higher", "", on_request=True),
    }

    def __init__(self):
        self.networks = []
        self.announced = []

    def evaluate(self, architecture, epochs, rng):
        metrics = Metrics({"latency:phone": 10.0 - architecture[1]})
        return Evaluation(50.0 + sum(architecture), 10.0, 4, "table", metrics)

    def prepare(self, queries, rng):
        self.announced.append(list(queries))

    def score(self, architecture, metrics):
        values = {
            name: {"proxy:synflow": 7.0 + architecture[0], "latency:phone": 10.0}[name] for name in metrics
        }
        return Scores(values, 0.5 * ("proxy:synflow" in metrics), "table")

    def shared_network(self, seed):
        self.networks.append(Network(seed))
        return self.networks[-1]

    def test_accuracy(self, architecture):
        return 40.0 + sum(architecture)


def run_of(algorithm, task=None, budget=None, **settings):
    return search(algorithm, task or Measured(), budget or Budget(evaluations=100), SEED, **settings)


def test_a_query_for_a_score_trains_nothing_and_is_charged_its_seconds():
    told = []

    def algorithm(space, rng):
        told.append((yield Query(SECOND, metrics=("proxy:synflow",))))
        told.extend((yield [Query(FIRST, None, ("valid_accuracy", "proxy:synflow")), THIRD]))

    task = Measured()
    run = run_of(algorithm, task)
    score, both, plain = told
    assert math.isnan(score.valid_accuracy)
    assert (score.epochs, score.seconds, score.metrics) == (0, 0.5, {"proxy:synflow": 8.0})
    assert (both.valid_accuracy, both.seconds, both.epochs) == (50.0, 10.5, 4)
    assert both.metrics == {"latency:phone": 10.0, "proxy:synflow": 7.0}
    assert (plain.seconds, plain.metrics) == (10.0, {"latency:phone": 8.0})
    assert run.seconds.tolist() == [0.5, 10.5, 10.0]
    assert run.epochs.tolist() == [0, 4, 4]
    assert np.isnan(run.valid_accuracy).tolist() == [True, False, False]
    # Asked for by name, so stored; the latency came unasked.
    assert {name: values[:2].tolist() for name, values in run.metrics.items()} == {
        "proxy:synflow": [8.0, 7.0]
    }
    assert math.isnan(run.metrics["proxy:synflow"][2])
    assert run.test_accuracy[1:].tolist() == [40.0, 56.0]
    assert [query.architecture for query in task.announced[0]] == [FIRST, THIRD]


def test_scores_do_not_count_as_evaluations():
    def algorithm(space, rng):
        while True:
            for _ in range(9):
                yield Query(space.sample(rng), metrics=("proxy:synflow",))
            yield space.sample(rng)

    run = run_of(algorithm, budget=Budget(evaluations=3))
    assert len(run) == 30
    assert (run.epochs > 0).sum() == 3
    run = run_of(algorithm, budget=Budget(seconds=20))
    assert run.seconds.sum() == 2 * (9 * 0.5 + 10) - 0  # the clock ends with the second training


def test_scores_that_never_spend_the_budget_end_in_one_line(monkeypatch):
    monkeypatch.setattr("nasbench_lab.search.history.MOST_IDLE", 1000)

    def algorithm(space, rng):
        while True:
            yield Query(FIRST, metrics=("latency:phone",))

    with pytest.raises(UsageError, match="the last 1,000 requests to measured/one trained no architecture"):
        run_of(algorithm)


@pytest.mark.parametrize("workers", [1, 3])
def test_scores_between_trainings_are_not_idle_for_ever(monkeypatch, workers):
    monkeypatch.setattr("nasbench_lab.search.history.MOST_IDLE", 50)

    def algorithm(space, rng):
        while True:
            for _ in range(40):
                yield Query(FIRST, metrics=("latency:phone",))
            yield space.sample(rng)

    run = run_of(algorithm, budget=Budget(evaluations=5, workers=workers))
    assert (run.epochs == 0).sum() == 200


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (Query(FIRST, metrics=("proxy:zen",)), "unknown metric of measured/one 'proxy:zen'"),
        (
            Query(FIRST, metrics="proxy:synflow"),  # type: ignore[arg-type]
            "metrics is a tuple of names",
        ),
        (Query(FIRST, metrics=()), "metrics is a tuple of names"),
        (Query((9,), metrics=("proxy:synflow",)), "which is not an architecture"),
        (
            Query(FIRST, metrics=(3,)),  # type: ignore[arg-type]
            "metrics is a tuple of names",
        ),
    ],
)
def test_a_wrong_query_gets_one_line(query, message):
    class Strict(Measured):
        def score(self, architecture, metrics):
            if unknown := set(metrics) - set(self.metrics):
                TaskDefaults.score(self, architecture, tuple(unknown))
            return super().score(architecture, metrics)

    def algorithm(space, rng):
        yield query

    with pytest.raises((AlgorithmError, UsageError), match=message):
        run_of(algorithm, Strict())


def test_steps_of_a_shared_network_are_charged():
    told = []

    def algorithm(space, rng):
        told.append((yield Share([FIRST, SECOND, FIRST])))
        told.append((yield Query(SECOND, metrics=("shared_accuracy",))))
        told.append((yield SECOND))
        told.append((yield Share([FIRST])))
        return SECOND

    task = Measured()
    run = run_of(algorithm, task)
    assert told[0] == ((0.0, 1.0, 2.0), 6.0)
    assert told[1].value("shared_accuracy") == 1.3
    assert (told[1].seconds, told[1].epochs, told[1].source) == (3.0, 0, "live")
    assert told[3].losses == (3.0,)
    assert len(task.networks) == 1
    assert run.clock.tolist() == [9.0, 19.0]
    assert run.seconds.tolist() == [3.0, 10.0]
    assert run.metrics["shared_accuracy"][0] == 1.3
    assert run.recommended.tolist() == list(SECOND)
    # A search of the same seed has a network of the same seed, and another one has another.
    again = Measured()
    run_of(algorithm, again)
    assert again.networks[0].seed == task.networks[0].seed
    other = Measured()
    search(algorithm, other, Budget(evaluations=9), np.random.SeedSequence(6))
    assert other.networks[0].seed != task.networks[0].seed


@pytest.mark.parametrize("workers", [1, 3])
def test_shared_steps_end_with_the_budget_of_seconds(workers):
    steps = []

    def algorithm(space, rng):
        while True:
            steps.append((yield Share([FIRST])))

    run = run_of(algorithm, budget=Budget(seconds=11, workers=workers))
    assert len(steps) == 5  # the sixth step spends the budget
    assert len(run) == 0


def test_a_task_without_training_has_no_shared_network():
    class Table(Measured):
        shared_network = TaskDefaults.shared_network

    def algorithm(space, rng):
        yield Share([FIRST])

    with pytest.raises(UsageError, match="measured/one has no network with shared weights"):
        run_of(algorithm, Table())


@pytest.mark.parametrize(("paths", "message"), [([], "without paths"), ([(9,)], "not an architecture")])
def test_wrong_paths_get_one_line(paths, message):
    def algorithm(space, rng):
        yield Share(paths)

    with pytest.raises(AlgorithmError, match=message):
        run_of(algorithm)


def test_an_error_in_the_shared_network_is_the_tasks():
    class Broken(Measured):
        def shared_network(self, seed):
            raise KeyError("layer")

    def algorithm(space, rng):
        yield Share([FIRST])

    with pytest.raises(EvaluationError, match="failed while it trained the shared network: KeyError"):
        run_of(algorithm, Broken())


def test_a_recommendation_is_reported_beside_the_incumbent():
    def algorithm(space, rng):
        yield SECOND
        return FIRST

    run = run_of(algorithm)
    assert run.test_accuracy.tolist() == [48.0]
    assert (run.recommended.tolist(), run.recommended_accuracy) == (list(FIRST), 40.0)


def test_no_recommendation_if_the_budget_ends_first_or_nothing_is_returned():
    def late(space, rng):
        yield SECOND
        yield SECOND
        return FIRST

    def silent(space, rng):
        yield SECOND

    for algorithm, budget in ((late, Budget(evaluations=2)), (silent, Budget(evaluations=2))):
        run = run_of(algorithm, budget=budget)
        assert run.recommended is None
        assert math.isnan(run.recommended_accuracy)


def test_a_recommendation_is_an_architecture():
    def algorithm(space, rng):
        yield SECOND
        return 57.0

    with pytest.raises(AlgorithmError, match=r"returned 57\.0; it returns nothing, or an architecture"):
        run_of(algorithm)


def test_objectives_are_told_stored_and_archived():
    infos: list[TaskInfo] = []
    losses: list[tuple[float, ...]] = []

    def algorithm(space, rng, *, task):
        infos.append(task)
        rest = FIRST[2:]
        evaluations = yield [(0, 0, *rest), (2, 0, *rest), (0, 2, *rest), (0, 0, *rest), (1, 1, *rest)]
        losses.extend(map(task.losses, evaluations))

    run = run_of(algorithm, objectives=("valid_accuracy", "latency:phone"))
    assert infos[0].objectives == ("valid_accuracy", "latency:phone")
    assert infos[0].metrics["latency:phone"] == Metric("lower", "ms")
    assert losses == [(-50.0, 10.0), (-52.0, 10.0), (-52.0, 8.0), (-50.0, 10.0), (-52.0, 9.0)]
    assert run.metrics["latency:phone"].tolist() == [10.0, 10.0, 8.0, 10.0, 9.0]
    # The first enters; the second and the third dominate what was there; the last two are dominated.
    assert run.archive[:3].tolist() == [40.0, 42.0, 42.0]
    assert np.isnan(run.archive[3:]).all()


def test_an_objective_that_costs_seconds_comes_with_every_evaluation():
    told = []

    def algorithm(space, rng):
        told.append((yield FIRST))

    run = run_of(algorithm, objectives=("valid_accuracy", "proxy:synflow"))
    assert told[0].metrics["proxy:synflow"] == 7.0
    assert run.seconds.tolist() == [10.5]


def test_a_failed_evaluation_has_infinite_losses_and_never_enters_the_archive():
    class Failing(Measured):
        def evaluate(self, architecture, epochs, rng):
            return super().evaluate(architecture, epochs, rng)._replace(failed=True, valid_accuracy=99.0)

    losses = []

    def algorithm(space, rng, *, task):
        losses.append(task.losses((yield FIRST)))

    run = run_of(algorithm, Failing(), objectives=("valid_accuracy", "latency:phone"))
    assert losses == [(math.inf, 10.0)]
    assert np.isnan(run.archive).all()


def test_an_unknown_objective_is_refused():
    def algorithm(space, rng):
        yield FIRST

    with pytest.raises(UsageError, match="'latency:phon'; did you mean 'latency:phone'"):
        run_of(algorithm, objectives=("valid_accuracy", "latency:phon"))


def test_earlier_tasks_are_given_to_an_algorithm_that_names_them():
    told = []

    def algorithm(space, rng, *, previous, hyperparameter=1):
        told.append(previous)
        yield FIRST

    earlier = Previous(task="a/b", space=SPACE, architectures=(FIRST,), evaluations=(Evaluation(3.0),))
    run_of(algorithm, previous=[earlier])
    assert told == [(earlier,)]


def test_evaluations_are_hashable_and_their_metrics_cannot_be_changed():
    evaluation = Measured().evaluate(FIRST, None, np.random.default_rng(0))
    assert len({evaluation, evaluation}) == 1
    with pytest.raises(TypeError):
        evaluation.metrics["latency:phone"] = 0.0
    assert evaluation.value("latency:phone") == 10.0
    assert math.isnan(evaluation.value("energy:phone"))
    assert evaluation.value("valid_accuracy") == 50.0
