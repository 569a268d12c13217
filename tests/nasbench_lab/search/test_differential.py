"""Mutation and crossover of differential evolution, against a second reading of rand/1/bin."""

import itertools

import numpy as np
import pytest

from nasbench_lab.search import DifferentialEvolution
from nasbench_lab.spaces import find_space
from tests.searches import SAME

SPACE = find_space("nasbench201")


def test_a_trial_is_made_of_its_target_and_one_mutant():
    """Each component is the target's, r1 + F (r2 - r3) with one triple of the pool, or redrawn outside."""
    rng = np.random.default_rng(0)
    operators = DifferentialEvolution(SPACE, 0.5, 0.5)
    redrawn = crossed = inside = 0
    for _ in range(300):
        target, pool = rng.random(6), rng.random((4, 6))
        trial = operators.trial(target, pool, rng)
        fits = []
        for a, b, c in itertools.permutations(range(4), 3):
            mutant = pool[a] + 0.5 * (pool[b] - pool[c])
            outside = (mutant < 0) | (mutant > 1)
            if all((trial == target) | (trial == mutant) | outside):
                fits.append((trial != target, outside))
        assert fits
        assert ((trial >= 0) & (trial <= 1)).all()
        assert (trial != target).any()
        if len(fits) == 1:
            changed, outside = fits[0]
            redrawn += (changed & outside).sum()
            crossed += changed.sum()
            inside += 6
    assert redrawn > 50
    # A component is crossed if it is the drawn one, or with probability 1/2: 1/6 + 5/6 * 1/2 = 7/12.
    expected, error = inside * 7 / 12, 5 * np.sqrt(inside * 35 / 144)
    assert abs(crossed - expected) < error


@pytest.mark.parametrize(("crossover", "changed"), [(0.0, 1), (1.0, 6)])
def test_crossover_takes_at_least_one_component_and_at_most_all(crossover, changed):
    rng = np.random.default_rng(0)
    operators = DifferentialEvolution(SPACE, 0.5, crossover)
    target = np.full(6, 0.123)
    for _ in range(50):
        assert (operators.trial(target, rng.random((5, 6)), rng) != target).sum() == changed


def test_the_three_parents_differ():
    """With three in the pool all take part: r1 + r2 - r3 of 1/16, 2/16 and 4/16 is one of three values."""
    rng = np.random.default_rng(0)
    operators = DifferentialEvolution(SPACE, 1.0, 1.0)
    pool = np.array([[1 / 16] * 6, [2 / 16] * 6, [4 / 16] * 6])
    for _ in range(100):
        trial = operators.trial(np.zeros(6), pool, rng)
        inside = {3 / 16, 5 / 16}
        # 1/16 + 2/16 - 4/16 is below 0, and drawn again for each component.
        assert set(trial.tolist()) <= inside or len(set(trial.tolist())) == 6


def test_vectors_stand_for_equal_parts_of_the_cube():
    operators = DifferentialEvolution(SPACE, 0.5, 0.5)
    vector = np.array([0.0, 0.19, 0.2, 0.5, 0.8, 1.0])
    assert operators.architecture(vector) == (0, 0, 1, 2, 4, 4)
    assert SPACE.is_valid(operators.architecture(vector))


def test_random_vectors_are_valid_and_uniform():
    """Six of the 18 combinations of a space are architectures, and each is drawn as often."""
    rng = np.random.default_rng(0)
    operators = DifferentialEvolution(SAME, 0.5, 0.5)
    drawn = [operators.architecture(operators.random(rng)) for _ in range(3000)]
    assert all(SAME.is_valid(each) for each in drawn)
    counts = np.unique(np.array(drawn), axis=0, return_counts=True)[1]
    assert len(counts) == 6
    # Each binomial with n = 3000 and p = 1/6: its standard deviation is 20.4.
    assert (abs(counts - 500) < 102).all()


def test_trials_are_architectures_of_the_space():
    rng = np.random.default_rng(0)
    operators = DifferentialEvolution(SAME, 0.5, 0.5)
    pool = np.array([operators.random(rng) for _ in range(6)])
    drawn = [operators.architecture(operators.trial(pool[0], pool[1:], rng)) for _ in range(300)]
    assert all(SAME.is_valid(each) for each in drawn)
    assert len(set(drawn)) == 6


def test_a_target_without_valid_trials_is_followed_by_a_random_vector():
    """A mutant that is always (0, 1, 0) is no architecture, and with Cr = 1 it is the trial."""
    rng = np.random.default_rng(0)
    operators = DifferentialEvolution(SAME, 0.5, 1.0)
    pool = np.tile([0.1, 0.5, 0.1], (4, 1))
    drawn = {operators.architecture(operators.trial(pool[0], pool, rng)) for _ in range(100)}
    assert len(drawn) == 6


@pytest.mark.parametrize(("scale", "crossover"), [(0.0, 0.5), (float("nan"), 0.5), (0.5, 1.5), (0.5, -0.1)])
def test_settings_without_sense_are_refused(scale, crossover):
    with pytest.raises(ValueError, match=r"scale is above 0 and crossover lies in \[0, 1\]; received"):
        DifferentialEvolution(SPACE, scale, crossover)
