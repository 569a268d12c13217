"""Rules of a task: its evaluations."""

from collections.abc import Mapping

from nasbench_lab.conformance.rules import Rule, require, require_refused, shown
from nasbench_lab.conformance.tasks.subject import Subject, fresh_rng, is_finite
from nasbench_lab.errors import ConformanceError, UnlistedArchitecture, UsageError
from nasbench_lab.search.contract import VALID_ACCURACY, Evaluation, Query
from nasbench_lab.search.run import SOURCES
from nasbench_lab.search.task import Task


def evaluations_are_complete(subject: Subject) -> None:
    """Finite numbers, the epochs that were asked for, and metrics that the task declares."""
    task = subject.task
    for architecture in subject.architectures:
        for epochs in (None, *task.fidelities):
            try:
                evaluation = task.evaluate(architecture, epochs, fresh_rng())
            except UnlistedArchitecture:
                require(
                    epochs is not None and not task.lists_every_architecture, f"no entry for {architecture}"
                )
                continue
            try:
                _check_evaluation(evaluation, task, task.epochs if epochs is None else epochs)
            except ConformanceError as error:
                raise ConformanceError(f"evaluate({architecture}, {epochs}): {error}") from None


def _check_evaluation(evaluation: Evaluation, task: Task, epochs: int) -> None:
    require(isinstance(evaluation, Evaluation), f"it gave {shown(evaluation)}; expected an Evaluation")
    accuracy, seconds, after, source, metrics, failed, training, train_seconds = evaluation
    require(is_finite(accuracy), f"valid_accuracy is {accuracy!r}; it is a finite number, even if it failed")
    require(is_finite(seconds) and seconds >= 0, f"seconds is {seconds!r}; it is a finite number from 0 up")
    require(task.charges_seconds or not seconds, f"seconds is {seconds}, but the task charges none")
    require(after == epochs, f"epochs is {after!r}; expected {epochs}")
    require(source in SOURCES, f"source is {source!r}; it is one of {', '.join(SOURCES)}")
    require(isinstance(failed, bool), f"failed is {failed!r}; it is True or False")
    require(isinstance(training, str), f"training is {training!r}; it is a text, empty if unknown")
    require(
        is_finite(train_seconds) and 0 <= train_seconds <= seconds,
        f"train_seconds is {train_seconds!r}; it is a part of the {seconds} seconds",
    )
    require(isinstance(metrics, Mapping), f"metrics is {shown(metrics)}; it is a value for each name")
    for name, value in metrics.items():
        require(
            name in task.metrics and name != VALID_ACCURACY, f"the task does not declare the metric {name!r}"
        )
        require(is_finite(value), f"{name} is {value!r}; it is a finite number, or left out")
    # An evaluation is kept in sets and stores.
    require(not hasattr(metrics, "__setitem__"), "metrics can be changed; give Metrics({...})")


def evaluations_follow_the_generator(subject: Subject) -> None:
    """The same state of `rng` gives the same evaluation."""
    for architecture in subject.architectures:
        first, again = (subject.task.evaluate(architecture, None, fresh_rng()) for _ in range(2))
        # Real trainings take their time.
        same = first._replace(seconds=0, train_seconds=0) == again._replace(seconds=0, train_seconds=0)
        require(
            same or first.source == "live",
            f"with one seed, evaluate({architecture}) gave {shown(first)}, then {shown(again)}",
        )


def preparing_draws_nothing(subject: Subject) -> None:
    """`prepare` leaves `rng` as it is."""
    rng = fresh_rng()
    subject.task.prepare([Query(architecture) for architecture in subject.architectures], rng)
    require(rng.bit_generator.state == fresh_rng().bit_generator.state, "prepare advanced the generator")


def longer_evaluations_cost_no_less(subject: Subject) -> None:
    """With the same state of `rng`, and more epochs; all from one training if the task is resumable."""
    task = subject.task
    for architecture in subject.architectures:
        shorter = None
        for epochs in task.fidelities:
            try:
                longer = task.evaluate(architecture, epochs, fresh_rng())
            except UnlistedArchitecture:
                continue
            if task.resumable and not longer.failed:
                require(longer.training, f"the task is resumable, but training is empty for {architecture}")
            if shorter is not None and not (shorter.failed or longer.failed):
                require(
                    longer.seconds >= shorter.seconds or longer.source == "live",
                    f"{architecture} costs {shorter.seconds} seconds after {shorter.epochs} epochs, but"
                    f" {longer.seconds} after {epochs}",
                )
                require(
                    not task.resumable or longer.training == shorter.training,
                    f"the task is resumable, but {architecture} has the training {shorter.training!r} after"
                    f" {shorter.epochs} epochs and {longer.training!r} after {epochs}",
                )
            shorter = longer


def what_it_does_not_have_is_refused(subject: Subject) -> None:
    """`UsageError` for other epochs and metrics; an error of any kind for what is not an architecture."""
    task, architecture = subject.task, subject.architectures[0]
    foreign = next(epochs for epochs in range(1, len(task.fidelities) + 2) if epochs not in task.fidelities)
    require_refused(UsageError, task.evaluate, architecture, foreign, fresh_rng())
    require_refused(UsageError, task.score, architecture, ["no such metric"])
    for wrong in (
        architecture[:-1],
        (-1, *architecture[1:]),
        (task.space.cardinalities[0], *architecture[1:]),
    ):
        require_refused(Exception, task.evaluate, wrong, None, fresh_rng())


RULES: tuple[Rule, ...] = (
    evaluations_are_complete,
    evaluations_follow_the_generator,
    preparing_draws_nothing,
    longer_evaluations_cost_no_less,
    what_it_does_not_have_is_refused,
)
