"""Each rule of an algorithm is kept by random search, and found broken where an algorithm breaks it."""

import inspect
import random
from functools import partial

import numpy as np
import pytest

from nasbench_lab.algorithms.random_search import random_search
from nasbench_lab.conformance import check_algorithm
from nasbench_lab.conformance.algorithms import ALGORITHM_RULES
from nasbench_lab.conformance.rules import check_rule
from nasbench_lab.errors import ConformanceError
from nasbench_lab.search import Query, Share, Start
from nasbench_lab.spaces import find_space
from tests.declared_spaces import CONDITIONS, DECLARED

RULES = {rule.__name__: rule for rule in ALGORITHM_RULES}
SPACE = find_space("nasbench201")
MUTANTS: dict = {}


def breaks(rule, message):
    """Register an algorithm that breaks a rule, with a part of the message that says so."""

    def register(mutant):
        MUTANTS[mutant.__name__] = (rule, mutant, message)
        return mutant

    return register


@breaks("it_is_a_generator_function_of_space_and_rng", "it has no `yield`")
def no_generator(space, rng):
    return [space.sample(rng)]


@breaks("it_is_a_generator_function_of_space_and_rng", r"are \['space', 'rng', 'size'\]; expected space, rng")
def positional_hyperparameter(space, rng, size=3):
    yield space.sample(rng)


@breaks("it_is_a_generator_function_of_space_and_rng", "its hyperparameter size has no default")
def hyperparameter_without_default(space, rng, *, size):
    yield space.sample(rng)


@breaks(
    "requests_are_valid_to_the_end_of_the_budget", r"yielded \(0, 0, 0, 0\), which is not an architecture"
)
def foreign(space, rng):
    while True:
        yield (0, 0, 0, 0)


@breaks("requests_are_valid_to_the_end_of_the_budget", "is not an architecture of nasbench201")
def foreign_in_the_end(space, rng):
    for _ in range(200):
        yield space.sample(rng)
    yield "-".join("000000")


@breaks("requests_are_valid_to_the_end_of_the_budget", "has no accuracy after 5 epochs; it has 1, 3, 9")
def foreign_epochs(space, rng):
    while True:
        yield Query(space.sample(rng), epochs=5)


@breaks("requests_are_valid_to_the_end_of_the_budget", "before asking for any evaluation")
def nothing(space, rng):
    return
    yield


@breaks("requests_are_valid_to_the_end_of_the_budget", r"IndexError: list index out of range \(.*py:\d+\)")
def raises(space, rng):
    seen: list = []
    while True:
        yield space.sample(rng)
        seen[1].append(0)


@breaks("requests_are_valid_to_the_end_of_the_budget", "AttributeError: 'NoneType' object has no")
def takes_every_answer_for_finished(space, rng):
    """With one worker, none is free after a start; with four, the first answers are None."""
    while True:
        finished = yield Start(Query(space.sample(rng)))
        assert finished.evaluation.seconds > 0


@breaks("a_budget_of_one_evaluation_is_enough", "generator ignored GeneratorExit")
def does_not_close(space, rng):
    while True:
        try:
            yield space.sample(rng)
        except GeneratorExit:
            yield space.sample(rng)


@breaks("the_same_seed_gives_the_same_run", r"two runs with one seed differ: evaluation 1 is of \(\(")
def draws_without_seed(space, rng):
    while True:
        yield space.sample(np.random.default_rng())


@breaks("another_seed_gives_another_run", r"with seed 1 and with seed 2 are the same; they begin with \(\(")
def ignores_the_seed(space, rng):
    yield from random_search(space, np.random.default_rng(0))


@breaks(
    "another_process_gives_the_same_run", "runs with one seed differ between two processes: evaluation 1 is"
)
def draws_by_hash(space, rng):
    yield from random_search(space, np.random.default_rng([int(rng.integers(9)), abs(hash("text"))]))


@breaks("global_generators_are_left_alone", "the global random generator of NumPy was used or seeded")
def uses_numpys_global(space, rng):
    while True:
        np.random.rand()  # noqa: NPY002
        yield space.sample(rng)


@breaks("global_generators_are_left_alone", "the global random generator of Python was used or seeded")
def seeds_pythons_global(space, rng):
    random.seed(0)
    yield from random_search(space, rng)


def task_behind(frame):
    """The task of the search that runs an algorithm, found as no algorithm should."""
    while "task" not in frame.f_locals or not hasattr(frame.f_locals["task"], "test_accuracy"):
        frame = frame.f_back
    return frame.f_locals["task"]


@breaks("reported_accuracies_stay_unknown", "the algorithm asked the task for a test accuracy")
def asks_for_test_accuracies(space, rng):
    task = task_behind(inspect.currentframe())
    while True:
        task.test_accuracy(space.sample(rng))
        yield space.sample(rng)


@breaks(
    "reported_accuracies_stay_unknown", "two tasks that differ in their test accuracies differ: evaluation 1"
)
def reads_test_accuracies(space, rng):
    """It takes the function out of the task, so that the task is not asked."""
    test = task_behind(inspect.currentframe())._test
    while True:
        yield max((space.sample(rng) for _ in range(9)), key=lambda architecture: test(sum(architecture)))


@breaks("failed_evaluations_are_no_end", "ValueError: max")
def needs_a_success(space, rng):
    seen = {}
    for _ in range(20):
        candidate = space.sample(rng)
        evaluation = yield candidate
        if not evaluation.failed:
            seen[candidate] = evaluation.valid_accuracy
    while True:
        yield space.mutate(max(seen, key=seen.__getitem__), rng)


@breaks("failed_evaluations_are_no_end", "ZeroDivisionError")
def divides_by_the_accuracy(space, rng):
    while True:
        evaluation = yield space.sample(rng)
        _ = 100 / evaluation.valid_accuracy


@breaks("equal_accuracies_are_no_end", "ZeroDivisionError")
def divides_by_the_range(space, rng):
    first = yield space.sample(rng)
    while True:
        second = yield space.mutate((0, 0, 0, 0, 0, 0), rng)
        _ = 1 / (first.valid_accuracy - second.valid_accuracy or (first.valid_accuracy != 50.0))


def shares_and_recommends(space, rng):
    yield Share([space.sample(rng)])
    candidates = [space.sample(rng) for _ in range(10)]
    ranked = yield [Query(candidate, metrics=("shared_accuracy",)) for candidate in candidates]
    best = max(range(10), key=lambda i: ranked[i].metrics["shared_accuracy"])
    return candidates[best]


def shares_to_the_end(space, rng):
    yield space.sample(rng)
    while True:
        yield Share([space.sample(rng)])


def batches(space, rng, *, size=7, task):
    while True:
        yield [Query(space.sample(rng), task.fidelities[0]) for _ in range(size)]


@pytest.mark.parametrize(
    "algorithm", [random_search, shares_and_recommends, shares_to_the_end, batches, partial(batches, size=3)]
)
def test_an_algorithm_that_keeps_all_rules_passes(algorithm):
    check_algorithm(algorithm)
    check_algorithm(algorithm, DECLARED.values(), evaluations=20)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_algorithm_is_found(name):
    rule, mutant, message = MUTANTS[name]
    with pytest.raises(ConformanceError, match=message) as raised:
        check_rule(RULES[rule], "mine", mutant, SPACE)
    text = str(raised.value)
    assert text.startswith(f"mine breaks the rule '{rule.replace('_', ' ')}': ")
    assert len(text.splitlines()) == 1
    with pytest.raises(ConformanceError, match=f"^{name} breaks the rule"):
        check_algorithm(mutant, [SPACE])


def test_every_rule_is_broken_by_a_mutant():
    assert {rule for rule, _, _ in MUTANTS.values()} == set(RULES)


def test_only_the_spaces_that_are_given_are_searched():
    def for_one_space(space, rng):
        assert space is CONDITIONS
        yield from random_search(space, rng)

    check_algorithm(for_one_space, [CONDITIONS])
    with pytest.raises(ConformanceError, match=r"^for_one_space breaks the rule .*AssertionError"):
        check_algorithm(for_one_space)


def test_the_other_spaces_are_searched_as_well():
    def for_some_spaces(space, rng):
        while True:
            yield (
                (0,) * 6
                if space is SPACE and rng.random() < 0.5
                else space.sample(rng) + (0,) * (space is CONDITIONS)
            )

    check_algorithm(for_some_spaces, [SPACE])
    with pytest.raises(ConformanceError, match="which is not an architecture of conditions"):
        check_algorithm(for_some_spaces, [SPACE, CONDITIONS])
