"""The evaluation cache: finished trainings, one small JSON file each, so that none is done twice.

A search always gets the values that the cache returns later, also if another process trained the same
architecture at the same time. See `nasbench_lab.benchmarks.json_files`.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_lab.benchmarks.json_files import JsonFiles
from nasbench_lab.benchmarks.training.outcome import Count, Outcome
from nasbench_lab.benchmarks.training.recipes import Recipe

if TYPE_CHECKING:
    from nasbench_lab.benchmarks.training.images import ImageSet


@dataclass(frozen=True, kw_only=True)
class Key:
    """The architecture, the images and the recipe of a training. Equal keys have equal outcomes.

    Attributes:
        space: name of the search space, or the definition of a declared one.
        architecture: the canonical one, as the space writes it.
        recipe: its digest.
        epochs: of the recipe.
        images: digest of the image set.
        seed: of the training.
        network: digest of the user's function that makes the network; empty for a network of the space.
    """

    space: str
    architecture: str
    recipe: str
    epochs: Count
    images: str
    seed: Count
    network: str = ""


@dataclass(frozen=True)
class Entry:
    """A file of the cache: the key, the recipe's settings, the image set's names and the outcome."""

    key: Key
    recipe: dict[str, Any]
    image_set: str
    image_title: str
    outcome: Outcome


class EvaluationCache(JsonFiles[Entry]):
    """A folder of finished trainings.

    Args:
        folder: made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Entry, _check)

    def checkpoint(self, key: Key) -> Path:
        """The file that keeps an unfinished training."""
        return self.path(key).with_suffix(".checkpoint")

    def get(self, key: Key) -> Outcome | None:
        """The outcome of a key; None if it is unknown or its file is damaged.

        Raises `RefusedError` if the operating system refuses to read it.
        """
        entry = self.entry(key)
        return None if entry is None else entry.outcome

    def put(self, key: Key, recipe: Recipe, images: "ImageSet", outcome: Outcome) -> Outcome:
        """Keep an outcome unless one is there already, and return the one that is kept.

        Raises `OSError` if the folder cannot be written.
        """
        return self.keep(Entry(key, asdict(recipe), images.name, images.title, outcome)).outcome


def _check(entry: Entry) -> None:
    """Raise `ValueError` if the recipe has no name, or a training neither diverged nor reached its end."""
    if not isinstance(entry.recipe.get("name"), str):
        raise ValueError("its recipe has no name")
    outcome, epochs = entry.outcome, entry.key.epochs
    if outcome.failure and not outcome.diverged:
        raise ValueError("its training failed for what may have been the machine's fault")
    if outcome.failure:
        whole = outcome.test is None and len(outcome.epochs) <= epochs
    else:
        whole = outcome.test is not None and len(outcome.epochs) == epochs
    if not whole:
        raise ValueError(f"it has {len(outcome.epochs)} of {epochs} epochs")
