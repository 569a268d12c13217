import json
import subprocess
import sys
from dataclasses import fields, replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_lab.benchmarks.training.recipes import RECIPES, Recipe, find_recipe
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import all_spaces

MINI = find_recipe("cifar10-mini")
# A different valid value for each setting of the recipe `cifar10-mini`.
OTHER: dict[str, Any] = {
    "channels": 25,
    "stages": 2,
    "cells": 3,
    "stem_stride": 1,
    "image_size": 16,
    "train_images": 4_999,
    "valid_images": 2_499,
    "epochs": 5,
    "batch_size": 99,
    "optimizer": "rmsprop",
    "learning_rate": 0.1,
    "schedule": "cosine",
    "momentum": 0.8,
    "nesterov": False,
    "weight_decay": 0.0,
    "flip": False,
    "crop_padding": 1,
    "batch_norm_momentum": 0.2,
    "batch_norm_epsilon": 1e-4,
}


def test_nasbench201_is_as_published():
    """The source is Dong & Yang 2020, section 2.3."""
    recipe = find_recipe("nasbench201-200")
    assert (recipe.channels, recipe.stages, recipe.cells, recipe.stem_stride) == (16, 3, 5, 1)
    assert (recipe.train_images, recipe.valid_images, recipe.image_size) == (25_000, 25_000, 32)
    assert (recipe.epochs, recipe.batch_size, recipe.learning_rate) == (200, 256, 0.1)
    assert (recipe.optimizer, recipe.nesterov, recipe.momentum) == ("sgd", True, 0.9)
    assert (recipe.schedule, recipe.weight_decay) == ("cosine", 5e-4)
    assert (recipe.flip, recipe.crop_padding) == (True, 4)
    assert find_recipe("nasbench201-12") == replace(recipe, name="nasbench201-12", epochs=12)


def test_nasbench101_is_as_published():
    """The sources are Ying et al. 2019, supplement S4, and `config.py` of its code."""
    recipe = find_recipe("nasbench101-108")
    assert (recipe.channels, recipe.stages, recipe.cells) == (128, 3, 3)
    assert (recipe.train_images, recipe.valid_images) == (40_000, 10_000)
    assert (recipe.epochs, recipe.batch_size, recipe.learning_rate) == (108, 256, 0.2)
    assert (recipe.optimizer, recipe.nesterov, recipe.momentum) == ("rmsprop", False, 0.9)
    assert (recipe.schedule, recipe.weight_decay) == ("cosine", 1e-4)
    assert 1 - recipe.batch_norm_momentum == pytest.approx(0.997)
    assert recipe.batch_norm_epsilon == 1e-5


def test_the_recipe_of_the_embedded_table_stays_what_it_is():
    """Its digest is a key of the table, so another digest makes another table."""
    assert MINI.digest == "0e369e6477a5c0dc5fa1584cd396307eb6eea1d4b390e2d6a6d6488f677208cc"
    settings = {
        "batch_size": 100, "cells": 2, "channels": 24, "epochs": 4, "image_size": 8, "learning_rate": 0.2,
        "nesterov": True, "schedule": "one_cycle", "stages": 1, "stem_stride": 2, "train_images": 5000,
        "valid_images": 2500, "weight_decay": 0.0005,
    }  # fmt: skip
    assert sha256(json.dumps(settings).encode()).hexdigest() == MINI.digest


def test_names_are_unique_and_found():
    assert [find_recipe(recipe.name) for recipe in RECIPES] == list(RECIPES)
    assert len({recipe.digest for recipe in RECIPES}) == len(RECIPES)


def test_settings_follow_the_name():
    text = "nasbench201-12:epochs=2,learning_rate=1,schedule=one_cycle,flip=false"
    recipe = find_recipe(text)
    assert recipe == replace(
        find_recipe("nasbench201-12"),
        name=text,
        epochs=2,
        learning_rate=1.0,
        schedule="one_cycle",
        flip=False,
    )
    assert (type(recipe.epochs), type(recipe.learning_rate)) == (int, float)
    assert recipe.spaces == ("nasbench201",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cifar-mini", "unknown recipe 'cifar-mini'; did you mean 'cifar10-mini'? Known: cifar10-mini, nas"),
        ("", "unknown recipe ''"),
        ("nasbench201-12:epoch=2", "unknown setting of the recipe nasbench201-12 'epoch'; did you mean 'epo"),
        ("cifar10-mini:name=x", "unknown setting of the recipe cifar10-mini 'name'"),
        ("cifar10-mini:spaces=x", "unknown setting of the recipe cifar10-mini 'spaces'"),
        ("cifar10-mini:epochs", "each setting of the recipe cifar10-mini is written key=value, separated by"),
        ("cifar10-mini:epochs=2.5", "the setting epochs of the recipe cifar10-mini takes a whole number; re"),
        ("cifar10-mini:flip=1", "the setting flip of the recipe cifar10-mini takes true or false; received"),
        ("cifar10-mini:weight_decay=a", "takes a number; received 'a'"),
        ("cifar10-mini:epochs=0", "epochs of the recipe cifar10-mini:epochs=0 is 1 or more; received 0"),
        ("cifar10-mini:batch_size=1", "is 2 or more; received 1"),
        ("cifar10-mini:train_images=1", "is 2 or more; received 1"),
        ("cifar10-mini:valid_images=0", "is 1 or more; received 0"),
        ("cifar10-mini:image_size=3", "is 4 or more; received 3"),
        ("cifar10-mini:crop_padding=-1", "is 0 or more; received -1"),
        ("cifar10-mini:channels=0", "is 1 or more; received 0"),
        ("cifar10-mini:stages=0", "is 1 or more; received 0"),
        ("cifar10-mini:cells=0", "is 1 or more; received 0"),
        ("cifar10-mini:stem_stride=0", "is 1 or more; received 0"),
        ("cifar10-mini:learning_rate=0", "learning_rate of the recipe cifar10-mini:learning_rate=0 is above"),
        ("cifar10-mini:learning_rate=nan", "is above 0; received nan"),
        ("cifar10-mini:learning_rate=inf", "is above 0; received inf"),
        ("cifar10-mini:momentum=1", "is from 0 to below 1; received 1"),
        ("cifar10-mini:momentum=-0.1", "is from 0 to below 1; received -0.1"),
        ("cifar10-mini:weight_decay=-1", "is 0 or more; received -1"),
        ("cifar10-mini:batch_norm_momentum=0", "is above 0 and at most 1; received 0"),
        ("cifar10-mini:batch_norm_epsilon=0", "is above 0; received 0"),
        (
            "cifar10-mini:optimizer=adam",
            "optimizer of the recipe .* takes 'sgd' or 'rmsprop'; received 'adam'",
        ),
        (
            "cifar10-mini:schedule=step",
            "schedule of the recipe .* takes 'cosine' or 'one_cycle'; received 'step'",
        ),
        ("cifar10-mini:momentum=0", "takes optimizer=sgd and a momentum above 0; received sgd and 0"),
        ("cifar10-mini:optimizer=rmsprop", "takes optimizer=sgd and a momentum above 0; received rmsprop"),
    ],
)  # fmt: skip
def test_what_is_no_recipe_is_said_in_one_line(text, message):
    with pytest.raises(UsageError, match=message.replace("?", r"\?")) as raised:
        find_recipe(text)
    assert "\n" not in str(raised.value)


def test_another_space_is_refused_with_the_recipes_it_has():
    recipe = find_recipe("nasbench201-12")
    recipe.check_space("nasbench201")
    message = (
        "the recipe nasbench201-12 is for nasbench201, not for nasbench101; use nasbench101-108"
        " or cifar10-mini"
    )
    with pytest.raises(UsageError) as raised:
        recipe.check_space("nasbench101")
    assert str(raised.value) == message
    for space in all_spaces():
        MINI.check_space(space)


def test_every_setting_counts_in_the_digest():
    settings = {field.name for field in fields(Recipe)} - {"name", "spaces"}
    assert set(OTHER) == settings
    # RMSProp does not take Nesterov's momentum.
    digests = {
        replace(MINI, **({"nesterov": False} if name == "optimizer" else {}) | {name: value}).digest
        for name, value in OTHER.items()
    }
    assert len(digests | {MINI.digest}) == len(OTHER) + 1


@given(name=st.text(), spaces=st.lists(st.text()).map(tuple))
def test_names_do_not_count_in_the_digest(name, spaces):
    assert replace(MINI, name=name, spaces=spaces).digest == MINI.digest


@given(rate=st.integers(1, 1000), decay=st.integers(0, 1000))
def test_equal_recipes_have_equal_digests(rate, decay):
    whole = replace(MINI, learning_rate=rate, weight_decay=decay)
    fraction = replace(MINI, learning_rate=float(rate), weight_decay=float(decay))
    assert whole == fraction
    assert whole.digest == fraction.digest


def test_recipes_need_no_torch():
    program = (
        "import sys, nasbench_lab.benchmarks.training.recipes, nasbench_lab.benchmarks.live.pack; "
        "print('torch' in sys.modules)"
    )
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert outcome.stdout == "False\n"


def test_a_training_has_a_step_for_each_batch_in_each_epoch():
    assert find_recipe("cifar10-mini").steps == 200
    assert find_recipe("cifar10-mini:train_images=150,batch_size=40,epochs=3").steps == 4 * 3
