"""Run a comparison: every algorithm on every task, with many seeds, on all cores, into a store."""

import hashlib
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nasbench_lab.benchmarks.view import LiveSettings
from nasbench_lab.comparison.blocks import Block, blocks_of, execute, open_task, run_once
from nasbench_lab.comparison.cards import card_of
from nasbench_lab.comparison.contestants import NamedAlgorithm, find_algorithm
from nasbench_lab.comparison.growing import NOTHING, Header, Plan
from nasbench_lab.comparison.header import read_header
from nasbench_lab.comparison.objects import Objects, check_harness, packed, read_call, read_folder, sending
from nasbench_lab.comparison.paths import folder_name, with_absolute_paths
from nasbench_lab.comparison.previous import check_different, earlier_tasks
from nasbench_lab.comparison.protocols import describe_protocol, find_protocol
from nasbench_lab.comparison.results import Results
from nasbench_lab.comparison.specification import Comparison, stored_comparison
from nasbench_lab.comparison.store import RunStore, grown_plan, load_results
from nasbench_lab.comparison.tasks import TaskFinder, check_sources, default_jobs
from nasbench_lab.errors import UsageError
from nasbench_lab.search.budget import Budget, check_target
from nasbench_lab.search.run import Run
from nasbench_lab.search.workers import check_workers
from nasbench_lab.settings import checked
from nasbench_lab.version import __version__


@dataclass(frozen=True)
class Progress:
    """Progress of a comparison: finished runs, all runs, and evaluations and runs since the last start."""

    finished: int
    total: int
    evaluations: int
    made: int


def compare(
    comparison: Comparison | None = None,
    *,
    tasks: Any = None,
    algorithms: Any = None,
    out: Path | str | None = None,
    jobs: int | None = None,
    live: LiveSettings | None = None,
    progress: Callable[[Progress], None] | None = None,
    **settings: Any,
) -> Results:
    """Run a comparison, or the rest of it, and return all its runs.

        compare(tasks=[my_task, "cifar10-mini"], algorithms=[my_function, "random_search"], seeds=20)

    Runs are stored as they finish. After a stop, the same call continues with the missing runs. The results
    are the same for any number of jobs. `nasbench_lab.report.writing.draw` makes the tables, the figures and
    the report from the results.

    If `out` holds a comparison already, more seeds, algorithms and tasks are added to it, and only their runs
    are made. The results are those of one comparison with all of them. Settings that are left out are the
    stored ones.

    Args:
        comparison: the specification; what follows changes it. By default it is made of the following alone.
        tasks: one, or a list: names, paths, `Task` objects, `Benchmark` objects (all their data sets).
        algorithms: one, or a list: names, paths, generator functions, `functools.partial` of these with
            keyword values; or `{label: algorithm}`.
        settings: other fields of `Comparison`, by name.
        out: folder of the store; by default `default_folder(comparison)`.
        jobs: number of processes; by default one per core, or a single one if a GPU trains.
        live: images, device and cache for live training.
        progress: called after each block of runs.

    Raises:
        UsageError, TableError: the specification asks for something that does not exist.
        StoreError: `out` holds a comparison of another protocol, or another process is working there.
        AlgorithmError: an algorithm fails; finished runs are kept.
    """
    jobs = checked("jobs", jobs, int | None)
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs is the number of processes, 1 or more; received {jobs}")
    check_harness(live, progress)
    given_folder = read_folder(out)
    if comparison is None and given_folder is not None:
        comparison = stored_comparison(given_folder)
    comparison, objects = read_call(comparison, tasks, algorithms, settings)
    comparison = with_absolute_paths(comparison)
    folder = given_folder or default_folder(comparison)
    finder = TaskFinder(objects.problems)
    names = finder.expand(comparison.benchmark)
    check_sources(comparison.benchmark, comparison.fallback, comparison.recipe)
    # Absolute paths: a worker process that joblib reuses may be in another folder.
    live = (live or LiveSettings()).absolute()
    contestants = _contestants(comparison.algorithms, objects)
    asked = Plan(
        comparison,
        {name: finder.reference(name) for name in names},
        {label: algorithm.reference for label, algorithm in contestants.items()},
    )
    stored = read_header(folder) if (folder / "comparison.json").exists() else None
    plan, further = (asked, NOTHING) if stored is None else grown_plan(folder, stored, asked)
    names = [*names, *finder.expand(further.benchmark)]
    contestants |= _contestants(further.algorithms, objects)
    comparison = plan.comparison
    budgets = _budgets(plan, names)
    trains = bool(comparison.recipe) or any(map(finder.trains, names))
    jobs = jobs or default_jobs(trains, live.device)
    content = packed(objects) if objects and jobs > 1 else None
    _rehearse(names, contestants, budgets, comparison, live, finder)
    with closing(RunStore(folder, _header(plan, names, contestants, live, finder, stored))) as store:
        missing = {(name, label): store.missing(name, label) for name in names for label in contestants}
        blocks = blocks_of(comparison, contestants, budgets, missing, live, jobs, finder)
        with sending(content) as parcel, closing(execute(blocks, jobs, parcel or objects)) as outcomes:
            _store_runs(store, outcomes, missing, progress)
    return load_results(folder)


def _store_runs(
    store: RunStore,
    outcomes: Iterable[tuple[Block, Sequence[Run]]],
    missing: Mapping[tuple[str, str], Sequence[int]],
    progress: Callable[[Progress], None] | None,
) -> None:
    """Store runs as they come."""
    total = len(missing) * store.seeds
    finished_before = finished = total - sum(map(len, missing.values()))
    evaluations = 0
    for block, runs in outcomes:
        store.add(block.task, block.label, dict(zip(block.runs, runs, strict=True)))
        finished += len(runs)
        evaluations += sum(map(len, runs))
        if progress is not None:
            progress(Progress(finished, total, evaluations, finished - finished_before))


def default_folder(comparison: Comparison) -> Path:
    """Return the folder under `results/` for a comparison.

    Its name is `default` for `Comparison()`, the protocol's name for an unchanged protocol, and otherwise
    that of the tasks (see `folder_name`) with a digest of all settings.
    """
    comparison = with_absolute_paths(comparison)
    if comparison == Comparison():
        name = "default"
    elif comparison.protocol and comparison == find_protocol(comparison.protocol):
        name = comparison.protocol
    else:
        digest = hashlib.sha256(repr(sorted(asdict(comparison).items())).encode()).hexdigest()
        name = f"{folder_name(comparison.benchmark)}-{digest[:8]}"
    return Path("results") / name


def _contestants(texts: Sequence[str], objects: Objects) -> dict[str, NamedAlgorithm]:
    contestants: dict[str, NamedAlgorithm] = {}
    for text in texts:
        algorithm = find_algorithm(text, objects.functions)
        if algorithm.label in contestants:
            raise UsageError(
                f"two algorithms are labelled {algorithm.label!r}; name one of them: LABEL={text}"
            )
        contestants[algorithm.label] = algorithm
    return contestants


def _budgets(plan: Plan, names: Sequence[str]) -> dict[str, Budget]:
    """The budget of a run on each of the tasks `names`."""
    comparison, tasks = plan.comparison, list(plan.references)
    seconds = dict(zip(tasks, comparison.per_task("budget_seconds", len(tasks)), strict=True))
    targets = dict(zip(tasks, comparison.per_task("target_accuracy", len(tasks)), strict=True))
    return {
        name: Budget(
            evaluations=comparison.budget_evaluations,
            trainings=comparison.budget_trainings,
            seconds=seconds[name],
            real_seconds=comparison.budget_real_seconds,
            target_accuracy=targets[name],
            workers=comparison.workers,
            over_budget=comparison.over_budget,
            promotions=comparison.promotions,
        )
        for name in names
    }


def _rehearse(
    tasks: Sequence[str],
    contestants: Mapping[str, NamedAlgorithm],
    budgets: Mapping[str, Budget],
    comparison: Comparison,
    live: LiveSettings,
    finder: TaskFinder,
) -> None:
    """Check the tables, the budgets and each algorithm's first evaluation before anything is stored."""
    for name in tasks:
        finder.verify(name, comparison.fallback)
    for name in tasks:
        task = open_task(name, comparison, live, finder)
        if budgets[name].seconds is not None and not task.charges_seconds:
            raise UsageError(
                f"{name} lists no training times, so a budget of simulated seconds means nothing there;"
                " use budget_evaluations"
            )
        for earlier in earlier_tasks(name, finder.expand(comparison.learn_from)):
            check_different(task, name, open_task(earlier, comparison, live, finder), earlier)
        if comparison.cost == "epochs" and task.card.cost != "training epochs":
            raise UsageError(
                f"{name} is no table, so its evaluations cannot cost epochs; leave out cost epochs"
            )
        check_workers(comparison.workers, task.charges_seconds, name)
        check_target(budgets[name].target_accuracy, task.card)
        for label in contestants:
            run_once(name, label, contestants[label], comparison, live, Budget(evaluations=1), 0, finder)


def _header(
    plan: Plan,
    names: Sequence[str],
    contestants: Mapping[str, NamedAlgorithm],
    live: LiveSettings,
    finder: TaskFinder,
    stored: Header | None,
) -> dict[str, Any]:
    """The content of `comparison.json`. What was not opened is as it was stored."""
    comparison = plan.comparison
    packages = ["numpy", "scipy", "pandas", "h5py", *["torch"] * bool(comparison.recipe)]
    objectives = comparison.metrics_to_optimise
    cards = {name: card_of(open_task(name, comparison, live, finder), objectives) for name in names}
    tasks = {task["name"]: task for task in (stored["tasks"] if stored else ())} | {
        name: asdict(card) | {"digest": finder.digest(name, card.digest)} for name, card in cards.items()
    }
    algorithms = {each["label"]: each for each in (stored["algorithms"] if stored else ())} | {
        label: {
            "label": label,
            "function": algorithm.function.func.__name__,
            "hyperparameters": dict(algorithm.hyperparameters),
            "source_sha256": algorithm.source_sha256,
        }
        for label, algorithm in contestants.items()
    }
    return {
        "comparison": comparison.to_json(),
        "protocol": describe_protocol(comparison),
        "tasks": [tasks[name] for name in plan.references],
        "references": dict(plan.references),
        "algorithms": [algorithms[label] for label in plan.texts],
        "environment": {
            "nasbench_lab": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in packages},
            "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
            "started": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        },
    }
