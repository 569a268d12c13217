"""One search: an algorithm, a task, a budget and a seed give a run.

An algorithm is a generator function `algorithm(space, rng, **hyperparameters)`. It yields an
architecture to evaluate and receives an `Evaluation`, which holds everything a search may learn. The harness
owns the budget, the stopping and the test accuracy.
"""

import inspect
import math
import time
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from nasbench_lab.errors import AlgorithmError, EvaluationError, NasbenchLabError, UsageError, place_of
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.contract import VALID_ACCURACY, Algorithm, Evaluation, Query, SearchProcess, TaskInfo
from nasbench_lab.search.run import Run, record
from nasbench_lab.search.task import Task
from nasbench_lab.search.trainings import Trainings
from nasbench_lab.spaces.base import Architecture, SearchSpace

MOST_FREE = 10_000
"""Evaluations in a row that may cost nothing if the budget limits their cost alone."""


def search(algorithm: Algorithm, task: Task, budget: Budget, seed: np.random.SeedSequence) -> Run:
    """Run one search to the end of its budget, or until the algorithm returns.

    The algorithm and the task draw from two generators spawned from `seed`. The noise of the task therefore
    never changes the draws of the algorithm.

    Raises:
        AlgorithmError: the algorithm yields something other than an architecture of the space, or nothing.
        UsageError: the budget is never spent, or the task lacks the epochs that the algorithm asks for.
        EvaluationError: the task fails.
    """
    # The children that a first call of `seed.spawn(2)` returns. The call itself would change `seed`.
    algorithm_rng, task_rng = (
        np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, child)))
        for child in range(2)
    )
    process = algorithm(task.space, algorithm_rng, **asked_for(algorithm, task, budget))
    if not isinstance(process, Generator):
        raise AlgorithmError(
            f"an algorithm is a generator function that yields architectures; this one returned {process!r}"
        )
    architectures, evaluations = _Loop(task, budget, task_rng).drive(process)
    return record(architectures, evaluations, task)


def asked_for(algorithm: Algorithm, task: Task, budget: Budget) -> dict[str, Any]:
    """The keyword parameters that an algorithm names in order to be given them."""
    if "task" not in inspect.signature(algorithm).parameters:
        return {}
    info = TaskInfo(
        epochs=task.epochs,
        fidelities=task.fidelities,
        resumable=task.resumable and budget.promotions == "continue",
        metrics=task.metrics,
        objectives=(VALID_ACCURACY,),
        workers=1,
        charges_seconds=task.charges_seconds,
        budget=budget,
    )
    return {"task": info}


class _Loop:
    """Answers the requests of one algorithm until it returns or the budget is used up."""

    def __init__(self, task: Task, budget: Budget, rng: np.random.Generator) -> None:
        self._task = task
        self._budget = budget
        self._rng = rng
        self._architectures: list[Architecture] = []
        self._evaluations: list[Evaluation] = []

    def drive(self, process: SearchProcess) -> tuple[list[Architecture], list[Evaluation]]:
        """All architectures that were evaluated, and their evaluations, in order."""
        try:
            request = next(process, None)
            if request is None:
                raise AlgorithmError("the algorithm ended, or yielded None, before asking for any evaluation")
            self._answer(process, request)
        except StopIteration:
            pass
        finally:
            process.close()
        return self._architectures, self._evaluations

    def _answer(self, process: SearchProcess, request: Any) -> None:
        """Evaluate request after request; returns at the end of the budget."""
        task, budget, rng = self._task, self._budget, self._rng
        architectures, evaluations = self._architectures, self._evaluations
        evaluate = task.evaluate
        most_evaluations = budget.evaluations or math.inf
        most_seconds = budget.seconds or math.inf
        most_epochs = budget.trainings * task.epochs if budget.trainings else None
        target = math.inf if budget.target_accuracy is None else budget.target_accuracy
        deadline = time.monotonic() + budget.real_seconds if budget.real_seconds else None
        discard = budget.over_budget == "discard"
        may_be_endless = not (budget.evaluations or budget.trainings or budget.real_seconds)
        trainings: Trainings | None = None
        charged: int | None = None
        spent, epochs_spent, free = 0.0, 0, 0
        while True:
            batch: Any = request if type(request) is list else (request,)
            answers = []
            if len(batch) > 1:
                _prepare(batch[: budget.evaluations and budget.evaluations - len(evaluations)], task, rng)
            for query in batch:
                try:
                    if type(query) is Query or trainings is not None:
                        trainings = trainings or Trainings(task, rng, budget)
                        architecture, epochs, _ = query if type(query) is Query else Query(query)
                        evaluation, charged = trainings.evaluate(architecture, epochs)
                    else:
                        architecture, evaluation = query, evaluate(query, None, rng)
                except Exception as error:
                    self._explain(query, error)
                    raise
                spent += evaluation.seconds
                if discard and spent > most_seconds:
                    return
                if most_epochs is not None:
                    epochs_spent += evaluation.epochs if charged is None else charged
                    if discard and epochs_spent > most_epochs:
                        return
                    if epochs_spent >= most_epochs:
                        most_evaluations = 0  # the budget is spent, so this evaluation is the last
                architectures.append(architecture)
                evaluations.append(evaluation)
                answers.append(evaluation)
                if (
                    len(evaluations) >= most_evaluations
                    or spent >= most_seconds
                    or evaluation.valid_accuracy >= target
                    or (deadline is not None and time.monotonic() >= deadline)
                ):
                    return
                if may_be_endless:
                    free = 0 if evaluation.seconds > 0 else free + 1
                    if free >= MOST_FREE:
                        raise UsageError(
                            f"the last {MOST_FREE:,} evaluations of {task.name} cost 0 seconds, so a budget"
                            " of seconds is never spent; set budget_evaluations"
                        )
            if not batch:
                raise AlgorithmError("the algorithm yielded an empty list; yield at least one architecture")
            request = process.send(answers if batch is request else answers[0])

    def _explain(self, query: Any, error: Exception) -> None:
        """Raise the error that says who is to blame for a failed evaluation, unless `error` does."""
        architecture, epochs, _ = query if type(query) is Query else Query(query)
        if (blame := _wrong_request(architecture, epochs, self._task.space)) is not None:
            raise blame from None
        if not isinstance(error, NasbenchLabError | OSError):
            raise EvaluationError(
                f"{self._task.name} failed while it evaluated {self._task.space.format(architecture)}:"
                f" {type(error).__name__}: {error}{place_of(error)}"
            ) from error


def _prepare(batch: Sequence[Any], task: Task, rng: np.random.Generator) -> None:
    queries = [query if type(query) is Query else Query(query) for query in batch]
    if all(task.space.is_valid(query.architecture) for query in queries):
        task.prepare(queries, rng)


def _wrong_request(architecture: object, epochs: object, space: SearchSpace) -> AlgorithmError | None:
    """The error for a request that no task could answer; None if the request is right."""
    if not space.is_valid(architecture):  # type: ignore[arg-type]
        return AlgorithmError(
            f"the algorithm yielded {architecture!r}, which is not an architecture of {space.name};"
            f" expected a tuple of {len(space.cardinalities)} whole numbers, each below its cardinality"
            f" {space.cardinalities}, such as {space.sample(np.random.default_rng(0))}"
        )
    if epochs is not None and not (isinstance(epochs, int) and epochs > 0):
        return AlgorithmError(f"the algorithm asked for epochs={epochs!r}; epochs is a whole number above 0")
    return None
