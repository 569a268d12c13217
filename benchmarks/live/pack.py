"""Conversion of finished trainings to a table."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench_lab.benchmarks.live.cache import Entry
from nasbench_lab.benchmarks.tables.contents import Contents, DataSet, Measurement, Training
from nasbench_lab.benchmarks.training.recipes import find_recipe
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.spaces import find_space

CURVES = ("valid_accuracy", "train_seconds", "valid_seconds")


@dataclass(frozen=True)
class Protocol:
    """The settings that all trainings of a data set share.

    Attributes:
        space: name of the search space.
        recipe: digest of the recipe.
        images: digest of the images.
        network: digest of the user's function that makes the networks; empty for the networks of the space.
    """

    space: str
    recipe: str
    images: str
    network: str = ""

    @classmethod
    def of(cls, entry: Entry) -> "Protocol":
        """The protocol of one training."""
        return cls(entry.key.space, entry.key.recipe, entry.key.images, entry.key.network)


def pack(entries: Iterable[Entry], name: str, title: str, recipe: str | None = None) -> Contents:
    """Make a table of all trainings of one protocol.

    Trainings that were not done are missing in the table. A failed training has the epochs before the
    failure, and no test accuracy.

    Args:
        entries: the entries of an evaluation cache.
        name: the name of the table.
        title: the title of the table, as used in papers.
        recipe: the recipe whose trainings are taken, written in the same form as for training;
            None if there is only one.

    Raises:
        TableError: there is no such training, or there are several protocols.
    """
    chosen: dict[Protocol, list[Entry]] = {}
    wanted = recipe and _digest_or_name(recipe)
    for entry in entries:
        if not recipe or wanted in (entry.key.recipe, entry.recipe["name"]):
            chosen.setdefault(Protocol.of(entry), []).append(entry)
    if not chosen:
        wanted = f" by the recipe {recipe}" if recipe else ""
        raise TableError(f"there is no finished training{wanted} to make a table of")
    if len(chosen) > 1:
        found = sorted(
            {f"{group[0].recipe['name']} ({_name(protocol.space)})" for protocol, group in chosen.items()}
        )
        raise TableError(
            f"these trainings follow {len(chosen)} protocols, which do not go into one table:"
            f" {', '.join(found)}; choose one with --recipe, or pack a cache of one set of images"
        )
    ((protocol, group),) = chosen.items()
    return Contents(
        name=name,
        title=title,
        citation="trained with nasbench_lab",
        licence="of the images trained on",
        source_sha256={},
        data_sets={group[0].image_set: _data_set(protocol, group)},
        provenance=describe(group),
    )


def _name(space: str) -> str:
    """The name of a space, also of one that is given by its definition."""
    return find_space(space).name if space.startswith("{") else space


def _digest_or_name(recipe: str) -> str:
    """The recipe's digest, or the text itself if it names no known recipe.

    The digest does not depend on the order of the settings. A recipe made in Python is found by its name.
    """
    try:
        return find_recipe(recipe).digest
    except UsageError:
        return recipe


def describe(entries: Sequence[Entry]) -> Mapping[str, str]:
    """Describe how trainings of one protocol were done: recipe, images and devices."""
    first = entries[0]
    own = {"network digest": first.key.network} if first.key.network else {}
    return own | {
        "recipe": json.dumps(first.recipe, sort_keys=True),
        "recipe digest": first.key.recipe,
        "images": first.image_set,
        "images digest": first.key.images,
        "devices": "; ".join(sorted({entry.outcome.device for entry in entries})),
    }


def _data_set(protocol: Protocol, entries: Sequence[Entry]) -> DataSet:
    space = find_space(protocol.space)
    indices = {text: space.index(space.parse(text)) for text in {entry.key.architecture for entry in entries}}
    keys = np.array(sorted(indices.values()), dtype=np.int64)
    rows = {text: int(np.searchsorted(keys, index)) for text, index in indices.items()}
    seeds = sorted({entry.key.seed for entry in entries})
    length = entries[0].key.epochs
    shape = (len(keys), length, len(seeds))
    curves = {name: np.full(shape, np.nan, np.float32) for name in CURVES}
    test = np.full((len(keys), 1, len(seeds)), np.nan, np.float32)
    parameters, flops = np.full(len(keys), np.nan), np.full(len(keys), np.nan)
    for entry in entries:
        row, seed = rows[entry.key.architecture], seeds.index(entry.key.seed)
        parameters[row], flops[row] = entry.outcome.parameters, entry.outcome.flops
        for number, epoch in enumerate(entry.outcome.epochs):
            for name, values in curves.items():
                values[row, number, seed] = getattr(epoch, name)
        if entry.outcome.test is not None:
            test[row, 0, seed] = entry.outcome.test.accuracy
    labels = tuple(map(str, seeds))
    epochs = tuple(range(1, length + 1))
    measured: dict[str, Any] = {name: Measurement(values, epochs, labels) for name, values in curves.items()}
    return DataSet(
        title=entries[0].image_title,
        space=protocol.space,
        keys=keys,
        trainings={length: Training(test_accuracy=Measurement(test, (length,), labels), **measured)},
        parameters=parameters,
        flops=flops,
    )
