"""Rules of a task: what it says of itself."""

import math
from collections.abc import Mapping

from nasbench_lab.conformance.rules import Rule, require, shown
from nasbench_lab.conformance.tasks.subject import Subject
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.contract import VALID_ACCURACY, Metric
from nasbench_lab.spaces.base import SearchSpace

TEXTS = ("name", "title", "metric", "searched", "reported", "cost")
MAY_BE_EMPTY = ("digest", "citation", "licence")


def it_says_what_it_is(subject: Subject) -> None:
    """Name, space, epochs, fidelities and metrics."""
    task = subject.task
    name, epochs, fidelities = task.name, task.epochs, task.fidelities
    require(
        isinstance(name, str) and name.isprintable() and all(name.partition("/")),
        f"name is {shown(name)}; it is a text, `benchmark/data set`",
    )
    require(isinstance(task.space, SearchSpace), f"space is {shown(task.space)}; it is a SearchSpace")
    require(
        isinstance(fidelities, tuple)
        and fidelities
        and all(isinstance(each, int) and each >= 0 for each in fidelities)
        and list(fidelities) == sorted(set(fidelities)),
        f"fidelities are {shown(fidelities)}; they are a tuple of whole numbers, ascending",
    )
    require(epochs in fidelities, f"epochs is {epochs!r}, which is not one of the fidelities {fidelities}")
    for fact in ("resumable", "charges_seconds", "lists_every_architecture"):
        value = getattr(task, fact)
        require(isinstance(value, bool), f"{fact} is {shown(value)}; it is True or False")
    optimum = task.optimum
    require(
        optimum is None or math.isfinite(optimum), f"optimum is {optimum!r}; it is a finite number or None"
    )
    metrics = task.metrics
    require(
        isinstance(metrics, Mapping) and all(isinstance(each, Metric) for each in metrics.values()),
        f"metrics is {shown(metrics)}; it is a Metric for each name",
    )
    accuracy = metrics.get(VALID_ACCURACY)
    require(
        accuracy is not None and accuracy.direction == "higher" and not accuracy.on_request,
        f"metrics has valid_accuracy as {accuracy!r}; expected one of which higher is better",
    )


def its_card_is_complete(subject: Subject) -> None:
    """Each field of the description is a text of one line, and fits the task."""
    task = subject.task
    card = task.card
    require(isinstance(card, TaskCard), f"card is {shown(card)}; it is a TaskCard")
    for field in (*TEXTS, *MAY_BE_EMPTY):
        value = getattr(card, field)
        fits = isinstance(value, str) and (value.isprintable() if value else field in MAY_BE_EMPTY)
        require(fits, f"card.{field} is {shown(value)}; it is a text of one line")
    require(card.name == task.name, f"card.name is {card.name!r}, but name is {task.name!r}")
    require(card.optimum == task.optimum, f"card.optimum is {card.optimum}, but optimum is {task.optimum}")
    cost = "simulated seconds" if task.charges_seconds else "evaluations"
    require(card.cost == cost, f"card.cost is {card.cost!r}; as the task charges, it is {cost!r}")


RULES: tuple[Rule, ...] = (it_says_what_it_is, its_card_is_complete)
