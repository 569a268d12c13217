"""Helpers for tests of live training: a small set of images, a recipe that takes a second, and a task."""

from pathlib import Path

import numpy as np

from nasbench_lab.benchmarks.live.cache import EvaluationCache
from nasbench_lab.benchmarks.live.task import LiveTask
from nasbench_lab.benchmarks.training.images import ImageSet, open_images
from nasbench_lab.benchmarks.training.recipes import Recipe, find_recipe
from nasbench_lab.spaces import find_space

SPACE = find_space("nasbench201")
RECIPE = "cifar10-mini:channels=4,train_images=200,valid_images=100,epochs=2,batch_size=50"
TINY: Recipe = find_recipe(RECIPE)
GOOD, OTHER = (3, 1, 0, 1, 2, 0), (4, 4, 4, 4, 4, 4)


def digits() -> ImageSet:
    """The tiny set of images that needs no download."""
    return open_images("digits")


def live_task(cache: Path, **settings: object) -> LiveTask:
    """A task on the digits that keeps its outcomes in a folder."""
    return LiveTask(SPACE, TINY, digits(), EvaluationCache(cache), **settings)  # type: ignore[arg-type]


def rng() -> np.random.Generator:
    """The random generator of a test."""
    return np.random.default_rng(0)
