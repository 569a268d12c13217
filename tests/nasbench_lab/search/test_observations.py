import math

import numpy as np

from nasbench_lab.search import Evaluation, Observations
from nasbench_lab.spaces import find_space
from nasbench_lab.spaces.listed import ListedSpace

SPACE = find_space("nasbench201")


def observed(accuracies, space=SPACE, seed=0):
    rng = np.random.default_rng(seed)
    told = Observations(space)
    for accuracy in accuracies:
        told.add(space.sample(rng), Evaluation(accuracy))
    return told


def test_a_failure_counts_as_the_worst_that_did_not_fail():
    told = observed([70.0, -math.inf, 60.0, math.nan])
    told.add(SPACE.architecture(0), Evaluation(99.0, failed=True))
    assert told.accuracies().tolist() == [70.0, 60.0, 60.0, 60.0, 60.0]


def test_failures_alone_are_all_equal():
    assert observed([-math.inf, math.nan]).accuracies().tolist() == [0.0, 0.0]


def test_the_best_come_first_and_of_equal_ones_the_earliest():
    told = observed([50.0, 70.0, 50.0, 90.0])
    assert told.best_first() == [told.architectures[index] for index in (3, 1, 0, 2)]


def test_mutants_differ_from_the_best_in_one_decision_and_in_function_from_all_others():
    told = observed([60.0, 90.0, 70.0])
    mutants = told.new_mutants(np.random.default_rng(1), 8)
    best = told.architectures[1]
    differences = [sum(a != b for a, b in zip(best, mutant, strict=True)) for mutant in mutants]
    # Of 8 mutants of the best some are equal; a mutant of the next best takes the place of each.
    assert differences[:5] == [1] * 5
    assert len(mutants) == 8
    functions = {SPACE.canonical(each) for each in (*mutants, *told.architectures)}
    assert len(functions) == 8 + 3


def test_the_next_best_is_mutated_where_the_best_gives_too_few():
    told = observed([60.0, 90.0, 70.0])
    mutants = told.new_mutants(np.random.default_rng(1), 60)
    best, next_best = told.architectures[1], told.architectures[2]
    neighbors = [set(SPACE.neighbors(parent)) for parent in (best, next_best)]
    assert set(mutants) <= neighbors[0] | neighbors[1] | set(SPACE.neighbors(told.architectures[0]))
    assert len(set(mutants) & neighbors[0]) > 15
    assert set(mutants) - neighbors[0]


def test_draws_are_new_and_differ_from_each_other():
    told = observed([50.0] * 30)
    draws = told.new_draws(np.random.default_rng(0), 40)  # the same stream as that of the observations
    assert len(draws) == 40
    assert len({SPACE.canonical(each) for each in (*draws, *told.architectures)}) == len(
        {SPACE.canonical(each) for each in told.architectures}
    ) + len(draws)


def test_there_is_nothing_new_where_everything_is_known():
    """Nor is any architecture near another one here."""
    whole = find_space("nats_sss")
    rows = np.array([7, 30_000])
    space = ListedSpace(whole, rows, lambda architecture: whole.index(architecture) in rows)
    told = Observations(space)
    for row in rows.tolist():
        told.add(whole.architecture(row), Evaluation(50.0))
    assert told.new_draws(np.random.default_rng(0), 10) == []
    assert told.new_mutants(np.random.default_rng(0), 10) == []
