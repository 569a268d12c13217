import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from nasbench_lab.algorithms.random_search import random_search
from nasbench_lab.algorithms.tpe import density, good_ones, log_ratio, tpe
from nasbench_lab.conformance import Landscape
from nasbench_lab.search import Budget, search
from nasbench_lab.search.contract import Evaluation
from nasbench_lab.spaces import SearchSpace, find_space
from nasbench_lab.spaces.listed import ListedSpace


class Uneven(SearchSpace):
    name = "uneven"
    cardinalities = (2, 4, 3)


UNEVEN = Uneven()
ALLOWED = np.arange(4) < np.array([[2], [4], [3]])


def drive(space, accuracies, seed=0, **hyperparameters):
    """The requests of the algorithm when it is told these accuracies in turn."""
    process = tpe(space, np.random.default_rng(seed), **hyperparameters)
    asked = [next(process)]
    asked += [process.send(Evaluation(accuracy, 1.0, 12, "table")) for accuracy in accuracies]
    return asked


def weights(count):
    """Linear forgetting as Hyperopt documents it: from 1/n up to 1, and 1 for the latest 25."""
    older = count - 25
    ramp = [
        Fraction(1, count) + (1 - Fraction(1, count)) * Fraction(i, max(older - 1, 1)) for i in range(older)
    ]
    return ramp + [Fraction(1)] * (count - max(older, 0))


def counted(observed, decision, choice, prior):
    """One value of a density, by counting in fractions."""
    total = sum(weights(len(observed))) + prior * UNEVEN.cardinalities[decision]
    hits = sum(
        weight
        for weight, row in zip(weights(len(observed)), observed, strict=True)
        if row[decision] == choice
    )
    return (hits + prior) / total


def ratio(architecture, good, others):
    """l(x) / g(x) by counting in fractions."""
    return math.prod(counted(good, i, c, 1) / counted(others, i, c, 1) for i, c in enumerate(architecture))


def observations(count):
    rng = np.random.default_rng(5)
    asked = [UNEVEN.sample(rng) for _ in range(count)]
    return asked, rng.normal(70, 5, count).round(0).tolist()


@pytest.mark.parametrize("count", [7, 26, 60])
def test_densities_and_their_ratio_equal_those_counted_in_fractions(count):
    asked, accuracies = observations(count)
    best = sorted(range(count), key=lambda i: (-accuracies[i], i))[: math.ceil(0.25 * math.sqrt(count))]
    groups = (
        [a for i, a in enumerate(asked) if i in best],
        [a for i, a in enumerate(asked) if i not in best],
    )

    good = good_ones(accuracies, 0.25)
    below, above = (density(np.array(asked)[which], ALLOWED, 1.0) for which in (good, ~good))

    for estimate, observed in zip((below, above), groups, strict=True):
        for decision, choices in enumerate(UNEVEN.cardinalities):
            expected = [float(counted(observed, decision, choice, 1)) for choice in range(choices)]
            assert estimate[decision, :choices] == pytest.approx(expected, rel=1e-12)
            assert not estimate[decision, choices:].any()
    everything = list(itertools.product(*map(range, UNEVEN.cardinalities)))
    expected = [
        math.log(
            math.prod(counted(groups[0], i, c, 1) / counted(groups[1], i, c, 1) for i, c in enumerate(a))
        )
        for a in everything
    ]
    assert log_ratio(np.array(everything), below, above) == pytest.approx(expected, abs=1e-12)


def test_the_prior_weighs_against_the_counts():
    observed = np.array([[1], [1], [1]])
    allowed = np.array([[True, True]])
    assert density(observed, allowed, 1.0)[0] == pytest.approx([1 / 5, 4 / 5])
    assert density(observed, allowed, 3.0)[0] == pytest.approx([3 / 9, 6 / 9])
    assert density(observed[:0], allowed, 1.0)[0] == pytest.approx([1 / 2, 1 / 2])


@pytest.mark.parametrize(
    ("count", "expected"), [(1, 1), (16, 1), (17, 2), (100, 3), (10_000, 25), (90_000, 25)]
)
def test_the_good_ones_are_a_quarter_of_the_root_and_25_at_most(count, expected):
    accuracies = [float(value) for value in range(count)]
    good = good_ones(accuracies, 0.25)
    assert good.sum() == expected
    assert good[-expected:].all()


def test_of_equal_accuracies_the_first_ones_are_good():
    assert good_ones([5.0] * 30, 0.25).tolist() == [True, True] + [False] * 28


def test_a_failure_is_not_good():
    assert not good_ones([-math.inf, 3.0, -math.inf, 2.0], 0.25)[[0, 2]].any()


def test_many_draws_find_the_architecture_of_the_highest_ratio():
    asked, accuracies = observations(40)
    told = dict(zip(asked, accuracies, strict=True))
    process = tpe(UNEVEN, np.random.default_rng(0), n_startup=40, n_ei_candidates=3000)
    requests = [next(process)]
    for _ in range(40):
        accuracy = told.get(requests[-1], 50.0)
        told[requests[-1]] = accuracy
        requests.append(process.send(Evaluation(accuracy, 1.0, 12, "table")))
    seen = [told[each] for each in requests[:40]]
    best = sorted(range(40), key=lambda i: (-seen[i], i))[:2]
    good, others = [requests[i] for i in best], [requests[i] for i in range(40) if i not in best]

    highest = max(ratio(a, good, others) for a in itertools.product(*map(range, UNEVEN.cardinalities)))
    assert ratio(requests[40], good, others) == highest


def test_the_first_ones_are_random_draws_of_the_space():
    rng = np.random.default_rng(3)
    expected = [UNEVEN.sample(rng) for _ in range(12)]
    assert drive(UNEVEN, [50.0] * 11, seed=3, n_startup=12) == expected


def test_the_space_draws_where_it_rejects_nearly_everything():
    """Two of 32,768 architectures are listed."""
    whole = find_space("nats_sss")
    rows = np.array([7, 30_000])
    space = ListedSpace(whole, rows, lambda architecture: whole.index(architecture) in rows)
    asked = drive(space, [50.0] * 30, n_startup=2)
    assert {whole.index(architecture) for architecture in asked} == {7, 30_000}


def test_is_better_than_random_search_on_an_easy_landscape():
    task = Landscape(find_space("nasbench201"))

    def mean_best(algorithm):
        runs = [search(algorithm, task, Budget(evaluations=80), np.random.SeedSequence(s)) for s in range(20)]
        return np.mean([run.valid_accuracy.max() for run in runs])

    assert mean_best(tpe) > mean_best(random_search) + 5


@pytest.mark.parametrize(
    "hyperparameters", [{"n_startup": 0}, {"gamma": 0.0}, {"n_ei_candidates": 0}, {"prior_weight": 0.0}]
)
def test_refuses_impossible_settings(hyperparameters):
    with pytest.raises(ValueError, match=r"n_startup and n_ei_candidates are whole numbers.*received"):
        drive(UNEVEN, [], **hyperparameters)
