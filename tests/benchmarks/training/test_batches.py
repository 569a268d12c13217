from dataclasses import replace

import numpy as np
import pytest
import torch

from nasbench_lab.benchmarks.training.batches import batches
from nasbench_lab.benchmarks.training.pixels import Pixels
from tests.live_training import TINY, made_images

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def numbered():
    """Pixels whose values encode their place: image, row and column."""
    size, padding, n = 8, 2, 60
    recipe = replace(TINY, crop_padding=padding, train_images=n, batch_size=25)
    pixels = Pixels.load(made_images(), recipe, CPU)
    side = size + 2 * padding
    marks = torch.arange(n * side * side, dtype=torch.float32).reshape(n, 1, side, side)
    pixels.train.images.copy_(marks.expand(-1, 3, -1, -1))
    pixels.train.labels.copy_(torch.arange(n))
    return recipe, pixels


def epochs(recipe, pixels, seed, count=1):
    """The batches of each epoch."""
    generator = torch.Generator().manual_seed(seed)
    return [list(batches(pixels.train, recipe, generator)) for _ in range(count)]


def test_every_crop_is_a_window_of_its_image(numbered):
    recipe, pixels = numbered
    places, mirrored = [], []
    for images, labels in (batch for epoch in epochs(recipe, pixels, 0, 20) for batch in epoch):
        assert images.is_contiguous(memory_format=torch.channels_last)
        for image, label in zip(images, labels.tolist(), strict=True):
            flipped = bool(image[0, 0, 0] > image[0, 0, -1])
            upright = image.flip(2) if flipped else image
            image_of, place = divmod(int(upright[0, 0, 0]), 12 * 12)
            top, left = divmod(place, 12)
            window = pixels.train.images[image_of, :, top : top + 8, left : left + 8]
            assert image_of == label
            assert torch.equal(upright, window)
            places.append((top, left))
            mirrored.append(flipped)
    # In 1,200 draws, three standard deviations are 0.043 for a share of 1/2 and 0.017 for one of 1/25.
    assert np.mean(mirrored) == pytest.approx(0.5, abs=0.05)
    shares = np.array([places.count((top, left)) for top in range(5) for left in range(5)]) / len(places)
    assert shares == pytest.approx(np.full(25, 0.04), abs=0.02)
    upright_places = {place for place, flipped in zip(places, mirrored, strict=True) if not flipped}
    assert len(upright_places) == 25


def test_an_epoch_has_every_image_once_in_a_new_order(numbered):
    recipe, pixels = numbered
    orders = [
        torch.cat([labels for _, labels in epoch]).tolist()
        for seed in (0, 1)
        for epoch in epochs(recipe, pixels, seed, 2)
    ]
    assert all(sorted(order) == list(range(60)) for order in orders)
    assert len({tuple(order) for order in [*orders, range(60)]}) == 5
    (epoch,) = epochs(recipe, pixels, 0)
    assert [len(labels) for _, labels in epoch] == [25, 25, 10]
    assert torch.cat([labels for _, labels in epoch]).tolist() == orders[0]


def test_without_flips_and_crops_images_stay_as_they_are():
    recipe, shown = replace(TINY, crop_padding=0, flip=False), made_images()
    pixels = Pixels.load(shown, recipe, CPU)
    where = {image.tobytes(): number for number, image in enumerate(pixels.train.images.numpy())}
    (epoch,) = epochs(recipe, pixels, 0)
    seen = [where[image.numpy().tobytes()] for images, _ in epoch for image in images]
    assert sorted(seen) == list(range(150))
    labels = torch.cat([labels for _, labels in epoch]).tolist()
    assert labels == [shown.train_labels[number] for number in seen]
