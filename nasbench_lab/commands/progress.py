"""How far a command is: a bar on standard error, gone when it ends, silent if that is not a terminal."""

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
    """Runs finished, evaluations a second and the time that is left."""

    def __init__(self, bar: Progress, folder: Path) -> None:
        self._bar = bar
        self._task = bar.add_task(f"searching, into {folder}", total=None, rate="")
        self._start = time.monotonic()

    def advance(self, progress: Finished) -> None:
        """Show how far the searching is."""
        rate = progress.evaluations / max(time.monotonic() - self._start, 1e-9)
        self._bar.update(
            self._task, completed=progress.finished, total=progress.total, rate=f"{rate:,.0f} evaluations/s"
        )

    def drawing(self) -> None:
        """The searching is done; tables and figures come next."""
        self._bar.update(self._task, description="drawing tables and figures", rate="")


@contextmanager
def comparison_bar(folder: Path) -> Iterator[ComparisonBar]:
    """The bar of a comparison whose results go into a folder."""
    with _bar(MofNCompleteColumn(), _text("runs  {task.fields[rate]}")) as bar:
        yield ComparisonBar(bar, folder)


@contextmanager
def bytes_bar(what: str, size: int) -> Iterator[Callable[[int, int], None]]:
    """A bar of bytes; what it gives is called with the bytes so far and the bytes of the whole."""
    with _bar(DownloadColumn()) as bar:
        task = bar.add_task(what, total=size)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def count_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar of things done; what it gives is called with their number so far and in all."""
    with _bar(MofNCompleteColumn()) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _bar(*amounts: ProgressColumn) -> Progress:
    out = console(stderr=True)
    return Progress(
        _text("{task.description}"),
        BarColumn(),
        *amounts,
        TimeRemainingColumn(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )


def _text(form: str) -> TextColumn:
    return TextColumn(form, markup=False)
