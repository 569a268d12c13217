"""Worker processes: how they are stopped, and the error if one is lost."""

import signal
import warnings
from collections.abc import Generator, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from nasbench_lab.errors import ProcessError

KEPT = "finished work is kept: start again, with fewer --jobs to save memory"


@contextmanager
def explaining_lost_processes(remedy: str = KEPT) -> Iterator[None]:
    """Turn joblib's error for a lost worker process into a `ProcessError` of one line."""
    try:
        yield
    except BrokenProcessPool:
        raise ProcessError(
            f"a worker process was killed, most often because memory ran out; {remedy}"
        ) from None


@contextmanager
def closing_quietly(outcomes: Generator[Any, None, None]) -> Iterator[None]:
    """Close joblib's generator at the end, also after an error or a stop.

    A lost worker process raises a `ProcessError` of one line. After a stop, joblib warns about cancelled
    work. The warning is hidden, because a stop is meant to cancel work.
    """
    try:
        with explaining_lost_processes():
            yield
    finally:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "[\\s\\S]*(cancelled|not used)", UserWarning)
            outcomes.close()


def leave_interrupts_to_parent() -> None:
    """Ignore Ctrl-C in a worker; it reaches every process of the terminal, and only the parent reacts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
