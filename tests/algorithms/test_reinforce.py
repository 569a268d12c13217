import numpy as np
import pytest

from nasbench_lab.algorithms.reinforce import Adam, reinforce
from nasbench_lab.search.contract import Evaluation
from nasbench_lab.spaces import SearchSpace, find_space
from nasbench_lab.spaces.listed import ListedSpace


class Uneven(SearchSpace):
    name = "uneven"
    cardinalities = (2, 5, 3)


def play(space, reward, steps, seed=0, **hyperparameters):
    process = reinforce(space, np.random.default_rng(seed), **hyperparameters)
    asked = [next(process)]
    for _ in range(steps):
        asked.append(process.send(Evaluation(reward(asked[-1]), 1.0, 12, "table")))
    return asked


def test_starts_uniform_and_stays_inside_uneven_cardinalities():
    space = Uneven()
    firsts = [play(space, lambda _: 1.0, 0, seed=seed)[0] for seed in range(3000)]
    assert all(space.is_valid(first) for first in firsts)
    for decision, choices in enumerate(space.cardinalities):
        share = np.bincount([first[decision] for first in firsts], minlength=choices) / 3000
        assert share == pytest.approx([1 / choices] * choices, abs=0.035)


def test_finds_the_rewarded_choice():
    asked = play(find_space("nasbench201"), lambda a: 100.0 * (a[2] == 3), 3000)
    assert np.mean([a[2] == 3 for a in asked[-200:]]) > 0.95


def test_a_constant_reward_teaches_nothing():
    asked = play(find_space("nasbench201"), lambda _: 77.0, 3000)
    share = np.bincount([a[0] for a in asked[-1500:]], minlength=5) / 1500
    assert share == pytest.approx([0.2] * 5, abs=0.06)


def test_adam_matches_the_textbook_form():
    rng = np.random.default_rng(0)
    adam = Adam((4,), 0.01)
    mean = square = np.zeros(4)
    for step in range(1, 50):
        gradient = rng.normal(size=4)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        textbook = 0.01 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        assert adam.step(gradient) == pytest.approx(textbook, rel=1e-9)


@pytest.mark.parametrize("settings", [{"learning_rate": 0.0}, {"baseline_decay": 1.0}])
def test_refuses_impossible_settings(settings):
    with pytest.raises(ValueError, match=r"learning_rate is above 0 and baseline_decay lies in \[0, 1\)"):
        play(find_space("nasbench201"), lambda _: 1.0, 0, **settings)


def test_the_space_draws_where_it_rejects_nearly_everything():
    """Two of 32,768 architectures are listed; the policy would draw for thousands of times."""
    whole = find_space("nats_sss")
    rows = np.array([7, 30_000])
    space = ListedSpace(whole, rows, lambda architecture: whole.index(architecture) in rows)
    asked = play(space, lambda _: 50.0, 30)
    assert {whole.index(architecture) for architecture in asked} == {7, 30_000}
