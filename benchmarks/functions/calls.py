"""One timed call of a user's function."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from nasbench_lab.benchmarks.training.memory import is_out_of_memory
from nasbench_lab.errors import EvaluationError, NasbenchLabError, place_of

Clock = Literal["processor", "wall"]


@dataclass(frozen=True)
class Called:
    """The end of a call.

    Attributes:
        seconds: its duration.
        returned: the value that the function returned; None if it failed.
        failure: the exception that it raised, in one line; empty if it returned.
        by_machine: whether the failure may be the machine's fault, so that another call may succeed.
    """

    seconds: float
    returned: Any = None
    failure: str = ""
    by_machine: bool = False


def call(function: Callable[..., Any], arguments: tuple[Any, ...], clock: Clock, of: str) -> Called:
    """Call a function.

    Args:
        function: the user's.
        arguments: of the call.
        clock: `processor` or `wall`, see `FunctionTask`.
        of: the call in words, for errors.

    Raises `EvaluationError` for an exception that every call would raise: a name or a module is missing.
    Errors of this package are passed on, as are interrupts.
    """
    now = CLOCKS[clock]
    start = now()
    try:
        returned = function(*arguments)
    except NasbenchLabError:
        raise
    except (NameError, ImportError, SyntaxError) as error:
        raise EvaluationError(f"{of}: {_reason(error)}{place_of(error)}") from error
    except Exception as error:
        by_machine = isinstance(error, OSError) or is_out_of_memory(error) or "CUDA error" in str(error)
        return Called(now() - start, failure=_reason(error) + place_of(error), by_machine=by_machine)
    return Called(now() - start, returned)


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _processor_seconds() -> float:
    """Processor time of this process, and of the processes that it started and waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


CLOCKS: dict[Clock, Callable[[], float]] = {"processor": _processor_seconds, "wall": time.perf_counter}
