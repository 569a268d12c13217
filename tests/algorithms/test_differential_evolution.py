"""Differential evolution: its generations, its selection, and a second reading of both."""

from typing import Any

import numpy as np
import pytest

from nasbench_lab.algorithms.differential_evolution import differential_evolution
from nasbench_lab.search import DifferentialEvolution, Evaluation
from nasbench_lab.spaces import find_space

SPACE = find_space("nasbench201")


def by_sum(architecture):
    return Evaluation(float(sum(architecture)))


def drive(answer, generations, *, seed=0, **hyperparameters):
    """The requests of so many generations, one list each."""
    process: Any = differential_evolution(SPACE, np.random.default_rng(seed), **hyperparameters)
    request = next(process)
    seen = []
    for _ in range(generations):
        seen.append(request)
        request = process.send([answer(architecture) for architecture in request])
    process.close()
    return seen


def second_reading(answer, generations, size, seed):
    """Storn & Price member by member: a member of the next generation is the trial unless that is worse."""
    rng = np.random.default_rng(seed)
    operators = DifferentialEvolution(SPACE, 0.5, 0.5)
    members = [operators.random(rng) for _ in range(size)]
    asked = [[operators.architecture(member) for member in members]]
    fitness = [answer(architecture).valid_accuracy for architecture in asked[0]]
    while len(asked) < generations:
        trials = []
        for i, target in enumerate(members):
            others = [member for j, member in enumerate(members) if j != i]
            trials.append(operators.trial(target, np.array(others), rng))
        asked.append([operators.architecture(trial) for trial in trials])
        for i, architecture in enumerate(asked[-1]):
            value = answer(architecture).valid_accuracy
            if value >= fitness[i]:
                members[i], fitness[i] = trials[i], value
    return asked


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_a_second_reading(seed):
    found = drive(by_sum, 12, seed=seed, population_size=6)
    assert found == second_reading(by_sum, 12, 6, seed)


def test_a_generation_has_twenty_members():
    assert [len(each) for each in drive(by_sum, 4)] == [20] * 4


def test_a_failed_trial_replaces_no_member():
    """All trials fail with a high accuracy, so that the targets stay: one component at least is the same."""

    def failing():
        count = 0

        def answer(architecture):
            nonlocal count
            count += 1
            return Evaluation(99.0, failed=True) if count > 4 else Evaluation(50.0)

        return answer

    first, *later = drive(failing(), 40, population_size=4, crossover=0.0)
    for generation in later:
        differing = [
            sum(a != b for a, b in zip(old, new, strict=True))
            for old, new in zip(first, generation, strict=True)
        ]
        assert max(differing) <= 1


def test_is_better_than_random_search():
    last = [sum(each) for seed in range(10) for each in drive(by_sum, 20, seed=seed)[-1]]
    # A uniform draw has a mean of 12; the standard deviation of a mean of 200 of them is 0.25.
    assert np.mean(last) > 18


def test_a_population_below_four_is_refused():
    with pytest.raises(ValueError, match="population_size is 4 or more; received 3"):
        drive(by_sum, 1, population_size=3)


def test_settings_without_sense_are_refused():
    with pytest.raises(ValueError, match="scale is above 0 and crossover lies in"):
        drive(by_sum, 1, scale=-1.0)
