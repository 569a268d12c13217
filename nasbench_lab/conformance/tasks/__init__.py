"""The rules of a task."""

from collections.abc import Sequence

from nasbench_lab.conformance.rules import Rule, check_rule, shown
from nasbench_lab.conformance.tasks import evaluations, facts, other_answers
from nasbench_lab.conformance.tasks.subject import Subject, answered_by
from nasbench_lab.search.task import Task
from nasbench_lab.spaces.base import Architecture

TASK_RULES: tuple[Rule, ...] = (*facts.RULES, *evaluations.RULES, *other_answers.RULES)


def check_task(task: Task, architectures: Sequence[Architecture] | None = None) -> None:
    """Check that a task keeps its contract.

    Args:
        task: a source of evaluations.
        architectures: those to evaluate, at every fidelity and twice; by default five that are drawn. A task
            that trains takes its time: give one or two. A task that lists few architectures of a large space
            needs some of those that it lists.

    Raises `ConformanceError` at the first rule that is broken.
    """
    name = shown(getattr(task, "name", type(task).__name__))
    check_rule(facts.it_says_what_it_is, name, Subject(task, ()))
    chosen = list(architectures or [])
    if not chosen:
        chosen = answered_by(task)
    for rule in TASK_RULES:
        check_rule(rule, name, Subject(task, chosen))
