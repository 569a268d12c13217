"""The specification of a comparison: tasks, algorithms, budget and seeds.

The command line, the stored `comparison.json` and the Python call `compare(Comparison(...))` have the same
fields.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from nasbench_lab.errors import UsageError, shown
from nasbench_lab.lists import in_order, separate, separated
from nasbench_lab.refusals import explaining_refusals
from nasbench_lab.settings import check_fields, from_mapping, plain

DEFAULT_EVALUATIONS = 200
VALID_ACCURACY = "valid_accuracy"  # as in `search.contract`, which `--help` must not wait for
# Settings that may be one value instead of a tuple, and the least values of others.
MANY = (
    "benchmark",
    "algorithms",
    "budget_seconds",
    "target_accuracy",
    "objectives",
    "learn_from",
    "fallback",
)
LEAST = {"seeds": 1, "root_seed": 0, "epochs": 1, "workers": 1, "learn_from_evaluations": 1}
MOST = {"seeds": 10**6, "root_seed": 2**128 - 1, "workers": 10**6}
MOST_OF_OTHERS = 2**63 - 1  # a whole number has 64 bits where it is stored


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A whole comparison. A stored one says everything: settings that are left out get their defaults.

    Attributes:
        benchmark: tasks, as `benchmark/data set`; a benchmark alone stands for all its data sets. See
            `python -m nasbench_lab.benchmarks`.
        algorithms: names, with hyperparameters after a colon
            (`reinforce:learning_rate=0.1,baseline_decay=0.5`); `path/to/file.py` or
            `package.module:function` for one of your own; `LABEL=` in front names it in the figures. See
            `python -m nasbench_lab.algorithms`.
        seeds: independent runs of each algorithm on each task.
        budget_evaluations: evaluations of a run; 200 if no budget is given at all.
        budget_trainings: full trainings of a run: the epochs charged, divided by those of the task's own
            evaluations. An evaluation of fewer epochs counts as a part.
        budget_seconds: simulated seconds of a run; one number for all tasks, or one for each. Live
            training costs the seconds it took, so its results depend on the machine.
        budget_real_seconds: seconds of a run by the clock; results always depend on the machine.
        target_accuracy: validation accuracy that ends a run, in percent or the metric's own unit; one number
            for all tasks, or one for each.
        over_budget: whether the evaluation that goes over budget_seconds or budget_trainings counts.
        promotions: the charge for more epochs of a training that the search began: the new epochs alone
            (`continue`), or all of them (`restart`). A separate training is always charged whole.
        workers: simulated machines that evaluate at the same time, each with its own clock. A batch is
            spread over them. The budget of seconds and the curves follow the clock.
        objectives: metrics to optimise together, such as `accuracy latency:raspi4`; see
            `python -m nasbench_lab.data info BENCHMARK` for their names.
        incumbent: the evaluation that a run reports: the `best` validation accuracy after however many
            epochs; the best after the `most-epochs` so far; or the architecture that the algorithm
            `recommended` at its end, if it did, and else the best.
        learn_from: benchmarks whose evaluations are given to algorithms that ask for `previous`, without
            the task itself.
        learn_from_evaluations: number of evaluations given of each of these tasks.
        epochs: training epochs behind the accuracy that a search sees; by default those of the longest
            training.
        training_seed: the training seed a search sees: `random` at each evaluation, `mean`, or a label.
        cost: the cost of an evaluation of a table: its `seconds`, if it lists them, or training `epochs`, for
            tables that list no times after the epochs that an algorithm chooses.
        only_listed: search only what a table lists, so that a partial table needs no fallback. Architectures
            are drawn from its rows, and changed into others that it lists.
        fallback: sources that are asked, in this order, for an architecture that the table does not list:
            `surrogate` (fit it first: `python -m nasbench_lab.data fit BENCHMARK`), `live` (trained by
            `recipe`).
        recipe: the recipe of live training, `NAME` or `NAME:key=value,...`, see
            `python -m nasbench_lab.recipes`; for `--fallback live`, and for a search space without a table.
        root_seed: the number that all random draws come from.
        protocol: name of the published protocol that the settings come from; see
            `python -m nasbench_lab.protocols`.
    """

    benchmark: tuple[str, ...] = ("cifar10-mini",)
    algorithms: tuple[str, ...] = (
        "random_search",
        "local_search",
        "regularized_evolution",
        "genetic_algorithm",
        "reinforce",
    )
    seeds: int = 50
    budget_evaluations: int | None = None
    budget_trainings: float | None = None
    budget_seconds: tuple[float, ...] = ()
    budget_real_seconds: float | None = None
    target_accuracy: tuple[float, ...] = ()
    over_budget: Literal["include", "discard"] = "include"
    promotions: Literal["continue", "restart"] = "continue"
    workers: int = 1
    objectives: tuple[str, ...] = ("accuracy",)
    incumbent: Literal["best", "most-epochs", "recommended"] = "best"
    learn_from: tuple[str, ...] = ()
    learn_from_evaluations: int = 200
    epochs: int | None = None
    training_seed: str = "random"
    cost: Literal["seconds", "epochs"] = "seconds"
    only_listed: bool = False
    fallback: tuple[str, ...] = ()
    recipe: str = ""
    root_seed: int = 0
    protocol: str = ""

    def __post_init__(self) -> None:
        # A caller may write one value instead of a tuple, and anything with an order for a list.
        for name in MANY:
            value = plain(getattr(self, name))
            single = isinstance(value, str | int | float)
            items = [value] if single else in_order(value, name)
            if items is not None:
                object.__setattr__(self, name, tuple(items))
        self._check_separated("budget_seconds", "target_accuracy")
        check_fields(self)
        if not self.benchmark or not self.algorithms:
            raise UsageError("a comparison needs at least one benchmark and one algorithm")
        for name, least in LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"{name} is {least} or more; received {value}")
        for name, value in vars(self).items():
            most = MOST.get(name, MOST_OF_OTHERS)
            if isinstance(value, int) and value > most:
                raise UsageError(f"{name} is at most {most}; received {shown(value)}")
        self._check_objectives()
        if self.cost == "epochs" and (self.fallback or self.budget_seconds):
            raise UsageError(
                "cost epochs is for a table alone, with a budget of trainings or evaluations; leave out"
                " fallback and budget_seconds"
            )
        if self.only_listed and self.fallback:
            raise UsageError(
                "only_listed searches what a table lists, so no fallback is ever asked; leave one of the two"
                f" out; received fallback {' '.join(self.fallback)}"
            )
        budgets = (self.budget_evaluations, self.budget_trainings, self.budget_real_seconds)
        if all(budget is None for budget in budgets) and not self.budget_seconds:
            object.__setattr__(self, "budget_evaluations", DEFAULT_EVALUATIONS)

    def _check_separated(self, *settings: str) -> None:
        """Raise `UsageError` for one text with all numbers of a setting."""
        for name in settings:
            given = getattr(self, name)
            for text in given if isinstance(given, tuple) else ():
                if isinstance(text, str) and "," in text:
                    raise UsageError(
                        f"{name} takes one number or a list of them; received {shown(text)};"
                        f" {separate(name, separated(text), 'numbers')}"
                    )

    def _check_objectives(self) -> None:
        names = self.metrics_to_optimise
        if len(set(names)) < len(names):
            raise UsageError(f"an objective is listed twice: {', '.join(self.objectives)}")
        if VALID_ACCURACY not in names:
            parts = [part for text in self.objectives for part in separated(text)]
            advice = "; " + separate("objectives", parts) if len(parts) > len(names) else ""
            raise UsageError(
                "the objectives are the accuracy and other metrics, as in --objectives accuracy parameters;"
                f" received {', '.join(self.objectives) or 'none'}{advice}"
            )

    @property
    def metrics_to_optimise(self) -> tuple[str, ...]:
        """The objectives by the names that tasks have for them."""
        return tuple(VALID_ACCURACY if name == "accuracy" else name for name in self.objectives)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; `from_json` gives the comparison back."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @classmethod
    def from_json(cls, values: Mapping[str, Any], place: str) -> "Comparison":
        """Read a stored comparison; raises `UsageError` that names `place`, the file it came from."""
        try:
            return from_mapping(cls, values)
        except UsageError as error:
            raise UsageError(f"{place}: {error}") from None

    def per_task(self, name: Literal["budget_seconds", "target_accuracy"], tasks: int) -> list[float | None]:
        """The value of a setting for each task. It is given once for all, once per task, or not at all."""
        values: tuple[float, ...] = getattr(self, name)
        if len(values) in (0, 1):
            return [values[0] if values else None] * tasks
        if len(values) != tasks:
            raise UsageError(
                f"{name} is one number for all tasks or one for each; received {len(values)} numbers"
                f" for {tasks} tasks"
            )
        return list(values)


def read_comparison(path: Path) -> Comparison:
    """The specification in a `comparison.json`.

    Raises `UsageError` if it is absent or holds something else, and `RefusedError` if the operating system
    refuses to read it.
    """
    try:
        with explaining_refusals(path):
            content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except ValueError as error:
        reason = "it is empty" if path.stat().st_size == 0 else error
        raise UsageError(f"{path} is not a comparison.json: {reason}") from None
    if not isinstance(content, dict) or not isinstance(content.get("comparison"), dict):
        raise UsageError(f"{path} is not a comparison.json: it has no 'comparison' in it")
    return Comparison.from_json(content["comparison"], str(path))


def stored_comparison(folder: Path) -> Comparison | None:
    """The specification of the comparison that a folder holds; None if it holds none."""
    path = folder / "comparison.json"
    return read_comparison(path) if path.exists() else None
