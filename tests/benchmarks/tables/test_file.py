import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import h5py
import numpy as np
import pytest

from nasbench_lab.benchmarks.formats import hdf5
from nasbench_lab.benchmarks.tables import file as tables_file
from nasbench_lab.benchmarks.tables.contents import DataSet, Measurement, Training
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.errors import RefusedError, TableError, UsageError
from nasbench_lab.spaces import find_space
from tests.tables import SIZE, SPACE, present, small_contents

GRAPH = find_space("nasbench_graph_proteins")


def keyed_data_set(every: int = 7) -> DataSet:
    """A data set of a few canonical architectures; many architectures of its space are equal."""
    valid = [GRAPH.architecture(i) for i in range(GRAPH.size) if GRAPH.is_valid(GRAPH.architecture(i))]
    keys = np.array(sorted({GRAPH.index(GRAPH.canonical(architecture)) for architecture in valid}))[::every]
    accuracy = Measurement(np.linspace(0, 100, len(keys))[:, None, None], (500,), ("mean",))
    return DataSet(
        title="Toy",
        space=GRAPH.name,
        keys=keys,
        trainings={500: Training(valid_accuracy=accuracy)},
        flops=np.arange(len(keys)) / 2,
        latency={"gpu": np.arange(len(keys)) * 1.5},
    )


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "toy.h5"
    write_table(small_contents(), path)
    return path


def read_all(path):
    table = Table(path)
    table.verify()
    return [table.data_set(name) for name in table.data_set_names]


def same(first, second):
    return (first is None and second is None) or np.array_equal(first, second, equal_nan=True)


def test_what_is_written_is_read(path):
    contents = small_contents()
    table = Table(path)
    for name in ("name", "title", "citation", "licence"):
        assert getattr(table, name) == getattr(contents, name)
    assert table.data_set_names == ("one", "two")
    assert table.source_sha256 == (f"{'0' * 64}  toy.csv",)
    for name, written in contents.data_sets.items():
        read = table.data_set(name)
        assert (read.title, read.space, read.metric) == (written.title, written.space, written.metric)
        assert read.keys is None
        assert same(read.parameters, written.parameters)
        assert list(read.trainings) == [12, 200]
        for epochs, training in written.trainings.items():
            for quantity in ("valid_accuracy", "test_accuracy", "train_seconds", "valid_seconds"):
                before, after = getattr(training, quantity), getattr(read.trainings[epochs], quantity)
                assert (before is None) == (after is None)
                if before is not None:
                    assert same(before.values, after.values)
                    assert (before.epochs, before.seeds) == (after.epochs, after.seeds)


def test_keys_and_columns_are_read(tmp_path):
    written = keyed_data_set()
    path = tmp_path / "toy.h5"
    write_table(replace(small_contents(), data_sets={"few": written}), path)
    (read,) = read_all(path)
    assert same(read.keys, written.keys)
    assert same(read.flops, written.flops)
    assert same(read.latency["gpu"], written.latency["gpu"])
    assert len(read) == len(present(written.keys))


def test_the_digest_is_of_the_content(tmp_path):
    first, second, other = (tmp_path / name for name in ("first.h5", "second.h5", "other.h5"))
    write_table(small_contents(), first)
    write_table(small_contents(), second)
    write_table(replace(small_contents(), licence="MIT"), other)
    assert Table(first).digest == Table(second).digest
    assert Table(first).digest != Table(other).digest


def test_a_data_set_is_read_once(path):
    table = Table(path)
    assert table.data_set("one") is table.data_set("one")


def test_another_table_in_its_place_is_noticed(path):
    table = Table(path)
    first = table.data_set("one")
    write_table(replace(small_contents(), licence="MIT"), path)
    with pytest.raises(
        TableError, match=r"changed while it was open, so results would mix two tables; run this again"
    ):
        table.data_set("two")
    assert table.data_set("one") is first
    assert Table(path).data_set("two").title == "Toy data"


def test_another_table_in_its_place_is_noticed_while_arrays_are_mapped(path, monkeypatch):
    """An array is mapped by path after the file was opened, so the path may then hold another file."""
    monkeypatch.setattr("nasbench_lab.benchmarks.formats.hdf5.LEAST_MAPPED", 0)
    other = path.with_name("other.h5")
    write_table(changed(parameters=np.ones(SIZE)), other)
    mapped = np.memmap

    def replaced(*arguments):
        if other.exists():
            other.replace(path)
        return mapped(*arguments)

    monkeypatch.setattr(np, "memmap", replaced)
    table = Table(path)
    with pytest.raises(TableError, match="changed while it was open"):
        table.data_set("one")
    with pytest.raises(TableError, match="changed while it was open"):
        table.data_set("one")
    assert present(Table(path).data_set("one").parameters).tolist() == [1.0] * SIZE


def test_an_unknown_data_set_is_named(path):
    with pytest.raises(UsageError, match="unknown data set of toy 'oen'; did you mean 'one'"):
        Table(path).data_set("oen")


def test_rows_of_a_whole_table_are_the_indices():
    data_set = small_contents().data_sets["one"]
    space = find_space(SPACE)
    rng = np.random.default_rng(0)
    architectures = [space.sample(rng) for _ in range(100)]
    assert data_set.rows(np.array(architectures)).tolist() == [data_set.row(a) for a in architectures]


def test_rows_of_a_sparse_table_go_by_canonical_architecture():
    data_set = keyed_data_set()
    keys = present(data_set.keys)
    rng = np.random.default_rng(0)
    architectures = [GRAPH.sample(rng) for _ in range(500)]
    rows = data_set.rows(np.array(architectures))
    assert -1 in rows
    assert max(rows) > 0
    for architecture, row in zip(architectures, rows.tolist(), strict=True):
        assert data_set.row(architecture) == (None if row == -1 else row)
        key = GRAPH.index(GRAPH.canonical(architecture))
        assert (row == -1) == (key not in keys)
        assert row == -1 or keys[row] == key


def changed(**changes):
    contents = small_contents()
    data_set = replace(contents.data_sets["one"], **changes)
    return replace(contents, data_sets={"one": data_set})


def measured(values, epochs=(200,), seeds=("a",)):
    return {200: Training(valid_accuracy=Measurement(np.asarray(values, dtype=float), epochs, seeds))}


def with_times(quantity, seeds):
    """A training with accuracies of three seeds, and with times of the given seeds."""
    training = measured(fifty.repeat(3, axis=2), seeds=("a", "b", "c"))[200]
    times = Measurement(fifty.repeat(len(seeds), axis=2), (200,), seeds)
    return {200: replace(training, **{quantity: times})}


fifty = np.full((SIZE, 1, 1), 50.0)
above = fifty.copy()
above[17] = 100.5
infinite = {200: Training(train_seconds=Measurement(np.full((SIZE, 1, 1), np.inf), (200,), ("a",)))}


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (lambda: replace(small_contents(), data_sets={}), "has no data set"),
        (lambda: changed(trainings={}), "there is no training"),
        (
            lambda: changed(trainings=measured(fifty[1:])),
            r"valid_accuracy after 200 epochs has shape \(6560, 1, 1\)",
        ),
        (lambda: changed(trainings=measured(above)), "between 0 and 100; row 17 has 100.5"),
        (lambda: changed(trainings=measured(-above)), "between 0 and 100; row 0 has -50"),
        (
            lambda: changed(trainings=infinite),
            "train_seconds after 200 epochs must be a number between 0 and inf",
        ),
        (lambda: changed(trainings=measured(fifty, epochs=(300,))), "ascending epochs up to 200"),
        (
            lambda: changed(trainings=measured(fifty.repeat(2, axis=2), seeds=("a", "a"))),
            "name each seed once",
        ),
        (
            lambda: changed(trainings=with_times("train_seconds", ("a", "b"))),
            "train_seconds after 200 epochs has the seeds a, b; valid_accuracy needs a, b, c, or",
        ),
        (
            lambda: changed(trainings=with_times("valid_seconds", ("b", "c"))),
            "valid_seconds after 200 epochs has the seeds b, c; valid_accuracy needs a, b, c, or",
        ),
        (lambda: changed(parameters=np.ones(5)), r"parameters has shape \(5,\)"),
        (lambda: changed(latency={"gpu": -np.ones(SIZE)}), "latency:gpu must be a number"),
        (lambda: changed(keys=np.array([3, 3])), "keys must ascend"),
        (lambda: changed(space=GRAPH.name, keys=np.array([0, 4])), "row 1 has key 4, which is not the index"),
        (lambda: changed(keys=np.array([0, SIZE])), "row 1 has key 6561, which is not the index"),
    ],
)
def test_contents_that_would_lie_are_not_written(tmp_path, contents, message):
    path = tmp_path / "toy.h5"
    with pytest.raises(TableError, match=message):
        write_table(contents(), path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seeds", [("mean",), ("c", "a", "b", "d")])
def test_times_are_of_every_seed_or_one_for_all(tmp_path, seeds):
    write_table(changed(trainings=with_times("train_seconds", seeds)), tmp_path / "toy.h5")
    assert read_all(tmp_path / "toy.h5")[0].trainings[200].train_seconds.seeds == seeds


def test_a_failure_leaves_the_old_table(path):
    before = path.read_bytes()
    with pytest.raises(TableError):
        write_table(changed(trainings=measured(above)), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_table_that_was_removed_after_it_was_opened_is_absent(path):
    table = Table(path)
    path.unlink()
    with pytest.raises(TableError, match=r"there is no table at .*toy\.h5"):
        table.data_set("one")
    with pytest.raises(TableError, match=r"there is no file .*toy\.h5 any more"):
        table.verify()


@pytest.mark.parametrize("name", ["_read_data_set", "check_digest"])
def test_short_memory_is_no_damage(path, monkeypatch, name):
    def short(group, *_):
        raise MemoryError("Unable to allocate 1.5 GiB for an array with shape (9,) and data type float64")

    table = Table(path)
    read: Callable[[], object]
    if name == "check_digest":
        monkeypatch.setattr(hdf5, "digest_of", short)
        read = table.verify
    else:
        monkeypatch.setattr(tables_file, name, short)
        read = partial(table.data_set, "one")
    with pytest.raises(RefusedError, match=r"too little memory to read .* \(it takes another 1\.5 GiB\)"):
        read()


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(TableError, match=r"there is no table at .*nothing\.h5"):
        Table(tmp_path / "nothing.h5")


@pytest.mark.parametrize(
    "content", [b"", b"\x89HDF\r\n\x1a\n", b"<html>not found</html>" * 100, b"\0" * 5000]
)
def test_another_file_is_no_table(tmp_path, content):
    path = tmp_path / "toy.h5"
    path.write_bytes(content)
    with pytest.raises(TableError, match=r"is damaged .*; delete it and import .* import toy FILE"):
        Table(path)


def test_a_folder_is_no_table(tmp_path):
    with pytest.raises(RefusedError, match="is a folder; a file is expected"):
        Table(tmp_path)


def test_a_cut_off_table_is_an_error(path, tmp_path):
    whole = path.read_bytes()
    cut = tmp_path / "cut.h5"
    for length in np.linspace(1, len(whole) - 1, 60).astype(int):
        cut.write_bytes(whole[:length])
        with pytest.raises(TableError, match="is damaged"):
            read_all(cut)


def test_flipped_bytes_are_noticed_or_harmless(path, tmp_path):
    """A flip in the content of the table gives a `TableError`; in unused space it changes nothing."""
    whole = path.read_bytes()
    flipped = tmp_path / "flipped.h5"
    rng = np.random.default_rng(1)
    noticed = 0
    # The structure is at both ends of the file, and the values are between them: try both.
    ends = [*range(0, 3000, 51), *range(len(whole) - 3000, len(whole), 51)]
    for position in [*ends, *rng.integers(len(whole), size=50).tolist()]:
        damaged = bytearray(whole)
        damaged[position] ^= 1 << int(rng.integers(8))
        flipped.write_bytes(damaged)
        try:
            read = read_all(flipped)
        except TableError:
            noticed += 1
            continue
        for before, after in zip(read_all(path), read, strict=True):
            assert (before.title, before.space, before.metric) == (after.title, after.space, after.metric)
            assert same(before.parameters, after.parameters)
    assert noticed > 50


def test_a_changed_value_is_found_by_verify(path):
    with h5py.File(path, "r+") as file:
        file["one/trainings/200/valid_accuracy"][5, 0, 0] += 1e-9
    with pytest.raises(TableError, match="its content has digest"):
        Table(path).verify()


def test_another_version_says_what_to_do(path):
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 99
    again = "import the official files again: python -m nasbench_lab.data import toy FILE"
    with pytest.raises(TableError, match=rf"has table format version 99; .* reads 1; {again}"):
        Table(path)


@pytest.mark.parametrize(
    "name", ["name", "title", "citation", "licence", "digest", "source_sha256", "data_sets"]
)
def test_a_missing_attribute_is_named(path, name):
    with h5py.File(path, "r+") as file:
        del file.attrs[name]
    with pytest.raises(TableError, match=f"attribute {name} is missing"):
        Table(path)


@pytest.mark.parametrize("name", ["title", "space", "metric"])
def test_a_missing_attribute_of_a_data_set_is_damage(path, name):
    with h5py.File(path, "r+") as file:
        del file["one"].attrs[name]
    with pytest.raises(TableError, match="is damaged"):
        Table(path).data_set("one")


def test_an_unknown_space_is_damage(path):
    with h5py.File(path, "r+") as file:
        file["one"].attrs["space"] = "outer"
    with pytest.raises(TableError, match=r"is damaged .*unknown search space 'outer'"):
        Table(path).data_set("one")


def test_a_listed_data_set_that_is_not_there_is_damage(path):
    with h5py.File(path, "r+") as file:
        del file["two"]
    with pytest.raises(TableError, match="is damaged"):
        Table(path).data_set("two")


def test_an_array_that_claims_more_than_the_file_has_is_not_allocated(path):
    """An HDF5 file can promise terabytes of zeros in a few bytes."""
    with h5py.File(path, "r+") as file:
        del file["one/parameters"]
        file["one"].create_dataset("parameters", shape=(2**40,), dtype="f8")
        del file["two"]
        file.create_group("two").create_dataset("keys", shape=(2**40,), dtype="i8")
        file["two"].attrs.update({"title": "Two", "space": SPACE, "metric": "accuracy (%)"})
    for name in ("one", "two"):
        with pytest.raises(TableError, match=r"is damaged .*(shape|claims more bytes)"):
            Table(path).data_set(name)
    with pytest.raises(TableError, match="claims more bytes"):
        Table(path).verify()


def test_a_table_can_be_moved(path, tmp_path):
    elsewhere = tmp_path / "elsewhere.h5"
    shutil.move(path, elsewhere)
    assert len(read_all(elsewhere)) == 2


def test_large_arrays_are_mapped_and_read_as_written(path, monkeypatch):
    read = Table(path).data_set("one")
    monkeypatch.setattr("nasbench_lab.benchmarks.formats.hdf5.LEAST_MAPPED", 0)
    mapped = Table(path).data_set("one")
    Table(path).verify()
    expected = small_contents().data_sets["one"]
    for epochs, training in expected.trainings.items():
        for data_set in (read, mapped):
            values = present(data_set.trainings[epochs].valid_accuracy).values
            assert type(values) is np.ndarray
            np.testing.assert_array_equal(values, present(training.valid_accuracy).values)
    np.testing.assert_array_equal(mapped.parameters, expected.parameters)
    with pytest.raises(ValueError, match="read-only"):
        present(mapped.trainings[200].valid_accuracy).values[0] = 0


def test_a_metric_has_its_own_range(tmp_path):
    losses = np.linspace(-3.0, 0.0, SIZE)[:, None, None]
    data_set = {"metric": "negative loss", "least": -np.inf, "most": 0.0}
    write_table(changed(trainings=measured(losses), **data_set), tmp_path / "toy.h5")
    (read,) = read_all(tmp_path / "toy.h5")
    assert (read.metric, read.least, read.most) == ("negative loss", -np.inf, 0.0)
    assert same(read.trainings[200].valid_accuracy.values, losses)
    with pytest.raises(TableError, match=r"between -inf and 0; row 5467 has 0\.000152"):
        write_table(changed(trainings=measured(losses + 0.5), **data_set), tmp_path / "other.h5")
    # An infinite value is refused in any range.
    losses[3] = -np.inf
    with pytest.raises(TableError, match="between -inf and 0; row 3 has -inf"):
        write_table(changed(trainings=measured(losses), **data_set), tmp_path / "other.h5")
    # Seconds keep their own range.
    seconds = {200: Training(train_seconds=Measurement(losses, (200,), ("a",)))}
    with pytest.raises(TableError, match="train_seconds after 200 epochs must be a number between 0 and inf"):
        write_table(changed(trainings=seconds, **data_set), tmp_path / "other.h5")


@pytest.mark.parametrize("bounds", [(1.0, 1.0), (2.0, 1.0), (np.nan, 1.0)])
def test_a_range_without_room_is_refused(tmp_path, bounds):
    with pytest.raises(TableError, match=r"least .* is not below most 1"):
        write_table(changed(least=bounds[0], most=bounds[1]), tmp_path / "toy.h5")


def test_the_usual_range_is_not_written_so_that_digests_stay(path):
    with h5py.File(path, "r") as file:
        assert set(file["one"].attrs) == {"title", "space", "metric"}
    (read, _) = read_all(path)
    assert (read.least, read.most) == (0.0, 100.0)


def test_a_range_that_is_no_number_is_damage(path):
    with h5py.File(path, "r+") as file:
        file["one"].attrs["least"] = "low"
    with pytest.raises(TableError, match="is damaged"):
        Table(path).data_set("one")
