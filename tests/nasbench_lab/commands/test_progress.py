"""Progress on a terminal of any width, in a batch log, and in a notebook."""

import io
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from nasbench_lab.commands import progress
from nasbench_lab.commands.progress import (
    BarLine,
    State,
    TerminalBar,
    bytes_bar,
    comparison_bar,
    count_bar,
    in_words,
)
from nasbench_lab.comparison.execution import Progress

FOLDER = Path("results/default")


class Clock:
    """A clock that a test moves by hand."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def rendered(line, width):
    stream = io.StringIO()
    # Without colours rich draws the finished part of a bar alone.
    Console(file=stream, width=width, force_terminal=True, color_system="standard").print(line)
    return re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).splitlines()


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize(
    ("state", "words"),
    [
        (
            State(12_345, 50_000, "12,345 of 50,000 runs, 310,000 evaluations/s", 7800.4),
            "12,345 of 50,000 runs, 310,000 evaluations/s, 2:10:00 left",
        ),
        (
            State(3, 500, "3 of 500 runs, 12 evaluations/s", 59.6),
            "3 of 500 runs, 12 evaluations/s, 0:01:00 left",
        ),
        (State(1, 1, "drawing tables and figures"), "drawing tables and figures"),
    ],
)
def test_the_bar_leaves_room_for_all_of_the_words(state, words, width):
    line = BarLine("searching, into " + "a/very/long/folder/" * 20)
    line.state = state
    folder, bar = rendered(line, width)
    assert bar.rstrip().endswith(words)
    assert max(len(folder), len(bar.rstrip())) <= width
    assert len(re.findall("[━╸╺]", bar)) == (
        0 if width - len(words) - 1 < 4 else min(width - len(words) - 1, 40)
    )
    assert folder.startswith("searching, into a/very/long")


def test_words_that_are_wider_than_the_terminal_are_broken_and_not_cut():
    line = BarLine("searching")
    line.state = State(3, 500, "3 of 500 runs, 12 evaluations/s", 60)
    shown = rendered(line, 20)
    assert " ".join(each.strip() for each in shown[1:]) == "3 of 500 runs, 12 evaluations/s, 0:01:00 left"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (12, "12 s"), (59.6, "1 min"), (190, "3 min"), (3599, "1 h 0 min"), (7800, "2 h 10 min")],
)
def test_durations_in_words(seconds, words):
    assert in_words(seconds) == words


def test_a_log_gets_a_plain_line_a_minute(clock, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with comparison_bar(FOLDER, clock) as bar:
        for seconds in range(1, 151):
            clock.now = 1000 + seconds
            bar.advance(Progress(100 + seconds, 500, 12_000 * seconds, seconds))
        bar.drawing()
    assert capsys.readouterr() == (
        "",
        "searching, into results/default\n"
        "160 of 500 runs, 12,000 evaluations/s, about 6 min left\n"  # 340 runs, one a second
        "220 of 500 runs, 12,000 evaluations/s, about 5 min left\n",
    )


def test_work_of_less_than_a_minute_leaves_a_log_empty(clock, capsys):
    with (
        comparison_bar(FOLDER, clock) as bar,
        bytes_bar("fetching x", 9, clock),
        count_bar("measuring", clock),
    ):
        clock.now += 59.9
        bar.advance(Progress(500, 500, 100_000, 500))
        bar.drawing()
    assert capsys.readouterr() == ("", "")


def test_bytes_and_counts_in_a_log(clock, capsys):
    with (
        bytes_bar("fetching x.tfrecord", 499_000_000, clock) as bytes_done,
        count_bar("measuring", clock) as done,
    ):
        bytes_done(99_000_000, 499_000_000)  # from an earlier try
        done(0, 6466)
        clock.now += 100
        bytes_done(299_000_000, 499_000_000)
        done(1616, 6466)
    assert capsys.readouterr().err.splitlines() == [
        "fetching x.tfrecord",
        "299.0 of 499.0 MB, about 2 min left",
        "measuring",
        "1,616 of 6,466, about 5 min left",
    ]


@pytest.mark.parametrize(("evaluations", "shown"), [(30, "0.5"), (360, "6"), (720, "12"), (72_000, "1,200")])
def test_slow_evaluations_are_not_none(evaluations, shown, clock, capsys):
    with comparison_bar(FOLDER, clock) as bar:
        clock.now += 60
        bar.advance(Progress(1, 2, evaluations, 0))
    assert f"1 of 2 runs, {shown} evaluations/s\n" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_a_bar_that_is_gone_at_the_end(clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")

    def interrupted():
        with comparison_bar(FOLDER, clock) as bar:
            clock.now += 10
            bar.advance(Progress(120, 500, 120_000, 120))
            assert isinstance(bar._display, TerminalBar)
            bar._display._live.refresh()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    shown = terminal.getvalue()
    assert "120 of 500 runs, 12,000 evaluations/s, 0:00:32 left" in shown
    assert shown.endswith("\x1b[2K")  # the line is erased
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1  # the cursor is back


@pytest.fixture
def notebook(monkeypatch):
    """A made-up IPython with a kernel; every text that its one line had."""
    texts: list[dict[str, str]] = []

    def display(data, *, raw, display_id):
        assert (raw, display_id) == (True, True)
        texts.append(data)
        return SimpleNamespace(update=lambda data, raw: texts.append(data))

    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    return texts


def test_a_notebook_shows_one_line_that_changes_a_few_times_a_second(notebook, clock, capsys):
    with comparison_bar(FOLDER, clock) as bar:
        for step in range(1, 201):
            clock.now = 1000 + step / 100
            bar.advance(Progress(step, 200, 310 * step, step))
        bar.drawing()
    assert len(notebook) == 1 + 2 * 4 + 1
    assert notebook[4]["text/plain"] == "100 of 200 runs, 31,000 evaluations/s, about 1 s left"
    assert '<progress value="100" max="200"' in notebook[4]["text/html"]
    assert notebook[-1] == {
        "text/plain": "200 runs in 2 s, 31,000 evaluations/s",
        "text/html": "<div>200 runs in 2 s, 31,000 evaluations/s</div>",
    }
    assert capsys.readouterr() == ("", "")


def test_a_notebook_says_that_it_was_stopped(notebook, clock):
    def interrupted():
        with comparison_bar(FOLDER, clock) as bar:
            clock.now += 2
            bar.advance(Progress(170, 500, 14_000, 70))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert notebook[-1]["text/html"] == "<div>stopped; 70 runs in 2 s, 7,000 evaluations/s</div>"


def test_a_notebook_where_nothing_was_left_to_do(notebook, clock):
    with comparison_bar(FOLDER, clock) as bar:
        bar.drawing()
    assert notebook[-1]["text/plain"] == "every run was stored already"


def test_names_are_no_markup_in_a_notebook(notebook, clock):
    with count_bar("measuring <b>", clock) as advance:
        advance(1, 2)
    assert notebook[-1]["text/html"] == "<div>measuring &lt;b&gt;: done in 0 s</div>"


def test_ipython_without_a_kernel_is_no_notebook(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not progress._in_a_notebook()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace()))
    assert not progress._in_a_notebook()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not progress._in_a_notebook()
    assert "IPython" not in sys.modules
