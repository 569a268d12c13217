"""What work in several processes shares: how it is stopped, and what is said when a process is lost."""

import signal
import warnings
from collections.abc import Generator, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from nasbench_lab.errors import ProcessError

KEPT = "what was finished is kept: start again, with fewer --jobs if it was for memory"


@contextmanager
def explaining_lost_processes(remedy: str = KEPT) -> Iterator[None]:
    """Turn joblib's error, raised where a process ends that should have gone on, into one line."""
    try:
        yield
    except BrokenProcessPool:
        raise ProcessError(
            f"a process that worked was ended from outside, most often because memory ran out; {remedy}"
        ) from None


@contextmanager
def closing_quietly(outcomes: Generator[Any, None, None]) -> Iterator[None]:
    """Close joblib's generator at the end, however that comes; a lost process is one line.

    Stopped early, joblib warns of the work it cancels: that is what stopping means.
    """
    try:
        with explaining_lost_processes():
            yield
    finally:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "[\\s\\S]*(cancelled|not used)", UserWarning)
            outcomes.close()


def leave_interrupts_to_parent() -> None:
    """For a worker: Ctrl-C reaches every process of the terminal; only the parent decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
