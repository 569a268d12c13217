"""Helpers for tests of live training: made-up images, a very short recipe, outcomes and cache entries."""

from dataclasses import replace
from typing import Any

import numpy as np

from nasbench_lab.benchmarks.live.cache import Entry, Key
from nasbench_lab.benchmarks.training.images import ImageSet
from nasbench_lab.benchmarks.training.outcome import Epoch, Outcome, Scores
from nasbench_lab.benchmarks.training.recipes import Recipe, find_recipe

# It has a convolution of each size, a pool and a skip, and no dead edge.
CELL = (3, 1, 2, 4, 3, 1)
TINY = replace(
    find_recipe("cifar10-mini"),
    name="tiny",
    channels=4,
    cells=1,
    train_images=150,
    valid_images=50,
    epochs=3,
    batch_size=40,
    crop_padding=1,
)


def made_images(
    train: int = 200, test: int = 60, size: int = 8, *, channels: int = 3, seed: int = 0
) -> ImageSet:
    """Images of noise, all different."""
    rng = np.random.default_rng(seed)

    def images(n: int) -> Any:
        return rng.integers(256, size=(n, channels, size, size), dtype=np.uint8)

    return ImageSet(
        name="noise",
        title="Noise",
        train_images=images(train),
        train_labels=rng.integers(10, size=train),
        test_images=images(test),
        test_labels=rng.integers(10, size=test),
        class_names=tuple("0123456789"),
        digest=f"noise {train} {test} {size} {channels} {seed}",
    )


def made_outcome(epochs: int, start: float = 10.0, of: int | None = None) -> Outcome:
    """A training that ran for `epochs` epochs; it failed if more epochs were planned (`of`)."""
    failed = of is not None and epochs < of
    return Outcome(
        epochs=tuple(
            Epoch(
                valid_accuracy=start + number,
                valid_loss=2.5 / (number + 1),
                train_loss=2.25 / (number + 1),
                train_seconds=1.5 * (number + 1),
                valid_seconds=0.25,
            )
            for number in range(epochs)
        ),
        test=None if failed else Scores(accuracy=start + 0.5, precision=11.0, recall=12.0, f1=13.0),
        failure="diverged: the loss is not finite" if failed else "",
        parameters=0.125,
        flops=start,
        device="cpu (test)",
    )


def made_entry(architecture: str, seed: int, outcome: Outcome, recipe: Recipe = TINY, **key: Any) -> Entry:
    """An entry as the cache returns it."""
    made = Key(
        space="nasbench201",
        architecture=architecture,
        recipe=recipe.digest,
        epochs=recipe.epochs,
        images="0" * 64,
        seed=seed,
    )
    return Entry(replace(made, **key), {"name": recipe.name}, "noise", "Noise", outcome)
