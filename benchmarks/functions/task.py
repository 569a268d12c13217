"""A task that calls an evaluation function. A finished evaluation is looked up from then on."""

import copy
import hashlib
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from statistics import fmean
from types import MappingProxyType
from typing import Any

import numpy as np

from nasbench_lab.benchmarks.folders import data_folder
from nasbench_lab.benchmarks.functions.calls import CLOCKS, Clock, call
from nasbench_lab.benchmarks.functions.results import Entry, Key, Result, result_files
from nasbench_lab.benchmarks.functions.rules import Rules
from nasbench_lab.benchmarks.own_code import check_call, digest_of, space_text
from nasbench_lab.benchmarks.training_seeds import TrainingSeeds
from nasbench_lab.benchmarks.view import View
from nasbench_lab.errors import UsageError, unknown_name
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.contract import VALID_ACCURACY, Evaluation, Metric, Metrics
from nasbench_lab.search.task import Scores, TaskDefaults
from nasbench_lab.spaces import Architecture, SearchSpace

log = logging.getLogger(__name__)

Evaluate = Callable[[Architecture, int, np.random.Generator], float | Evaluation]
Test = Callable[[Architecture, np.random.Generator], float]


class Place(Enum):
    """A place for files that is not a path."""

    DATA_FOLDER = "the folder `functions` in the data folder"


DATA_FOLDER = Place.DATA_FOLDER


class FunctionTask(TaskDefaults):
    """A task whose evaluations a function of one's own computes.

        space = DeclaredSpace("mlp", {"width": Ordered(16, 32, 64), "rate": Ordered(0.01, 0.1)})

        def evaluate(architecture, epochs, rng):
            settings = space.values(architecture)
            return accuracy_in_percent(**settings, epochs=epochs, rng=rng)

        task = FunctionTask(space, evaluate, epochs=(1, 3, 9), seeds=3)

    The function is given the canonical form of an architecture. Its generator depends on the architecture and
    the training seed alone, so results do not depend on the order of the calls or on the process. A call that
    raises an exception, or returns NaN or infinity, is a failed evaluation. It is logged.

    Results are kept, and looked up from then on, their seconds included. Results of an edited function are
    not used. Its code is all that `own_code.digest_of` counts. For anything else that changes, such as an
    imported file or the data, set another `version`. A failure by a lack of memory or by a file is not kept
    on the disk.

    Args:
        space: any search space.
        evaluate: `evaluate(architecture, epochs, rng)` returns a number, higher is better, or an `Evaluation`
            with further metrics, seconds, or `failed=True`. For a loss, return `-loss` with `metric="score"`.
        test: `test(architecture, rng)` returns the value that is reported, never shown to a search. Its
            generator is the same as that of the evaluation. None to report the value of `evaluate`, after
            the most epochs.
        name: of the task; by default the names of the space and the function.
        title: for headings; by default the name.
        metric: `accuracy (%)` is from 0 to 100; a value by another name has no limits.
        worst: the least possible value, which is also what a search is told for a failed evaluation. None
            for 0 in percent; others have no limit, and a failure is told as minus infinity.
        metrics: the further metrics that an `Evaluation` of the function may hold.
        epochs: the epochs that may be asked for, ascending; the last are the task's own.
        resumable: whether a longer evaluation goes on with a shorter one, and so costs the difference. The
            seconds of an evaluation are nevertheless those from the beginning.
        seeds: number of training seeds, counted from 0.
        seed: the training seed a search sees, see `TrainingSeeds`.
        clock: how seconds are measured that the function does not give itself. `processor`: processor time of
            all threads, and of processes that were waited for, to which other work on the machine adds
            nothing. `wall`: clock time, for a function that waits for a GPU or another machine.
        cache: folder of the results; None to keep them in memory alone.
        version: a text that tells apart results which the code does not.
        optimum: the best value that is reported for any architecture; None if unknown.
        citation: of the problem, for the report.

    Raises `UsageError` if the arguments do not fit together.
    """

    lists_every_architecture = True
    charges_seconds = True

    def __init__(
        self,
        space: SearchSpace,
        evaluate: Evaluate,
        test: Test | None = None,
        *,
        name: str = "",
        title: str = "",
        metric: str = "accuracy (%)",
        worst: float | None = None,
        metrics: Mapping[str, Metric] = MappingProxyType({}),
        epochs: int | Sequence[int] = (1,),
        resumable: bool = False,
        seeds: int = 1,
        seed: str = "random",
        clock: Clock = "processor",
        cache: Path | str | Place | None = DATA_FOLDER,
        version: str = "",
        optimum: float | None = None,
        citation: str = "",
    ) -> None:
        if not isinstance(space, SearchSpace):
            raise UsageError(f"space is a SearchSpace, such as a DeclaredSpace; received {space!r:.80}")
        check_call(evaluate, "evaluate", "architecture", "epochs", "rng")
        if test is not None:
            check_call(test, "test", "architecture", "rng")
        if clock not in CLOCKS:
            raise unknown_name("clock", str(clock), CLOCKS)
        self.space = space
        self.name = _checked_name(name or f"{space.name}/{getattr(evaluate, '__name__', 'function')}")
        self.optimum = optimum
        self.fidelities = _checked_epochs(epochs)
        self.epochs = self.fidelities[-1]
        self._evaluate, self._test = evaluate, test
        self._title, self._citation = title or self.name, citation
        self._rules = Rules(metric=metric, worst=worst, further=dict(metrics), resumable=resumable)
        self._seeds = TrainingSeeds(seeds, seed)
        self._clock: Clock = clock
        settings = [version, metric, worst, list(self._rules.metrics.items()), resumable, clock]
        # The code is read here: a process that is given this task may not have its source.
        self._code = digest_of(evaluate, *settings)
        self._test_code = "" if test is None else digest_of(test, *settings)
        self._space_text = space_text(space)
        self._files = None if cache is None else result_files(_folder(cache))
        self._known: dict[Key, Result] = {}

    @property
    def resumable(self) -> bool:
        """Whether a longer evaluation goes on with a shorter one."""
        return self._rules.resumable

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The accuracy and the metrics that were declared."""
        return self._rules.metrics

    def viewed(self, view: View) -> "FunctionTask":
        """The same task as a view shows it, with the view's epochs and training seed if it sets them."""
        task = copy.copy(self)
        task.epochs = self.epochs if view.epochs is None else self._checked(view.epochs)
        if view.training_seed != View().training_seed:
            task._seeds = self._seeds.showing(view.training_seed)
        return task

    def evaluate(
        self, architecture: Architecture, epochs: int | None, rng: np.random.Generator
    ) -> Evaluation:
        """Call the function, or look its result up. A failure is an evaluation, too."""
        if not self.space.is_valid(architecture):
            raise ValueError(f"{architecture!r} is not an architecture of {self.space.name}")
        after = self.epochs if epochs is None else self._checked(epochs)
        seeds = self._seeds.draw(rng)
        results = [self._evaluated(architecture, after, seed) for seed in seeds]
        accuracies = [result.accuracy for result in results if result.accuracy is not None]
        failed = len(accuracies) < len(results)
        seed = seeds[0] if len(seeds) == 1 else "mean"
        known = set.intersection(*(set(result.metrics) for result in results))
        return Evaluation(
            valid_accuracy=self._rules.least if failed else fmean(accuracies),
            seconds=sum(result.seconds for result in results),
            epochs=after,
            source="live",
            metrics=Metrics(
                {name: fmean(result.metrics[name] for result in results) for name in sorted(known)}
            ),
            failed=failed,
            training=f"seed {seed}" if self.resumable else f"{after} epochs, seed {seed}",
            train_seconds=sum(result.train_seconds for result in results),
        )

    def test_accuracy(self, architecture: Architecture) -> float:
        """The value that is reported: mean over the seeds; NaN if the function failed for one of them."""
        values = [self._reported(architecture, seed).accuracy for seed in self._seeds.all]
        return fmean(math.nan if value is None else value for value in values)

    def score(self, architecture: Architecture, metrics: Sequence[str]) -> Scores:
        """Raise `UsageError`: an evaluation has all metrics, and there are none without it."""
        if metrics[0] in self.metrics:
            raise UsageError(
                f"{metrics[0]} of {self.name} comes with an evaluation: yield the architecture, or a Query"
                f" with metrics=('{VALID_ACCURACY}',)"
            )
        return super().score(architecture, metrics)

    @property
    def card(self) -> TaskCard:
        """The description of this task in figures and reports."""
        of = f"of the evaluation function {getattr(self._evaluate, '__name__', '')}".rstrip()
        last = self.fidelities[-1]
        reported = (
            f"validation value {_after(last)} {of}" if self._test is None else "value of the test function"
        )
        digests = (self._code, self._test_code, hashlib.sha256(self._space_text.encode()).hexdigest())
        return TaskCard(
            name=self.name,
            title=self._title,
            metric=self._rules.metric,
            searched=f"validation value {_after(self.epochs)} {of} ({self._seeds.searched})",
            reported=f"{reported} ({self._seeds.reported})",
            cost="simulated seconds",
            optimum=self.optimum,
            digest="+".join(filter(None, digests)),
            citation=self._citation,
            licence="",
        )

    def _checked(self, epochs: int) -> int:
        """Return `epochs`; raises `UsageError` if there is no evaluation after that many."""
        if epochs not in self.fidelities:
            raise UsageError(
                f"{self.name} is evaluated after {', '.join(map(str, self.fidelities))} epochs, so there is"
                f" no value after {epochs}"
            )
        return epochs

    def _evaluated(self, architecture: Architecture, epochs: int, seed: int) -> Result:
        return self._result(self._evaluate, self._code, architecture, epochs, seed)

    def _reported(self, architecture: Architecture, seed: int) -> Result:
        if self._test is None:
            return self._evaluated(architecture, self.fidelities[-1], seed)
        return self._result(self._test, self._test_code, architecture, 0, seed)

    def _result(
        self, function: Callable[..., Any], code: str, architecture: Architecture, epochs: int, seed: int
    ) -> Result:
        """The result of a function, which is called unless the result is known. Epochs of 0 are a test."""
        canonical = self.space.canonical(architecture)
        key = Key(
            task=self.name,
            space=self._space_text,
            function=code,
            architecture=self.space.format(canonical),
            epochs=epochs,
            seed=seed,
        )
        if key not in self._known:
            entry = None if self._files is None else self._files.entry(key)
            self._known[key] = self._called(function, canonical, key) if entry is None else entry.result
        return self._known[key]

    def _called(self, function: Callable[..., Any], architecture: Architecture, key: Key) -> Result:
        """Call a function, and keep its result. If another process kept one meanwhile, return that one."""
        named = getattr(function, "__name__", "the function")
        of = f"{named} of {self.name} for {key.architecture} with seed {key.seed}"
        rng = _generator(key.architecture, key.seed)
        if key.epochs:
            of = f"{of} {_after(key.epochs)}"
            called = call(function, (architecture, key.epochs, rng), self._clock, of)
        else:
            called = call(function, (architecture, rng), self._clock, of)
        if called.failure:
            train_seconds = called.seconds if self.resumable else 0.0
            result = Result(
                accuracy=None,
                seconds=called.seconds,
                train_seconds=train_seconds,
                metrics={},
                failure=called.failure,
            )
        else:
            judge = self._rules.result if key.epochs else self._rules.tested
            result = judge(called.returned, called.seconds, of)
        if result.failure:
            log.warning("%s failed: %s", of, result.failure)
        if self._files is None or called.by_machine:
            return result
        return self._files.keep(Entry(key, result)).result


def _generator(architecture: str, seed: int) -> np.random.Generator:
    """The generator of an architecture and a training seed, the same at any time and in any process."""
    root = int.from_bytes(hashlib.sha256(architecture.encode()).digest())
    return np.random.default_rng(np.random.SeedSequence((root, seed)))


def _folder(cache: Path | str | Place) -> Path:
    folder = data_folder() / "functions" if isinstance(cache, Place) else Path(cache).expanduser()
    # A worker process may be in another folder.
    return folder.absolute()


def _after(epochs: int) -> str:
    return f"after {epochs} epoch{'s' * (epochs != 1)}"


def _checked_name(name: object) -> str:
    """Return the name of a task; raises `UsageError` if it is no text of one line."""
    if not isinstance(name, str) or not name.isprintable() or name != name.strip():
        raise UsageError(f"name is a text of one line; received {name!r:.80}")
    return name


def _checked_epochs(epochs: object) -> tuple[int, ...]:
    """The epochs that may be asked for; raises `UsageError` if they are not ascending whole numbers."""
    listed = tuple(epochs) if isinstance(epochs, Sequence) and not isinstance(epochs, str) else (epochs,)
    whole = all(type(each) is int and each > 0 for each in listed)
    if not listed or not whole or list(listed) != sorted(set(listed)):
        raise UsageError(
            f"epochs are whole numbers above 0, ascending, such as (1, 3, 9); received {epochs!r:.80}"
        )
    return listed
