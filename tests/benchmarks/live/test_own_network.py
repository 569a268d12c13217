import functools
import logging
import math

import numpy as np
import pytest
import torch
from torch import nn

from nasbench_lab.benchmarks.live.cache import EvaluationCache
from nasbench_lab.benchmarks.live.own_network import NetworkTask
from nasbench_lab.benchmarks.live.pack import pack
from nasbench_lab.benchmarks.training import trainer
from nasbench_lab.benchmarks.training.images import open_images
from nasbench_lab.benchmarks.training.networks import SpaceNetwork
from nasbench_lab.benchmarks.training.networks.own import OwnNetwork
from nasbench_lab.benchmarks.training.networks.shape import Shape
from nasbench_lab.benchmarks.training.own_images import image_set
from nasbench_lab.benchmarks.training.trainer import train
from nasbench_lab.benchmarks.view import LiveSettings, View
from nasbench_lab.comparison.execution import compare
from nasbench_lab.errors import EvaluationError, ImagesError, UsageError
from nasbench_lab.search import Budget, search
from nasbench_lab.spaces import find_space
from nasbench_lab.spaces.decisions import Categorical, Ordered
from nasbench_lab.spaces.declared import DeclaredSpace
from tests.live_task import SPACE as CELLS
from tests.live_task import rng
from tests.live_training import TINY, made_images

SPACE = DeclaredSpace("convs", {"width": Ordered(2, 3, 4), "act": Categorical("relu", "tanh")})
IMAGES = made_images(channels=1)
FIRST, LAST = SPACE.architecture(0), SPACE.architecture(SPACE.size - 1)
CPU = torch.device("cpu")


def network(architecture):
    """A network that flattens with `view`, as many do."""

    class Flat(nn.Module):
        def forward(self, x):
            return x.view(x.size(0), -1)

    values = SPACE.values(architecture)
    act = nn.ReLU() if values["act"] == "relu" else nn.Tanh()
    return nn.Sequential(nn.Conv2d(1, values["width"], 3), act, Flat(), nn.Linear(values["width"] * 36, 10))


def made(tmp_path, factory=network, images=IMAGES, recipe=TINY, **settings):
    return NetworkTask(SPACE, factory, images, recipe, device="cpu", cache=tmp_path, **settings)


def curve(outcome):
    return [(epoch.valid_accuracy, epoch.valid_loss, epoch.train_loss) for epoch in outcome.epochs]


def test_a_network_is_trained_once_and_looked_up_from_then_on(tmp_path):
    task = made(tmp_path)
    first = task.evaluate(LAST, None, rng())
    assert (first.failed, first.epochs, first.source) == (False, 3, "live")
    # Counted by hand: 3x3 kernels at 6x6 places, then a dense layer.
    assert first.metrics["parameters"] == (4 * 9 + 4 + 144 * 10 + 10) / 1e6
    assert first.metrics["flops"] == (4 * 9 * 36 + 144 * 10) / 1e6
    assert 0 <= task.test_accuracy(LAST) <= 100

    def never(architecture):
        raise AssertionError

    again = made(tmp_path)
    again._factory = never
    assert again.evaluate(LAST, None, rng()) == first
    assert again.evaluate(LAST, 1, rng()).epochs == 1


def test_the_trainer_does_the_same_with_the_same_network(tmp_path):
    """A space's network gives the same bits through a function, but for the order of weights in memory."""
    cell, shape = (3, 1, 2, 4, 3, 1), Shape(channels=4, stages=1, cells=1, stem_stride=2, image_size=8)
    of_space = SpaceNetwork("nasbench201", cell)

    class Same(OwnNetwork):
        memory_format = torch.channels_last

        def build(self, _):
            return of_space.build(shape)

    images = made_images()
    own = Same(network, cell, "text", "digest")
    outcomes = [train(each, TINY, images, seed=1, device=CPU) for each in (of_space, own)]
    assert curve(outcomes[0]) == curve(outcomes[1])
    assert outcomes[0].test == outcomes[1].test
    assert outcomes[0].parameters == outcomes[1].parameters
    assert outcomes[0].flops == outcomes[1].flops  # counted on `meta`, and with a real image


def test_the_order_of_trainings_does_not_matter(tmp_path):
    def values(folder, architectures):
        task = made(tmp_path / folder, seeds=2)
        return {
            (architecture, seed): curve(task.train(architecture, seed))
            for architecture in architectures
            for seed in range(2)
        }

    torch.rand(5)
    forth = values("forth", [FIRST, LAST])
    assert values("back", [LAST, FIRST]) == forth
    assert len({str(each) for each in forth.values()}) == 4


def test_global_generators_and_weights_follow_the_seed_alone(tmp_path):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    one = made(tmp_path / "a").train(FIRST, 0)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(4)
    assert curve(made(tmp_path / "b").train(FIRST, 0)) == curve(one)


def test_it_learns_the_digits(tmp_path):
    pytest.importorskip("sklearn")
    digits = open_images("digits")
    images = image_set(
        "grey",
        (digits.train_images[:, 0], digits.train_labels),
        (digits.test_images[:, 0], digits.test_labels),
    )
    recipe = (
        "cifar10-mini:train_images=1100,valid_images=300,epochs=6,batch_size=20,learning_rate=0.05,flip=false"
    )
    task = made(tmp_path, images=images, recipe=recipe)
    assert task.name == "convs/grey"
    assert task.evaluate(LAST, None, rng()).valid_accuracy > 75
    assert task.test_accuracy(LAST) > 70


def other(architecture):
    return network(architecture)


def test_another_function_version_or_space_does_not_read_old_trainings(tmp_path):
    tasks = [
        made(tmp_path),
        made(tmp_path, other),
        made(tmp_path, version="2"),
        made(tmp_path, functools.partial(network)),
        NetworkTask(
            DeclaredSpace("convs", {"width": Ordered(2, 3), "act": Categorical("relu", "tanh")}),
            network,
            IMAGES,
            TINY,
            cache=tmp_path,
        ),
    ]
    paths = {EvaluationCache(tmp_path).path(task._key(FIRST, 0)) for task in tasks}
    assert len(paths) == len({task.card.digest for task in tasks[:4]}) + 1 == 5
    assert made(tmp_path)._key(FIRST, 0) == tasks[0]._key(FIRST, 0)


def test_a_function_for_our_cells_does_not_read_the_trainings_of_their_networks(tmp_path):
    def flat(cell):
        return nn.Sequential(nn.Flatten(), nn.Linear(192, 10))

    images = made_images()
    task = NetworkTask(CELLS, flat, images, TINY, cache=tmp_path)
    assert task._key((0,) * 6, 0).network
    task.evaluate((3, 1, 0, 1, 2, 0), None, rng())
    (entry,) = EvaluationCache(tmp_path).entries()
    assert entry.key.network == task.protocol.network


def test_a_recipe_of_another_space_may_be_used(tmp_path):
    settings = "image_size=8,train_images=40,valid_images=20,epochs=1,batch_size=20"
    task = made(tmp_path, recipe=f"nasbench101-108:{settings}")
    assert not task.evaluate(FIRST, None, rng()).failed


def raising(architecture):
    if architecture == FIRST:
        raise ValueError("no\nsuch network")
    return network(architecture)


def mismatched(architecture):
    return nn.Sequential(nn.Flatten(), nn.Linear(7, 10))


@pytest.mark.parametrize(
    ("factory", "reason"),
    [(raising, "ValueError: no such network"), (mismatched, "RuntimeError: mat1 and mat2 shapes")],
)
def test_a_network_that_cannot_be_made_or_computed_is_a_failure(tmp_path, caplog, factory, reason):
    def both(space, rng):
        yield FIRST
        yield FIRST

    task = made(tmp_path, factory)
    evaluation = task.evaluate(FIRST, None, rng())
    assert (evaluation.failed, evaluation.valid_accuracy) == (True, 0.0)
    assert dict(evaluation.metrics) == {}  # a size of 0 would be the best
    assert math.isnan(task.test_accuracy(FIRST))
    assert reason in caplog.text
    assert SPACE.format(FIRST) in caplog.text
    assert list(EvaluationCache(tmp_path).entries()) == []
    run = search(both, task, Budget(evaluations=2), np.random.SeedSequence(0))
    assert np.isnan(run.valid_accuracy).all()


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (lambda architecture: 3, "is of the type int; the function returns a torch.nn.Module"),
        (lambda architecture: nn.Linear, "is of the type type"),
        (
            lambda architecture: nn.Sequential(nn.Flatten(), nn.Linear(64, 3)),
            r"gives \(1, 3\) for one image; there are 10 classes, so it gives a tensor of shape \(1, 10\)",
        ),
        (lambda architecture: nn.Identity(), r"gives \(1, 1, 8, 8\) for one image"),
    ],
)
def test_a_network_of_another_kind_ends_the_search(tmp_path, factory, message):
    with pytest.raises(EvaluationError, match=message) as raised:
        made(tmp_path, factory).evaluate(FIRST, None, rng())
    assert "the network of convs width=2,act=relu" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_network_without_weights_is_a_failure(tmp_path, caplog):
    class Still(nn.Module):
        def forward(self, x):
            return x.flatten(1)[:, :10]

    assert made(tmp_path, lambda architecture: Still()).evaluate(FIRST, None, rng()).failed
    assert "empty parameter list" in caplog.text


def test_wrong_arguments_are_one_line(tmp_path):
    with pytest.raises(UsageError, match=r"network is called as network\(architecture\)"):
        made(tmp_path, lambda: network(FIRST))
    with pytest.raises(UsageError, match="space is a SearchSpace"):
        NetworkTask("nasbench201", network, IMAGES, TINY, cache=tmp_path)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="unknown set of images 'cats'"):
        made(tmp_path, images="cats")
    with pytest.raises(ImagesError, match="there is no file"):
        made(tmp_path, images=tmp_path / "cats.npz")
    with pytest.raises(UsageError, match="unknown recipe"):
        made(tmp_path, recipe="long")
    with pytest.raises(UsageError, match="takes 5,000 images to train on"):
        made(tmp_path, recipe="cifar10-mini").evaluate(FIRST, None, rng())
    with pytest.raises(UsageError, match="has no network with shared weights"):
        made(tmp_path).shared_network(0)


def test_images_come_from_a_file(tmp_path):
    file = tmp_path / "birds.npz"
    np.savez(
        file,
        x_train=IMAGES.train_images,
        y_train=IMAGES.train_labels,
        x_test=IMAGES.test_images,
        y_test=IMAGES.test_labels,
    )
    task = made(tmp_path / "cache", images=str(file))
    assert task.name == "convs/birds"
    expected = made(tmp_path / "cache").evaluate(FIRST, None, rng())
    assert task.evaluate(FIRST, None, rng()).valid_accuracy == expected.valid_accuracy


def test_a_view_sets_epochs_seed_and_cache(tmp_path):
    task = made(tmp_path, seeds=2)
    view = View(epochs=1, training_seed="1", live=LiveSettings(cache=tmp_path / "other", device="cpu"))
    viewed = task.viewed(view)
    evaluation = viewed.evaluate(FIRST, None, rng())
    assert evaluation.epochs == 1
    assert len(list(EvaluationCache(tmp_path / "other").entries())) == 1
    assert evaluation.valid_accuracy == task.train(FIRST, 1).epochs[0].valid_accuracy
    with pytest.raises(UsageError, match="there is no accuracy after 4"):
        task.viewed(View(epochs=4))
    with pytest.raises(UsageError, match="there is no device 'tpu' here"):
        task.viewed(View(live=LiveSettings(device="tpu")))


def test_trainings_become_a_table(tmp_path):
    task = made(tmp_path)
    for architecture in (FIRST, LAST):
        task.train(architecture, 0)
    contents = pack(EvaluationCache(tmp_path).entries(), "mine", "Mine")
    data_set = contents.data_sets["noise"]
    assert find_space(data_set.space).definition == SPACE.definition
    assert data_set.keys is not None
    assert data_set.keys.tolist() == [0, SPACE.size - 1]
    assert contents.provenance["network digest"] == task.protocol.network


def test_a_checkpoint_of_another_function_is_not_used(tmp_path, caplog, monkeypatch):
    checkpoint = tmp_path / "x.checkpoint"
    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", -1.0)
    one, two = (OwnNetwork(network, FIRST, "convs", digest) for digest in ("1", "2"))
    train(one, TINY, IMAGES, seed=0, device=CPU, checkpoint=checkpoint)
    with caplog.at_level(logging.WARNING):
        train(two, TINY, IMAGES, seed=0, device=CPU, checkpoint=checkpoint)
    assert "it belongs to another training" in caplog.text


def test_a_comparison_is_the_same_for_any_number_of_processes(tmp_path):
    def local(architecture):
        return network(architecture)

    runs = []
    for jobs in (1, 2):
        results = compare(
            tasks=[made(tmp_path / f"cache{jobs}", local)],
            algorithms=["random_search", "local_search"],
            seeds=2,
            budget_evaluations=4,
            jobs=jobs,
            out=tmp_path / f"out{jobs}",
        )
        runs.append({key: each.valid_accuracy.tolist() for key, each in results.runs.items()})
    assert runs[0] == runs[1]
    assert [len(values) for values in runs[0].values()] == [8, 8]
