import math
import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from nasbench_lab.benchmarks.live.cache import EvaluationCache
from nasbench_lab.benchmarks.live.task import LiveTask
from nasbench_lab.benchmarks.training import trainer
from nasbench_lab.benchmarks.training.outcome import Epoch, Outcome, Scores
from nasbench_lab.errors import ProcessError, UsageError
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.contract import Query
from nasbench_lab.search.loop import search
from nasbench_lab.spaces import find_space
from tests.live_task import GOOD, OTHER, SPACE, TINY, digits, live_task, rng

LISTED_TWICE = ((0, 0, 0, 3, 0, 0), (1, 0, 0, 3, 0, 0))  # the same cell: node 1 leads nowhere


@pytest.fixture
def trained(monkeypatch):
    """Make trainings take no time; the value lists the architecture and seed of each training."""
    done = []

    def train(network, recipe, images, *, seed, device, checkpoint, progress):
        architecture = network.architecture
        done.append((architecture, seed))
        epochs = tuple(
            Epoch(
                valid_accuracy=10.0 * number + seed,
                valid_loss=1.0,
                train_loss=1.0,
                train_seconds=2.0 * number,
                valid_seconds=0.5,
            )
            for number in range(1, recipe.epochs + 1)
        )
        scores = Scores(accuracy=50.0 + seed, precision=1.0, recall=1.0, f1=1.0)
        failed = architecture == SPACE.canonical(OTHER)
        return Outcome(
            epochs=epochs[:1] if failed else epochs,
            test=None if failed else scores,
            failure="diverged: the loss is not finite in epoch 2" if failed else "",
            diverged=failed,
            failed_seconds=3.5 if failed else 0.0,
            parameters=0.1,
            flops=2.0,
            device="nowhere",
        )

    monkeypatch.setattr(trainer, "train", train)
    return done


def test_trains_for_real_once_and_looks_up_from_then_on(tmp_path, monkeypatch):
    first = live_task(tmp_path).evaluate(GOOD, None, rng())
    assert first.source == "live"
    assert first.epochs == 2
    assert first.seconds > 0
    assert 0 < first.valid_accuracy <= 100
    assert not first.failed
    monkeypatch.setattr(trainer, "train", None)  # any training would now be an error
    again = live_task(tmp_path)
    assert again.evaluate(GOOD, None, rng()) == first
    assert 0 < again.test_accuracy(GOOD) <= 100


def test_equal_cells_are_trained_once(tmp_path, trained):
    task = live_task(tmp_path)
    assert len({SPACE.canonical(cell) for cell in LISTED_TWICE}) == 1
    evaluations = {task.evaluate(cell, None, rng()) for cell in LISTED_TWICE}
    assert len(evaluations) == 1
    assert len(trained) == 1


def test_epochs_before_the_last_are_read_off_the_curve(tmp_path, trained):
    task = live_task(tmp_path)
    early, late = (task.evaluate(GOOD, epochs, rng()) for epochs in (1, 2))
    assert (early.valid_accuracy, early.seconds, early.epochs) == (10.0, 2.5, 1)
    assert (late.valid_accuracy, late.seconds, late.epochs) == (20.0, 4.5, 2)
    assert len(trained) == 1
    with pytest.raises(UsageError, match="trains for 2 epochs, so there is no accuracy after 3"):
        task.evaluate(GOOD, 3, rng())


def test_a_failed_training_is_an_evaluation_without_an_accuracy(tmp_path, trained, caplog):
    task = live_task(tmp_path)
    evaluation = task.evaluate(OTHER, None, rng())
    assert evaluation.failed
    assert evaluation.valid_accuracy == 0
    assert evaluation.seconds == 3.5  # includes the failed epoch
    assert math.isnan(task.test_accuracy(OTHER))
    assert "failed: diverged" in caplog.text

    def both(space, rng):
        yield OTHER
        yield GOOD
        yield OTHER

    run = search(both, live_task(tmp_path), Budget(evaluations=3), np.random.SeedSequence(0))
    assert np.isnan(run.valid_accuracy).tolist() == [True, False, True]
    assert np.isnan(run.test_accuracy).tolist() == [True, False, True]


@pytest.mark.parametrize(
    "failure",
    [
        "out of memory: batches of 50 images on cpu; use a smaller batch_size",
        "RuntimeError: no such operator",
    ],
)
def test_what_may_be_the_machines_failure_is_not_remembered(tmp_path, monkeypatch, failure):
    outcome = Outcome(epochs=(), test=None, failure=failure, parameters=0.1, flops=2.0, device="small")
    monkeypatch.setattr(trainer, "train", lambda *_, **__: outcome)
    task = live_task(tmp_path)
    checkpoint = EvaluationCache(tmp_path).checkpoint(task._key(GOOD, 0))
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    assert task.evaluate(GOOD, None, rng()).failed
    assert list(EvaluationCache(tmp_path).entries()) == []
    assert checkpoint.exists()


def test_a_training_that_diverged_is_remembered(tmp_path, trained):
    for _ in range(2):
        assert live_task(tmp_path).evaluate(OTHER, None, rng()).failed
    assert len(trained) == 1


def test_of_two_that_train_the_same_at_once_both_are_told_what_is_kept(tmp_path, trained, monkeypatch):
    one, other = live_task(tmp_path), live_task(tmp_path)
    train = trainer.train

    def slower(*settings, **named):
        monkeypatch.setattr(trainer, "train", train)
        one.evaluate(GOOD, None, rng())  # `one` finishes before `other`
        outcome = train(*settings, **named)
        return replace(outcome, epochs=tuple(replace(epoch, train_seconds=99.0) for epoch in outcome.epochs))

    monkeypatch.setattr(trainer, "train", slower)
    assert other.evaluate(GOOD, None, rng()) == one.evaluate(GOOD, None, rng())
    assert len(trained) == 2


def test_a_checkpoint_is_removed_once_the_outcome_is_kept(tmp_path, trained, monkeypatch):
    task = live_task(tmp_path)
    checkpoint = EvaluationCache(tmp_path).checkpoint(task._key(GOOD, 0))
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    with monkeypatch.context() as patch:

        def full(*_):
            raise OSError(28, "No space left on device")

        patch.setattr(EvaluationCache, "put", full)
        with pytest.raises(OSError, match="No space left"):
            task.train(GOOD, 0)
    assert checkpoint.exists()
    task.train(GOOD, 0)
    assert not checkpoint.exists()


def test_a_search_can_be_shown_fewer_epochs(tmp_path, trained):
    task = live_task(tmp_path, epochs=1)
    assert task.evaluate(GOOD, None, rng()).valid_accuracy == 10.0
    assert task.evaluate(GOOD, 2, rng()).valid_accuracy == 20.0
    assert "validation accuracy after 1 of 2 epochs of live training" in task.card.searched
    assert "test accuracy after 2 epochs of live training" in task.card.reported
    with pytest.raises(UsageError, match="trains for 2 epochs, so there is no accuracy after 12"):
        live_task(tmp_path, epochs=12)


def test_seeds_are_drawn_meant_or_fixed(tmp_path, trained):
    drawn = live_task(tmp_path, seeds=3)
    generator = rng()
    seen = {drawn.evaluate(GOOD, None, generator).valid_accuracy for _ in range(40)}
    assert seen == {20.0, 21.0, 22.0}
    assert drawn.test_accuracy(GOOD) == 51.0
    assert live_task(tmp_path, seeds=3, seed="mean").evaluate(GOOD, None, rng()).valid_accuracy == 21.0
    fixed = live_task(tmp_path, seed="7")
    assert fixed.evaluate(GOOD, None, rng()).valid_accuracy == 27.0
    assert fixed.test_accuracy(GOOD) == 57.0
    with pytest.raises(UsageError, match="random, mean or a whole number; received 'best'"):
        live_task(tmp_path, seed="best")


def test_a_batch_trained_in_parallel_is_the_same(tmp_path):
    batch = [GOOD, (1, 0, 0, 1, 0, 0), (2, 0, 0, 2, 0, 0)]

    def all_at_once(space, rng):
        yield batch

    runs = [
        search(all_at_once, live_task(tmp_path / str(jobs), jobs=jobs), Budget(evaluations=9), SEED)
        for jobs in (1, 2)
    ]
    assert runs[0].valid_accuracy.tolist() == runs[1].valid_accuracy.tolist()
    assert runs[0].test_accuracy[:1].tolist() == runs[1].test_accuracy[:1].tolist()
    assert len(list(EvaluationCache(tmp_path / "2").entries())) == 3


SEED = np.random.SeedSequence(0)


def test_with_one_job_nothing_is_trained_ahead(tmp_path, trained):
    task = live_task(tmp_path, seeds=3)
    task.prepare([Query(GOOD), Query(OTHER)], rng())
    assert trained == []


def test_a_process_that_is_lost_is_one_line(tmp_path):
    # The first epoch kills the process, as the system does when memory runs out.
    task = live_task(tmp_path, jobs=2, progress=lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(ProcessError, match="a worker process was killed"):
        task.prepare([Query(GOOD), Query(OTHER)], rng())


def test_what_is_no_architecture_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is not an architecture of nasbench201"):
        live_task(tmp_path).evaluate((9,) * 6, None, rng())


def test_the_card_says_what_is_done(tmp_path):
    card = live_task(tmp_path).card
    assert card.name == "nasbench201/digits"
    by = f"by the recipe cifar10-mini, changed ({TINY.digest[:8]})"
    assert f"after 2 epochs of live training {by} (training seed 0)" in card.searched
    assert card.reported.startswith("test accuracy")
    assert card.optimum is None
    assert TINY.digest in card.digest
    assert "one of 3 training seeds, drawn" in live_task(tmp_path, seeds=3).card.searched


def test_a_recipe_of_another_space_and_an_unknown_device_are_refused(tmp_path):
    from nasbench_lab.benchmarks.training.recipes import find_recipe

    with pytest.raises(UsageError, match="nasbench101-108 is for nasbench101, not for nasbench201"):
        LiveTask(SPACE, find_recipe("nasbench101-108"), digits(), EvaluationCache(tmp_path))
    with pytest.raises(UsageError, match="there is no device 'tpu' here; there is"):
        live_task(tmp_path, device="tpu")
    graph = find_space("nasbench_graph")
    with pytest.raises(UsageError, match="architectures of nasbench_graph cannot be trained here"):
        LiveTask(graph, TINY, digits(), EvaluationCache(tmp_path))
