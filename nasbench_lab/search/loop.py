"""One search: an algorithm, a task, a budget and a seed give a run."""

import inspect
import math
import time
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from nasbench_lab.errors import AlgorithmError
from nasbench_lab.search.answers import Answers, check_recommendation
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.contract import (
    VALID_ACCURACY,
    Algorithm,
    Finished,
    Previous,
    Query,
    SearchProcess,
    Share,
    Start,
    TaskInfo,
)
from nasbench_lab.search.history import History, Limits
from nasbench_lab.search.incumbents import IncumbentRule
from nasbench_lab.search.run import Run, record
from nasbench_lab.search.task import Task, unknown_metric
from nasbench_lab.search.workers import Workers, check_workers

GIVEN = ("task", "previous")
"""Keyword parameters that are no hyperparameters: an algorithm that names them is given them."""


def search(
    algorithm: Algorithm,
    task: Task,
    budget: Budget,
    seed: np.random.SeedSequence,
    *,
    objectives: Sequence[str] = (VALID_ACCURACY,),
    incumbent: IncumbentRule = "best",
    previous: Sequence[Previous] = (),
) -> Run:
    """Run one search to the end of its budget, or until the algorithm returns.

    The algorithm, the task and a network with shared weights have a generator each, spawned from `seed`. The
    noise of the task therefore never changes the draws of the algorithm.

    Args:
        algorithm: a generator function, see `nasbench_lab.search.contract`.
        task: the source of evaluations.
        budget: the limits of the search.
        seed: of all random draws.
        objectives: metrics of the task that the search is to optimise.
        incumbent: the rule by which an evaluation becomes the incumbent, see `IncumbentRule`.
        previous: evaluations on other tasks, for an algorithm that asks for them.

    Raises:
        AlgorithmError: the algorithm yields something other than a request, or nothing at all.
        UsageError: the budget is never spent, or the task lacks the epochs or the metrics that are asked for.
        EvaluationError: the task fails.
    """
    for name in objectives:
        if name not in task.metrics:
            raise unknown_metric(task.name, name, task.metrics)
    check_workers(budget.workers, task.charges_seconds, task.name)
    algorithm_rng, task_rng, shared_rng = (_generator(seed, child) for child in range(3))
    given: dict[str, Any] = {}
    if asks_for(algorithm, "task"):
        given["task"] = _info(task, budget, objectives)
    if asks_for(algorithm, "previous"):
        given["previous"] = tuple(previous)
    process = algorithm(task.space, algorithm_rng, **given)
    if not isinstance(process, Generator):
        raise AlgorithmError(
            f"an algorithm is a generator function that yields architectures; this one returned {process!r}"
        )
    answers = Answers(task, budget, task_rng, int(shared_rng.integers(2**31)), objectives)
    history = History()
    recommended = _drive(process, task, answers, Limits(budget, task), history, task_rng, budget.workers)
    return record(history, task, objectives, answers.asked, incumbent, recommended)


def _generator(seed: np.random.SeedSequence, child: int) -> np.random.Generator:
    """The generator of a child that `seed.spawn` returns at first. The call itself would change `seed`."""
    return np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, child)))


def asks_for(algorithm: Algorithm, name: str) -> bool:
    """Whether an algorithm has a parameter of this name."""
    return name in inspect.signature(algorithm).parameters


def _info(task: Task, budget: Budget, objectives: Sequence[str]) -> TaskInfo:
    """The facts about a task. A table may take long to find its fidelities, so only some searches need it."""
    return TaskInfo(
        epochs=task.epochs,
        fidelities=task.fidelities,
        resumable=task.resumable and budget.promotions == "continue",
        charges_seconds=task.charges_seconds,
        metrics=task.metrics,
        objectives=tuple(objectives),
        workers=budget.workers,
        budget=budget,
    )


def _drive(
    process: SearchProcess,
    task: Task,
    answers: Answers,
    limits: Limits,
    history: History,
    rng: np.random.Generator,
    workers: int,
) -> Any:
    """Answer the requests of an algorithm to the end, and return its recommendation, or None."""
    try:
        request = next(process, None)
        if request is None:
            raise AlgorithmError("the algorithm ended, or yielded None, before asking for any evaluation")
        if workers > 1:
            Workers(workers, answers, limits, history).answer(process, request)
        else:
            _answer_in_turn(process, request, task, answers, limits, history, rng)
    except StopIteration as end:
        if end.value is not None:
            check_recommendation(end.value, task.space)
        return end.value
    finally:
        process.close()
    return None


def _answer_in_turn(
    process: SearchProcess,
    request: Any,
    task: Task,
    answers: Answers,
    limits: Limits,
    history: History,
    rng: np.random.Generator,
) -> None:
    """Evaluate request after request on one worker; returns at the end of the budget."""
    evaluate, send = task.evaluate, process.send
    architectures, evaluations = history.architectures, history.evaluations
    most_seconds, target, deadline = limits.seconds, limits.target, limits.deadline
    most_epochs, discard, may_be_endless = limits.epochs, limits.discard, limits.may_be_endless
    counts_epochs, has_deadline = most_epochs < math.inf, deadline < math.inf
    clock: list[float] | None = None
    # How many evaluations may be recorded. Those that train nothing do not count, and put it off.
    most_evaluations = limits.evaluations
    spent, epochs_spent, free, untrained = 0.0, 0, 0, 0
    charged: int | None
    has_history = answers.depend_on_history
    while True:
        kind = type(request)
        if kind is tuple:
            batch: Any = (request,)
        elif kind is list:
            batch = request
            if not batch:
                raise AlgorithmError("the algorithm yielded an empty list; yield at least one architecture")
            if len(batch) > 1:
                left = most_evaluations - len(evaluations)
                answers.prepare(batch if left == math.inf else batch[: int(left)])
        elif kind is Share:
            shared = answers.share(request)
            spent += shared.seconds
            clock = history.keep_clock()
            limits.note_idle(shared.seconds, len(evaluations) - untrained)
            if spent >= most_seconds or time.monotonic() >= deadline:
                return
            request = send(shared)
            continue
        else:
            batch = (request.query if kind is Start else request,)
        replies = []
        for query in batch:
            if type(query) is tuple and not has_history:
                # The shortest way, for the many algorithms that yield nothing but architectures.
                try:
                    evaluation = evaluate(query, None, rng)
                except Exception as error:
                    answers.explain(query, error)
                    raise
                charged = None
                architecture = query
            else:
                evaluation, charged = answers.evaluate(query)
                has_history = answers.depend_on_history
                architecture = query.architecture if type(query) is Query else query
                if not evaluation.epochs:
                    most_evaluations += 1
                    limits.note_idle(evaluation.seconds, len(evaluations) - untrained)
                    untrained += 1
            spent += evaluation.seconds
            if discard and spent > most_seconds:
                return
            if counts_epochs:
                epochs_spent += evaluation.epochs if charged is None else charged
                if discard and epochs_spent > most_epochs:
                    return
                if epochs_spent >= most_epochs:
                    most_evaluations = 0  # the budget is spent, so this evaluation is the last
            architectures.append(architecture)
            evaluations.append(evaluation)
            replies.append(evaluation)
            if clock is not None:
                clock.append(spent)
            if (
                len(evaluations) >= most_evaluations
                or spent >= most_seconds
                or evaluation.valid_accuracy >= target
                or (has_deadline and time.monotonic() >= deadline)
            ):
                return
            if may_be_endless and evaluation.epochs:
                free = 0 if evaluation.seconds > 0 else free + 1
                limits.check_endless(free)
        if kind is list:
            request = send(replies)
        else:
            request = send(Finished(batch[0], evaluation) if kind is Start else evaluation)
