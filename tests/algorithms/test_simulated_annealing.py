"""Simulated annealing: how often it accepts, and how it cools."""

from typing import Any

import numpy as np
import pytest

from nasbench_lab.algorithms.simulated_annealing import simulated_annealing
from nasbench_lab.search import Evaluation
from nasbench_lab.spaces.nasbench201 import NasBench201


class Recording(NasBench201):
    """A space that remembers the last architecture that was mutated."""

    mutated: Any = None

    def mutate(self, architecture, rng):
        self.mutated = architecture
        return super().mutate(architecture, rng)


SPACE = Recording()


def accepted(answers, *, seed=0, **hyperparameters):
    """Whether each answer but the first was accepted: whether the next mutant is one of its architecture."""
    process: Any = simulated_annealing(SPACE, np.random.default_rng(seed), **hyperparameters)
    next(process)
    process.send(answers[0])
    found = []
    parent = SPACE.mutated
    for answer in answers[1:]:
        process.send(answer)
        found.append(SPACE.mutated is not parent)
        parent = SPACE.mutated
    process.close()
    return found


@pytest.mark.parametrize("loss", [0.5, 2.0, 5.0])
def test_worse_ones_are_accepted_with_probability_exp_delta_over_t(loss):
    """Each answer is worse by `loss` than the current one, at a constant temperature of 2."""
    process: Any = simulated_annealing(SPACE, np.random.default_rng(1), initial_temperature=2.0, cooling=1.0)
    next(process)
    process.send(Evaluation(0.0))
    accuracy, count, steps, parent = 0.0, 0, 20_000, SPACE.mutated
    for _ in range(steps):
        process.send(Evaluation(accuracy - loss))
        if SPACE.mutated is not parent:
            accuracy, count, parent = accuracy - loss, count + 1, SPACE.mutated
    probability = np.exp(-loss / 2)
    assert abs(count - steps * probability) < 4 * np.sqrt(steps * probability * (1 - probability))


@pytest.mark.parametrize(("rejected", "temperature"), [(0, 10.0), (1, 8.5), (10, 10 * 0.85**10)])
def test_the_temperature_falls_after_each_evaluation(rejected, temperature):
    """So many answers are far too bad, and then one is worse by 3."""
    answers = [Evaluation(50.0), *[Evaluation(-1e9)] * rejected, Evaluation(47.0)]
    found = [accepted(answers, seed=seed)[-1] for seed in range(400)]
    probability = np.exp(-3 / temperature)
    assert abs(np.mean(found) - probability) < 4 * np.sqrt(probability * (1 - probability) / 400)


def test_better_and_equal_ones_are_always_accepted_even_when_it_is_cold():
    answers = [Evaluation(float(i // 2)) for i in range(5000)]
    assert all(accepted(answers))


def test_it_is_a_climb_in_the_end():
    """After 5000 evaluations the temperature would be no number above 0 any more."""
    answers = [Evaluation(50.0)] * 5000 + [Evaluation(49.999)] * 100
    assert not any(accepted(answers)[4999:])


def test_a_failed_training_replaces_none_but_a_failed_one():
    failed, fine = Evaluation(99.0, failed=True), Evaluation(1.0)
    assert accepted([fine, failed, failed]) == [False, False]
    assert accepted([failed, failed, fine, failed]) == [True, True, False]


def test_is_better_than_random_search():
    def last(seed):
        process: Any = simulated_annealing(SPACE, np.random.default_rng(seed))
        request = next(process)
        for _ in range(149):
            request = process.send(Evaluation(100 * sum(request) / 24))
        return sum(request)

    # A uniform draw has a mean of 12 of 24; the standard deviation of a mean of 20 of them is 0.8.
    assert np.mean([last(seed) for seed in range(20)]) > 20


@pytest.mark.parametrize(
    ("hyperparameters", "received"),
    [
        ({"initial_temperature": 0.0}, "0 and 0.85"),
        ({"cooling": 0.0}, "10 and 0"),
        ({"cooling": 1.1}, "10 and 1.1"),
        ({"cooling": float("nan")}, "10 and nan"),
    ],
)
def test_a_temperature_without_sense_is_refused(hyperparameters, received):
    message = f"initial_temperature is above 0 and cooling above 0 and at most 1; received {received}"
    with pytest.raises(ValueError, match=message):
        accepted([Evaluation(1.0)], **hyperparameters)
