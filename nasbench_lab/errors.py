"""The errors that `nasbench_lab` raises on purpose.

    NasbenchLabError
    ├── UsageError                a request names something unknown or makes no sense
    ├── TableError                a table is missing, damaged, or contradicts its attributes
    │   └── UnlistedArchitecture  the table does not list this architecture
    ├── ImagesError               training images are missing, damaged, or not the expected ones
    ├── TrainingError             the training device failed
    ├── FetchError                a published file could not be fetched
    ├── ProcessError              a worker process was killed
    ├── EvaluationError           a benchmark failed while it evaluated an architecture
    ├── AlgorithmError            an algorithm broke the contract, or failed
    ├── ConformanceError          a space, an algorithm or a task broke a rule of the conformance suite
    └── StoreError                a folder of results cannot be used as asked

Each message is one line: the problem, the allowed values, the received value and the remedy. The command
line prints it after `error:` and ends with exit code 2.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class NasbenchLabError(Exception):
    """Base of all errors below; its text is written for the person at the terminal."""


class UsageError(NasbenchLabError):
    """A request names something unknown or makes no sense."""


class TableError(NasbenchLabError):
    """A table is missing, damaged, or contradicts its attributes."""


class UnlistedArchitecture(TableError):  # noqa: N818 -- a miss, which a fallback may answer
    """The benchmark has no entry for an architecture of its space."""


class ImagesError(NasbenchLabError):
    """Training images are missing, damaged, or not the expected ones."""


class TrainingError(NasbenchLabError):
    """The training device failed; the network in training is not to blame."""


class FetchError(NasbenchLabError):
    """A published file could not be fetched."""


class ProcessError(NasbenchLabError):
    """A worker process was killed; its work is not to blame."""


class EvaluationError(NasbenchLabError):
    """A benchmark failed while it evaluated an architecture; the algorithm is not to blame."""


class AlgorithmError(NasbenchLabError):
    """A search algorithm broke the contract, or failed."""


class ConformanceError(NasbenchLabError, AssertionError):
    """A search space, an algorithm or a task broke a rule of the conformance suite."""


class StoreError(NasbenchLabError):
    """A folder of results cannot be used as asked."""


def unknown_name(kind: str, received: str, allowed: Iterable[str], remedy: str = "") -> UsageError:
    """Make the error for an unknown name, with the nearest names and all allowed names."""
    names = sorted(allowed)
    nearest = get_close_matches(received, names, n=3, cutoff=0.5)
    text = f"unknown {kind} {received!r}"
    text += "; did you mean " + " or ".join(map(repr, nearest)) + "?" if nearest else "."
    text += f" Known: {', '.join(names) or 'none'}."
    return UsageError(f"{text} {remedy}".rstrip())


def place_of(error: BaseException) -> str:
    """The file and line that raised an error, in parentheses after a space; empty if unknown."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"
