"""Merge stored comparisons of one protocol into one."""

import shlex
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import numpy as np

from nasbench_lab.comparison.growing import Different, Plan, joined_headers, plan_of
from nasbench_lab.comparison.header import read_header
from nasbench_lab.comparison.protocols import describe_protocol
from nasbench_lab.comparison.run_files import stored_runs
from nasbench_lab.comparison.store import RunStore
from nasbench_lab.errors import StoreError
from nasbench_lab.search.run import Run

Cell = tuple[str, str]
"""A task's name and an algorithm's label."""


def merge(folders: Sequence[Path], out: Path) -> None:
    """Write the runs of several stored comparisons into one folder.

    Args:
        folders: comparisons of one protocol. All of them together hold every algorithm on every task.
        out: a new folder, or one with a comparison of this protocol, which then grows.

    Raises:
        StoreError: two comparisons differ in more than tasks, algorithms and seeds; runs are missing; two
            folders hold different runs in the same place; or one cannot be read or written. The folder `out`
            is left as it is then.
    """
    header = read_header(folders[0])
    for folder in folders[1:]:
        try:
            header = joined_headers(header, read_header(folder))
        except Different as difference:
            raise StoreError(
                f"{folders[0]} and {folder} are comparisons of different protocols, so they cannot be merged:"
                f" of {folders[0]}, {difference}"
            ) from None
    plan = plan_of(header)
    header = {
        **header,
        "protocol": describe_protocol(plan.comparison),
        "environment": {**header["environment"], "merged from": [folder.name for folder in folders]},
    }
    cells = [(task, label) for task in plan.references for label in plan.texts]
    merged = {cell: _merged_runs(folders, cell) for cell in cells}
    _check_whole(folders, plan, merged)
    with closing(RunStore(out, header)) as store:
        for (task, label), runs in merged.items():
            lacking = set(store.missing(task, label))
            store.add(task, label, {number: run for number, run in runs.items() if number in lacking})


def _merged_runs(folders: Sequence[Path], cell: Cell) -> dict[int, Run]:
    """All runs of an algorithm on a task; raises `StoreError` if two folders have different ones."""
    runs: dict[int, Run] = {}
    came_from: dict[int, Path] = {}
    for folder in folders:
        for number, run in stored_runs(folder, *cell).items():
            if not _equal(runs.setdefault(number, run), run):
                raise StoreError(
                    f"{came_from[number]} and {folder} hold different runs {number} of {cell[1]} on"
                    f" {cell[0]}, so they cannot be merged; runs in real time and live training depend on the"
                    " machine"
                )
            came_from.setdefault(number, folder)
    return runs


def _check_whole(folders: Sequence[Path], plan: Plan, merged: Mapping[Cell, Mapping[int, Run]]) -> None:
    """Raise `StoreError` with the command that adds the first missing runs, if some are missing."""
    seeds = plan.comparison.seeds
    for (task, label), runs in merged.items():
        if len(runs) == seeds:
            continue
        # A folder that has the task only lacks runs of one algorithm there.
        folder = next(each for each in folders if task in plan_of(read_header(each)).references)
        algorithm = shlex.quote(plan.texts[label])
        raise StoreError(
            f"together they hold {len(runs)} of {seeds} runs of {label} on {task}; add the others first:"
            f" python -m nasbench_lab.compare --out {shlex.quote(str(folder))} --algorithms {algorithm}"
            f" --seeds {seeds}"
        )


def _equal(one: Run, other: Run) -> bool:
    return all(
        np.array_equal(getattr(one, each.name), getattr(other, each.name), equal_nan=True)
        if isinstance(getattr(one, each.name), np.ndarray)
        else repr(getattr(one, each.name)) == repr(getattr(other, each.name))
        for each in fields(Run)
    )
