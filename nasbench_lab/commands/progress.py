"""Progress bars on standard error: removed at the end, and hidden if that is not a terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from nasbench_lab.commands.console import console
from nasbench_lab.comparison.execution import Progress as Finished


class ComparisonBar:
    """A bar with finished runs, evaluations per second and the remaining time."""

    def __init__(self, bar: Progress, folder: Path) -> None:
        self._bar = bar
        self._task = bar.add_task(f"searching, into {folder}", total=None, rate="")
        self._start = time.monotonic()

    def advance(self, progress: Finished) -> None:
        """Show the progress of the search."""
        rate = progress.evaluations / max(time.monotonic() - self._start, 1e-9)
        self._bar.update(
            self._task, completed=progress.finished, total=progress.total, rate=f"{rate:,.0f} evaluations/s"
        )

    def drawing(self) -> None:
        """Show that the search is done and tables and figures come next."""
        self._bar.update(self._task, description="drawing tables and figures", rate="")


@contextmanager
def comparison_bar(folder: Path) -> Iterator[ComparisonBar]:
    """Show a bar for a comparison whose results go into a folder."""
    with _bar(MofNCompleteColumn(), _text("runs  {task.fields[rate]}")) as bar:
        yield ComparisonBar(bar, folder)


@contextmanager
def bytes_bar(what: str, size: int) -> Iterator[Callable[[int, int], None]]:
    """Show a bar of bytes; call the yielded function with the bytes so far and the total bytes."""
    with _bar(DownloadColumn()) as bar:
        task = bar.add_task(what, total=size)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def count_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar of a count; call the yielded function with the count so far and the total."""
    with _bar(MofNCompleteColumn()) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _bar(*amounts: ProgressColumn) -> Iterator[Progress]:
    out = console(stderr=True)
    bar = Progress(
        _text("{task.description}"),
        BarColumn(),
        *amounts,
        TimeRemainingColumn(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
    if out.is_terminal:
        with bar:
            yield bar
    else:
        # Never started: before version 15 rich ends even a disabled bar with an empty line.
        yield bar


def _text(form: str) -> TextColumn:
    return TextColumn(form, markup=False)
