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
    ├── StoreError                a folder of results cannot be used as asked
    └── RefusedError              the operating system refuses to read a file; nothing is damaged or absent

    NasbenchLabWarning            a fact that changes what the user may rely on, but stops nothing

Each message is one line: the problem, the allowed values, the received value and the remedy. The command
line prints it after `error:` and ends with exit code 2. It prints a warning after `note:` and goes on.
"""

import re
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


class RefusedError(NasbenchLabError):
    """The operating system refuses to read a file, which may be whole; trying again later may work."""


class NasbenchLabWarning(UserWarning):
    """A fact that changes what the user may rely on, but stops nothing; written as an error's text is."""


def unknown_name(kind: str, received: str, allowed: Iterable[str], remedy: str = "") -> UsageError:
    """Make the error for an unknown name, with the nearest names and all allowed names.

    Names that differ only in capitals, in blanks, or in `-` for `_` are the same for this: the name of an
    algorithm in a table, `Random search`, suggests `random_search`. A part of a name suggests it, too.
    """
    names = sorted(allowed)
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(_alike(name), []).append(name)
    written = _alike(received)
    parts = [each for each in alike if len(written) > 2 and written in each]
    near = [written] if written in alike else get_close_matches(written, alike, n=3, cutoff=0.5) or parts[:3]
    nearest = [name for each in near for name in alike[each]]
    text = f"unknown {kind} {received!r}"
    text += "; did you mean " + " or ".join(map(repr, nearest)) + "?" if nearest else "."
    text += f" Known: {', '.join(names) or 'none'}."
    return UsageError(f"{text} {remedy}".rstrip())


def _alike(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def shown(value: object, most: int = 80) -> str:
    """A value that was received, on one line and no longer than `most` characters."""
    try:
        text = repr(value)
    except Exception:  # of a class of the user's own; or a whole number with more digits than Python prints
        text = "a number too long to print" if isinstance(value, int) else f"a {type(value).__name__}"
    return " ".join(text.split())[:most]


def place_of(error: BaseException) -> str:
    """The file and line that raised an error, in parentheses after a space; empty if unknown."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"
