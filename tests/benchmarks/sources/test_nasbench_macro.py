import gzip
import json

import numpy as np
import pytest

from nasbench_lab.benchmarks.sources.nasbench_macro import SOURCE
from nasbench_lab.errors import TableError
from nasbench_lab.spaces import find_space

space = find_space("nasbench_macro")
NETWORKS = [space.format(space.architecture(i)) for i in range(space.size)]


def made_up(**changes):
    """Results in the published form; `changes` updates the fields of a network, and None removes it."""
    results = {
        "test_acc": [90.0, 91.0, 92.0],
        "mean_acc": 91.0,
        "std": 1.0,
        "params": 10**6,
        "flops": 2 * 10**7,
    }
    everything = dict.fromkeys(NETWORKS, results)
    for network, change in changes.items():
        everything[network[1:]] = change and results | change
    return {network: results for network, results in everything.items() if results is not None}


def convert(tmp_path, text):
    path = tmp_path / "macro.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return SOURCE.convert([path])


@pytest.fixture(scope="module")
def published(published_data):
    return SOURCE.convert([published_data / "nasbench-macro" / "nas-bench-macro_cifar10.json.gz"])


def test_published_best_and_worst(published):
    (training,) = published.data_sets["cifar10"].trainings.values()
    means = training.test_accuracy.values.mean(axis=(1, 2))
    best = space.architecture(int(means.argmax()))
    assert space.format(space.canonical(best)) == "22212220"
    assert means.max() == pytest.approx(93.1267, abs=5e-5)
    assert means.min() == pytest.approx(45.363, abs=5e-4)


def test_published_values_of_one_network(published):
    data_set = published.data_sets["cifar10"]
    row = data_set.row(space.parse("02012100"))
    (training,) = data_set.trainings.values()
    assert training.test_accuracy.seeds == ("0", "1", "2")
    assert training.test_accuracy.values[row, 0] == pytest.approx([89.47, 88.95, 89.17], abs=1e-4)
    assert data_set.parameters[row] == pytest.approx(0.890666)
    assert data_set.flops[row] == pytest.approx(47.327744)


def test_test_accuracy_does_not_stand_in_for_validation(published):
    for training in published.data_sets["cifar10"].trainings.values():
        assert training.valid_accuracy is None
        assert training.train_seconds is None


def test_a_packed_file_reads_the_same(tmp_path):
    plain = convert(tmp_path, made_up())
    path = tmp_path / "macro.json.gz"
    path.write_bytes(gzip.compress(json.dumps(made_up()).encode()))
    packed = SOURCE.convert([path])
    first, second = (contents.data_sets["cifar10"] for contents in (plain, packed))
    assert np.array_equal(first.parameters, second.parameters)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[1, 2]", "does not hold results by network"),
        ('{"00000000": 1, "00000000": 2}', "gives '00000000' twice"),
        (made_up(_00000001=None), "6,560 networks; 1 of the 6,561 needed are missing, first 00000001"),
        (made_up() | {"99999999": {}}, "lists 6,562 networks; 0 of the 6,561 needed are missing"),
        (made_up(_00000001={"test_acc": [90.0, 91.0]}), "00000001: test_acc is not a list of 3"),
        (made_up(_00000001={"test_acc": [90.0, 91.0, "92"]}), "00000001: test_acc is not a number"),
        (made_up(_00000001={"test_acc": [90.0, 91.0, float("nan")]}), "00000001: test_acc is not a number"),
        (made_up(_00000001={"test_acc": [90.0, 91.0, 101.0]}), "test_acc is not a number between 0 and 100"),
        (made_up(_00000001={"test_acc": [90.0, 91.0, True]}), "00000001: test_acc is not a number"),
        (made_up(_00000001={"params": -1}), "00000001: params is not a number"),
        (made_up(_00000001={"flops": None}), "00000001: flops is not a number"),
        (made_up(_00000001={"flops": float("inf")}), "00000001: flops is not a number"),
        (made_up() | {"00000001": [1]}, "00000001: test_acc is not a list"),
    ],
)
def test_a_changed_file_is_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(TableError, match=message) as raised:
        convert(tmp_path, text)
    assert "macro.json" in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
