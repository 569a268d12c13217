"""Run a comparison: every algorithm on every task, with many seeds, on all cores, into a store."""

import hashlib
import math
import os
import platform
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from nasbench_lab.benchmarks.folders import data_folder
from nasbench_lab.benchmarks.view import LiveSettings, View
from nasbench_lab.comparison.cards import card_of
from nasbench_lab.comparison.contestants import NamedAlgorithm, find_algorithm
from nasbench_lab.comparison.objects import Objects, Parcel, packed, read_call, sending
from nasbench_lab.comparison.paths import short_name, with_absolute_paths
from nasbench_lab.comparison.previous import check_different, earlier_tasks, evaluations_on
from nasbench_lab.comparison.protocols import describe_protocol, find_protocol
from nasbench_lab.comparison.results import Results
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.comparison.store import RunStore, load_results
from nasbench_lab.comparison.tasks import TaskFinder, check_sources, default_jobs
from nasbench_lab.errors import AlgorithmError, NasbenchLabError, TableError, UsageError, place_of
from nasbench_lab.processes import closing_quietly, leave_interrupts_to_parent
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.loop import asks_for, search
from nasbench_lab.search.run import Run
from nasbench_lab.search.task import Task
from nasbench_lab.search.workers import check_workers
from nasbench_lab.settings import checked
from nasbench_lab.version import __version__

BLOCK = 25  # runs that a process does before it returns them


@dataclass(frozen=True)
class Block:
    """Some runs of one algorithm on one task: a unit of work, small enough to send to a process."""

    comparison: Comparison
    task: str
    reference: str
    digest: str
    algorithm: str
    source_sha256: str
    label: str
    budget: Budget
    runs: Sequence[int]
    data_folder: Path
    live: LiveSettings


@dataclass(frozen=True)
class Progress:
    """Progress of a comparison: finished runs, all runs, and evaluations since the last start."""

    finished: int
    total: int
    evaluations: int


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
        StoreError: `out` holds a different comparison, or another process is working there.
        AlgorithmError: an algorithm fails; finished runs are kept.
    """
    jobs = checked("jobs", jobs, int | None)
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs is the number of processes, 1 or more; received {jobs}")
    comparison, objects = read_call(comparison, tasks, algorithms, settings)
    comparison = with_absolute_paths(comparison)
    finder = TaskFinder(objects.problems)
    tasks = finder.expand(comparison.benchmark)
    check_sources(comparison.benchmark, comparison.fallback, comparison.recipe)
    # Absolute paths: a worker process that joblib reuses may be in another folder.
    live = (live or LiveSettings()).absolute()
    contestants = _contestants(comparison, objects)
    budgets = dict(zip(tasks, _budgets(comparison, tasks), strict=True))
    trains = bool(comparison.recipe) or any(map(finder.trains, tasks))
    jobs = jobs or default_jobs(trains, live.device)
    content = packed(objects) if objects and jobs > 1 else None
    _rehearse(tasks, contestants, budgets, comparison, live, finder)
    folder = Path(out).expanduser() if out is not None else default_folder(comparison)
    with closing(RunStore(folder, _header(comparison, tasks, contestants, live, finder))) as store:
        missing = {(task, label): store.missing(task, label) for task in tasks for label in contestants}
        blocks = _blocks(comparison, contestants, budgets, missing, live, jobs, finder)
        total = len(missing) * comparison.seeds
        finished = total - sum(len(runs) for runs in missing.values())
        evaluations = 0
        with sending(content) as parcel, closing(_execute(blocks, jobs, parcel or objects)) as outcomes:
            for block, runs in outcomes:
                store.add(block.task, block.label, dict(zip(block.runs, runs, strict=True)))
                finished += len(runs)
                evaluations += sum(len(run) for run in runs)
                if progress is not None:
                    progress(Progress(finished, total, evaluations))
    return load_results(folder)


def default_folder(comparison: Comparison) -> Path:
    """Return the folder under `results/` for a comparison.

    Its name is `default` for `Comparison()`, the protocol's name for an unchanged protocol, and otherwise the
    first benchmark with a digest of all settings.
    """
    comparison = with_absolute_paths(comparison)
    if comparison == Comparison():
        name = "default"
    elif comparison.protocol and comparison == find_protocol(comparison.protocol):
        name = comparison.protocol
    else:
        digest = hashlib.sha256(repr(sorted(asdict(comparison).items())).encode()).hexdigest()
        name = f"{short_name(comparison.benchmark[0])}-{digest[:8]}"
    return Path("results") / name


def _contestants(comparison: Comparison, objects: Objects) -> dict[str, NamedAlgorithm]:
    contestants: dict[str, NamedAlgorithm] = {}
    for text in comparison.algorithms:
        algorithm = find_algorithm(text, objects.functions)
        if algorithm.label in contestants:
            raise UsageError(
                f"two algorithms are labelled {algorithm.label!r}; name one of them: LABEL={text}"
            )
        contestants[algorithm.label] = algorithm
    return contestants


def _budgets(comparison: Comparison, tasks: Sequence[str]) -> Iterator[Budget]:
    seconds = comparison.per_task("budget_seconds", len(tasks))
    targets = comparison.per_task("target_accuracy", len(tasks))
    for limit, target in zip(seconds, targets, strict=True):
        yield Budget(
            evaluations=comparison.budget_evaluations,
            trainings=comparison.budget_trainings,
            seconds=limit,
            real_seconds=comparison.budget_real_seconds,
            target_accuracy=target,
            workers=comparison.workers,
            over_budget=comparison.over_budget,
            promotions=comparison.promotions,
        )


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
        task = _open(name, comparison, live, finder)
        if budgets[name].seconds is not None and not task.charges_seconds:
            raise UsageError(
                f"{name} lists no training times, so a budget of simulated seconds means nothing there;"
                " use budget_evaluations"
            )
        for earlier in earlier_tasks(name, finder.expand(comparison.learn_from)):
            check_different(task, name, _open(earlier, comparison, live, finder), earlier)
        if comparison.cost == "epochs" and task.card.cost != "training epochs":
            raise UsageError(
                f"{name} is no table, so its evaluations cannot cost epochs; leave out cost epochs"
            )
        check_workers(comparison.workers, task.charges_seconds, name)
        for label in contestants:
            _run(name, label, contestants[label], comparison, live, Budget(evaluations=1), 0, finder)


def _header(
    comparison: Comparison,
    tasks: Sequence[str],
    contestants: Mapping[str, NamedAlgorithm],
    live: LiveSettings,
    finder: TaskFinder,
) -> dict[str, Any]:
    packages = ["numpy", "scipy", "pandas", "h5py", *["torch"] * bool(comparison.recipe)]
    objectives = comparison.metrics_to_optimise
    cards = [card_of(_open(name, comparison, live, finder), objectives) for name in tasks]
    return {
        "comparison": comparison.to_json(),
        "protocol": describe_protocol(comparison),
        "tasks": [asdict(card) | {"digest": finder.digest(card.name, card.digest)} for card in cards],
        "algorithms": [
            {
                "label": label,
                "function": algorithm.function.func.__name__,
                "hyperparameters": dict(algorithm.hyperparameters),
                "source_sha256": algorithm.source_sha256,
            }
            for label, algorithm in contestants.items()
        ],
        "environment": {
            "nasbench_lab": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in packages},
            "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
            "started": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        },
    }


def _blocks(
    comparison: Comparison,
    contestants: Mapping[str, NamedAlgorithm],
    budgets: Mapping[str, Budget],
    missing: Mapping[tuple[str, str], Sequence[int]],
    live: LiveSettings,
    jobs: int,
    finder: TaskFinder,
) -> list[Block]:
    """Split the missing runs into blocks.

    If there are more jobs than blocks, each block may train with several jobs.
    """
    # Runs that train, have a budget in real time, or a task of one's own may take long. Each is returned by
    # itself.
    slow = comparison.recipe or comparison.budget_real_seconds
    length = {task: 1 if slow or finder.is_own(task) else BLOCK for task in budgets}
    pieces = sum(math.ceil(len(runs) / length[task]) for (task, _), runs in missing.items())
    live = replace(live, jobs=max(1, jobs // max(pieces, 1)))
    digests = {task: _digest(task, comparison, live, finder) for task in budgets}
    return [
        Block(
            comparison=comparison,
            task=task,
            reference=finder.reference(task),
            digest=digests[task],
            algorithm=contestants[label].reference,
            source_sha256=contestants[label].source_sha256,
            label=label,
            budget=budgets[task],
            runs=runs[start : start + length[task]],
            data_folder=data_folder().absolute(),
            live=live,
        )
        for (task, label), runs in missing.items()
        for start in range(0, len(runs), length[task])
    ]


def _execute(
    blocks: Sequence[Block], jobs: int, objects: Objects | Parcel
) -> Generator[tuple[Block, list[Run]], None, None]:
    """Run blocks in processes, and yield each with its runs as it finishes, in any order."""
    from joblib import Parallel, delayed

    jobs = min(jobs, max(1, len(blocks)))
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    failures: list[NasbenchLabError] = []

    def until_one_fails() -> Iterator[Any]:
        for block in blocks:
            if failures:
                return
            yield delayed(_run_block)(block, objects, jobs > 1)

    outcomes = parallel(until_one_fails())
    with closing_quietly(outcomes):
        for outcome in outcomes:
            if isinstance(outcome, NasbenchLabError):
                failures.append(outcome)
            else:
                yield outcome
    if failures:
        raise failures[0]


def _run_block(
    block: Block, objects: Objects | Parcel, in_worker: bool
) -> tuple[Block, list[Run]] | NasbenchLabError:
    """Do the runs of a block.

    An error is returned, not raised: a raised one would bring the traceback of the worker.
    """
    if in_worker:
        leave_interrupts_to_parent()
        # A worker process that joblib reuses may still have another data folder in its environment.
        os.environ["NASBENCH_LAB_DATA"] = str(block.data_folder)
    try:
        known = objects.opened()
        finder = TaskFinder(known.problems)
        finder.expand([block.reference])
        algorithm = find_algorithm(block.algorithm, known.functions)
        if algorithm.source_sha256 != block.source_sha256:
            raise AlgorithmError(
                f"the file of {block.label} changed while the comparison ran; finished runs are kept: restore"
                " the file to go on, or choose another --out for the new version"
            )
        # An object from Python cannot change, and a worker may not find the source of its digest.
        changed = _digest(block.task, block.comparison, block.live, finder) != block.digest
        if changed and block.reference not in known.problems:
            raise TableError(
                f"the table or the code of {block.task} changed while the comparison ran; finished runs are"
                " kept: choose another --out for the new one"
            )
        return block, [
            _run(block.task, block.label, algorithm, block.comparison, block.live, block.budget, run, finder)
            for run in block.runs
        ]
    except NasbenchLabError as error:
        return error


def _run(
    task: str,
    label: str,
    algorithm: NamedAlgorithm,
    comparison: Comparison,
    live: LiveSettings,
    budget: Budget,
    run: int,
    finder: TaskFinder,
) -> Run:
    opened = _open(task, comparison, live, finder)
    seed = run_seed(comparison.root_seed, task, label, run)
    earlier = earlier_tasks(task, finder.expand(comparison.learn_from))
    try:
        return search(
            algorithm.function,
            opened,
            budget,
            seed,
            objectives=comparison.metrics_to_optimise,
            incumbent="best" if comparison.incumbent == "recommended" else comparison.incumbent,
            previous=evaluations_on(
                earlier if asks_for(algorithm.function, "previous") else [],
                comparison.learn_from_evaluations,
                seed,
                lambda name: _open(name, comparison, live, finder),
            ),
        )
    except AlgorithmError as error:
        raise AlgorithmError(f"{label} on {task}, run {run}: {error}") from None
    except NasbenchLabError:
        raise
    except Exception as error:
        raise AlgorithmError(
            f"{label} on {task}, run {run}: {type(error).__name__}: {error}{place_of(error)}"
        ) from error


def _open(task: str, comparison: Comparison, live: LiveSettings, finder: TaskFinder) -> Task:
    view = View(
        epochs=comparison.epochs,
        training_seed=comparison.training_seed,
        cost=comparison.cost,
        only_listed=comparison.only_listed,
        fallback=comparison.fallback,
        recipe=comparison.recipe,
        live=live,
    )
    return finder.open(task, view)


def _digest(task: str, comparison: Comparison, live: LiveSettings, finder: TaskFinder) -> str:
    return finder.digest(task, _open(task, comparison, live, finder).card.digest)


def run_seed(root_seed: int, task: str, label: str, run: int) -> np.random.SeedSequence:
    """Return the seed of one run.

    It depends only on the arguments: not on the other tasks and algorithms, and not on the process.
    """
    name = hashlib.sha256(f"{task}\0{label}".encode()).digest()
    words = [int.from_bytes(name[start : start + 4], "little") for start in range(0, 16, 4)]
    return np.random.SeedSequence(root_seed, spawn_key=(*words, run))
