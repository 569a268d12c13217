"""Metrics of live training that need no training, and networks with shared weights."""

import numpy as np
import pytest

from nasbench_lab.algorithms.random_search_weight_sharing import random_search_weight_sharing
from nasbench_lab.benchmarks.live.cache import EvaluationCache
from nasbench_lab.benchmarks.live.task import LiveTask
from nasbench_lab.benchmarks.training import trainer
from nasbench_lab.benchmarks.training.devices import find_device
from nasbench_lab.benchmarks.training.networks import SpaceNetwork
from nasbench_lab.benchmarks.training.scoring import compute_score
from nasbench_lab.benchmarks.training.shared_training import SharedTraining
from nasbench_lab.errors import UsageError
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.contract import Metric, Query
from nasbench_lab.search.loop import search
from nasbench_lab.spaces import find_space
from tests.live_task import GOOD, OTHER, SPACE, TINY, digits, live_task, rng

PROXIES = ("proxy:grad_norm", "proxy:jacob_cov", "proxy:naswot", "proxy:synflow")
SEED = np.random.SeedSequence(0)


@pytest.fixture
def untrained(monkeypatch):
    """Make every training of an architecture an error."""
    monkeypatch.setattr(trainer, "train", None)


def test_scores_are_metrics_that_come_on_request(tmp_path):
    metrics = live_task(tmp_path).metrics
    assert [name for name, metric in metrics.items() if metric.on_request] == list(PROXIES)
    assert metrics["proxy:synflow"] == Metric("higher", "", on_request=True)


@pytest.mark.usefixtures("untrained")
def test_a_score_is_that_of_the_canonical_network(tmp_path):
    task = live_task(tmp_path)
    scores = task.score(OTHER, PROXIES)
    assert scores.source == "live"
    assert scores.seconds > 0
    network = SpaceNetwork("nasbench201", SPACE.canonical(OTHER))
    for name, value in scores.values.items():
        expected = compute_score(name.removeprefix("proxy:"), network, TINY, digits(), find_device())
        assert value == expected.value
    assert task.score((0, 0, 0, 3, 0, 0), PROXIES) == task.score((1, 0, 0, 3, 0, 0), PROXIES)


@pytest.mark.usefixtures("untrained")
def test_a_score_is_computed_once_and_charged_again(tmp_path, monkeypatch):
    from nasbench_lab.benchmarks.training import scoring

    task = live_task(tmp_path)
    first = task.score(GOOD, PROXIES[:2])
    monkeypatch.setattr(scoring, "compute_score", None)
    assert task.score(GOOD, PROXIES[:2]) == first
    one, other = (task.score(GOOD, [name]) for name in PROXIES[:2])
    assert first.seconds == one.seconds + other.seconds
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("untrained")
def test_size_and_flops_cost_nothing(tmp_path):
    scores = live_task(tmp_path).score(GOOD, ["parameters", "flops"])
    assert scores.seconds == 0
    assert set(scores.values) == {"parameters", "flops"}


def test_size_is_the_same_before_and_after_a_training(tmp_path):
    task = live_task(tmp_path)
    assert task.score(GOOD, ["parameters", "flops"]).values == dict(task.evaluate(GOOD, None, rng()).metrics)


@pytest.mark.parametrize("name", ["proxy:synflows", "valid_accuracy", "latency:raspi4"])
def test_an_unknown_metric_is_one_line_with_those_that_are_known(tmp_path, name):
    with pytest.raises(UsageError, match=f"unknown metric of nasbench201/digits '{name}'.*proxy:synflow"):
        live_task(tmp_path).score(GOOD, [name])


@pytest.mark.usefixtures("untrained")
def test_a_search_by_scores_trains_nothing(tmp_path):
    received = []

    def by_score(space, rng):
        received.extend(
            (yield [Query(cell, metrics=("proxy:naswot", "parameters")) for cell in (GOOD, OTHER)])
        )

    task = live_task(tmp_path)
    run = search(by_score, task, Budget(evaluations=1), SEED)
    expected = [task.score(cell, ["proxy:naswot"]) for cell in (GOOD, OTHER)]
    assert [each.value("proxy:naswot") for each in received] == [
        score.values["proxy:naswot"] for score in expected
    ]
    assert run.seconds.tolist() == [score.seconds for score in expected]
    assert np.isnan(run.valid_accuracy).all()


# Shared weights


def test_a_shared_network_is_trained_by_the_recipe(tmp_path):
    paths = [SPACE.sample(np.random.default_rng(seed)) for seed in range(6)]
    expected = SharedTraining("nasbench201", TINY, digits(), seed=5, device=find_device())
    found = live_task(tmp_path).shared_network(5)
    assert found.train(paths)[0] == expected.train(paths)[0]
    assert found.accuracy(GOOD)[0] == expected.accuracy(GOOD)[0]


def test_a_space_without_shared_weights_is_refused(tmp_path):
    task = LiveTask(find_space("chain"), TINY, digits(), EvaluationCache(tmp_path))
    with pytest.raises(UsageError, match="chain share no weights here; those of nasbench201 do"):
        task.shared_network(0)


def shared_search(cache, budget, **hyperparameters):
    def algorithm(space, rng):
        return (yield from random_search_weight_sharing(space, rng, **hyperparameters))

    return search(algorithm, live_task(cache), budget, SEED)


def test_random_search_with_weight_sharing_recommends_the_best_it_trained(tmp_path):
    run = shared_search(tmp_path, Budget(evaluations=9), steps=30, candidates=8, evaluate=2)
    shared = run.metrics["shared_accuracy"]
    assert len(run) == 10
    best = run.architectures[np.argsort(-shared[:8], kind="stable")[:2]]
    assert run.architectures[8:].tolist() == best.tolist()
    assert run.recommended.tolist() == best[np.argmax(run.valid_accuracy[8:])].tolist()
    # The clock starts with the steps of the shared network.
    assert run.clock[0] > run.seconds[0] > 0
    assert (np.diff(run.clock) > 0).all()
    again = shared_search(tmp_path / "again", Budget(evaluations=9), steps=30, candidates=8, evaluate=2)
    np.testing.assert_array_equal(again.metrics["shared_accuracy"], shared)
    np.testing.assert_array_equal(again.architectures, run.architectures)
    np.testing.assert_array_equal(again.valid_accuracy, run.valid_accuracy)


def test_a_budget_ends_the_steps_of_the_shared_network(tmp_path):
    run = shared_search(tmp_path, Budget(seconds=1e-6), steps=10**9)
    assert len(run) == 0
    assert run.recommended is None
