import errno
import logging
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nasbench_lab.benchmarks.training import trainer
from nasbench_lab.benchmarks.training.devices import describe_device
from nasbench_lab.benchmarks.training.images import open_images
from nasbench_lab.benchmarks.training.networks import (
    Shape,
    SpaceNetwork,
    build_network,
    spaces_with_networks,
)
from nasbench_lab.benchmarks.training.recipes import find_recipe
from nasbench_lab.benchmarks.training.trainer import score, train
from nasbench_lab.errors import RefusedError, TrainingError, UsageError
from nasbench_lab.spaces import find_space
from tests.live_training import CELL, TINY, made_images

CPU = torch.device("cpu")
IMAGES = made_images()


def trained(recipe=TINY, seed=0, *, space="nasbench201", cell=CELL, images=IMAGES, **more):
    return train(SpaceNetwork(space, cell), recipe, images, seed=seed, device=CPU, **more)


def numbers(outcome):
    """The values that the seed fixes; seconds differ from run to run."""
    epochs = [(epoch.valid_accuracy, epoch.valid_loss, epoch.train_loss) for epoch in outcome.epochs]
    return epochs, outcome.test, outcome.failure, outcome.parameters, outcome.flops


@pytest.fixture(scope="module")
def tiny():
    return trained()


@pytest.fixture
def always_saved(monkeypatch):
    """Save a checkpoint after every epoch."""
    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", -1.0)


def test_an_outcome_says_what_happened(tiny):
    assert (len(tiny.epochs), tiny.failure) == (TINY.epochs, "")
    for epoch in tiny.epochs:
        assert 0 <= epoch.valid_accuracy <= 100
        assert epoch.valid_accuracy * 50 % 100 == pytest.approx(0)
        assert epoch.valid_loss > 0
        assert epoch.train_loss > 0
        assert epoch.valid_seconds > 0
    seconds = [0.0, *[epoch.train_seconds for epoch in tiny.epochs]]
    assert all(np.diff(seconds) > 0)
    shape = Shape(channels=4, stages=1, cells=1)
    with torch.device("meta"):
        network = build_network("nasbench201", CELL, shape)
    assert tiny.parameters == pytest.approx(sum(weights.numel() for weights in network.parameters()) / 1e6)
    assert tiny.device == describe_device(CPU)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_same_seed_same_bits_whatever_the_threads(tiny, threads):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        assert numbers(trained()) == numbers(tiny)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_same_seed_same_bits_in_another_process(tiny):
    program = """if True:
        import torch
        from tests.live_training import CELL, TINY, made_images
        from nasbench_lab.benchmarks.training.networks import SpaceNetwork
        from nasbench_lab.benchmarks.training.trainer import train
        torch.rand(7)
        images, device = made_images(), torch.device("cpu")
        outcome = train(SpaceNetwork("nasbench201", CELL), TINY, images, seed=0, device=device)
        epochs = [(epoch.valid_accuracy, epoch.valid_loss, epoch.train_loss) for epoch in outcome.epochs]
        print(repr((epochs, outcome.test)))
    """
    environment = os.environ | {"OMP_NUM_THREADS": "2", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    call = [sys.executable, "-c", program]
    outcome = subprocess.run(call, capture_output=True, text=True, check=True, env=environment)
    assert outcome.stdout.strip() == repr(numbers(tiny)[:2])


def test_another_seed_differs(tiny):
    other = trained(seed=1)
    pairs = zip(other.epochs, tiny.epochs, strict=True)
    assert all(mine.train_loss != theirs.train_loss for mine, theirs in pairs)
    assert numbers(trained(seed=1)) == numbers(other)


def test_the_seed_fixes_the_order_apart_from_the_weights(tiny, monkeypatch):
    """Two seeds with the same initial weights see the images in different orders."""
    begin = torch.manual_seed
    monkeypatch.setattr(torch, "manual_seed", lambda seed: begin(0))
    assert numbers(trained(seed=1))[0] != numbers(tiny)[0]


@pytest.mark.parametrize("space", spaces_with_networks())
def test_every_space_is_trained_and_generators_stay_as_they_are(space):
    recipe = replace(TINY, channels=8, epochs=1)
    cell = find_space(space).sample(np.random.default_rng(0))
    torch.manual_seed(5)
    before, numpy_before = torch.get_rng_state(), np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
    outcomes = [trained(recipe, space=space, cell=cell) for _ in range(2)]
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state(legacy=False)["state"]["key"], numpy_before)  # noqa: NPY002
    assert numbers(outcomes[0]) == numbers(outcomes[1])
    assert (outcomes[0].failure, len(outcomes[0].epochs)) == ("", 1)


def test_accuracy_rises_on_the_digits():
    pytest.importorskip("sklearn")
    recipe = replace(
        TINY, channels=12, train_images=500, valid_images=400, epochs=4, batch_size=20, learning_rate=0.1
    )
    still = replace(recipe, flip=False, crop_padding=0)  # a mirrored 2 is another digit, or none
    outcome = trained(still, images=open_images("digits"))
    accuracies = [epoch.valid_accuracy for epoch in outcome.epochs]
    assert accuracies == sorted(accuracies)
    assert accuracies[-1] > 80
    assert outcome.test.accuracy > 70
    assert outcome.epochs[-1].train_loss < outcome.epochs[0].train_loss


def test_progress_is_called_after_each_epoch():
    seen = []
    outcome = trained(progress=lambda number, epoch: seen.append((number, epoch)))
    assert seen == list(enumerate(outcome.epochs, start=1))


@pytest.mark.parametrize("space", ["nasbench101", "nowhere"])
def test_another_architecture_is_no_failure_but_an_error(space):
    with pytest.raises((UsageError, IndexError, ValueError)):
        trained(space=space)


# Scores


def compare_with_scikit_learn(labels, predicted):
    metrics = pytest.importorskip("sklearn.metrics")
    found = score(labels, predicted, 10)
    macro = metrics.precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0)
    assert found.accuracy == pytest.approx(100 * metrics.accuracy_score(labels, predicted))
    assert [found.precision, found.recall, found.f1] == pytest.approx([100 * value for value in macro[:3]])


@given(data=st.data(), n=st.integers(1, 40), classes=st.integers(1, 10))
@settings(max_examples=30)
def test_scores_are_those_of_scikit_learn(data, n, classes):
    """With few images and classes, some classes never occur, are never predicted, or both."""
    labels, predicted = (
        np.array(data.draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n))) for _ in range(2)
    )
    compare_with_scikit_learn(labels, predicted)


def test_scores_of_a_class_that_is_never_predicted():
    labels, predicted = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0])
    compare_with_scikit_learn(labels, predicted)
    found = score(labels, predicted, 10)
    assert (found.accuracy, found.precision, found.recall) == (50, 25, 50)
    assert score(labels, labels, 10).f1 == 100


# Failures


def test_a_training_that_diverges_is_a_failure():
    outcome = trained(replace(TINY, learning_rate=1e30, schedule="cosine"))
    assert outcome.failure == "diverged: the loss is not finite in epoch 1"
    assert outcome.diverged
    assert outcome.failed_seconds > 0
    assert (outcome.epochs, outcome.test) == ((), None)
    assert outcome.parameters > 0
    # The next training is not affected.
    assert trained().failure == ""


def test_epochs_before_the_failure_are_kept(monkeypatch, tiny):
    epoch = trainer._Training.epoch

    def failing(self, seconds_before):
        done = epoch(self, seconds_before)
        return replace(done, valid_loss=float("nan")) if seconds_before else done

    monkeypatch.setattr(trainer._Training, "epoch", failing)
    outcome = trained()
    assert outcome.failure == "diverged: the loss is not finite in epoch 2"
    assert outcome.failed_seconds > outcome.epochs[0].train_seconds
    assert numbers(outcome)[0] == numbers(tiny)[0][:1]


def broken_network(monkeypatch, error):
    """Make networks that raise an error when they compute, but not when they are counted."""

    class Broken(nn.Linear):
        def forward(self, images):
            if images.is_meta:
                return images
            raise error

    monkeypatch.setattr(SpaceNetwork, "build", lambda *_: Broken(1, 1))


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2\n cannot be multiplied"),
        ValueError("more than 1 value"),
        ZeroDivisionError(),
    ],
    ids=repr,
)
def test_an_error_in_the_network_is_a_failure(monkeypatch, error):
    broken_network(monkeypatch, error)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    outcome = trained()
    assert outcome.failure == f"{type(error).__name__}: {' '.join(str(error).split())}"
    assert (outcome.epochs, outcome.test, outcome.diverged) == ((), None, False)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_a_device_that_broke_is_not_the_networks_failure(monkeypatch):
    broken_network(monkeypatch, RuntimeError("CUDA error: an illegal memory access was encountered"))
    monkeypatch.setattr(trainer, "_works", lambda device: False)
    with pytest.raises(TrainingError, match="cpu does not work any more, after RuntimeError: CUDA error"):
        trained()


def test_images_that_do_not_fit_are_said(monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(trainer, "pixels_on", full)
    with pytest.raises(TrainingError, match="cannot be put on cpu: out of memory"):
        trained()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tri"
        ),
        RuntimeError("MPS backend out of memory (MPS allocated: 5.00 GB)"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
    ids=str,
)
def test_too_little_memory_is_said_with_batch_size_and_device(monkeypatch, error):
    broken_network(monkeypatch, error)
    assert trained().failure == "out of memory: batches of 40 images on cpu; use a smaller batch_size"


@pytest.mark.parametrize(
    "error", [RuntimeError("not the network's"), KeyboardInterrupt(), OSError("disk full")]
)
def test_what_the_caller_raises_is_passed_on(error):
    def progress(number, epoch):
        raise error

    before, threads = torch.get_rng_state(), torch.get_num_threads()
    with pytest.raises(type(error)):
        trained(progress=progress)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


@pytest.mark.usefixtures("always_saved")
def test_a_checkpoint_that_cannot_be_written_is_no_failure_of_the_network(monkeypatch, tmp_path):
    def save(state, path):
        raise RuntimeError("PytorchStreamWriter failed writing file")

    monkeypatch.setattr(torch, "save", save)
    with pytest.raises(RuntimeError, match="failed writing"):
        trained(checkpoint=tmp_path / "x.checkpoint")


# Checkpoints


def interrupted(path, recipe=TINY, seed=0, after=2, **more):
    """Stop after an epoch; the checkpoint lacks it, because progress is reported before it is written."""

    def progress(number, epoch):
        if number == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(recipe, seed, checkpoint=path, progress=progress, **more)
    assert path.exists()
    assert [path] == list(path.parent.iterdir())


@pytest.mark.usefixtures("always_saved")
@pytest.mark.parametrize("after", [2, 3])
@pytest.mark.parametrize(
    ("space", "optimizer"),
    [("nasbench201", "sgd"), ("nasbench201", "rmsprop"), ("chain", "sgd")],
    ids=" ".join,
)
def test_goes_on_from_a_checkpoint_with_the_same_bits(tmp_path, caplog, space, optimizer, after):
    """This also holds for a network that draws numbers itself, for dropout."""
    path = tmp_path / "training.checkpoint"
    recipe = replace(TINY, optimizer=optimizer, nesterov=False)
    dropout = "conv3x3-16-s1-relu|dropout-0.5|fc-64-relu"
    cell = CELL if space == "nasbench201" else find_space(space).parse(dropout)
    whole = trained(recipe, space=space, cell=cell)
    interrupted(path, recipe, after=after, space=space, cell=cell)
    torch.rand(3)
    epochs = []
    resumed = trained(
        recipe, space=space, cell=cell, checkpoint=path, progress=lambda number, _: epochs.append(number)
    )
    assert numbers(resumed) == numbers(whole)
    assert epochs == list(range(after, 4))
    assert (np.diff([epoch.train_seconds for epoch in resumed.epochs]) > 0).all()
    assert caplog.messages == []


@pytest.mark.usefixtures("always_saved")
def test_the_checkpoint_stays_until_the_outcome_is_kept(tmp_path):
    """It is still needed if the outcome cannot be written.

    The code that keeps the outcome removes the checkpoint.
    """
    path = tmp_path / "training.checkpoint"
    whole = trained(checkpoint=path)
    assert path.exists()
    assert numbers(trained(checkpoint=path)) == numbers(whole)


def test_a_short_training_leaves_no_checkpoint(tmp_path):
    path = tmp_path / "training.checkpoint"
    trained(checkpoint=path, progress=lambda *_: path.exists() and pytest.fail("written too early"))
    assert list(tmp_path.iterdir()) == []


def checkpoint_of(path, **more):
    interrupted(path, **more)
    return path.read_bytes()


FOREIGN = {
    "empty": lambda path: b"",
    "torn": lambda path: checkpoint_of(path)[:-1000],
    "torn early": lambda path: checkpoint_of(path)[:100],
    "text": lambda path: b"not a checkpoint",
    "code": lambda path: b"cos\nsystem\n(S'touch evil'\ntR.",
    "another seed": lambda path: checkpoint_of(path, seed=1),
    "another recipe": lambda path: checkpoint_of(path, recipe=replace(TINY, learning_rate=0.1)),
    "another cell": lambda path: checkpoint_of(path, cell=(3, 1, 2, 4, 3, 2)),
    "other images": lambda path: checkpoint_of(path, images=made_images(seed=9)),
}


@pytest.mark.usefixtures("always_saved")
@pytest.mark.parametrize("kind", FOREIGN)
def test_a_damaged_or_foreign_checkpoint_begins_again(tmp_path, tiny, caplog, kind):
    path = tmp_path / "training.checkpoint"
    path.write_bytes(FOREIGN[kind](path))
    with caplog.at_level(logging.WARNING):
        outcome = trained(checkpoint=path)
    assert numbers(outcome) == numbers(tiny)
    (message,) = caplog.messages
    assert message.startswith(f"the checkpoint {path} cannot be used (")
    assert message.endswith("); the training begins again")
    assert "\n" not in message
    if kind.startswith(("another", "other")):
        assert "(it belongs to another training)" in message


@pytest.mark.usefixtures("always_saved")
def test_a_checkpoint_that_is_refused_stays(tmp_path, monkeypatch):
    path = tmp_path / "training.checkpoint"
    interrupted(path)
    before = path.read_bytes()

    def refuse(*_, **__):
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(torch, "load", refuse)
    with pytest.raises(RefusedError, match=r"training\.checkpoint cannot be read \(Input/output error\)"):
        trained(checkpoint=path)
    assert path.read_bytes() == before


@pytest.mark.usefixtures("always_saved")
@pytest.mark.parametrize("part", ["epochs", "parts", "generators"])
def test_a_checkpoint_taken_over_in_part_begins_again(tmp_path, tiny, caplog, part):
    path = tmp_path / "training.checkpoint"
    interrupted(path)
    state = torch.load(path, weights_only=True)
    state[part] = [state[part][0], *["damaged"] * len(state[part][1:]), "more"]
    torch.save(state, path)
    assert numbers(trained(checkpoint=path)) == numbers(tiny)
    assert "the training begins again" in caplog.text


def test_real_images_give_the_numbers_they_gave(cifar10):
    """Another machine may differ in the last bits, and so in one or two images."""
    outcome = trained(
        find_recipe("cifar10-mini:cells=1,epochs=1"),
        3,
        cell=(0, 3, 2, 0, 1, 4),
        images=open_images("cifar10", cifar10),
    )
    (epoch,) = outcome.epochs
    assert epoch.train_loss == pytest.approx(1.9744, abs=0.03)
    assert epoch.valid_accuracy == pytest.approx(32.88, abs=3)
    assert (outcome.parameters, outcome.flops) == (0.00685, 0.102768)
