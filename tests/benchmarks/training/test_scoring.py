import gzip
from csv import DictReader
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from nasbench_lab.benchmarks.training.networks import Shape, SpaceNetwork, build_network
from nasbench_lab.benchmarks.training.networks.count import count
from nasbench_lab.benchmarks.training.pixels import Pixels
from nasbench_lab.benchmarks.training.recipes import find_recipe
from nasbench_lab.benchmarks.training.scores import score_names
from nasbench_lab.benchmarks.training.scoring import BATCH, compute_score, count_size
from nasbench_lab.spaces import find_space
from tests.live_training import CELL, TINY, made_images

CPU = torch.device("cpu")
IMAGES = made_images()
NETWORK = SpaceNetwork("nasbench201", CELL)


def value(name, network=NETWORK, recipe=TINY, images=IMAGES):
    return compute_score(name, network, recipe, images, CPU).value


@pytest.mark.parametrize("name", score_names())
def test_a_score_is_always_the_same_and_the_global_generator_stays(name):
    before, threads = torch.get_num_threads(), []
    values = set()
    try:
        for count_ in (1, 2, 3):
            torch.set_num_threads(count_)
            torch.manual_seed(count_)
            state = torch.get_rng_state()
            score = compute_score(name, NETWORK, TINY, IMAGES, CPU)
            values.add(score.value)
            threads.append(torch.get_num_threads())
            assert score.seconds > 0
            assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_num_threads(before)
    assert threads == [1, 2, 3]
    assert len(values) == 1
    assert np.isfinite(list(values)).all()


@pytest.mark.parametrize("name", score_names())
def test_a_network_that_passes_nothing_on_has_no_high_score(name):
    nothing = value(name, SpaceNetwork("nasbench201", (0,) * 6))
    assert not nothing >= value(name)
    assert nothing in (0, -np.inf) or np.isnan(nothing)


@pytest.mark.parametrize("space", ["chain", "nasbench101", "nasbench_macro"])
@pytest.mark.parametrize("name", score_names())
def test_every_space_has_scores(name, space):
    network = SpaceNetwork(space, find_space(space).sample(np.random.default_rng(0)))
    assert not np.isnan(value(name, network, replace(TINY, channels=8)))


def test_a_score_sees_the_first_images_of_a_training(monkeypatch):
    from nasbench_lab.benchmarks.training.scores import grad_norm

    seen = []

    def score(network, *batch):
        seen.append(batch)
        return 0.0

    monkeypatch.setattr(grad_norm, "score", score)
    for batch_size in (40, 100):
        value("grad_norm", recipe=replace(TINY, batch_size=batch_size, crop_padding=0, flip=False))
    order = torch.randperm(150, generator=torch.Generator().manual_seed(0))
    pixels = Pixels.load(IMAGES, replace(TINY, crop_padding=0), CPU).train
    for (images, labels), length in zip(seen, (40, BATCH), strict=True):
        assert torch.equal(images, pixels.images[order[:length]])
        assert torch.equal(labels, pixels.labels[order[:length]])


def test_size_is_that_of_the_network():
    shape = Shape(channels=4, stages=1, cells=1, stem_stride=2, image_size=8)
    assert count_size(NETWORK, TINY, IMAGES, CPU) == count(build_network("nasbench201", CELL, shape), shape)


@pytest.mark.parametrize(
    ("name", "published", "least"),
    [
        ("synflow", "synflow", 0.95),
        ("naswot", "nwot", 0.8),
        ("grad_norm", "grad_norm", 0.75),
        ("jacob_cov", "jacov", 0.6),
    ],
)
def test_order_of_the_published_scores(published_data, name, published, least):
    """NAS-Bench-Suite-Zero's scores, of real images at the published size; here noise in 8x8 pixels.

    The smallest network of the published kind is enough for the order. Its depth matters, so there are
    three stages.
    """
    with gzip.open(published_data / "zero-cost" / "nasbench201_cifar10.csv.gz", "rt") as file:
        rows = list(DictReader(file))[::240]
    recipe = replace(find_recipe("nasbench201-12"), image_size=8, cells=1, train_images=150, valid_images=50)
    space = find_space("nasbench201")
    found = [value(name, SpaceNetwork("nasbench201", space.parse(row["cell"])), recipe) for row in rows]
    assert len(rows) == 40
    assert spearmanr(found, [float(row[published]) for row in rows]).statistic > least
