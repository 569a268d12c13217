"""Everything `nasbench_lab` raises on purpose.

    NasbenchLabError
    ├── UsageError                what was asked for does not exist or makes no sense
    ├── TableError                a table is missing, damaged, or not what its attributes say
    │   └── UnlistedArchitecture  the table does not list this architecture
    ├── ImagesError               images to train on are missing, damaged, or not what they should be
    ├── TrainingError             the device that trains failed
    ├── FetchError                a published file could not be fetched
    ├── ProcessError              a process that worked was ended from outside
    ├── AlgorithmError            an algorithm broke the contract, or failed
    └── StoreError                a folder of results cannot be used as asked

Each message is one line: what was wrong, what is allowed, what was received, what to do. The
command line prints it after `error:` and ends with exit code 2.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class NasbenchLabError(Exception):
    """Base of all errors below; its text is meant for the person at the terminal."""


class UsageError(NasbenchLabError):
    """What was asked for does not exist or makes no sense."""


class TableError(NasbenchLabError):
    """A table is missing, damaged, or not what its attributes say."""


class UnlistedArchitecture(TableError):  # noqa: N818 -- a miss, which a fallback may answer
    """The benchmark has no entry for an architecture of its space."""


class ImagesError(NasbenchLabError):
    """Images to train on are missing, damaged, or not what they should be."""


class TrainingError(NasbenchLabError):
    """The device that trains failed; what is being trained is not to blame."""


class FetchError(NasbenchLabError):
    """A published file could not be fetched."""


class ProcessError(NasbenchLabError):
    """A process that worked was ended from outside; what it worked on is not to blame."""


class AlgorithmError(NasbenchLabError):
    """A search algorithm broke the contract, or failed."""


class StoreError(NasbenchLabError):
    """A folder of results cannot be used as asked."""


def unknown_name(kind: str, received: str, allowed: Iterable[str], remedy: str = "") -> UsageError:
    """The error for a name that nothing has, with the nearest names and all that is allowed."""
    names = sorted(allowed)
    nearest = get_close_matches(received, names, n=3, cutoff=0.5)
    text = f"unknown {kind} {received!r}"
    if nearest:
        text += "; did you mean " + " or ".join(repr(name) for name in nearest) + "?"
    text += f" Known: {', '.join(names) or 'none'}."
    return UsageError(f"{text} {remedy}".rstrip())
