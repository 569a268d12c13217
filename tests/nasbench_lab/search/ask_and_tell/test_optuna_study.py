"""Samplers of Optuna as algorithms, against Optuna's own loop, and how trials are told."""

import pytest

from nasbench_lab.conformance import Landscape, check_algorithm
from nasbench_lab.search import Budget, search
from nasbench_lab.search.ask_and_tell import from_optuna
from nasbench_lab.search.ask_and_tell.optimiser import MOST_SEEDS
from tests.declared_spaces import CONDITIONS, PLAIN
from tests.searches import SAME, SEED, SPACE, asked, rng_of

optuna = pytest.importorskip("optuna", reason="needs Optuna: pip install 'nasbench-lab[optimisers]'")


def tpe(seed):
    return optuna.samplers.TPESampler(seed=seed)


def listening(told, base="RandomSampler"):
    """A sampler that notes the parameters, the state and the values of each trial."""

    class Listening(getattr(optuna.samplers, base)):  # type: ignore[misc]
        def after_trial(self, study, trial, state, values):
            told.append((trial.params, trial.distributions, state.name, values))
            super().after_trial(study, trial, state, values)

    return from_optuna(lambda seed: Listening(seed=seed))


def test_trials_are_those_of_optuna_alone():
    """Optuna's own loop on the same function, with the same seed."""
    task, expected = Landscape(SPACE), []

    def objective(trial):
        cell = tuple(trial.suggest_categorical(str(i), range(5)) for i in range(6))
        expected.append(cell)
        return -task.test_accuracy(cell)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=tpe(int(rng_of().integers(MOST_SEEDS))))
    study.optimize(objective, n_trials=40)
    assert asked(from_optuna(tpe), task) == expected
    assert len(set(expected[20:])) < 20, "it should have come back to the best"


def test_it_keeps_the_contract():
    check_algorithm(from_optuna(tpe), [SPACE, CONDITIONS], evaluations=25)


@pytest.mark.filterwarnings("ignore:BruteForceSampler is experimental")
def test_everything_is_tried_once_where_decisions_are_inactive():
    brute = from_optuna(lambda seed: optuna.samplers.BruteForceSampler(seed=seed))
    tried = asked(brute, Landscape(CONDITIONS), 1000)
    canonical = {CONDITIONS.canonical(CONDITIONS.architecture(i)) for i in range(CONDITIONS.size)}
    assert len(tried) == len(canonical) == len(set(tried))
    assert set(tried) == canonical


def test_invalid_trials_are_pruned_and_replaced():
    told: list = []
    tried = asked(listening(told), Landscape(SAME), 30)
    assert all(SAME.is_valid(each) for each in tried)
    states = [state for _, _, state, _ in told]
    assert states.count("COMPLETE") == len(tried) - 1  # the last one ends the budget
    # Two of three random trials are invalid.
    assert 30 < states.count("PRUNED") < 100
    valid = [params["one"] == params["two"] for params, _, _, _ in told]
    assert [state == "COMPLETE" for state in states] == valid


@pytest.mark.filterwarnings("ignore:PartialFixedSampler is experimental")
def test_a_sampler_that_never_proposes_a_valid_one_does_not_hang():
    fixed = from_optuna(
        lambda seed: optuna.samplers.PartialFixedSampler(
            {"one": 0, "two": 1}, optuna.samplers.RandomSampler(seed=seed)
        )
    )
    drawn = asked(fixed, Landscape(SAME), 20)
    assert all(SAME.is_valid(each) for each in drawn)
    assert len(set(drawn)) > 3


def test_ordered_decisions_are_whole_numbers():
    told: list = []
    asked(listening(told), Landscape(PLAIN), 2)
    distributions = optuna.distributions
    assert told[0][1] == {
        "width": distributions.IntDistribution(0, 3),
        "op": distributions.CategoricalDistribution(range(4)),
        "rate": distributions.IntDistribution(0, 2),
        "bias": distributions.CategoricalDistribution(range(2)),
    }


def test_failed_evaluations_are_failed_trials():
    told: list = []
    tried = asked(listening(told), Landscape(SPACE, fails=lambda cell: cell[0] == 0), 60)
    assert [state for _, _, state, _ in told] == [
        "FAIL" if cell[0] == 0 else "COMPLETE" for cell in tried[:-1]
    ]
    assert any(cell[0] == 0 for cell in tried)


def test_all_objectives_are_minimised():
    told: list = []
    task = Landscape(SPACE)
    algorithm = listening(told, "NSGAIISampler")
    tried = asked(algorithm, task, 60, objectives=("valid_accuracy", "parameters"))
    assert [values for _, _, _, values in told] == [
        [-task.test_accuracy(cell), float(sum(cell))] for cell in tried[:-1]
    ]


def test_it_says_nothing_and_leaves_the_verbosity_alone(capfd):
    optuna.logging.set_verbosity(optuna.logging.INFO)
    asked(from_optuna(tpe), Landscape(SPACE), 3)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == optuna.logging.INFO


def test_it_learns():
    run = search(from_optuna(tpe), Landscape(SPACE), Budget(evaluations=100), SEED)
    assert run.valid_accuracy[-30:].mean() > run.valid_accuracy[:10].mean() + 15
