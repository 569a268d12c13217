"""Units of work of a comparison: some runs of one algorithm on one task, in this process or a worker."""

import hashlib
import math
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nasbench_lab.benchmarks.folders import data_folder
from nasbench_lab.benchmarks.view import LiveSettings, View
from nasbench_lab.comparison.contestants import NamedAlgorithm, find_algorithm
from nasbench_lab.comparison.objects import Objects, Parcel
from nasbench_lab.comparison.previous import earlier_tasks, evaluations_on
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.comparison.tasks import TaskFinder
from nasbench_lab.errors import AlgorithmError, NasbenchLabError, TableError, place_of
from nasbench_lab.processes import closing_quietly, leave_interrupts_to_parent
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.loop import asks_for, search
from nasbench_lab.search.run import Run
from nasbench_lab.search.task import Task

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


def blocks_of(
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
    digests = {task: digest_of(task, comparison, live, finder) for task in budgets}
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


def execute(
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
        changed = digest_of(block.task, block.comparison, block.live, finder) != block.digest
        if changed and block.reference not in known.problems:
            raise TableError(
                f"the table or the code of {block.task} changed while the comparison ran; finished runs are"
                " kept: choose another --out for the new one"
            )
        return block, [
            run_once(
                block.task, block.label, algorithm, block.comparison, block.live, block.budget, run, finder
            )
            for run in block.runs
        ]
    except NasbenchLabError as error:
        return error


def run_once(
    task: str,
    label: str,
    algorithm: NamedAlgorithm,
    comparison: Comparison,
    live: LiveSettings,
    budget: Budget,
    run: int,
    finder: TaskFinder,
) -> Run:
    """Search once; raises `AlgorithmError` that names the algorithm, the task and the run."""
    opened = open_task(task, comparison, live, finder)
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
                lambda name: open_task(name, comparison, live, finder),
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


def open_task(task: str, comparison: Comparison, live: LiveSettings, finder: TaskFinder) -> Task:
    """A task, as the searches of a comparison see it."""
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


def digest_of(task: str, comparison: Comparison, live: LiveSettings, finder: TaskFinder) -> str:
    """The digest of a task and of the code that made it."""
    return finder.digest(task, open_task(task, comparison, live, finder).card.digest)


def run_seed(root_seed: int, task: str, label: str, run: int) -> np.random.SeedSequence:
    """Return the seed of one run.

    It depends only on the arguments: not on the other tasks and algorithms, and not on the process.
    """
    name = hashlib.sha256(f"{task}\0{label}".encode()).digest()
    words = [int.from_bytes(name[start : start + 4], "little") for start in range(0, 16, 4)]
    return np.random.SeedSequence(root_seed, spawn_key=(*words, run))
