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
from nasbench_lab.comparison.contestants import NamedAlgorithm, find_algorithm
from nasbench_lab.comparison.protocols import describe_protocol, find_protocol
from nasbench_lab.comparison.results import Results
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.comparison.store import RunStore, load_results
from nasbench_lab.comparison.tasks import (
    check_sources,
    default_jobs,
    expand_benchmarks,
    open_task,
    verify_task,
)
from nasbench_lab.errors import AlgorithmError, NasbenchLabError, TableError, UsageError, place_of
from nasbench_lab.processes import closing_quietly, leave_interrupts_to_parent
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.loop import search
from nasbench_lab.search.run import Run
from nasbench_lab.search.task import Task
from nasbench_lab.version import __version__

BLOCK = 25  # runs that a process does before it returns them


@dataclass(frozen=True)
class Block:
    """Some runs of one algorithm on one task: a unit of work, small enough to send to a process."""

    comparison: Comparison
    task: str
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
    comparison: Comparison,
    *,
    out: Path | str | None = None,
    jobs: int | None = None,
    live: LiveSettings | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Results:
    """Run a comparison, or the rest of it, and return all its runs.

    Runs are stored as they finish. After a stop, the same call continues with the missing runs. The results
    are the same for any number of jobs. `nasbench_lab.report.writing.draw` makes the tables, the figures and
    the report from the results.

    Args:
        comparison: the specification.
        out: folder of the store; by default `default_folder(comparison)`.
        jobs: number of processes; by default one per core, or a single one if a GPU trains.
        live: images, device and cache for live training.
        progress: called after each block of runs.

    Raises:
        UsageError, TableError: the specification asks for something that does not exist.
        StoreError: `out` holds a different comparison, or another process is working there.
        AlgorithmError: an algorithm fails; finished runs are kept.
    """
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs is the number of processes, 1 or more; received {jobs}")
    tasks = expand_benchmarks(comparison.benchmark)
    check_sources(tasks, comparison.fallback, comparison.recipe)
    # Absolute paths: a worker process that joblib reuses may be in another folder.
    live = (live or LiveSettings()).absolute()
    contestants = _contestants(comparison)
    budgets = dict(zip(tasks, _budgets(comparison, tasks), strict=True))
    _rehearse(tasks, contestants, budgets, comparison, live)
    jobs = jobs or default_jobs(comparison.recipe, live.device)
    folder = Path(out).expanduser() if out is not None else default_folder(comparison)
    with closing(RunStore(folder, _header(comparison, tasks, contestants, live))) as store:
        missing = {(task, label): store.missing(task, label) for task in tasks for label in contestants}
        blocks = _blocks(comparison, contestants, budgets, missing, live, jobs)
        total = len(missing) * comparison.seeds
        finished = total - sum(len(runs) for runs in missing.values())
        evaluations = 0
        with closing(_execute(blocks, jobs)) as outcomes:
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
    if comparison == Comparison():
        name = "default"
    elif comparison.protocol and comparison == find_protocol(comparison.protocol):
        name = comparison.protocol
    else:
        digest = hashlib.sha256(repr(sorted(asdict(comparison).items())).encode()).hexdigest()
        name = f"{comparison.benchmark[0].replace('/', '-')}-{digest[:8]}"
    return Path("results") / name


def _contestants(comparison: Comparison) -> dict[str, NamedAlgorithm]:
    contestants: dict[str, NamedAlgorithm] = {}
    for text in comparison.algorithms:
        algorithm = find_algorithm(text)
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
            over_budget=comparison.over_budget,
            promotions=comparison.promotions,
        )


def _rehearse(
    tasks: Sequence[str],
    contestants: Mapping[str, NamedAlgorithm],
    budgets: Mapping[str, Budget],
    comparison: Comparison,
    live: LiveSettings,
) -> None:
    """Check the tables, the budgets and each algorithm's first evaluation before anything is stored."""
    for name in tasks:
        verify_task(name, comparison.fallback)
    for name in tasks:
        task = _open(name, comparison, live)
        if budgets[name].seconds is not None and not task.charges_seconds:
            raise UsageError(
                f"{name} lists no training times, so a budget of simulated seconds means nothing there;"
                " use budget_evaluations"
            )
        for label in contestants:
            _run(name, label, contestants[label], comparison, live, Budget(evaluations=1), 0)


def _header(
    comparison: Comparison,
    tasks: Sequence[str],
    contestants: Mapping[str, NamedAlgorithm],
    live: LiveSettings,
) -> dict[str, Any]:
    packages = ["numpy", "scipy", "pandas", "h5py", *["torch"] * bool(comparison.recipe)]
    cards = [_open(name, comparison, live).card for name in tasks]
    return {
        "comparison": comparison.to_json(),
        "protocol": describe_protocol(comparison),
        "tasks": [asdict(card) for card in cards],
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
) -> list[Block]:
    """Split the missing runs into blocks.

    If there are more jobs than blocks, each block may train with several jobs.
    """
    # Runs that train, or have a budget in real time, take long. Each is returned by itself.
    length = 1 if comparison.recipe or comparison.budget_real_seconds else BLOCK
    pieces = sum(math.ceil(len(runs) / length) for runs in missing.values())
    live = replace(live, jobs=max(1, jobs // max(pieces, 1)))
    digests = {task: _open(task, comparison, live).card.digest for task in budgets}
    return [
        Block(
            comparison=comparison,
            task=task,
            digest=digests[task],
            algorithm=contestants[label].reference,
            source_sha256=contestants[label].source_sha256,
            label=label,
            budget=budgets[task],
            runs=runs[start : start + length],
            data_folder=data_folder().absolute(),
            live=live,
        )
        for (task, label), runs in missing.items()
        for start in range(0, len(runs), length)
    ]


def _execute(blocks: Sequence[Block], jobs: int) -> Generator[tuple[Block, list[Run]], None, None]:
    """Run blocks in processes, and yield each with its runs as it finishes, in any order."""
    from joblib import Parallel, delayed

    jobs = min(jobs, max(1, len(blocks)))
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    failures: list[NasbenchLabError] = []

    def until_one_fails() -> Iterator[Any]:
        for block in blocks:
            if failures:
                return
            yield delayed(_run_block)(block, jobs > 1)

    outcomes = parallel(until_one_fails())
    with closing_quietly(outcomes):
        for outcome in outcomes:
            if isinstance(outcome, NasbenchLabError):
                failures.append(outcome)
            else:
                yield outcome
    if failures:
        raise failures[0]


def _run_block(block: Block, in_worker: bool) -> tuple[Block, list[Run]] | NasbenchLabError:
    """Do the runs of a block.

    An error is returned, not raised: a raised one would bring the traceback of the worker.
    """
    if in_worker:
        leave_interrupts_to_parent()
        # A worker process that joblib reuses may still have another data folder in its environment.
        os.environ["NASBENCH_LAB_DATA"] = str(block.data_folder)
    try:
        algorithm = find_algorithm(block.algorithm)
        if algorithm.source_sha256 != block.source_sha256:
            raise AlgorithmError(
                f"the file of {block.label} changed while the comparison ran; finished runs are kept: restore"
                " the file to go on, or choose another --out for the new version"
            )
        if _open(block.task, block.comparison, block.live).card.digest != block.digest:
            raise TableError(
                f"the table of {block.task} changed while the comparison ran; finished runs are kept:"
                " choose another --out for the new table"
            )
        return block, [
            _run(block.task, block.label, algorithm, block.comparison, block.live, block.budget, run)
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
) -> Run:
    opened = _open(task, comparison, live)
    try:
        return search(algorithm.function, opened, budget, run_seed(comparison.root_seed, task, label, run))
    except AlgorithmError as error:
        raise AlgorithmError(f"{label} on {task}, run {run}: {error}") from None
    except NasbenchLabError:
        raise
    except Exception as error:
        raise AlgorithmError(
            f"{label} on {task}, run {run}: {type(error).__name__}: {error}{place_of(error)}"
        ) from error


def _open(task: str, comparison: Comparison, live: LiveSettings) -> Task:
    view = View(
        epochs=comparison.epochs,
        training_seed=comparison.training_seed,
        fallback=comparison.fallback,
        recipe=comparison.recipe,
        live=live,
    )
    return open_task(task, view)


def run_seed(root_seed: int, task: str, label: str, run: int) -> np.random.SeedSequence:
    """Return the seed of one run.

    It depends only on the arguments: not on the other tasks and algorithms, and not on the process.
    """
    name = hashlib.sha256(f"{task}\0{label}".encode()).digest()
    words = [int.from_bytes(name[start : start + 4], "little") for start in range(0, 16, 4)]
    return np.random.SeedSequence(root_seed, spawn_key=(*words, run))
