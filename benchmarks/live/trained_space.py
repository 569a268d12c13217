"""A benchmark for a search space without a table: every architecture is trained."""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from nasbench_lab.benchmarks.folders import cache_folder
from nasbench_lab.benchmarks.live.cache import EvaluationCache
from nasbench_lab.benchmarks.live.task import LiveTask
from nasbench_lab.benchmarks.tables.contents import DataSet
from nasbench_lab.benchmarks.training.images import ImageSet, open_images
from nasbench_lab.benchmarks.training.outcome import Epoch
from nasbench_lab.benchmarks.training.recipes import find_recipe, recipes_for
from nasbench_lab.benchmarks.view import View
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import SearchSpace

IMAGES = "cifar10"  # the images used if no data set is named
SLOW_EPOCH = 2.0  # seconds per epoch; slower trainings report each epoch


class TrainedSpace:
    """A benchmark that trains every architecture it is asked for."""

    licence = ""
    digest = ""
    data_set_names = (IMAGES,)
    answers_everything = True

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self.name = self.title = space.name

    def check_data_set(self, data_set: str) -> None:
        """Accept every name: the images are looked for when a task is made."""

    def task(self, data_set: str, view: View) -> LiveTask:
        """Make the task of training on a set of images; raises `UsageError` if that is not possible."""
        return live_task(self.space, data_set, view, asked_for=f"{self.name}/{data_set}")

    def listed(self) -> Mapping[str, DataSet]:
        """Return nothing: there is no table."""
        return {}

    def facts(self) -> Mapping[str, str]:
        """Facts about the benchmark for a reader, by label."""
        recipes = ", ".join(recipes_for(self.name))
        return {"space": self.name, "table": "none: every architecture is trained", "recipes": recipes}

    def verify(self) -> None:
        """Do nothing: there is no table to check."""


def live_task(space: SearchSpace, images: str, view: View, *, asked_for: str) -> LiveTask:
    """Make a task that trains architectures of a space on a set of images.

    Raises `UsageError` if the view has no recipe. The message names `asked_for`.
    """
    if not view.recipe:
        known = " or ".join(recipes_for(space.name))
        raise UsageError(f"live training of {asked_for} needs a recipe: --recipe {known}")
    return LiveTask(
        space,
        find_recipe(view.recipe),
        _images(images, view.live.data_dir),
        EvaluationCache(view.live.cache or cache_folder()),
        epochs=view.epochs,
        seed=view.training_seed,
        device=view.live.device,
        jobs=view.live.jobs,
        progress=_report_epoch,
    )


@cache
def _images(name: str, folder: Path | None) -> ImageSet:
    # Read once per process.
    return open_images(name, folder)


def _report_epoch(architecture: str, number: int, epoch: Epoch) -> None:
    """Print the progress of a slow training."""
    if epoch.train_seconds / number >= SLOW_EPOCH:
        print(
            f"{architecture}: epoch {number}, validation accuracy {epoch.valid_accuracy:.2f} %,"
            f" {epoch.train_seconds:.0f} s",
            file=sys.stderr,
        )
