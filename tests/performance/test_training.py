"""Speed of live training: `python -m pytest tests/performance/test_training.py -s`, on real CIFAR-10.

The trainer is compared with a loop as in a tutorial: a data set that crops, flips and normalises one image at
a time, a loader that gathers batches, and PyTorch's own SGD. Both have the same network, batch size and
number of threads. They take turns in one run, after one epoch each that is not counted. The tests are skipped
if the images are not there.
"""

import math
import os
import statistics
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nasbench_lab.benchmarks.training.devices import describe_device
from nasbench_lab.benchmarks.training.images import open_images
from nasbench_lab.benchmarks.training.networks import SpaceNetwork
from nasbench_lab.benchmarks.training.pixels import pixels_on
from nasbench_lab.benchmarks.training.recipes import find_recipe
from nasbench_lab.benchmarks.training.trainer import _Training, train
from nasbench_lab.spaces import find_space

CPU = torch.device("cpu")
CELL = (3, 1, 2, 4, 3, 1)  # two 3x3 and one 1x1 convolutions, a pool, two skips: a medium cost
REPEATS = 5
RECIPES = {
    "cifar10-mini": find_recipe("cifar10-mini"),
    # The published size, but few images: an epoch of all images takes most of an hour on one core.
    "nasbench201-12": replace(find_recipe("nasbench201-12"), train_images=64, valid_images=1, batch_size=32),
}


@pytest.fixture(scope="module")
def images():
    given = os.environ.get("NASBENCH_LAB_CIFAR10")
    if given is None:
        pytest.skip("set NASBENCH_LAB_CIFAR10 to the official folder or archive of CIFAR-10")
    return open_images("cifar10", Path(given))


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class TutorialImages(torch.utils.data.Dataset):
    """Images that are turned from bytes into a normalised tensor one at a time, as transforms do it."""

    mean = torch.tensor([0.4914, 0.4822, 0.4465])[:, None, None]
    std = torch.tensor([0.2470, 0.2435, 0.2616])[:, None, None]

    def __init__(self, images, labels, recipe):
        self.images, self.labels, self.recipe = images, labels, recipe

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        padding, size = self.recipe.crop_padding, self.recipe.image_size
        image = torch.from_numpy(self.images[index]).float() / 255
        if padding:
            image = torch.nn.functional.pad(image, (padding,) * 4)
            top, left = torch.randint(2 * padding + 1, (2,)).tolist()
            image = image[:, top : top + size, left : left + size]
        if torch.rand(1) < 0.5:
            image = image.flip(2)
        return (image - self.mean) / self.std, int(self.labels[index])


def shrunk(images, size):
    """Smaller images as bytes, made once in advance to spare the loop from shrinking them."""
    n, channels, side, _ = images.shape
    blocks = images.reshape(n, channels, size, side // size, size, side // size)
    return blocks.mean(axis=(3, 5)).round().astype(np.uint8)


def tutorial_epochs(network, images, recipe, workers):
    """Yield the seconds of each epoch."""
    pixels = shrunk(images.train_images[: recipe.train_images], recipe.image_size)
    data_set = TutorialImages(pixels, images.train_labels[: recipe.train_images], recipe)
    loader = torch.utils.data.DataLoader(
        data_set,
        batch_size=recipe.batch_size,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    optimizer = torch.optim.SGD(
        network.parameters(), recipe.learning_rate, recipe.momentum, 0, recipe.weight_decay, recipe.nesterov
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100 * len(loader))
    loss_of = torch.nn.CrossEntropyLoss()
    while True:
        start = time.perf_counter()
        network.train()
        for batch, labels in loader:
            optimizer.zero_grad()
            loss_of(network(batch), labels).backward()
            optimizer.step()
            schedule.step()
        yield time.perf_counter() - start


def our_epochs(images, recipe):
    """Yield the training seconds of each epoch."""
    longer = replace(recipe, epochs=100)
    training = _Training(SpaceNetwork("nasbench201", CELL), longer, pixels_on(CPU, images, recipe), 0, CPU)
    while True:
        yield training.epoch(0.0).train_seconds


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", RECIPES)
def test_images_a_second_against_a_tutorial(images, name, workers):
    recipe = RECIPES[name]
    shape = pixels_on(CPU, images, recipe).shape(recipe)
    torch.manual_seed(0)
    network = SpaceNetwork("nasbench201", CELL).build(shape)
    ours, theirs = our_epochs(images, recipe), tutorial_epochs(network, images, recipe, workers)
    next(ours), next(theirs)
    seconds = np.array([(next(ours), next(theirs)) for _ in range(REPEATS)])
    speeds, ratios = recipe.train_images / seconds, seconds[:, 1] / seconds[:, 0]
    theirs.close()
    print(
        f"\n{name}, {recipe.train_images} images, batches of {recipe.batch_size}, {workers} workers of the"
        f" tutorial's: ours {_spread(speeds[:, 0])} images/s, tutorial {_spread(speeds[:, 1])},"
        f" ratio {_spread(ratios)} ({describe_device(CPU)}, {os.cpu_count()} cores, 1 thread)"
    )
    assert np.isfinite(ratios).all()


def test_seconds_of_an_embedded_training(images):
    """The time from the initialisation to the test accuracy, for cells drawn at random."""
    recipe, space = find_recipe("cifar10-mini"), find_space("nasbench201")
    rng = np.random.default_rng(0)
    taken = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        outcome = train(SpaceNetwork("nasbench201", space.sample(rng)), recipe, images, seed=0, device=CPU)
        taken.append(time.perf_counter() - start)
        assert outcome.failure == ""
    print(f"\ncifar10-mini: {_spread(np.array(taken[1:]))} s a training ({describe_device(CPU)}, 1 thread)")
    assert math.isfinite(sum(taken))


def _spread(values):
    median = statistics.median(values)
    return f"{median:.3g} (n={len(values)}, {min(values):.3g} to {max(values):.3g})"
