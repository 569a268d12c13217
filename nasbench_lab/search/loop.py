"""One search: an algorithm, a task, a budget and a seed give a run.

An algorithm is a generator function `algorithm(space, rng, **hyperparameters)`. It yields an
architecture to evaluate and receives an `Evaluation`, which holds everything a search may learn. The harness
owns the budget, the stopping and the test accuracy.
"""

import math
import time
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from nasbench_lab.errors import AlgorithmError, UnlistedArchitecture
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.contract import Algorithm, Evaluation, Query, SearchProcess, Task
from nasbench_lab.search.run import Run, record
from nasbench_lab.spaces.base import Architecture, SearchSpace


def search(algorithm: Algorithm, task: Task, budget: Budget, seed: np.random.SeedSequence) -> Run:
    """Run one search to the end of its budget, or until the algorithm returns.

    The algorithm and the task draw from two generators spawned from `seed`. The noise of the task therefore
    never changes the draws of the algorithm. Raises `AlgorithmError` if the algorithm yields something other
    than an architecture of the space, or nothing at all.
    """
    # The children that a first call of `seed.spawn(2)` returns. The call itself would change `seed`.
    algorithm_rng, task_rng = (
        np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, child)))
        for child in range(2)
    )
    process = algorithm(task.space, algorithm_rng)
    if not isinstance(process, Generator):
        raise AlgorithmError(
            f"an algorithm is a generator function that yields architectures; this one returned {process!r}"
        )
    architectures, evaluations = _drive(process, task, budget, task_rng)
    return record(architectures, evaluations, task)


def _drive(
    process: SearchProcess, task: Task, budget: Budget, rng: np.random.Generator
) -> tuple[list[Architecture], list[Evaluation]]:
    """Answer the requests of the algorithm until it returns or the budget is used up."""
    architectures: list[Architecture] = []
    evaluations: list[Evaluation] = []
    evaluate = task.evaluate
    most_evaluations = budget.evaluations or math.inf
    most_seconds = budget.seconds or math.inf
    target = math.inf if budget.target_accuracy is None else budget.target_accuracy
    deadline = time.monotonic() + budget.real_seconds if budget.real_seconds else None
    discard = budget.over_budget == "discard"
    spent = 0.0
    try:
        request = next(process, None)
        if request is None:
            raise AlgorithmError("the algorithm ended, or yielded None, before asking for any evaluation")
        while True:
            batch: Any = request if type(request) is list else (request,)
            answers = []
            if len(batch) > 1:
                _prepare(batch[: budget.evaluations and budget.evaluations - len(evaluations)], task, rng)
            for query in batch:
                architecture, epochs = query, None
                if type(query) is Query:
                    architecture, epochs = query
                try:
                    evaluation = evaluate(architecture, epochs, rng)
                except (UnlistedArchitecture, TypeError, ValueError, IndexError):
                    _check(architecture, epochs, task.space)
                    raise
                spent += evaluation.seconds
                if discard and spent > most_seconds:
                    return architectures, evaluations
                architectures.append(architecture)
                evaluations.append(evaluation)
                answers.append(evaluation)
                if (
                    len(evaluations) >= most_evaluations
                    or spent >= most_seconds
                    or evaluation.valid_accuracy >= target
                    or (deadline is not None and time.monotonic() >= deadline)
                ):
                    return architectures, evaluations
            if not batch:
                raise AlgorithmError("the algorithm yielded an empty list; yield at least one architecture")
            request = process.send(answers if batch is request else answers[0])
    except StopIteration:
        return architectures, evaluations
    finally:
        process.close()


def _prepare(batch: Sequence[Any], task: Task, rng: np.random.Generator) -> None:
    queries = [query if type(query) is Query else Query(query) for query in batch]
    if all(task.space.is_valid(query.architecture) for query in queries):
        task.prepare(queries, rng)


def _check(architecture: object, epochs: object, space: SearchSpace) -> None:
    """Raise `AlgorithmError` if a request that the task could not answer is invalid."""
    if not space.is_valid(architecture):  # type: ignore[arg-type]
        raise AlgorithmError(
            f"the algorithm yielded {architecture!r}, which is not an architecture of {space.name};"
            f" expected a tuple of {len(space.cardinalities)} whole numbers, each below its cardinality"
            f" {space.cardinalities}, such as {space.sample(np.random.default_rng(0))}"
        ) from None
    if epochs is not None and not (isinstance(epochs, int) and epochs > 0):
        raise AlgorithmError(
            f"the algorithm asked for epochs={epochs!r}; epochs is a whole number above 0"
        ) from None
