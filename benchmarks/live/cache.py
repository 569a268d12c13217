"""The evaluation cache: finished trainings, one small JSON file each, so that none is done twice.

Any number of processes may read and write at once, on any number of machines that share the folder. A file is
written under a temporary name and then renamed, so it is whole or absent. If two processes train the same
architecture at once, the first outcome is kept, and the second process uses it too, its seconds included. A
search therefore always gets the values that the cache returns later.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nasbench_lab.benchmarks.training.outcome import Count, Outcome
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
    """The architecture, the images and the recipe of a training. Equal keys have equal outcomes.

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
    epochs: Count
    images: str
    seed: Count


@dataclass(frozen=True)
class Entry:
    """A file of the cache: the key, the recipe's settings, the image set's names and the outcome."""

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
        """The file that keeps an unfinished training."""
        return self.path(key).with_suffix(".checkpoint")

    def get(self, key: Key) -> Outcome | None:
        """The outcome of a key; None if it is unknown or its file is damaged."""
        entry = self._entry(self.path(key))
        return None if entry is None else entry.outcome

    def put(self, key: Key, recipe: Recipe, images: "ImageSet", outcome: Outcome) -> Outcome:
        """Keep an outcome unless one is there already, and return the one that is kept.

        Raises `OSError` if the folder cannot be written.
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
        """Every entry, in the order of the file names. A damaged file is left out, with a warning."""
        for path in sorted(self.folder.glob("??/*.json")):
            entry = self._entry(path)
            if entry is not None:
                yield entry

    def _entry(self, path: Path) -> Entry | None:
        """The entry in a file; None if the file is absent, or, with a warning, if it is damaged."""
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


# The errors that reading a damaged file raises.
DAMAGE = (OSError, ValueError, msgspec.DecodeError)


class _Version(msgspec.Struct):
    format_version: int


def _read(path: Path) -> Entry:
    """Read an entry; raises one of `DAMAGE` if it is damaged."""
    with path.open("rb") as file:
        text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST:,} bytes")
    version = msgspec.json.decode(text, type=_Version).format_version
    if version != FORMAT_VERSION:
        raise ValueError(f"its format version is {version}, not {FORMAT_VERSION}")
    entry = msgspec.json.decode(text, type=Entry)
    if not isinstance(entry.recipe.get("name"), str):
        raise ValueError("its recipe has no name")
    _check_whole(entry.outcome, entry.key.epochs)
    return entry


def _check_whole(outcome: Outcome, epochs: int) -> None:
    """Raise `ValueError` if a training neither diverged nor reached its end."""
    if outcome.failure and not outcome.diverged:
        raise ValueError("its training failed for what may have been the machine's fault")
    if outcome.failure:
        whole = outcome.test is None and len(outcome.epochs) <= epochs
    else:
        whole = outcome.test is not None and len(outcome.epochs) == epochs
    if not whole:
        raise ValueError(f"it has {len(outcome.epochs)} of {epochs} epochs")
