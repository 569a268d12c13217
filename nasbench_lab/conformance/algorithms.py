"""The rules of a search algorithm."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from nasbench_lab.conformance.global_generators import left_alone
from nasbench_lab.conformance.landscape import Landscape
from nasbench_lab.conformance.processes import in_another_process
from nasbench_lab.conformance.rules import Rule, check_rule, require, shown
from nasbench_lab.errors import ConformanceError
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.contract import Algorithm, SearchProcess
from nasbench_lab.search.loop import GIVEN, search
from nasbench_lab.search.run import Run
from nasbench_lab.spaces import all_spaces, find_space
from nasbench_lab.spaces.base import Architecture, SearchSpace

EVALUATIONS = 300
SECONDS = 3_000.0
FIDELITIES = (1, 3, 9)


def check_algorithm(
    algorithm: Algorithm, spaces: Iterable[SearchSpace] | None = None, *, evaluations: int = EVALUATIONS
) -> None:
    """Check that an algorithm keeps the contract, in about 20 searches on a `Landscape`.

    Args:
        algorithm: a generator function, see `nasbench_lab.search.contract`.
        spaces: the spaces that it is made for; by default all spaces of this package. The first one is used
            for all rules, the others for valid requests only.
        evaluations: the budget of a search; less for an algorithm that takes its time.

    Raises `ConformanceError` at the first rule that is broken.
    """
    given = list(spaces or [])
    first, *others = given or [find_space("nasbench201"), *all_spaces().values()]
    name = getattr(getattr(algorithm, "func", algorithm), "__name__", shown(algorithm))
    for rule in ALGORITHM_RULES:
        check_rule(rule, name, algorithm, first, evaluations)
    for space in others:
        check_rule(requests_are_valid_to_the_end_of_the_budget, name, algorithm, space, evaluations)


def it_is_a_generator_function_of_space_and_rng(
    algorithm: Algorithm, space: SearchSpace, evaluations: int = EVALUATIONS
) -> None:
    """Hyperparameters are keyword-only, and have defaults."""
    require(inspect.isgeneratorfunction(algorithm), "it is not a generator function: it has no `yield`")
    parameters = inspect.signature(algorithm).parameters.values()
    positional = [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY]
    require(
        positional == ["space", "rng"], f"its positional parameters are {positional}; expected space, rng"
    )
    for each in parameters:
        named = each.name in ("space", "rng", *GIVEN)
        require(named or each.default is not each.empty, f"its hyperparameter {each.name} has no default")


def requests_are_valid_to_the_end_of_the_budget(
    algorithm: Algorithm, space: SearchSpace, evaluations: int = EVALUATIONS
) -> None:
    """Every request is of the space and of the task's epochs, with one worker and with four."""
    for workers in (1, 4):
        run = _run(algorithm, Landscape(space, fidelities=FIDELITIES), evaluations, workers=workers)
        _require_some(run, f"with {workers} workers")


def a_budget_of_one_evaluation_is_enough(
    algorithm: Algorithm, space: SearchSpace, evaluations: int = EVALUATIONS
) -> None:
    """The harness ends a search at any time, and closes the generator."""
    for few in (1, 2):
        _require_some(_run(algorithm, Landscape(space), few), f"with a budget of {few}")


def the_same_seed_gives_the_same_run(
    algorithm: Algorithm, space: SearchSpace, evaluations: int = EVALUATIONS
) -> None:
    """All draws come from `rng`."""
    first, again = (_run(algorithm, Landscape(space), evaluations, seed=1) for _ in range(2))
    _require_same(first, again, "two runs with one seed differ")


def another_seed_gives_another_run(
    algorithm: Algorithm, space: SearchSpace, evaluations: int = EVALUATIONS
) -> None:
    """The draws come from `rng`."""
    first, other = (_requests(_run(algorithm, Landscape(space), evaluations, seed=seed)) for seed in (1, 2))
    require(first != other, f"the runs with seed 1 and with seed 2 are the same; they begin with {first[0]}")


def another_process_gives_the_same_run(
    algorithm: Algorithm, space: SearchSpace, evaluations: int = EVALUATIONS
) -> None:
    """The order of a set, for one, may differ between processes."""
    here = _run(algorithm, Landscape(space), min(evaluations, 100))
    owner = getattr(algorithm, "func", algorithm)
    there = in_another_process(owner, _requests_once, algorithm, space, min(evaluations, 100))
    _require_equal(_requests(here), there, "runs with one seed differ between two processes")


def _requests_once(algorithm: Algorithm, space: SearchSpace, evaluations: int) -> list[Any]:
    return _requests(_run(algorithm, Landscape(space), evaluations))


def global_generators_are_left_alone(
    algorithm: Algorithm, space: SearchSpace, evaluations: int = EVALUATIONS
) -> None:
    """Neither NumPy's nor Python's own generator is used or seeded."""
    with left_alone():
        _run(algorithm, Landscape(space), evaluations)


def reported_accuracies_stay_unknown(
    algorithm: Algorithm, space: SearchSpace, evaluations: int = EVALUATIONS
) -> None:
    """The search asks for none, and does not depend on them."""
    open_, secret = _Guarded(space, lambda accuracy: accuracy), _Guarded(space, lambda accuracy: -accuracy)
    first, again = (_run(task.watching(algorithm), task, evaluations) for task in (open_, secret))
    require(not (open_.asked or secret.asked), "the algorithm asked the task for a test accuracy")
    _require_same(first, again, "runs on two tasks that differ in their test accuracies differ")


def failed_evaluations_are_no_end(
    algorithm: Algorithm, space: SearchSpace, evaluations: int = EVALUATIONS
) -> None:
    """Half of the trainings may fail, the first ones, or all."""
    count = 0

    def fails_at_first(architecture: Architecture) -> bool:
        nonlocal count
        count += 1
        return count <= 10

    for fails, some in (
        (lambda architecture: sum(architecture) % 2 == 0, "half of the trainings fail"),
        (fails_at_first, "the first trainings fail"),
        (lambda architecture: True, "all trainings fail"),
    ):
        run = _run(algorithm, Landscape(space, fidelities=FIDELITIES, fails=fails), evaluations)
        _require_some(run, f"if {some}")


def equal_accuracies_are_no_end(
    algorithm: Algorithm, space: SearchSpace, evaluations: int = EVALUATIONS
) -> None:
    """All architectures may be equally good."""
    _require_some(
        _run(algorithm, Landscape(space, accuracy=lambda architecture: 50.0), evaluations), "if all are equal"
    )


ALGORITHM_RULES: tuple[Rule, ...] = (
    it_is_a_generator_function_of_space_and_rng,
    requests_are_valid_to_the_end_of_the_budget,
    a_budget_of_one_evaluation_is_enough,
    the_same_seed_gives_the_same_run,
    another_seed_gives_another_run,
    another_process_gives_the_same_run,
    global_generators_are_left_alone,
    reported_accuracies_stay_unknown,
    failed_evaluations_are_no_end,
    equal_accuracies_are_no_end,
)


class _Guarded(Landscape):
    """A landscape that notes whether its test accuracies are asked for while the algorithm runs."""

    def __init__(self, space: SearchSpace, test: Callable[[float], float]) -> None:
        super().__init__(space)
        self._test = test
        self._searching = False
        self.asked = False

    def test_accuracy(self, architecture: Architecture) -> float:
        self.asked |= self._searching
        return self._test(super().test_accuracy(architecture))

    def watching(self, algorithm: Algorithm) -> Algorithm:
        """The same algorithm, which tells this task when it runs."""

        @functools.wraps(algorithm)
        def watched(space: SearchSpace, rng: np.random.Generator, **given: Any) -> SearchProcess:
            process, answer = algorithm(space, rng, **given), None
            while True:
                self._searching = True
                try:
                    request = process.send(answer)
                except StopIteration as end:
                    return end.value  # type: ignore[no-any-return]
                finally:
                    self._searching = False
                answer = yield request

        return watched


def _run(algorithm: Algorithm, task: Landscape, evaluations: int, *, seed: int = 0, workers: int = 1) -> Run:
    # The seconds end a search that trains a shared network alone.
    budget = Budget(evaluations=evaluations, seconds=SECONDS, workers=workers)
    return search(algorithm, task, budget, np.random.SeedSequence(seed))


def _require_some(run: Run, circumstances: str) -> None:
    """A search evaluates, or at least recommends, something."""
    require(
        len(run) or run.recommended is not None, f"the search ended without any evaluation {circumstances}"
    )


def _requests(run: Run) -> list[Any]:
    """The architecture and the epochs of each evaluation, and the recommendation at the end."""
    asked = [
        (tuple(row), epochs)
        for row, epochs in zip(run.architectures.tolist(), run.epochs.tolist(), strict=True)
    ]
    return [*asked, None if run.recommended is None else tuple(run.recommended.tolist())]


def _require_same(first: Run, other: Run, problem: str) -> None:
    _require_equal(_requests(first), _requests(other), problem)


def _require_equal(first: list[Any], other: list[Any], problem: str) -> None:
    for number, (one, two) in enumerate(zip(first, other, strict=False), start=1):
        if one != two:
            raise ConformanceError(f"{problem}: evaluation {number} is of {shown(one)} and of {shown(two)}")
    require(len(first) == len(other), f"{problem}: {len(first) - 1} and {len(other) - 1} evaluations")
