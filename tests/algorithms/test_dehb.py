"""DEHB: one bracket by hand, and a second reading of its rules."""

from collections import defaultdict
from functools import partial
from typing import Any

import numpy as np
import pytest

from nasbench_lab.algorithms import dehb as module
from nasbench_lab.algorithms.dehb import Population, dehb, parents
from nasbench_lab.conformance import Landscape
from nasbench_lab.search import Budget, DifferentialEvolution, Evaluation, search
from nasbench_lab.search.halving import brackets
from nasbench_lab.spaces import find_space
from tests.searches import queries_of

SPACE = find_space("nasbench201")


def by_sum(query):
    return Evaluation(float(sum(query.architecture)))


drive = partial(queries_of, dehb)


def test_requests_are_hyperbands_brackets_in_their_order():
    fidelities = (1, 3, 9, 27, 81)
    expected = [epochs for rungs in brackets(fidelities, 3) for size, epochs in rungs for _ in range(size)]
    seen = drive(by_sum, *fidelities, count=2 * len(expected))
    assert [query.epochs for query in seen] == expected * 2


def test_the_first_bracket_by_hand():
    """It is plain successive halving: 9 random ones, the best 3 of them, the best one."""
    seen = drive(by_sum, 1, 3, 9, count=13)
    assert [query.epochs for query in seen] == [1] * 9 + [3] * 3 + [9]
    first, second, third = (
        [query.architecture for query in seen[a:b]] for a, b in ((0, 9), (9, 12), (12, 13))
    )
    assert second == sorted(first, key=sum, reverse=True)[:3]
    assert third == second[:1]


@pytest.fixture
def trials(monkeypatch):
    """The target and the pool of each trial, and the trial itself."""
    made = []

    class Spying(DifferentialEvolution):
        def trial(self, target, pool, rng):
            made.append((target.copy(), pool.copy(), super().trial(target, pool, rng)))
            return made[-1][2]

    monkeypatch.setattr(module, "DifferentialEvolution", Spying)
    return made


def members(pool):
    return {tuple(row) for row in pool.tolist()}


def test_the_second_bracket_by_hand(trials):
    """After 13 requests: 5 evolve at 3 epochs; the best of the population there that 9 epochs lack goes on.

    The population at 3 epochs has 5 members. Those at the first three turns were promoted; the fourth and the
    fifth, which are next, are random and not evaluated, so that their trials replace them.
    """
    seen = drive(by_sum, 1, 3, 9, count=19)
    second = seen[13:]
    assert [query.epochs for query in second] == [3] * 5 + [9]
    assert [query.architecture for query in second[:5]] == [
        DifferentialEvolution(SPACE, 0.5, 0.5).architecture(made) for _, _, made in trials[:5]
    ]
    # The mutant comes from the four others of the population, as it is at that moment.
    for number, (target, pool, made) in enumerate(trials[:4]):
        assert len(pool) == 4
        assert tuple(target) not in members(pool)
        following_target, following, _ = trials[number + 1]
        before, after = members(pool) | {tuple(target)}, members(following) | {tuple(following_target)}
        assert after in (before, before - {tuple(target)} | {tuple(made)})
    assert tuple(trials[0][2]) in members(trials[1][1])
    assert tuple(trials[1][2]) in members(trials[2][1])
    at_3 = [query.architecture for query in seen[9:12]]
    # Targets in turn: the fourth, the fifth, then the first three again.
    for target, made in zip(at_3, second[2:5], strict=True):
        index = at_3.index(target)
        if sum(made.architecture) >= sum(target):
            at_3[index] = made.architecture
    best = sorted([*at_3, *(query.architecture for query in second[:2])], key=sum)
    assert sum(second[5].architecture) in {sum(best[-1]), sum(best[-2])}


def test_later_rounds_evolve_every_rung_from_the_best_of_the_rung_below(trials):
    """A round has 22 requests (9, 3, 1; 5, 1; 3), and then no promotions happen any more."""
    seen = drive(by_sum, 1, 3, 9, count=22 + 13)
    evolved = trials[-14:-1]
    assert [query.architecture for query in seen[22:]] == [
        DifferentialEvolution(SPACE, 0.5, 0.5).architecture(made) for _, _, made in evolved
    ]
    # The nine of the first rung come from the eight others, the three of the next from the best three there.
    assert [len(pool) for _, pool, _ in evolved] == [8] * 9 + [3] * 4
    last_target, last_pool, last_trial = evolved[8]
    accuracies: dict[Any, float] = defaultdict(float)
    for vector in [last_target, *last_pool, last_trial]:
        accuracies[tuple(vector)] = sum(np.floor(vector * 5))
    lost = min(tuple(last_target), tuple(last_trial), key=lambda vector: accuracies[vector])
    population = [vector for vector in accuracies if vector != lost]
    best = sorted((accuracies[vector] for vector in population), reverse=True)[:3]
    for _, pool, _ in evolved[9:12]:
        assert sorted((accuracies[tuple(row)] for row in pool), reverse=True) == best


def population(losses, first=0):
    """Members (first, first), (first + 1, first + 1), ..., with these losses."""
    made = Population(np.arange(first, first + len(losses))[:, None] * np.ones(2))
    made.losses = np.array(losses)
    return made


def test_parents_are_the_best_below_and_random_others_until_they_are_three():
    rng = np.random.default_rng(0)
    below, other = population([3.0, 1.0, 2.0, 0.0]), population([np.inf] * 5, first=10)
    assert parents(below, 3, [below, other], rng)[:, 0].tolist() == [3, 1, 2]
    drawn = [parents(below, 1, [below, other], rng)[:, 0].tolist() for _ in range(300)]
    assert all(pool[0] == 3 and len(set(pool)) == 3 for pool in drawn)
    assert {each for pool in drawn for each in pool[1:]} == {0, 1, 2, 10, 11, 12, 13, 14}


def test_promotions_are_the_best_evaluated_ones_that_are_new():
    below = population([3.0, 1.0, np.inf, 0.0])
    here = population([np.inf, np.inf], first=3)
    # 3 is the best and is here already. 2 is not evaluated. With too few, the best one is repeated.
    assert [vector[0] for vector in here.promoted_from(below, 1)] == [1]
    assert [vector[0] for vector in here.promoted_from(below, 4)] == [1, 0, 3, 3]
    assert len(here.promoted_from(population([np.inf] * 4), 2)) == 2


def test_a_trial_replaces_its_target_unless_it_is_worse_or_failed():
    def after(evaluation):
        made = population([-50.0, -60.0])
        made.select(0, np.array([7.0, 7.0]), evaluation)
        return made.vectors[0, 0], made.losses[0]

    assert after(Evaluation(50.0)) == (7, -50)
    assert after(Evaluation(51.0)) == (7, -51)
    assert after(Evaluation(49.9)) == (0, -50)
    assert after(Evaluation(99.0, failed=True)) == (0, -50)


def test_targets_take_turns():
    made = population([0.0] * 5)
    assert [made.next_targets(2), made.next_targets(4), made.next_targets(1)] == [[0, 1], [2, 3, 4, 0], [1]]


def test_workers_get_as_many_trials_at_a_time():
    task = Landscape(SPACE, fidelities=(1, 3, 9))
    run = search(dehb, task, Budget(evaluations=9, workers=4), np.random.SeedSequence(0))
    assert run.clock is not None
    assert run.clock.tolist() == [1.0] * 4 + [2.0] * 4 + [3.0]


@pytest.mark.parametrize("fidelities", [(1,), (1, 3, 9)])
def test_is_better_than_random_search(fidelities):
    runs = [drive(by_sum, *fidelities, count=200, seed=seed) for seed in range(10)]
    # A uniform draw has a mean of 12; the standard deviation of a mean of 500 of them is 0.16.
    assert np.mean([[sum(query.architecture) for query in run[-50:]] for run in runs]) > 15


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"eta": 1}, "eta is 2 or more; received 1"),
        ({"min_population": 3}, "min_population is 4 or more; received 3"),
        ({"scale": 0.0}, "scale is above 0 and crossover lies in"),
    ],
)
def test_hyperparameters_without_sense_are_refused(hyperparameters, message):
    with pytest.raises(ValueError, match=message):
        drive(by_sum, 1, count=1, **hyperparameters)
