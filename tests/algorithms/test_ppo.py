from typing import Any

import numpy as np
import pytest

from nasbench_lab.algorithms.ppo import Adam, clipped_gradient, ppo, probabilities
from nasbench_lab.algorithms.random_search import random_search
from nasbench_lab.conformance import Landscape
from nasbench_lab.search import Budget, Evaluation, search
from nasbench_lab.spaces import SearchSpace, find_space
from nasbench_lab.spaces.listed import ListedSpace

SPACE = find_space("nasbench201")


class Uneven(SearchSpace):
    name = "uneven"
    cardinalities = (2, 5, 3)


def clipped_objective(logits, old, batch, advantages, clip):
    """L^CLIP of the paper, one decision at a time."""
    terms = []
    for architecture, advantage in zip(batch, advantages, strict=True):
        for decision, choice in enumerate(architecture):
            odds = np.exp(logits[decision])
            ratio = odds[choice] / odds.sum() / old[decision, choice]
            terms.append(min(ratio * advantage, min(max(ratio, 1 - clip), 1 + clip) * advantage))
    return np.mean(terms)


def test_the_gradient_of_the_clipped_objective_matches_finite_differences():
    rng = np.random.default_rng(0)
    before = rng.normal(size=(3, 5))
    old = probabilities(before)
    logits = before + 0.3 * rng.normal(size=(3, 5))
    batch = rng.integers(5, size=(8, 3))
    advantages = rng.normal(size=8)
    ratios = (probabilities(logits) / old)[np.arange(3), batch]
    clipped = ((ratios > 1.2) & (advantages > 0)[:, None]) | ((ratios < 0.8) & (advantages < 0)[:, None])
    assert 3 < clipped.sum() < 21  # terms of both kinds
    gradient = clipped_gradient(logits, old, batch, advantages, 0.2)
    step = 1e-6
    for place in np.ndindex(3, 5):
        change = np.zeros((3, 5))
        change[place] = step
        above = clipped_objective(logits + change, old, batch, advantages, 0.2)
        below = clipped_objective(logits - change, old, batch, advantages, 0.2)
        assert gradient[place] == pytest.approx((above - below) / (2 * step), abs=1e-8)


def test_the_gradient_of_choices_that_a_decision_lacks_is_zero():
    logits = np.array([[0.0, 0.0, -np.inf], [0.5, 0.0, 0.2]])
    batch = np.array([[0, 2], [1, 1]])
    gradient = clipped_gradient(logits, probabilities(logits), batch, np.array([1.0, -1.0]), 0.2)
    assert gradient[0].tolist() == [0.25, -0.25, 0.0]
    assert gradient[1].sum() == pytest.approx(0)


def test_adam_is_that_of_the_paper_at_its_first_steps():
    """By hand: the first change is the rate times the sign; both moments are means of the gradients."""
    adam = Adam((2,), 0.1)
    assert adam.step(np.array([4.0, -0.5])) == pytest.approx([0.1, -0.1])
    mean = (0.9 * 4 + 2) / 1.9
    square = (0.999 * 16 + 4) / 1.999
    assert adam.step(np.array([2.0, -0.5])) == pytest.approx([0.1 * mean / square**0.5, -0.1])


def conversation(batches, reward, space=SPACE, seed=0, **hyperparameters):
    process: Any = ppo(space, np.random.default_rng(seed), **hyperparameters)
    asked: list[Any] = [next(process)]
    for _ in range(batches):
        asked.append(process.send([reward(architecture) for architecture in asked[-1]]))
    # A copy: from Python 3.13 on the locals are read from the frame, which ends with the process.
    return asked, dict(process.gi_frame.f_locals)


def test_starts_uniform_and_stays_inside_uneven_cardinalities():
    first = np.array(conversation(0, None, space=Uneven(), batch_size=3000)[0][0])
    for decision, choices in enumerate(Uneven.cardinalities):
        share = np.bincount(first[:, decision], minlength=choices) / 3000
        assert share == pytest.approx([1 / choices] * choices, abs=0.035)
    asked, _ = conversation(30, lambda a: Evaluation(float(sum(a))), space=Uneven())
    assert all(Uneven().is_valid(a) for batch in asked for a in batch)


def test_the_steps_of_a_batch_end_near_the_old_policy():
    """By hand: the four other choices gain until they have lost a fifth of 0.2, which leaves 0.36.

    The momentum of Adam goes a little further.
    """

    def after_many_steps(**hyperparameters):
        settings = {"batch_size": 100, "epochs": 200, "learning_rate": 0.01, **hyperparameters}
        _, state = conversation(1, lambda a: Evaluation(100.0 * (a[2] == 3)), **settings)
        return state["old"][2, 3]

    assert 0.36 < after_many_steps() < 0.4
    assert after_many_steps(clip=0.99) > 0.6


def test_finds_the_rewarded_choice():
    asked, _ = conversation(60, lambda a: Evaluation(100.0 * (a[2] == 3)))
    assert np.mean([a[2] == 3 for batch in asked[-10:] for a in batch]) > 0.9


def test_a_constant_reward_teaches_nothing():
    _, state = conversation(20, lambda a: Evaluation(77.0))
    assert not state["logits"].any()


@pytest.mark.parametrize(
    "failed", [Evaluation(float("-inf")), Evaluation(0.0, failed=True)], ids=["infinite", "failed"]
)
def test_a_failed_training_counts_as_the_lowest_so_far_if_there_is_one(failed):
    process: Any = ppo(SPACE, np.random.default_rng(0), batch_size=2)
    next(process)
    process.send([failed, failed])
    assert not process.gi_frame.f_locals["logits"].any()
    process.send([failed, Evaluation(60.0)])
    process.send([Evaluation(50.0), failed])
    assert process.gi_frame.f_locals["accuracies"] == [50.0, 50.0]
    process.send([Evaluation(70.0), failed])
    assert process.gi_frame.f_locals["accuracies"] == [70.0, 50.0]


def test_the_space_draws_where_it_rejects_nearly_everything():
    whole = find_space("nats_sss")
    rows = np.array([7, 30_000])
    space = ListedSpace(whole, rows, lambda architecture: whole.index(architecture) in rows)
    asked, _ = conversation(0, None, space=space)
    assert {whole.index(architecture) for architecture in asked[0]} == {7, 30_000}


def test_better_than_random_search_on_a_landscape():
    def mean_of_best(algorithm):
        task, seeds = Landscape(SPACE), map(np.random.SeedSequence, range(20))
        runs = [search(algorithm, task, Budget(evaluations=150), seed) for seed in seeds]
        return np.mean([run.valid_accuracy.max() for run in runs])

    assert mean_of_best(ppo) > mean_of_best(random_search) + 2


@pytest.mark.parametrize(
    ("hyperparameters", "received"),
    [
        ({"batch_size": 1}, "1, 10, 0.2 and 0.03"),
        ({"epochs": 0}, "10, 0, 0.2 and 0.03"),
        ({"clip": 1.0}, "10, 10, 1 and 0.03"),
        ({"learning_rate": 0.0}, "10, 10, 0.2 and 0"),
    ],
)
def test_refuses_impossible_settings(hyperparameters, received):
    with pytest.raises(ValueError, match=f"batch_size is 2 or more, .*; received {received}"):
        conversation(0, None, **hyperparameters)
