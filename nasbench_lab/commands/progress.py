"""Progress: a bar on a terminal, a line in a notebook, and elsewhere a plain line a minute."""

import html
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nasbench_lab.commands.console import console
from nasbench_lab.comparison.execution import Progress as Finished

LEAST_BAR, MOST_BAR = 4, 40  # columns; a bar that would be shorter is left out
BETWEEN_LINES = 60.0  # seconds
BETWEEN_UPDATES = 0.25  # seconds, in a notebook

Clock = Callable[[], float]


class State(NamedTuple):
    """The progress at one moment.

    Attributes:
        done, total: as numbers, for the bar.
        text: the same in words, such as `120 of 500 runs`.
        left: remaining seconds; None if unknown.
    """

    done: int
    total: int | None
    text: str
    left: float | None = None

    @property
    def line(self) -> str:
        """The whole state in words."""
        return self.text + ("" if self.left is None else f", about {in_words(self.left)} left")


class Display(Protocol):
    """A place where progress is shown."""

    def show(self, state: State) -> None:
        """Show a state."""

    def end(self, text: str) -> None:
        """Show no more; `text` says how it ended."""


class ComparisonBar:
    """Finished runs, evaluations per second and the remaining time of a comparison."""

    def __init__(self, display: Display, clock: Clock) -> None:
        self._display, self._clock, self._start = display, clock, clock()
        self.final = "every run was stored already"

    def advance(self, progress: Finished) -> None:
        """Show the progress of the search."""
        elapsed = self._clock() - self._start
        rate = f"{_rate(progress.evaluations / max(elapsed, 1e-9))} evaluations/s"
        runs = f"{progress.finished:,} of {progress.total:,} runs"
        left = seconds_left(elapsed, progress.made, progress.total - progress.finished)
        self.final = f"{progress.made:,} run{'s' * (progress.made > 1)} in {in_words(elapsed)}, {rate}"
        self._display.show(State(progress.finished, progress.total, f"{runs}, {rate}", left))

    def drawing(self) -> None:
        """Show that the search is done and tables and figures come next."""
        self._display.show(State(1, 1, "drawing tables and figures"))


@contextmanager
def comparison_bar(folder: Path, clock: Clock = time.monotonic) -> Iterator[ComparisonBar]:
    """Show the progress of a comparison whose results go into a folder."""
    display = _display(f"searching, into {folder}", clock)
    bar = ComparisonBar(display, clock)
    with _ending(display, lambda: bar.final):
        yield bar


@contextmanager
def bytes_bar(what: str, size: int, clock: Clock = time.monotonic) -> Iterator[Callable[[int, int], None]]:
    """Show the bytes of a file; call the yielded function with the bytes so far and the total bytes."""
    with _amounts(what, lambda done, total: f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB", clock) as advance:
        yield advance


@contextmanager
def count_bar(what: str, clock: Clock = time.monotonic) -> Iterator[Callable[[int, int], None]]:
    """Show a count; call the yielded function with the count so far and the total."""
    with _amounts(what, lambda done, total: f"{done:,} of {total:,}", clock) as advance:
        yield advance


@contextmanager
def _amounts(
    what: str, words: Callable[[int, int], str], clock: Clock
) -> Iterator[Callable[[int, int], None]]:
    display, start = _display(what, clock), clock()
    first: list[int] = []  # the amount that was there before, from an earlier try

    def advance(done: int, total: int) -> None:
        first.extend([] if first else [done])
        left = seconds_left(clock() - start, done - first[0], total - done)
        display.show(State(done, total, words(done, total), left))

    with _ending(display, lambda: f"{what}: done in {in_words(clock() - start)}"):
        yield advance


@contextmanager
def _ending(display: Display, final: Callable[[], str]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        display.end(f"stopped; {final()}")
        raise
    display.end(final())


def _display(what: str, clock: Clock) -> Display:
    if _in_a_notebook():
        return NotebookLine(clock)
    out = console(stderr=True)
    # FORCE_COLOR makes a terminal of a file in the eyes of rich; a batch log stays plain all the same.
    if sys.stderr.isatty() and out.is_terminal and not out.is_dumb_terminal:
        return TerminalBar(out, what)
    return PlainLines(what, clock)


def _in_a_notebook() -> bool:
    """Whether this process is the kernel of a notebook. IPython is not imported for this."""
    get_shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)
    return getattr(get_shell(), "kernel", None) is not None


class BarLine:
    """Two lines for a terminal of any width: the name of the work, and a bar with the whole state."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.state = State(0, None, "")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The bar takes the columns that the words leave."""
        state = self.state
        words = state.text + ("" if state.left is None else f", {_on_clock(state.left)} left")
        yield Text(self.what, no_wrap=True, overflow="crop")
        columns = min(options.max_width - cell_len(words) - 1, MOST_BAR)
        if columns < LEAST_BAR:
            yield Text(words)
            return
        row = Table.grid()
        row.add_column(width=columns)
        row.add_column(no_wrap=True)
        row.add_row(ProgressBar(total=state.total, completed=state.done, width=columns), Text(f" {words}"))
        yield row


class TerminalBar:
    """A bar that is removed at the end."""

    def __init__(self, out: Console, what: str) -> None:
        self._line = BarLine(what)
        self._live = Live(self._line, console=out, transient=True)
        self._live.start()

    def show(self, state: State) -> None:
        """Show a state at the next refresh."""
        self._line.state = state

    def end(self, text: str) -> None:
        """Remove the bar."""
        self._live.stop()


class PlainLines:
    """A line a minute on standard error; nothing of work that ends within the first minute."""

    def __init__(self, what: str, clock: Clock) -> None:
        self._what, self._clock, self._last = what, clock, clock()
        self._begun = False

    def show(self, state: State) -> None:
        """Print a state if a minute has passed."""
        if self._clock() - self._last < BETWEEN_LINES:
            return
        self._last = self._clock()
        if not self._begun:
            print(self._what, file=sys.stderr)
        self._begun = True
        print(state.line, file=sys.stderr, flush=True)

    def end(self, text: str) -> None:
        """Print nothing: the command itself says how it ended."""


class NotebookLine:
    """One line under a cell, changed in place a few times a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._last = clock, clock()
        display = import_module("IPython.display").display
        self._line: Any = display(_in_notebook("starting"), raw=True, display_id=True)

    def show(self, state: State) -> None:
        """Show a state, unless one was shown a moment ago."""
        if self._clock() - self._last < BETWEEN_UPDATES:
            return
        self._last = self._clock()
        bar = f'<progress value="{state.done}" max="{state.total or 1}" style="width: 20em"></progress> '
        self._line.update(_in_notebook(state.line, bar), raw=True)

    def end(self, text: str) -> None:
        """Show the last text in place of the bar."""
        self._line.update(_in_notebook(text), raw=True)


def _in_notebook(text: str, bar: str = "") -> dict[str, str]:
    return {"text/plain": text, "text/html": f"<div>{bar}{html.escape(text)}</div>"}


def seconds_left(elapsed: float, made: int, missing: int) -> float | None:
    """Seconds for what is missing at the pace so far; None if nothing was made yet."""
    return elapsed * missing / made if made > 0 else None


def in_words(seconds: float) -> str:
    """A duration in its two largest units at most: `12 s`, `3 min`, `2 h 10 min`."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _on_clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def _rate(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"
