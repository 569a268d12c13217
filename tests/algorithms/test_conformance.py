"""Every file in `algorithms/` keeps the contract; a new file is tested automatically."""

import ast
import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest

from nasbench_lab import algorithms
from nasbench_lab.comparison.contestants import algorithm_names, find_algorithm
from nasbench_lab.conformance import Landscape
from nasbench_lab.conformance.algorithms import (
    ALGORITHM_RULES,
    requests_are_valid_to_the_end_of_the_budget,
)
from nasbench_lab.conformance.rules import check_rule
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.loop import search
from nasbench_lab.spaces import all_spaces

NAMES = algorithm_names()
SPACES = sorted(all_spaces())
# These fit a model, which takes milliseconds an evaluation: a smaller budget keeps their tests short.
FITS_A_MODEL = {"gaussian_process": 25}


def budget_of(name):
    return FITS_A_MODEL.get(name, 300)


def run(name, space="nasbench201", seed=0, evaluations=None):
    task = Landscape(all_spaces()[space])
    budget = Budget(evaluations=evaluations or budget_of(name))
    return search(find_algorithm(name).function, task, budget, np.random.SeedSequence(seed))


def test_there_are_algorithms():
    assert {
        "random_search",
        "local_search",
        "regularized_evolution",
        "genetic_algorithm",
        "reinforce",
    } <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_is_a_documented_generator_function_named_like_its_file(name):
    module = importlib.import_module(f"{algorithms.__name__}.{name}")
    function = getattr(module, name)
    assert inspect.isgeneratorfunction(function)
    assert module.__doc__
    assert any(character.isdigit() for character in function.__doc__), (
        "the docstring cites no paper with its year"
    )


@pytest.mark.parametrize("name", NAMES)
def test_knows_no_benchmark(name):
    source = (Path(algorithms.__path__[0]) / f"{name}.py").read_text(encoding="utf-8")
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            imported.add(node.module)
    ours = {module for module in imported if module.startswith("nasbench_lab")}
    assert ours <= {"nasbench_lab.search", "nasbench_lab.spaces"}
    assert not imported & {"benchmarks", "algorithms"}
    assert "random" not in imported
    assert "torch" not in imported


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", NAMES)
def test_yields_valid_architectures_of_every_space_to_the_end_of_the_budget(name, space):
    """Or until it recommends one."""
    outcome = run(name, space)
    assert len(outcome) == budget_of(name) or outcome.recommended is not None
    assert all(all_spaces()[space].is_valid(tuple(row)) for row in outcome.architectures.tolist())
    check_rule(
        requests_are_valid_to_the_end_of_the_budget,
        name,
        find_algorithm(name).function,
        all_spaces()[space],
        budget_of(name),
    )


@pytest.mark.parametrize("space", ["nasbench201", "nasbench_macro"])
@pytest.mark.parametrize("rule", ALGORITHM_RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_keeps_the_rule(name, rule, space):
    check_rule(rule, name, find_algorithm(name).function, all_spaces()[space], budget_of(name))


# These draw their architectures at random; how they allocate epochs is tested by itself.
RANDOM_DRAWS = ("random_search", "hyperband", "asha", "successive_halving")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in RANDOM_DRAWS])
def test_learns_something(name):
    """It beats random search on a smooth landscape, on average over some runs."""
    runs, evaluations = (3, 50) if name in FITS_A_MODEL else (30, 500)

    def mean_of_last(name):
        outcomes = [run(name, seed=seed, evaluations=evaluations) for seed in range(runs)]
        # NaN where the algorithm asked for other metrics only.
        return np.mean([np.nanmean(outcome.valid_accuracy[-evaluations // 5 :]) for outcome in outcomes])

    assert mean_of_last(name) > mean_of_last("random_search") + 1


@pytest.mark.parametrize("name", NAMES)
def test_first_request_is_one_of_the_contract(name):
    told = []

    class Listening(Landscape):
        def evaluate(self, architecture, epochs, rng):
            told.append(architecture)
            return super().evaluate(architecture, epochs, rng)

    task = Listening(all_spaces()["nasbench201"])
    search(find_algorithm(name).function, task, Budget(evaluations=1), np.random.SeedSequence(0))
    assert len(told) == 1
    assert type(told[0]) is tuple
