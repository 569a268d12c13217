import re
from dataclasses import replace

import numpy as np
import pytest

from nasbench_lab.benchmarks.tables.contents import MEASUREMENTS, Measurement, Training
from nasbench_lab.benchmarks.tables.export import export_table
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.own_table import read_own_table
from nasbench_lab.data import main
from nasbench_lab.errors import UsageError
from tests.tables import SIZE, present, small_contents


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "120")
    energy = {"a phone": np.arange(SIZE) / 3, "a car": np.where(np.arange(SIZE) == 5, np.nan, 0.1)}
    contents = small_contents(latency={"a phone": np.arange(SIZE) / 7}, energy=energy)
    write_table(contents, tmp_path / "data" / "toy.h5")
    return Table(tmp_path / "data" / "toy.h5")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_is_exported_is_imported_again(table, tmp_path, form):
    paths = export_table(table, None, tmp_path / f"out.{form}", form)
    again = read_own_table("again", *paths)
    assert (again.title, again.citation, again.licence) == (table.title, table.citation, table.licence)
    assert list(again.data_sets) == list(table.data_set_names)
    for name, data_set in again.data_sets.items():
        before = table.data_set(name)
        assert data_set.keys is None
        assert np.array_equal(present(data_set.parameters), before.parameters)
        assert np.allclose(data_set.latency["a phone"], before.latency["a phone"], rtol=1e-15)
        assert list(data_set.energy) == list(before.energy)
        for device, values in before.energy.items():
            assert np.array_equal(data_set.energy[device], values, equal_nan=True)
        assert list(data_set.trainings) == list(before.trainings)
        for length, training in data_set.trainings.items():
            for quantity in MEASUREMENTS:
                one, two = (getattr(each, quantity) for each in (training, before.trainings[length]))
                assert (one is None) == (two is None)
                if one is not None:
                    assert (one.epochs, one.seeds) == (two.epochs, two.seeds)
                    assert np.array_equal(one.values, two.values, equal_nan=True)


def test_the_command_writes_one_data_set_with_its_schema(table, tmp_path, capsys):
    out = tmp_path / "one.csv"
    assert main(["export", "toy/one", "--csv", str(out)]) == 0
    assert str(out.with_suffix(".toml")) in capsys.readouterr().out
    header = out.read_text().splitlines()[0].split(",")
    assert header[0] == "architecture"
    assert "one:valid_accuracy:200:200:a" in header
    assert not any(column.startswith("two") for column in header)
    assert main(["import", "--as", "mine", str(out), str(out.with_suffix(".toml"))]) == 0


def test_data_sets_of_different_architectures_share_no_file(tmp_path):
    contents = small_contents()
    one = contents.data_sets["one"]
    keys = np.array([0, 3])
    training = {200: replace(one.trainings[200], test_accuracy=None, train_seconds=None)}
    valid = present(training[200].valid_accuracy)
    training[200] = replace(training[200], valid_accuracy=replace(valid, values=valid.values[:2]))
    part = replace(one, keys=keys, trainings=training, parameters=None)
    write_table(replace(contents, data_sets={"one": one, "part": part}), tmp_path / "toy.h5")
    table = Table(tmp_path / "toy.h5")
    with pytest.raises(UsageError, match="export them one by one, such as toy/part"):
        export_table(table, None, tmp_path / "out.csv", "csv")
    paths = export_table(table, "part", tmp_path / "out.csv", "csv")
    assert present(read_own_table("again", *paths).data_sets["part"].keys).tolist() == [0, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "toy"], "one of --csv PATH and --parquet PATH"),
        (
            ["export", "toy", "--csv", "a.csv", "--parquet", "a.parquet"],
            "one of --csv PATH and --parquet PATH",
        ),
        (["export", "toy/three", "--csv", "a.csv"], "unknown data set of toy 'three'"),
        (["export", "toi", "--csv", "a.csv"], "unknown benchmark 'toi'; did you mean 'toy'"),
        (["export", "toy", "--csv", "a.toml"], "choose another ending"),
        (["export", "toy", "--csv", "folder"], "folder cannot be written"),
        (["query", "toy/one", "0000"], "'0000' is not an architecture of nasbench_macro"),
        (["query", "toy/three", "00000000"], "unknown data set of toy 'three'"),
        (
            ["query", "toy", "00000000", "--epochs", "3"],
            "toy has no entries of this architecture after 3 epochs",
        ),
        (["query", "toy", "00000000", "--seed", "c"], "toy has no entries of this architecture with seed c"),
    ],
)
def test_errors_are_one_line(table, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert re.search(message, error), error
    assert len(error.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "folder"]


def test_query_prints_what_the_table_lists(table, capsys):
    assert main(["query", "toy/one", "00000001", "--epochs", "200"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    valid = table.data_set("one").trainings[200].valid_accuracy.values[1, 0]
    assert ["one", "200", "epochs", "200", "valid_accuracy", "a", f"{valid[0]:.4f}", "%"] in rows
    assert not any("12" in row for row in rows)
    assert main(["query", "toy", "00000000", "--seed", "b"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["two", "200", "epochs", "200", "valid_accuracy", "b", "missing"] in rows
    assert not any("a" in row for row in rows)
    assert main(["query", "toy", "00000000"]) == 0
    assert "latency:a phone" in capsys.readouterr().out


def test_query_says_what_is_not_listed(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path))
    contents = small_contents()
    one = contents.data_sets["one"]
    valid = present(one.trainings[200].valid_accuracy)
    training = replace(
        one.trainings[200], valid_accuracy=replace(valid, values=valid.values[:1]), test_accuracy=None
    )
    training = replace(training, train_seconds=None)
    part = replace(one, keys=np.array([0]), trainings={200: training}, parameters=None)
    write_table(replace(contents, data_sets={"one": part}), tmp_path / "toy.h5")
    assert main(["query", "toy/one", "00000001"]) == 2
    assert "toy/one does not list 00000001" in capsys.readouterr().err


def test_metrics_without_a_unit_keep_their_range(tmp_path):
    losses = np.linspace(-3.0, 0.0, SIZE)[:, None, None]
    training = Training(valid_accuracy=Measurement(losses, (200,), ("a",)))
    changes = {"metric": "negative loss", "least": -np.inf, "most": 0.0, "trainings": {200: training}}
    write_table(small_contents(**changes), tmp_path / "toy.h5")
    paths = export_table(Table(tmp_path / "toy.h5"), "one", tmp_path / "out.csv", "csv")
    again = read_own_table("again", *paths).data_sets["one"]
    assert (again.metric, again.least, again.most) == ("negative loss", -np.inf, 0.0)
    assert np.array_equal(present(again.trainings[200].valid_accuracy).values, losses)
