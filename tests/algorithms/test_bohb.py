"""BOHB: its density estimate against statsmodels, Algorithm 2 by hand, and Hyperband's brackets."""

import itertools
from functools import partial

import numpy as np
import pytest
from statsmodels.nonparametric.kernel_density import KDEMultivariate

from nasbench_lab.algorithms import bohb as module
from nasbench_lab.algorithms.bohb import bandwidths, bohb, density, sample
from nasbench_lab.conformance import Landscape
from nasbench_lab.search import Budget, Evaluation, search
from nasbench_lab.search.halving import brackets
from nasbench_lab.spaces import find_space
from tests.searches import SAME, queries_of

SPACE = find_space("nasbench201")
LEVELS = np.array([5, 3, 2, 7])
# statsmodels announces another default for its own random numbers, of which these estimates use none.
QUIET = pytest.mark.filterwarnings("ignore:After 0.17:FutureWarning")


def seen_everything(rng, n=40):
    """Choices in which each one occurs: statsmodels counts the choices that it sees."""
    covering = np.stack([np.arange(7) % levels for levels in LEVELS], axis=1)
    return np.concatenate([covering, rng.integers(LEVELS, size=(n - 7, 4))])


@QUIET
@pytest.mark.parametrize("seed", range(5))
def test_density_is_that_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    data, points = seen_everything(rng), rng.integers(LEVELS, size=(100, 4))
    widths = rng.uniform(0.01, 0.5, 4)
    model = KDEMultivariate(data, "u" * 4, bw=widths)
    assert density(points, data, widths, LEVELS) == pytest.approx(model.pdf(points), rel=1e-12)


@QUIET
@pytest.mark.parametrize("seed", range(5))
def test_bandwidths_are_the_normal_reference_of_statsmodels_within_bounds(seed):
    rng = np.random.default_rng(seed)
    data = seen_everything(rng, 200)
    data[:, 0] = 3
    reference = KDEMultivariate(data, "u" * 4, bw="normal_reference").bw
    assert reference[0] == 0
    assert reference[3] > 6 / 7
    expected = [1e-3, *reference[1:3], 6 / 7]
    assert bandwidths(data, LEVELS, 1e-3) == pytest.approx(expected, rel=1e-12)
    assert reference[1] < 2 / 3
    assert reference[2] < 1 / 2


def test_density_sums_to_one_and_a_decision_without_a_choice_changes_nothing():
    rng = np.random.default_rng(0)
    levels = np.array([3, 1, 4])
    data = rng.integers(levels, size=(9, 3))
    widths = bandwidths(data, levels, 1e-3)
    assert widths[1] == 0
    everything = np.array(list(itertools.product(range(3), range(1), range(4))))
    found = density(everything, data, widths, levels)
    assert found.sum() == pytest.approx(1)
    assert found == pytest.approx(
        density(everything[:, [0, 2]], data[:, [0, 2]], widths[[0, 2]], levels[[0, 2]])
    )


def test_samples_are_drawn_from_the_density():
    """The frequency of each point lies within five standard errors of its density."""
    rng = np.random.default_rng(1)
    levels, count = np.array([3, 1, 4]), 200_000
    data = rng.integers(levels, size=(9, 3))
    widths = np.array([0.3, 0.0, 0.6])
    everything = np.array(list(itertools.product(range(3), range(1), range(4))))
    drawn = sample(data, widths, levels, count, rng)
    expected = density(everything, data, widths, levels)
    found = np.array([(drawn == point).all(axis=1).mean() for point in everything])
    assert (abs(found - expected) < 5 * np.sqrt(expected * (1 - expected) / count)).all()


drive = partial(queries_of, bohb)


def by_sum(query):
    return Evaluation(float(sum(query.architecture)))


def test_requests_are_hyperbands_brackets_in_their_order():
    fidelities = (1, 3, 9, 27, 81)
    expected = [epochs for rungs in brackets(fidelities, 3) for size, epochs in rungs for _ in range(size)]
    seen = drive(by_sum, *fidelities, count=2 * len(expected))
    assert [query.epochs for query in seen] == expected * 2
    # 81 at 1 epoch, of which the best 27 go on in the order of their accuracies, and so on.
    for start, size, kept in ((0, 81, 27), (81, 27, 9), (108, 9, 3), (117, 3, 1)):
        rung = [query.architecture for query in seen[start : start + size]]
        after = [query.architecture for query in seen[start + size : start + size + kept]]
        assert after == sorted(rung, key=sum, reverse=True)[:kept]


def models(monkeypatch, answer, *fidelities, count, **hyperparameters):
    """The two data sets of each proposal of the model: the good and the bad ones."""
    calls = []

    def spying(points, data, bandwidth, levels):
        calls.append([tuple(row) for row in data.tolist()])
        return density(points, data, bandwidth, levels)

    monkeypatch.setattr(module, "density", spying)
    seen = drive(answer, *fidelities, count=count, random_fraction=0, **hyperparameters)
    return seen, list(zip(calls[::2], calls[1::2], strict=True))


def test_the_first_model_has_d_plus_three_points(monkeypatch):
    """N_min is d + 1 = 7, so the model begins at 9 points; the 7 best and the 7 worst of them."""
    seen, pairs = models(monkeypatch, by_sum, 1, count=10)
    ranked = sorted((query.architecture for query in seen[:9]), key=sum, reverse=True)
    # The request after the tenth was computed, too.
    assert len(pairs) == 2
    assert pairs[0] == (ranked[:7], ranked[2:])


def test_the_sizes_of_equation_3(monkeypatch):
    """Of 99 points, 15 % are 14 good ones, and the others are bad."""
    seen, pairs = models(monkeypatch, by_sum, 1, count=99)
    ranked = sorted((query.architecture for query in seen), key=sum, reverse=True)
    assert pairs[-1] == (ranked[:14], ranked[14:])


def test_the_model_is_that_of_the_most_epochs_with_enough_points(monkeypatch):
    """27 at 1 epoch, 9 at 3, 3 at 9, 1 at 27: then the second bracket's proposals know the 9 at 3 epochs."""
    seen, pairs = models(monkeypatch, by_sum, 1, 3, 9, 27, count=40)
    assert [query.epochs for query in seen] == [1] * 27 + [3] * 9 + [9] * 3 + [27]
    # The first rung is modelled from its tenth member on, then the next bracket begins: 18 and 1 proposals.
    assert len(pairs) == 19
    at_3 = sorted((query.architecture for query in seen[27:36]), key=sum, reverse=True)
    assert pairs[-1] == (at_3[:7], at_3[2:])
    at_1 = sorted((query.architecture for query in seen[:26]), key=sum, reverse=True)
    assert pairs[-2] == (at_1[:7], at_1[7:])


def test_failed_trainings_are_the_worst(monkeypatch):
    def answer(query):
        return Evaluation(99.0, failed=query.architecture[0] == 4)

    seen, pairs = models(monkeypatch, answer, 1, count=60)
    assert any(query.architecture[0] == 4 for query in seen)
    assert all(architecture[0] != 4 for good, _ in pairs[20:] for architecture in good)


def test_the_sample_with_the_best_ratio_is_proposed(monkeypatch):
    drawn = []

    def spying(*given):
        drawn.append(sample(*given))
        return drawn[-1]

    monkeypatch.setattr(module, "sample", spying)
    seen = drive(by_sum, 1, count=31, random_fraction=0)
    history = sorted((query.architecture for query in seen[:30]), key=sum, reverse=True)
    good, bad = np.array(history[:7]), np.array(history[7:])
    levels = np.full(6, 5)
    ratios = {
        tuple(point): float(
            density(point[None], good, bandwidths(good, levels, 1e-3), levels)[0]
            / density(point[None], bad, bandwidths(bad, levels, 1e-3), levels)[0]
        )
        for point in drawn[30 - 9]
    }
    assert len(drawn[30 - 9]) == 64
    assert ratios[seen[30].architecture] == pytest.approx(max(ratios.values()))


def test_a_third_of_the_proposals_is_random(monkeypatch):
    count = 0

    def counting(*given):
        nonlocal count
        count += 1
        return sample(*given)

    monkeypatch.setattr(module, "sample", counting)
    drive(by_sum, 1, count=1009)
    # Binomial with n = 1001 and p = 2/3: its standard deviation is 15.
    assert abs(count - 667) < 75


def test_invalid_samples_are_never_proposed():
    run = search(bohb, Landscape(SAME), Budget(evaluations=100), np.random.SeedSequence(0))
    assert all(SAME.is_valid(tuple(row)) for row in run.architectures.tolist())


def test_workers_get_as_many_proposals_at_a_time():
    task = Landscape(SPACE, fidelities=(1, 3, 9))
    run = search(bohb, task, Budget(evaluations=9, workers=4), np.random.SeedSequence(0))
    assert run.clock is not None
    assert run.clock.tolist() == [1.0] * 4 + [2.0] * 4 + [3.0]


def test_is_better_than_random_search():
    def mean(**hyperparameters):
        runs = [drive(by_sum, 1, 3, count=150, seed=seed, **hyperparameters) for seed in range(10)]
        return np.mean([[sum(query.architecture) for query in run[-50:]] for run in runs])

    # The standard deviation of a sum of six uniform choices is 3.5, that of both means below 0.3.
    assert mean(random_fraction=1) < 13.5
    assert mean() > 15


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"eta": 1}, "eta is 2 or more; received 1"),
        ({"random_fraction": 1.5}, r"random_fraction lies in \[0, 1\] .* received 1.5 and 0.15"),
        ({"top_share": 0.0}, "top_share between 0 and 1; received 0.333333 and 0"),
        ({"samples": 0}, "samples is 1 or more, .* received 0, 3 and 0.001"),
        ({"bandwidth_factor": 0.0}, "bandwidth_factor above 0, .* received 64, 0 and 0.001"),
        ({"min_bandwidth": 0.0}, "min_bandwidth between 0 and 1; received 64, 3 and 0"),
    ],
)
def test_hyperparameters_without_sense_are_refused(hyperparameters, message):
    with pytest.raises(ValueError, match=message):
        drive(by_sum, 1, count=1, **hyperparameters)
