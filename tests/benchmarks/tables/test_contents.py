from dataclasses import replace

import numpy as np
import pytest

from nasbench_lab.benchmarks.tables.contents import DataSet, Measurement, Training
from nasbench_lab.benchmarks.tables.export import export_table
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.own_table import read_own_table
from nasbench_lab.errors import TableError
from nasbench_lab.spaces import find_space
from tests.tables import present, small_contents

SPACE = find_space("nasbench_macro")
EQUAL = np.array([SPACE.index(SPACE.parse(text)) for text in ("00000000", "00001001", "00001010")])


def data_set(keys=EQUAL, *, values=None, failed=None, plain_keys=True, quantity="valid_accuracy"):
    numbers = np.arange(len(keys), dtype=float)[:, None, None] + 50 if values is None else values
    measured = Measurement(numbers, (10,), ("a",), failed)
    training = Training(**{"valid_accuracy": replace(measured, failed=None), quantity: measured})
    return DataSet(title="Toy", space=SPACE.name, keys=keys, plain_keys=plain_keys, trainings={10: training})


def kept(folder, data):
    write_table(replace(small_contents(), data_sets={"one": data}), folder / "toy.h5")
    return Table(folder / "toy.h5")


def test_equal_architectures_have_rows_of_their_own(tmp_path):
    data = kept(tmp_path, data_set()).data_set("one")
    assert data.plain_keys
    for row, key in enumerate(EQUAL):
        assert data.row(SPACE.architecture(int(key))) == row


def test_the_first_equal_row_answers_for_an_architecture_that_is_not_listed(tmp_path):
    data = kept(tmp_path, data_set()).data_set("one")
    assert data.row(SPACE.parse("00010010")) == 1
    assert data.row(SPACE.parse("00010001")) == 1
    assert data.row(SPACE.parse("11111111")) is None


@pytest.mark.parametrize("plain_keys", [True, False])
def test_rows_are_row_many_times(plain_keys):
    rng = np.random.default_rng(0)
    keys = np.unique(rng.integers(SPACE.size, size=2000))
    if not plain_keys:
        keys = np.unique(SPACE.canonical_indices(keys))
    data = data_set(keys, plain_keys=plain_keys)
    asked = [SPACE.sample(rng) for _ in range(2000)]
    rows = data.rows(np.array(asked))
    assert rows.tolist() == [-1 if (row := data.row(each)) is None else row for each in asked]
    assert 0 < (rows < 0).sum() < len(asked)
    assert data.rows(np.zeros((0, 8), dtype=np.int64)).shape == (0,)


def test_the_digest_changes_only_if_there_is_something_new(tmp_path):
    keys = np.unique(SPACE.canonical_indices(EQUAL))
    digests = set()
    for new in ({}, {"plain_keys": True}, {"failed": np.zeros((len(keys), 1, 1), dtype=bool)}):
        digests.add(kept(tmp_path, data_set(keys, **{"plain_keys": False, **new})).digest)
    assert len(digests) == 3


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_failed_trainings_and_equal_rows_survive_export(tmp_path, form):
    values = np.array([0.1, np.nan, np.nan])[:, None, None]
    failed = np.array([False, True, False])[:, None, None]
    table = kept(tmp_path, data_set(values=values, failed=failed))
    again = read_own_table("again", *export_table(table, "one", tmp_path / f"out.{form}", form))
    for data in (table.data_set("one"), again.data_sets["one"]):
        assert data.plain_keys
        assert (present(data.keys) == EQUAL).all()
        valid = present(data.trainings[10].valid_accuracy)
        assert np.array_equal(valid.values, values, equal_nan=True)
        assert np.array_equal(present(valid.failed), failed)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plain_keys": False}, "row 1 has key 28, which is not the index of a canonical architecture"),
        ({"keys": np.array([0, 1, 6561])}, "row 2 has key 6561, which is not the index of an architecture"),
        ({"keys": np.array([30, 28, 0])}, "keys must ascend, each architecture once"),
        ({"failed": np.ones((3, 1, 1), dtype=bool)}, "valid_accuracy .*: a failed training has a value"),
        (
            {"failed": np.zeros((3, 1), dtype=bool)},
            "failed trainings are truth values of an accuracy, in the",
        ),
        ({"failed": np.zeros((3, 1, 1))}, "failed trainings are truth values"),
        (
            {"failed": np.zeros((3, 1, 1), dtype=bool), "quantity": "train_seconds"},
            "train_seconds .*: failed trainings are truth values of an accuracy",
        ),
    ],
)
def test_wrong_contents_are_refused(tmp_path, changes, message):
    with pytest.raises(TableError, match=message):
        kept(tmp_path, data_set(**changes))
