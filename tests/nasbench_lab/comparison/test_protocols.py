from dataclasses import replace

import pytest

from nasbench_lab.comparison.contestants import find_algorithm
from nasbench_lab.comparison.protocols import describe_protocol, find_protocol, on_fewer_tasks
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.errors import UsageError


def test_nats_bench_is_as_published():
    protocol = find_protocol("nats-bench")
    assert protocol.seeds == 500
    assert protocol.epochs == 12
    assert protocol.training_seed == "random"
    assert protocol.over_budget == "include"
    assert dict(zip(protocol.benchmark, protocol.budget_seconds, strict=True)) == {
        "nasbench201/cifar10": 20_000,
        "nasbench201/cifar100": 40_000,
        "nasbench201/imagenet16-120": 120_000,
    }
    evolution = find_algorithm(protocol.algorithms[2])
    assert evolution.hyperparameters == {"population_size": 10, "sample_size": 3}


def test_what_was_changed_is_said():
    protocol = find_protocol("nats-bench")
    assert describe_protocol(protocol) == "nats-bench"
    assert describe_protocol(replace(protocol, algorithms=("reinforce",), root_seed=4)) == "nats-bench"
    changed = replace(protocol, seeds=20, budget_seconds=(100,))
    assert describe_protocol(changed) == (
        "nats-bench (changed: seeds 20 instead of 500; budget_seconds 100 instead of 20000, 40000, 120000)"
    )
    assert describe_protocol(Comparison()) == ""


def test_some_of_its_tasks_keep_their_own_budgets():
    protocol = find_protocol("nats-bench")
    two = replace(protocol, benchmark=("nasbench201/imagenet16-120", "nasbench201/cifar10"))
    assert on_fewer_tasks(two).budget_seconds == (120_000, 20_000)
    assert on_fewer_tasks(replace(two, budget_seconds=(5,))).budget_seconds == (5,)
    assert on_fewer_tasks(protocol) == protocol
    assert on_fewer_tasks(Comparison()) == Comparison()
    with pytest.raises(UsageError, match="protocol nats-bench has no budget for toy/one"):
        on_fewer_tasks(replace(protocol, benchmark=("toy/one",)))


def test_an_unknown_protocol_is_an_error():
    with pytest.raises(UsageError, match="unknown protocol 'natsbench'; did you mean 'nats-bench'"):
        find_protocol("natsbench")
