"""Recipes: all settings of a training except the architecture, the images and the seed."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Literal

from nasbench_lab.errors import UsageError, unknown_name
from nasbench_lab.installed import find_installed, installed_names, load_installed
from nasbench_lab.settings import check_fields, keyword_parameters, read_settings

# The allowed values of each float setting, described in text and as a check.
ALLOWED: dict[str, tuple[str, Callable[[float], bool]]] = {
    "learning_rate": ("above 0", lambda value: 0 < value < math.inf),
    "momentum": ("from 0 to below 1", lambda value: 0 <= value < 1),
    "weight_decay": ("0 or more", lambda value: 0 <= value < math.inf),
    "batch_norm_momentum": ("above 0 and at most 1", lambda value: 0 < value <= 1),
    "batch_norm_epsilon": ("above 0", lambda value: 0 < value < math.inf),
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained. Equal recipes, images, architectures and seeds give equal results.

    Attributes:
        name: name of the recipe on the command line, with changed settings after a colon.
        spaces: the search spaces that it was published for; empty if it suits all of them.
        channels: channels after the stem.
        stages: parts of equal resolution; from one to the next it halves, and the channels double.
        cells: cells in each stage.
        stem_stride: stride of the first convolution.
        image_size: pixels along a side; larger images are averaged down to it.
        train_images: number of images to train on, the first of the training images.
        valid_images: number of images for the accuracy that a search sees, the last of the training images.
        epochs: passes over the images to train on.
        batch_size: images per step.
        optimizer: `sgd`, or `rmsprop` as TensorFlow computes it.
        learning_rate: the highest learning rate.
        schedule: `cosine` falls from the highest rate to 0; `one_cycle` first rises to it (Smith & Topin
            2018).
        momentum: momentum of the optimizer. With `one_cycle` it falls from 0.05 above this value to 0.05
            below it (less near 0 and 1), and rises again.
        nesterov: whether the momentum is Nesterov's, for `sgd`.
        weight_decay: multiple of the weights that is added to their gradient.
        flip: whether half of the images are mirrored.
        crop_padding: width of a black border around an image, in pixels. The image is then cropped at random;
            0 for no crops.
        batch_norm_momentum: weight of the newest batch in the running statistics, PyTorch's convention.
        batch_norm_epsilon: added to the variance.
    """

    name: str
    spaces: tuple[str, ...] = ()
    channels: int
    stages: int
    cells: int
    stem_stride: int = 1
    image_size: int = 32
    train_images: int
    valid_images: int
    epochs: int
    batch_size: int
    optimizer: Literal["sgd", "rmsprop"] = "sgd"
    learning_rate: float
    schedule: Literal["cosine", "one_cycle"] = "cosine"
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float
    flip: bool = True
    crop_padding: int = 0
    batch_norm_momentum: float = 0.1
    batch_norm_epsilon: float = 1e-5

    def __post_init__(self) -> None:
        # A number becomes a float: 1 and 1.0 are one setting but would be two digests.
        check_fields(self, f" of the recipe {self.name}")
        least = {"channels": 1, "stages": 1, "cells": 1, "stem_stride": 1, "image_size": 4, "train_images": 2}
        least |= {"valid_images": 1, "epochs": 1, "batch_size": 2, "crop_padding": 0}
        for field, smallest in least.items():
            received = getattr(self, field)
            if received < smallest:
                raise UsageError(
                    f"{field} of the recipe {self.name} is {smallest} or more; received {received}"
                )
        for field, (words, is_allowed) in ALLOWED.items():
            number = getattr(self, field)
            if not is_allowed(number):
                raise UsageError(f"{field} of the recipe {self.name} is {words}; received {number:g}")
        if self.nesterov and (self.optimizer != "sgd" or not self.momentum):
            raise UsageError(
                f"nesterov of the recipe {self.name} takes optimizer=sgd and a momentum above 0;"
                f" received {self.optimizer} and {self.momentum:g}"
            )

    @property
    def digest(self) -> str:
        """SHA-256 over the settings, in hexadecimal; the name, the spaces and default values do not count."""
        settings = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in ("name", "spaces") and getattr(self, field.name) != field.default
        }
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()

    @property
    def steps(self) -> int:
        """Number of steps of a training: one for each batch in each epoch."""
        return self.epochs * math.ceil(self.train_images / self.batch_size)

    @property
    def title(self) -> str:
        """The name; if settings were changed, followed by the first digits of the digest."""
        name, _, changes = self.name.partition(":")
        return f"{name}, changed ({self.digest[:8]})" if changes else name

    def check_space(self, space: str) -> None:
        """Raise `UsageError` if the recipe is for other spaces."""
        if self.spaces and space not in self.spaces:
            raise UsageError(
                f"the recipe {self.name} is for {' and '.join(self.spaces)}, not for {space};"
                f" use {' or '.join(recipes_for(space))}"
            )


NASBENCH201 = Recipe(
    name="nasbench201-200",
    spaces=("nasbench201",),
    channels=16,
    stages=3,
    cells=5,
    train_images=25_000,
    valid_images=25_000,
    epochs=200,
    batch_size=256,
    learning_rate=0.1,
    nesterov=True,
    weight_decay=5e-4,
    crop_padding=4,
)
NASBENCH101 = Recipe(
    name="nasbench101-108",
    spaces=("nasbench101",),
    channels=128,
    stages=3,
    cells=3,
    train_images=40_000,
    valid_images=10_000,
    epochs=108,
    batch_size=256,
    optimizer="rmsprop",
    learning_rate=0.2,
    weight_decay=1e-4,
    crop_padding=4,
    # TensorFlow gives the weight of the old statistics instead: 0.997.
    batch_norm_momentum=0.003,
)
MINI = Recipe(
    name="cifar10-mini",
    channels=24,
    stages=1,
    cells=2,
    stem_stride=2,
    image_size=8,
    train_images=5_000,
    valid_images=2_500,
    epochs=4,
    batch_size=100,
    learning_rate=0.2,
    schedule="one_cycle",
    nesterov=True,
    weight_decay=5e-4,
)

RECIPES = (replace(NASBENCH201, name="nasbench201-12", epochs=12), NASBENCH201, NASBENCH101, MINI)
SOURCES = {
    "nasbench201-12": "Dong & Yang 2020, section 2.3, with a complete schedule of 12 epochs.",
    "nasbench201-200": "Dong & Yang 2020, section 2.3: the training behind their validation accuracies. The"
    " one behind their CIFAR-10 test accuracies uses all 50,000 images.",
    "nasbench101-108": "Ying et al. 2019, supplement S4.",
    "cifar10-mini": "Our own, for the table that ships with the project; a training takes seconds on one CPU"
    " core.",
}


def recipes_for(space: str) -> list[str]:
    """Names of the recipes that a search space can be trained by."""
    return [recipe.name for recipe in RECIPES if not recipe.spaces or space in recipe.spaces]


def find_recipe(text: str) -> Recipe:
    """The recipe called `NAME`, or `NAME:key=value,...` for one with changed settings.

    NAME may be a `Recipe` that an installed package adds by an entry point in the group
    `nasbench_lab.recipes`. Raises `UsageError` with the nearest names if there is no such recipe or setting.
    """
    name, _, settings = text.partition(":")
    recipes = {recipe.name: recipe for recipe in RECIPES}
    installed = find_installed("recipes", name, ours=name in recipes)
    if installed is not None:
        recipes[name] = load_installed("recipes", installed)
        if not isinstance(recipes[name], Recipe):
            raise UsageError(f"{installed.value} is no Recipe; received {recipes[name]!r:.80}")
    if name not in recipes:
        raise unknown_name("recipe", name, [*recipes, *installed_names("recipes")])
    recipe = recipes[name]
    parameters = keyword_parameters(Recipe)
    del parameters["name"], parameters["spaces"]
    return replace(recipe, name=text, **read_settings(settings, parameters, f"setting of the recipe {name}"))
