"""Optimisers of nevergrad as algorithms, against nevergrad alone, and how candidates are told."""

import numpy as np
import pytest

from nasbench_lab.conformance import Landscape, check_algorithm
from nasbench_lab.errors import UsageError
from nasbench_lab.search import Budget, search
from nasbench_lab.search.ask_and_tell import from_nevergrad
from nasbench_lab.search.ask_and_tell.optimiser import MOST_SEEDS, MOST_TRIES
from tests.declared_spaces import CONDITIONS
from tests.searches import SAME, SEED, SPACE, asked, rng_of

nevergrad = pytest.importorskip("nevergrad", reason="needs nevergrad: pip install 'nasbench-lab[optimisers]'")


class Family:
    """A stand-in for a family of optimisers of nevergrad, which notes what it is given and told."""

    def __init__(self, draw=None):
        self.draw = draw or (lambda candidate: candidate.sample())
        self.told = []

    def __call__(self, parametrization, budget):
        self.parametrization, self.budget = parametrization, budget
        return self

    def ask(self):
        return self.draw(self.parametrization)

    def tell(self, candidate, loss):
        self.told.append((candidate.value, loss))


def test_candidates_are_those_of_nevergrad_alone():
    task, expected = Landscape(SPACE), []
    seed = rng_of().integers(MOST_SEEDS, size=2).tolist()[1]
    parametrization = nevergrad.p.Tuple(*(nevergrad.p.Choice(range(5), deterministic=True) for _ in range(6)))
    parametrization.random_state = np.random.RandomState(seed)
    optimiser = nevergrad.optimizers.registry["DiscreteOnePlusOne"](parametrization, budget=60)
    for _ in range(60):
        candidate = optimiser.ask()
        expected.append(candidate.value)
        optimiser.tell(candidate, -task.test_accuracy(candidate.value))
    assert asked(from_nevergrad("DiscreteOnePlusOne"), task, 60) == expected


@pytest.mark.parametrize("name", ["PortfolioDiscreteOnePlusOne", "DE"])
def test_it_keeps_the_contract(name):
    """Differential evolution draws from NumPy's global generator, too."""
    check_algorithm(from_nevergrad(name), [CONDITIONS, SPACE], evaluations=20)


def test_losses_are_accuracies_with_the_sign_changed():
    family, task = Family(), Landscape(SPACE, fails=lambda cell: cell[0] == 0)
    tried = asked(from_nevergrad(family), task, 60)
    # The last one ends the budget before it is told.
    assert family.told == [(cell, 1e20 if cell[0] == 0 else -task.test_accuracy(cell)) for cell in tried[:-1]]
    assert any(cell[0] == 0 for cell in tried)
    assert family.budget == 60


def test_invalid_candidates_have_the_worst_loss_and_are_replaced():
    family = Family()
    tried = asked(from_nevergrad(family), Landscape(SAME), 30)
    assert all(SAME.is_valid(each) for each in tried)
    assert all((value[0] != value[1]) == (loss == 1e20) for value, loss in family.told)
    assert 30 < sum(loss == 1e20 for _, loss in family.told) < 100


def test_an_optimiser_that_never_proposes_a_valid_one_does_not_hang():
    family = Family(lambda parametrization: parametrization.spawn_child(new_value=(0, 1, 0)))
    drawn = asked(from_nevergrad(family), Landscape(SAME), 20)
    assert all(SAME.is_valid(each) for each in drawn)
    assert len(set(drawn)) > 3
    assert family.told == [((0, 1, 0), 1e20)] * (20 * MOST_TRIES)


def test_ordered_decisions_have_transitions_and_inactive_ones_their_first_choice():
    family = Family()
    tried = asked(from_nevergrad(family), Landscape(CONDITIONS), 200)
    ordered = [type(each) is nevergrad.p.TransitionChoice for each in family.parametrization]
    assert ordered == [decision.ordered for decision in CONDITIONS.decisions.values()]
    assert tried[:-1] == [CONDITIONS.canonical(value) for value, _ in family.told]
    assert tried[:-1] != [value for value, _ in family.told]


def test_an_unknown_optimiser_is_refused():
    with pytest.raises(
        UsageError, match="unknown optimiser of nevergrad 'OnePlusTwo'; did you mean 'OnePlus"
    ):
        asked(from_nevergrad("OnePlusTwo"), Landscape(SPACE))


def test_several_objectives_are_refused():
    with pytest.raises(UsageError, match="one objective here; received valid_accuracy, parameters"):
        asked(from_nevergrad("DE"), Landscape(SPACE), objectives=("valid_accuracy", "parameters"))


def test_another_objective_than_the_accuracy():
    family = Family()
    tried = asked(from_nevergrad(family), Landscape(SPACE), 10, objectives=("parameters",))
    assert family.told == [(cell, float(sum(cell))) for cell in tried[:-1]]


def test_it_learns():
    run = search(from_nevergrad("DiscreteOnePlusOne"), Landscape(SPACE), Budget(evaluations=100), SEED)
    assert run.valid_accuracy[-30:].mean() > run.valid_accuracy[:10].mean() + 15
