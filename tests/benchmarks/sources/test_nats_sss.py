"""The size space from files in the published form; the published files are not available here."""

import numpy as np
import pytest

from nasbench_lab.benchmarks.sources.nats_sss import SOURCE
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.spaces import find_space
from tests.nats_files import (
    LEAK,
    SSS,
    TSS,
    accuracy,
    everything,
    train_seconds,
    valid_seconds,
    write_folder,
    write_packed,
)

SPACE = find_space("nats_sss")
INDICES = [0, 284, 32_767]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("nats") / "NATS-sss-simple", "nats_sss", INDICES, SSS)


@pytest.fixture(scope="module")
def table(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "nats_sss.h5"
    write_table(SOURCE.convert([folder]), path)
    return Table(path)


def test_the_three_trainings_are_kept_apart(table):
    for name in table.data_set_names:
        trainings = table.data_set(name).trainings
        assert list(trainings) == [1, 12, 90]
        for length, training in trainings.items():
            assert training.valid_accuracy.epochs[-1] == length
            assert training.valid_accuracy.seeds == ("777",)
            assert not (training.valid_accuracy.values == LEAK).any()
            assert not (training.test_accuracy.values == LEAK).any()
    assert len(table.data_set("cifar10").trainings[90].valid_accuracy.epochs) == 90


@pytest.mark.parametrize("epochs", [1, 12, 90])
@pytest.mark.parametrize("index", INDICES)
def test_values_are_those_that_were_written(table, index, epochs):
    task = TabularTask(table, "cifar100", epochs=epochs)
    network = SPACE.architecture(index)
    evaluation = task.evaluate(network, None, np.random.default_rng(0))
    assert evaluation.valid_accuracy == accuracy("cifar100", "x-valid", index, 777, epochs)
    seconds = epochs * train_seconds("cifar100", index) + valid_seconds("x-valid", index)
    assert evaluation.seconds == pytest.approx(seconds)
    assert evaluation.metrics["parameters"] == index + 0.09
    assert task.test_accuracy(network) == accuracy("cifar100", "x-test", index, 777, 90)


def test_the_order_is_that_of_the_official_file(table):
    assert table.data_set("cifar10").keys.tolist() == INDICES
    assert SPACE.format(SPACE.architecture(0)) == "8:8:8:8:8"
    assert SPACE.format(SPACE.architecture(284)) == "8:8:40:32:40"
    assert SPACE.format(SPACE.architecture(32_767)) == "64:64:64:64:64"


def test_a_single_file_holds_the_same(folder, tmp_path):
    write_packed(tmp_path / "sss.pickle.pbz2", everything("nats_sss", INDICES, SSS))
    first, second = SOURCE.convert([folder]), SOURCE.convert([tmp_path / "sss.pickle.pbz2"])
    for name, data_set in first.data_sets.items():
        for length, training in data_set.trainings.items():
            other = second.data_sets[name].trainings[length]
            assert np.array_equal(training.valid_accuracy.values, other.valid_accuracy.values)


def test_files_of_the_other_space_are_refused(tmp_path):
    path = write_folder(tmp_path / "NATS-tss-simple", "nasbench201", [0], TSS)
    with pytest.raises(TableError, match="does not list the 32,768 architectures of nats_sss"):
        SOURCE.convert([path])
    (path / "meta.pickle.pbz2").unlink()
    with pytest.raises(TableError, match="architecture 0 differs from the published architecture"):
        SOURCE.convert([path])


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(TableError, match="there is no file"):
        SOURCE.convert([tmp_path / "nothing"])
    with pytest.raises(UsageError, match="nats_sss is imported from one file"):
        SOURCE.convert([])
    (tmp_path / "text").write_text("8:8:8:8:8")
    with pytest.raises(TableError, match="text cannot be read"):
        SOURCE.convert([tmp_path / "text"])
