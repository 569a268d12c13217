import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from nasbench_lab.benchmarks.training import shared_training
from nasbench_lab.benchmarks.training.batches import batches
from nasbench_lab.benchmarks.training.images import open_images
from nasbench_lab.benchmarks.training.pixels import Pixels
from nasbench_lab.benchmarks.training.shared_training import SharedTraining
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import find_space
from tests.live_training import CELL, TINY, made_images

CPU = torch.device("cpu")
SPACE = find_space("nasbench201")
IMAGES = made_images()
OTHER = (2, 3, 1, 0, 4, 1)


def begun(seed=0, recipe=TINY, *, space="nasbench201", images=IMAGES):
    return SharedTraining(space, recipe, images, seed=seed, device=CPU)


def paths(count, seed=0):
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(count)]


def trained(seed=0):
    """Losses of nine steps, and the accuracy of three cells after them."""
    network = begun(seed)
    losses, _ = network.train(paths(9))
    return losses, [network.accuracy(cell)[0] for cell in paths(3, seed=1)]


def test_a_step_has_the_loss_of_its_batch():
    """150 images in batches of 40 are four batches in each pass; the fifth step begins another pass."""
    network = begun()
    generator = torch.Generator().manual_seed(0)
    pixels = Pixels.load(IMAGES, TINY, CPU)
    shown = [batch for _ in range(2) for batch in batches(pixels.train, TINY, generator)]
    for images, labels in shown[:6]:
        with torch.no_grad():
            expected = cross_entropy(network._network(images, CELL), labels).item()
        ((loss,), seconds) = network.train([CELL])
        assert loss == pytest.approx(expected, rel=1e-6)
        assert seconds > 0


def test_a_step_changes_its_path_alone():
    network = begun()
    network.train([CELL])
    before = {name: weights.clone() for name, weights in network._network.named_parameters()}
    network.train([OTHER])
    changed = {
        name for name, weights in network._network.named_parameters() if weights.ne(before[name]).any()
    }
    touched = {name for name in changed if ".convolutions." in name}
    assert {name.split(".convolutions.")[1].split(".")[0] for name in touched} == {"0-1 1x1", "0-2 3x3"}
    assert any("layers.0." in name for name in changed)


def test_chunks_make_no_difference():
    whole, halves = begun(), begun()
    losses, _ = whole.train(paths(8))
    first, _ = halves.train(paths(8)[:3])
    halves.accuracy(CELL)  # does not change what follows
    second, _ = halves.train(paths(8)[3:])
    assert losses == first + second
    assert whole.accuracy(CELL)[0] == halves.accuracy(CELL)[0]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_seed_fixes_everything_and_the_global_generator_stays(threads):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        torch.manual_seed(threads)
        state = torch.get_rng_state()
        assert trained() == trained()
        assert trained(seed=1)[0] != trained()[0]
        assert torch.equal(torch.get_rng_state(), state)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_another_process_gets_the_same_bits():
    program = "from tests.benchmarks.training.test_shared_training import trained; print(repr(trained()))"
    environment = os.environ | {"OMP_NUM_THREADS": "2", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    call = [sys.executable, "-c", program]
    outcome = subprocess.run(call, capture_output=True, text=True, check=True, env=environment)
    assert outcome.stdout.strip() == repr(trained())


def test_searches_side_by_side_do_not_disturb_each_other():
    one, other = begun(), begun(seed=1)
    mixed = []
    for path in paths(9):
        other.train([OTHER])
        mixed += one.train([path])[0]
    assert mixed == trained()[0]


def test_accuracy_is_that_of_the_validation_images_by_their_own_statistics(monkeypatch):
    """50 images in three batches of nearly equal size, each normalised by itself."""
    monkeypatch.setattr(shared_training, "EVALUATION_BATCH", 20)
    network = begun()
    network.train(paths(5))
    valid = Pixels.load(IMAGES, TINY, CPU).valid
    right = 0
    with torch.no_grad():
        for part in (slice(0, 17), slice(17, 34), slice(34, 50)):
            logits = network._network(valid.images[part], CELL)
            right += (logits.argmax(dim=1) == valid.labels[part]).sum().item()
    accuracy, seconds = network.accuracy(CELL)
    assert accuracy == 100 * right / 50
    assert seconds > 0


def test_accuracy_rises_on_the_digits():
    pytest.importorskip("sklearn")
    recipe = replace(TINY, channels=12, train_images=500, valid_images=400, flip=False, crop_padding=0)
    network = begun(recipe=replace(recipe, batch_size=20, epochs=8), images=open_images("digits"))
    cells = paths(10, seed=1)
    before = np.mean([network.accuracy(cell)[0] for cell in cells])
    losses, _ = network.train(paths(200))
    after = np.mean([network.accuracy(cell)[0] for cell in cells])
    assert before < 20
    assert after > 50
    assert np.mean(losses[-20:]) < np.mean(losses[:20])


def test_after_divergence_there_is_no_accuracy():
    network = begun(recipe=replace(TINY, learning_rate=1e30, schedule="cosine"))
    losses, _ = network.train([CELL] * 4)
    assert not math.isfinite(losses[-1])
    assert math.isnan(network.accuracy(CELL)[0])


def test_without_paths_nothing_happens():
    losses, seconds = begun().train([])
    assert losses == []
    assert seconds >= 0


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
def test_every_optimizer_moves_weights_that_were_left_out_before(optimizer, momentum):
    network = begun(recipe=replace(TINY, optimizer=optimizer, momentum=momentum, nesterov=False))
    losses, _ = network.train([(0,) * 6, *paths(5)])
    assert np.isfinite(losses).all()


def test_a_space_without_shared_weights_is_refused():
    with pytest.raises(UsageError, match="architectures of chain share no weights here"):
        begun(space="chain")
