"""The result of one call of an evaluation function, and its file."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from nasbench_lab.benchmarks.json_files import JsonFiles

LARGEST_NUMBER = sys.float_info.max
# The values that are read back from a file.
Finite = Annotated[float, Meta(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
Seconds = Annotated[float, Meta(ge=0, le=LARGEST_NUMBER)]
Count = Annotated[int, Meta(ge=0)]


@dataclass(frozen=True, kw_only=True)
class Key:
    """One call of a function. Equal keys have equal results.

    Attributes:
        task: name of the task.
        space: text of the search space.
        function: digest of the function's code, and of the settings under which it is called.
        architecture: the canonical one, as the space writes it.
        epochs: the epochs that were asked for; 0 for a test.
        seed: the training seed.
    """

    task: str
    space: str
    function: str
    architecture: str
    epochs: Count
    seed: Count


@dataclass(frozen=True, kw_only=True)
class Result:
    """The values that a call returned, or its failure.

    Attributes:
        accuracy: in the unit of the task's metric; None if the call failed.
        seconds: the cost of the call, given by the function or measured.
        train_seconds: the part of it that a longer call does not repeat.
        metrics: further metrics by name.
        failure: the reason of the failure, in one line; empty if there was none.
    """

    accuracy: Finite | None
    seconds: Seconds
    train_seconds: Seconds
    metrics: dict[str, Finite]
    failure: str = ""


@dataclass(frozen=True)
class Entry:
    """A file of the cache."""

    key: Key
    result: Result


def result_files(folder: Path) -> JsonFiles[Entry]:
    """The results that a folder keeps, see `JsonFiles`."""
    return JsonFiles(folder, Entry, _check)


def _check(entry: Entry) -> None:
    """Raise `ValueError` if a result has both an accuracy and a failure, or neither."""
    if (entry.result.accuracy is None) != bool(entry.result.failure):
        raise ValueError("it has both an accuracy and a failure, or neither")
