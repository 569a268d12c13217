from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_lab.benchmarks.training import pixels as module
from nasbench_lab.benchmarks.training.pixels import Pixels, pixels_on
from nasbench_lab.errors import UsageError
from tests.live_training import TINY, made_images

CPU = torch.device("cpu")


def expected(images, every, size):
    """The images, normalised in double precision and then shrunk by averaging blocks."""
    scaled, all_scaled = images / 255.0, every / 255.0
    channel = (0, 2, 3)
    scaled = (scaled - all_scaled.mean(channel)[:, None, None]) / all_scaled.std(channel)[:, None, None]
    n, channels, side, _ = images.shape
    blocks = scaled.reshape(n, channels, size, side // size, size, side // size)
    return blocks.mean(axis=(3, 5))


@pytest.mark.parametrize(("side", "size"), [(8, 8), (16, 8), (12, 4), (32, 8)])
@pytest.mark.parametrize("channels", [1, 3])
def test_normalised_and_averaged_down(side, size, channels):
    images = made_images(size=side, channels=channels)
    loaded = Pixels.load(images, replace(TINY, image_size=size, crop_padding=0), CPU)
    pairs = [
        (loaded.train, images.train_images[:150], images.train_labels[:150]),
        (loaded.valid, images.train_images[150:], images.train_labels[150:]),
        (loaded.test, images.test_images, images.test_labels),
    ]
    for part, originals, labels in pairs:
        wanted = expected(originals, images.train_images, size)
        np.testing.assert_allclose(part.images.numpy(), wanted, atol=2e-5)
        assert part.labels.tolist() == labels.tolist()
        assert part.images.dtype == torch.float32
        assert part.images.is_contiguous(memory_format=torch.channels_last)
        assert len(part) == len(labels)
    assert loaded.classes == 10


@given(train=st.integers(2, 30), valid=st.integers(1, 30), spare=st.integers(0, 30))
@settings(max_examples=25)
def test_no_image_is_in_two_parts(train, valid, spare):
    """The first images are for training and the last for validation; some may be left between them."""
    images = made_images(train=train + valid + spare, test=7)
    recipe = replace(TINY, train_images=train, valid_images=valid, crop_padding=0)
    loaded = Pixels.load(images, recipe, CPU)
    assert (len(loaded.train), len(loaded.valid), len(loaded.test)) == (train, valid, 7)
    parts = [
        {image.tobytes() for image in part.images.numpy()}
        for part in (loaded.train, loaded.valid, loaded.test)
    ]
    assert [len(part) for part in parts] == [train, valid, 7]
    assert len(set.union(*parts)) == train + valid + 7


@pytest.mark.parametrize("border", [1, 4])
def test_the_border_is_black(border):
    images = made_images()
    loaded = Pixels.load(images, replace(TINY, crop_padding=border), CPU)
    bare = Pixels.load(images, replace(TINY, crop_padding=0), CPU)
    padded = loaded.train.images
    assert padded.shape == (150, 3, 8 + 2 * border, 8 + 2 * border)
    inside = padded[:, :, border:-border, border:-border]
    assert torch.equal(inside, bare.train.images)
    every = images.train_images / 255.0
    black = -every.mean((0, 2, 3)) / every.std((0, 2, 3))
    around = torch.ones_like(padded, dtype=torch.bool)
    around[:, :, border:-border, border:-border] = False
    for channel in range(3):
        values = padded[:, channel][around[:, channel]].numpy()
        assert len(values) == 150 * ((8 + 2 * border) ** 2 - 64)
        np.testing.assert_allclose(values, black[channel], rtol=1e-5)
    # Only training images are cropped.
    assert torch.equal(loaded.valid.images, bare.valid.images)
    assert torch.equal(loaded.test.images, bare.test.images)


def test_the_images_stay_as_they_are():
    images = made_images()
    before = [images.train_images.copy(), images.test_images.copy()]
    loaded = Pixels.load(images, TINY, CPU)
    loaded.train.images.zero_()
    assert np.array_equal(images.train_images, before[0])
    assert np.array_equal(images.test_images, before[1])


def test_too_few_images_are_refused():
    with pytest.raises(UsageError) as raised:
        Pixels.load(made_images(), replace(TINY, train_images=1151), CPU)
    assert str(raised.value) == (
        "the recipe tiny takes 1,151 images to train on and 50 to validate on; Noise has 200 in total"
    )


@pytest.mark.parametrize(("side", "size"), [(8, 16), (8, 5), (32, 9), (8, 9)])
def test_sizes_that_do_not_divide_are_refused(side, size):
    with pytest.raises(UsageError) as raised:
        Pixels.load(made_images(size=side), replace(TINY, image_size=size), CPU)
    assert str(raised.value) == (
        f"the recipe tiny takes images of {size} pixels a side; those of Noise have {side}, which is not a"
        " multiple"
    )


def test_loaded_once_for_trainings_that_follow_each_other(monkeypatch):
    monkeypatch.setattr(module, "_loaded", {})
    images, other = made_images(), made_images(seed=1)
    first = pixels_on(CPU, images, TINY)
    assert pixels_on(CPU, images, replace(TINY, name="another name")) is first
    second = pixels_on(CPU, other, TINY)
    assert not torch.equal(second.train.images, first.train.images)
    assert pixels_on(CPU, other, replace(TINY, crop_padding=0)).train.images.shape[-1] == 8
    assert len(module._loaded) == 1
