import itertools
from typing import Any

import numpy as np
import pytest

from nasbench_lab.algorithms.genetic_algorithm import _cross, _roulette, _tournament, genetic_algorithm
from nasbench_lab.search.contract import Evaluation
from nasbench_lab.spaces import Architecture, find_space

SPACE = find_space("nasbench201")


def generations(count, **hyperparameters):
    process = genetic_algorithm(SPACE, np.random.default_rng(0), **hyperparameters)
    asked: list[Any] = [next(process)]
    for _ in range(count):
        asked.append(process.send([Evaluation(float(sum(a)), 1.0, 12, "table") for a in asked[-1]]))
    return asked


def test_elites_survive_without_another_evaluation():
    assert [len(generation) for generation in generations(3, population_size=12, elitism=2)] == [
        12,
        10,
        10,
        10,
    ]


def test_without_crossover_and_mutation_children_are_copies_of_parents():
    first, second = generations(1, crossover_rate=0, mutation_rate=0, elitism=0)
    assert set(second) <= set(first)


@pytest.mark.parametrize("selection", ["tournament", "roulette"])
@pytest.mark.parametrize("crossover", ["one_point", "two_point", "uniform"])
def test_improves_over_generations(selection, crossover):
    asked = generations(30, selection=selection, crossover=crossover)
    assert np.mean([sum(a) for a in asked[-1]]) > np.mean([sum(a) for a in asked[0]]) + 4


@pytest.mark.parametrize("crossover", ["one_point", "two_point", "uniform"])
def test_a_child_takes_each_decision_from_one_of_its_parents(crossover):
    rng = np.random.default_rng(0)
    children = {_cross((0,) * 6, (1,) * 6, crossover, rng) for _ in range(2000)}
    cuts = {sum(a != b for a, b in itertools.pairwise(child)) for child in children}
    if crossover == "one_point":
        assert children == {(0,) * cut + (1,) * (6 - cut) for cut in range(1, 6)}
    elif crossover == "two_point":
        assert max(cuts) == 2
        assert len(children) == 22  # the 21 segments of ones, and all zeros
    else:
        assert len(children) == 2**6


def test_a_tournament_of_three_takes_the_best_with_the_probability_it_should():
    rng = np.random.default_rng(0)
    winners = [_tournament(10, 3, rng) for _ in range(20_000)]
    assert np.mean(np.array(winners) == 0) == pytest.approx(1 - 0.9**3, abs=0.012)


def test_the_roulette_is_proportional_to_what_lies_above_the_worst():
    rng = np.random.default_rng(0)
    population: list[tuple[float, Architecture]] = [(90.0, (0,)), (70.0, (1,)), (60.0, (2,))]
    counts = np.bincount([_roulette(population, rng) for _ in range(20_000)], minlength=3) / 20_000
    assert counts == pytest.approx([0.75, 0.25, 0.0], abs=0.012)


def test_the_mutation_rate_is_that_of_each_decision():
    process = genetic_algorithm(
        SPACE, np.random.default_rng(1), population_size=2000, crossover_rate=0, mutation_rate=0.1, elitism=0
    )
    first: Any = next(process)
    # One member is far better than all others, so it wins nearly every tournament of 20,000.
    told = [Evaluation(100.0 if i == 0 else 1.0, 1.0, 12, "table") for i in range(2000)]
    process = genetic_algorithm(
        SPACE,
        np.random.default_rng(1),
        population_size=2000,
        crossover_rate=0,
        mutation_rate=0.1,
        elitism=0,
        tournament_size=20_000,
    )
    assert next(process) == first
    children: Any = process.send(told)
    changed = np.mean([a != b for child in children for a, b in zip(child, first[0], strict=True)])
    # A decision that is mutated twice may return to its old value, so the rate is a little below 0.1.
    assert changed == pytest.approx(0.1, abs=0.012)


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"selection": "best"}, "selection is 'tournament' or 'roulette'; received 'best'"),
        ({"crossover": "three"}, "crossover is 'one_point', 'two_point' or 'uniform'; received 'three'"),
        ({"population_size": 1}, "population_size is 2 or more"),
        ({"tournament_size": 0}, "tournament_size 1 or more"),
        ({"elitism": 20}, "elitism lies between 0 and population_size - 1; received 20"),
        ({"mutation_rate": 1.5}, "mutation_rate lies between 0 and 1; received 1.5"),
        ({"crossover_rate": -1}, "crossover_rate lies between 0 and 1; received -1"),
    ],
)
def test_refuses_impossible_settings(hyperparameters, message):
    with pytest.raises(ValueError, match=message):
        generations(0, **hyperparameters)
