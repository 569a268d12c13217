"""Objects with `ask` and `tell` as algorithms, against the same objects driven by hand."""

import inspect
from typing import Any

import pytest

from nasbench_lab.comparison.contestants import find_algorithm
from nasbench_lab.conformance import Landscape, check_algorithm
from nasbench_lab.errors import UsageError
from nasbench_lab.search import Budget, Query, search
from nasbench_lab.search.ask_and_tell import ask_and_tell, from_nevergrad, from_optuna
from tests.searches import SEED, SPACE, asked, rng_of


class Climber:
    """Keep the better one of two; a mutation of it is next."""

    def __init__(self, space, rng, *, start: int = 0):
        self.space, self.rng = space, rng
        self.best, self.value = (start,) * 6, -1.0

    def ask(self):
        return self.space.mutate(self.best, self.rng)

    def tell(self, proposal, evaluation):
        if not evaluation.failed and evaluation.valid_accuracy > self.value:
            self.best, self.value = proposal, evaluation.valid_accuracy


def test_an_object_of_ones_own_is_asked_and_told_in_turn():
    by_hand, task, expected = Climber(SPACE, rng_of()), Landscape(SPACE), []
    for _ in range(40):
        proposal = by_hand.ask()
        by_hand.tell(proposal, task.evaluate(proposal, None, rng_of()))
        expected.append(proposal)
    algorithm = ask_and_tell(Climber)
    assert asked(algorithm, task) == expected
    assert inspect.isgeneratorfunction(algorithm)
    assert algorithm.__doc__ == Climber.__doc__
    assert algorithm.__name__ == "Climber"
    check_algorithm(algorithm, [SPACE])


def test_what_is_told_is_chosen():
    told: list = []

    class Random:
        def __init__(self, space, rng, *, task):
            self.draw = lambda: Query(space.sample(rng), task.fidelities[0])

        def ask(self):
            return self.draw() if len(told) < 3 else None

        def tell(self, proposal, value):
            told.append((proposal, value))

    algorithm = ask_and_tell(Random, told=lambda evaluation: -evaluation.valid_accuracy)
    run = search(algorithm, Landscape(SPACE, fidelities=(2, 5)), Budget(evaluations=10), SEED)
    assert run.epochs.tolist() == [2, 2, 2]
    assert [(*proposal.architecture, value) for proposal, value in told] == [
        (*row, -accuracy)
        for row, accuracy in zip(run.architectures.tolist(), run.valid_accuracy.tolist(), strict=True)
    ]


FILE = """
from nasbench_lab.search.ask_and_tell import ask_and_tell, from_nevergrad, from_optuna
from tests.nasbench_lab.search.ask_and_tell.test_optimiser import Climber

climber = ask_and_tell(Climber)

@from_optuna
def random_trials(seed, *, name: str = "none"):
    "Random trials (2019)."
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed)

one_plus_one = from_nevergrad("DiscreteOnePlusOne")
"""


def test_a_file_offers_them_with_their_hyperparameters(tmp_path):
    file = tmp_path / "others.py"
    file.write_text(FILE)
    climber = find_algorithm(f"{file}:climber:start=3")
    assert climber.hyperparameters == {"start": 3}
    first = asked(climber.function, Landscape(SPACE), 1)[0]
    assert sum(choice != 3 for choice in first) == 1
    trials = find_algorithm(f"{file}:random_trials")
    assert trials.hyperparameters == {"name": "none"}
    assert find_algorithm(f"{file}:one_plus_one").hyperparameters == {}
    with pytest.raises(UsageError, match="unknown hyperparameter"):
        find_algorithm(f"{file}:climber:end=3")


def without_sampler(seed):
    raise AssertionError("Optuna is missing")


@pytest.mark.parametrize(
    ("algorithm", "module"),
    [(from_optuna(without_sampler), "optuna"), (from_nevergrad("DE"), "nevergrad")],
    ids=["optuna", "nevergrad"],
)
def test_an_absent_package_is_named(algorithm, module, monkeypatch):
    monkeypatch.setattr("nasbench_lab.search.ask_and_tell.optimiser.find_spec", lambda name: None)
    with pytest.raises(
        UsageError, match=rf"{module} is not installed: pip install 'nasbench-lab\[optimisers\]'"
    ):
        asked(algorithm, Landscape(SPACE))


def test_an_algorithm_of_a_lambda_has_a_name_all_the_same():
    nameless: Any = [lambda seed: None, lambda space, rng: Climber(space, rng)]
    assert from_optuna(nameless[0]).__name__ == "optuna_sampler"
    assert ask_and_tell(nameless[1]).__name__ == "ask_and_tell"
    assert from_nevergrad("DE").__name__ == "DE"
