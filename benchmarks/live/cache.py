"""Finished trainings, kept so that each is done once: one small JSON file each.

Any number of processes, on any number of machines that share the folder, may read and write at once. A file
is written under another name and then named, so that it is whole or not there. Of two that train the same at
once the first is kept, and the other goes on with what it says, seconds included: what a search was told is
what the cache will say.
"""

import hashlib
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nasbench_lab.benchmarks.training.outcome import Epoch, Outcome, Scores
from nasbench_lab.benchmarks.training.recipes import Recipe
from nasbench_lab.files import replacing
from nasbench_lab.version import __version__

if TYPE_CHECKING:
    from nasbench_lab.benchmarks.training.images import ImageSet

FORMAT_VERSION = 1
LARGEST = 2**20  # bytes; a training of a thousand epochs takes a fifth of it

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Key:
    """What was trained, on what, and how: equal keys have equal outcomes.

    Attributes:
        space: name of the search space.
        architecture: the canonical one, as the space writes it.
        recipe: its digest.
        epochs: of the recipe.
        images: digest of the image set.
        seed: of the training.
    """

    space: str
    architecture: str
    recipe: str
    epochs: int
    images: str
    seed: int


@dataclass(frozen=True)
class Entry:
    """A file of the cache: the key, the recipe's settings, names of the images and the outcome."""

    key: Key
    recipe: dict[str, Any]
    image_set: str
    image_title: str
    outcome: Outcome


class EvaluationCache:
    """A folder of finished trainings.

    Args:
        folder: made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: Key) -> Path:
        """The file of a key, whether it is there or not."""
        name = hashlib.sha256(json.dumps(asdict(key), sort_keys=True).encode()).hexdigest()[:40]
        # Folders of at most a few hundred files: some file systems are slow with many thousands.
        return self.folder / name[:2] / f"{name}.json"

    def checkpoint(self, key: Key) -> Path:
        """Where a training that is not finished is kept."""
        return self.path(key).with_suffix(".checkpoint")

    def get(self, key: Key) -> Outcome | None:
        """The outcome of a key, or None where it is not known or its file is damaged."""
        entry = self._entry(self.path(key))
        return None if entry is None else entry.outcome

    def put(self, key: Key, recipe: Recipe, images: "ImageSet", outcome: Outcome) -> Outcome:
        """Keep an outcome where there is none, and return the one that is kept.

        Raises `OSError` where the folder cannot be written.
        """
        content = {
            "format_version": FORMAT_VERSION,
            "created_by": f"nasbench_lab {__version__}",
            **asdict(Entry(key, asdict(recipe), images.name, images.title, outcome)),
        }
        text = json.dumps(content, indent=1) + "\n"
        path = self.path(key)
        try:
            with replacing(path, first_stays=True) as temporary:
                temporary.write_text(text)
        except FileExistsError:
            kept = self.get(key)
            if kept is not None:
                return kept
            with replacing(path) as temporary:  # it was damaged
                temporary.write_text(text)
        return outcome

    def entries(self) -> Iterator[Entry]:
        """Every entry, in the order of the file names; damaged files are left out, and said so."""
        for path in sorted(self.folder.glob("??/*.json")):
            entry = self._entry(path)
            if entry is not None:
                yield entry

    def _entry(self, path: Path) -> Entry | None:
        """What a file holds; None where it is not there, or, with a warning, where it is of no use."""
        try:
            entry = _read(path)
            if self.path(entry.key) != path:
                raise ValueError("it holds another evaluation than its name says")
        except FileNotFoundError:
            return None
        except DAMAGE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            log.warning("the evaluation %s cannot be read (%s); it is ignored", path, reason[:200])
            return None
        return entry


# What reading a file raises that is not as written here.
DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
MOST = sys.float_info.max
PERCENT = ("valid_accuracy", "accuracy", "precision", "recall", "f1")


def _read(path: Path) -> Entry:
    """Read an entry; raises one of `DAMAGE` where it is not one."""
    with path.open("rb") as file:
        text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST:,} bytes")
    content = json.loads(text)
    if content["format_version"] != FORMAT_VERSION:
        raise ValueError(f"its format version is {content['format_version']}, not {FORMAT_VERSION}")
    key = _checked(Key, content["key"])
    outcome = dict(content["outcome"])
    outcome["epochs"] = tuple(_checked(Epoch, epoch) for epoch in outcome["epochs"])
    outcome["test"] = None if outcome["test"] is None else _checked(Scores, outcome["test"])
    entry = _checked(Entry, {**content, "key": key, "outcome": _checked(Outcome, outcome)})
    if not isinstance(entry.recipe.get("name"), str):
        raise ValueError("its recipe has no name")
    _check_whole(entry.outcome, key.epochs)
    return entry


Kind = TypeVar("Kind", Key, Epoch, Scores, Outcome, Entry)


def _checked(kind: type[Kind], values: Any) -> Kind:
    """A dataclass with the values of its fields, each of its type, and numbers finite and not negative.

    Fields with a default may be missing: earlier versions did not have them.
    """
    checked = {}
    for field in fields(kind):
        if field.name not in values and field.default is not MISSING:
            continue
        value = values[field.name]
        if field.type is float and type(value) is int:
            value = float(value)
        wanted: Any = getattr(field.type, "__origin__", field.type)
        if not isinstance(value, wanted) or isinstance(value, bool) != (wanted is bool):
            raise ValueError(f"{field.name} is {str(value)[:40]!r}")
        if isinstance(value, int | float) and not 0 <= value <= (100 if field.name in PERCENT else MOST):
            raise ValueError(f"{field.name} is {value}")
        checked[field.name] = value
    return kind(**checked)


def _check_whole(outcome: Outcome, epochs: int) -> None:
    """Raise `ValueError` where a training neither diverged nor came to its end."""
    if outcome.failure and not outcome.diverged:
        raise ValueError("its training failed for what may have been the machine's fault")
    if outcome.failure:
        whole = outcome.test is None and len(outcome.epochs) <= epochs
    else:
        whole = outcome.test is not None and len(outcome.epochs) == epochs
    if not whole:
        raise ValueError(f"it has {len(outcome.epochs)} of {epochs} epochs")
