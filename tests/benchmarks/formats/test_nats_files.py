"""Official files of NAS-Bench-201 and NATS-Bench in all their forms, and the errors in other files.

The tests in `tests/benchmarks/sources` read the published files themselves.
"""

import bz2
import copy
import pickle
import tracemalloc
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasbench_lab.benchmarks.formats import nats_files
from nasbench_lab.benchmarks.formats.nats_files import is_nats
from nasbench_lab.benchmarks.formats.nats_records import Layout
from nasbench_lab.benchmarks.library import import_benchmark
from nasbench_lab.benchmarks.sources import nats
from nasbench_lab.benchmarks.sources.nasbench201 import LAYOUT
from nasbench_lab.benchmarks.sources.nats import read_data_sets
from nasbench_lab.benchmarks.tables.contents import Contents
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.errors import ProcessError, RefusedError, TableError, UnlistedArchitecture
from nasbench_lab.spaces import find_space
from tests.nats_files import (
    LEAK,
    TSS,
    Weights,
    accuracy,
    cell,
    dumps_as_torch,
    everything,
    meta,
    train_seconds,
    valid_seconds,
    write_folder,
    write_legacy,
    write_packed,
    write_zip,
)
from tests.tables import present

SPACE = find_space("nasbench201")
INDICES = [0, 3, 11]
OLD = {"less": TSS["12"], "full": TSS["200"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("nats") / "NATS-tss-simple", "nasbench201", INDICES, TSS)


@pytest.fixture(scope="module")
def data_sets(folder):
    return read_data_sets(folder, LAYOUT)[0]


@pytest.fixture(scope="module")
def table(folder, data_sets, tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "nasbench201.h5"
    write_table(contents(data_sets), path)
    return Table(path)


def contents(data_sets):
    return Contents(
        name="nasbench201", title="T", citation="C", licence="L", source_sha256={}, data_sets=data_sets
    )


def row_of(data_set, index):
    return data_set.row(SPACE.architecture(index))


def test_every_value_is_the_one_that_was_written(data_sets):
    where = {
        "cifar10": (("cifar10-valid", "x-valid"), ("cifar10", "ori-test")),
        "cifar100": (("cifar100", "x-valid"), ("cifar100", "x-test")),
        "imagenet16-120": (("ImageNet16-120", "x-valid"), ("ImageNet16-120", "x-test")),
    }
    assert list(data_sets) == list(where)
    compared = 0
    for name, (valid, test) in where.items():
        data_set = data_sets[name]
        for length, training in data_set.trainings.items():
            for (under, split), measured in (
                (valid, training.valid_accuracy),
                (test, training.test_accuracy),
            ):
                assert measured.seeds == tuple(map(str, sorted(TSS[str(length)][under])))
                sparse = length == 200 and name != "cifar10"
                assert measured.epochs == ((200,) if sparse else tuple(range(1, length + 1)))
                for index in INDICES:
                    for e, epoch in enumerate(measured.epochs):
                        for s, seed in enumerate(measured.seeds):
                            value = measured.values[row_of(data_set, index), e, s]
                            assert value == accuracy(under, split, index, int(seed), epoch)
                            compared += 1
            for quantity in ("train_seconds", "valid_seconds"):
                measured = getattr(training, quantity)
                assert measured.epochs == training.valid_accuracy.epochs
                assert measured.seeds == training.valid_accuracy.seeds
                for index in INDICES:
                    times = measured.values[row_of(data_set, index)]
                    seconds: float | np.ndarray = valid_seconds(valid[1], index)
                    if quantity == "train_seconds":
                        seconds = np.array(measured.epochs)[:, None] * train_seconds(valid[0], index)
                    assert times == pytest.approx(np.broadcast_to(seconds, times.shape), rel=1e-12)
    assert compared == 3 * (24 + 12 + 600 + 600 + 2 * (12 + 12 + 3 + 3))


def test_nothing_that_holds_test_images_is_valid_accuracy(data_sets):
    """`ori-test` is read for `cifar10` only; for all other names it appears nowhere."""
    for data_set in data_sets.values():
        for training in data_set.trainings.values():
            for measured in (training.valid_accuracy, training.test_accuracy):
                assert not (measured.values == LEAK).any()


def test_costs_of_the_network_are_those_of_the_longest_training(data_sets):
    for data_set in data_sets.values():
        for index in INDICES:
            row = row_of(data_set, index)
            assert data_set.parameters[row] == index + 0.2
            assert data_set.flops[row] == 2 * index + 1
            assert data_set.latency["gpu"][row] == pytest.approx(10 + index)


@pytest.mark.parametrize(
    ("name", "trained"), [("cifar10", "cifar10-valid"), ("imagenet16-120", "ImageNet16-120")]
)
@pytest.mark.parametrize("epochs", [12, 200])
def test_a_task_charges_training_and_one_validation_pass(table, name, trained, epochs):
    task = TabularTask(table, name, epochs=epochs)
    evaluation = task.evaluate(SPACE.architecture(11), None, np.random.default_rng(0))
    assert evaluation.seconds == pytest.approx(
        epochs * train_seconds(trained, 11) + valid_seconds("x-valid", 11)
    )


def test_a_partial_table_answers_for_equal_cells_and_no_others(table, data_sets):
    """If two equal cells are there, the table lists the first in the official order."""
    task = TabularTask(table, "cifar100", epochs=12)
    rng = np.random.default_rng(0)
    same = [i for i in range(SPACE.size) if SPACE.canonical(SPACE.architecture(i)) == canonical(0)]
    assert len(same) > 1
    assert {task.evaluate(SPACE.architecture(i), None, rng) for i in same} == {
        task.evaluate(SPACE.architecture(0), None, rng)
    }
    with pytest.raises(UnlistedArchitecture):
        task.evaluate(SPACE.architecture(1), None, rng)


def canonical(index):
    return SPACE.canonical(SPACE.architecture(index))


def test_of_equal_cells_the_first_is_listed(tmp_path):
    same = [i for i in range(SPACE.size) if canonical(i) == canonical(0)][:2]
    read, _ = read_data_sets(write_folder(tmp_path / "two", "nasbench201", same, TSS), LAYOUT)
    assert len(read["cifar10"]) == 1
    assert present(read["cifar10"].flops).tolist() == [2 * min(same) + 1]


def test_missing_seeds_are_masked(tmp_path):
    path = write_folder(tmp_path / "some", "nasbench201", [0], TSS)
    fewer = copy.deepcopy(dict(TSS))
    fewer["200"] = {**TSS["200"], "cifar10-valid": (777,), "cifar100": (888, 777)}
    write_packed(path / "000011.pickle.pbz2", cell("nasbench201", 11, fewer))
    read, _ = read_data_sets(path, LAYOUT)
    for name, missing in (("cifar10", [False, True, True]), ("cifar100", [False, False, True])):
        training = read[name].trainings[200]
        for quantity in ("valid_accuracy", "train_seconds", "valid_seconds"):
            last = getattr(training, quantity).values[row_of(read[name], 11), -1]
            assert np.isnan(last).tolist() == missing
            assert not np.isnan(getattr(training, quantity).values[row_of(read[name], 0)]).any()
    assert not np.isnan(present(read["cifar10"].trainings[200].test_accuracy).values).any()


def test_a_file_of_the_first_version_has_short_trainings_on_one_data_set(tmp_path):
    """That version did not record the times of evaluations either."""
    seeds = {"less": {"cifar10-valid": (777,)}, "full": TSS["200"]}
    content = everything("nasbench201", [0, 3], seeds)
    for by_training in content["arch2infos"].values():
        for state in by_training.values():
            for result in state["all_results"].values():
                result["eval_times"] = {}
                result["latency"] = None
    read, _ = read_data_sets(write_legacy(tmp_path / "v1_0.pth", dumps_as_torch(content)), LAYOUT)
    assert {name: list(data_set.trainings) for name, data_set in read.items()} == {
        "cifar10": [12, 200],
        "cifar100": [200],
        "imagenet16-120": [200],
    }
    assert read["cifar10"].trainings[12].valid_seconds is None
    assert read["cifar10"].trainings[12].train_seconds is not None
    assert read["cifar10"].latency == {}


def write_form(form: str, path: Path, indices: list[int], *, weights: bool = False) -> Path:
    content = everything("nasbench201", indices, TSS if form == "packed" else OLD)
    if weights:
        state = next(iter(content["arch2infos"][indices[0]].values()))
        next(iter(state["all_results"].values()))["net_state_dict"] = {"stem.0.weight": Weights()}
    if form == "packed":
        write_packed(path, content)
        return path
    data = dumps_as_torch(content)
    if form == "zip":
        return write_zip(path, data, **{"0": b"\0" * 16})
    return write_legacy(path, data, b"\0" * 16)


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("form", ["packed", "zip", "legacy"])
def test_single_files_hold_the_same(data_sets, tmp_path, form, weights):
    if form == "packed" and weights:
        pytest.skip("weights are in files of torch.save only")
    path = write_form(form, tmp_path / "single", INDICES, weights=weights)
    read, digests = read_data_sets(path, LAYOUT)
    assert list(digests) == ["single"]
    for name, data_set in data_sets.items():
        for length, training in data_set.trainings.items():
            for quantity, measured in vars(training).items():
                other = getattr(read[name].trainings[length], quantity)
                assert np.array_equal(measured.values, other.values)
                assert (measured.epochs, measured.seeds) == (other.epochs, other.seeds)
        assert np.array_equal(data_set.keys, present(read[name].keys))
        assert np.array_equal(data_set.parameters, present(read[name].parameters))


def test_a_whole_table_needs_no_keys(tmp_path, monkeypatch):
    """Four cells stand for a whole space."""
    monkeypatch.setattr(nats, "_rows", lambda indices, space: ({i: i for i in indices}, None))
    read, _ = read_data_sets(write_folder(tmp_path / "all", "nasbench201", [0, 1, 2, 3], TSS), LAYOUT)
    assert read["cifar10"].keys is None
    assert present(read["cifar10"].flops).tolist() == [1, 3, 5, 7]


def test_many_files_are_read_by_several_processes_alike(folder, data_sets, monkeypatch):
    monkeypatch.setattr(nats_files, "MANY_FILES", 2)
    read, digests = read_data_sets(folder, LAYOUT)
    assert digests == read_data_sets(folder, LAYOUT)[1]
    assert np.array_equal(
        present(read["cifar10"].trainings[200].valid_accuracy).values,
        data_sets["cifar10"].trainings[200].valid_accuracy.values,
    )


def test_memory_does_not_grow_with_what_is_not_kept(tmp_path):
    """An architecture has 2 MB of records; most of that is freed before the next one is read."""

    def peak(count):
        path = write_form("zip", tmp_path / f"of-{count}", list(range(count)))
        tracemalloc.start()
        try:
            read_data_sets(path, LAYOUT)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert (peak(3) - peak(1)) / 2 < 0.4e6


def test_forms_are_told_apart(folder, tmp_path):
    text = tmp_path / "joined.csv"
    text.write_text("arch,arch_str\n")
    assert is_nats(folder)
    assert is_nats(write_zip(tmp_path / "new.pth", b""))
    assert is_nats(write_legacy(tmp_path / "old.pth", b""))
    assert not is_nats(text)
    assert not is_nats(tmp_path / "nothing")


# Files that are not as published --------------------------------------------------------------------


def changed(change):
    """The records of architecture 11 with a change; only the 12-epoch training, which is quick to write."""
    content = cell("nasbench201", 11, {"12": TSS["12"]})
    change(content, content["12"], content["12"]["all_results"]["cifar10-valid", 777])
    return content


class Marker:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def setting(path, value):
    """A change of one field of the file, of the training, or of the record."""

    def change(content, state, result):
        target = {"content": content, "state": state, "result": result}[path[0]]
        for key in path[1:-1]:
            target = target[key]
        if value is ...:
            del target[path[-1]]
        else:
            target[path[-1]] = value

    return change


WRONG = [
    (
        ("result", "eval_acc1es", "x-valid@11"),
        float("nan"),
        "an accuracy on x-valid is not a number between 0",
    ),
    (("result", "eval_acc1es", "x-valid@3"), float("inf"), "an accuracy on x-valid is not"),
    (("result", "eval_acc1es", "x-valid@3"), 100.5, "an accuracy on x-valid is not"),
    (("result", "eval_acc1es", "x-valid@3"), -1.0, "an accuracy on x-valid is not"),
    (("result", "eval_acc1es", "x-valid@3"), "64.0", "an accuracy on x-valid is not"),
    (("result", "eval_acc1es", "x-valid@3"), True, "an accuracy on x-valid is not"),
    (("result", "eval_acc1es", "x-valid@3"), 10**400, "the pickle|an accuracy"),
    (("result", "eval_acc1es", "x-valid@3"), 2**70, "an accuracy on x-valid is not"),
    (("result", "eval_acc1es"), [64.0], "there are no accuracies"),
    (("result", "eval_acc1es"), ..., "there are no accuracies"),
    (("result", "train_times"), [1.0] * 12, "train_times is not given by epoch"),
    (("result", "train_times", 3), float("nan"), "a time in train_times is not a number between 0"),
    (("result", "train_times", 3), -0.5, "a time in train_times is not"),
    (("result", "eval_times", "x-valid@2"), "2", "a time in eval_times is not"),
    (("result", "params"), None, "params is not a number"),
    (("result", "params"), float("nan"), "params is not a number"),
    (("result", "flop"), ..., "flop is not a number"),
    (("result", "eval_acc1es", "x-valid@3"), -(10**400), "an accuracy on x-valid is not"),
    (("result", "flop"), 10**400, "flop is not a number"),
    (("result", "latency"), [10**400], "latency is not a list of numbers"),
    (("result", "latency"), [0.1, 10**400], "latency is not a list of numbers"),
    (("result", "latency"), ["0.1"], "latency is not a list of numbers"),
    (("result", "latency"), 0.1, "latency is not a list of numbers"),
    (("result", "epochs"), 13, "its data set or its number of epochs is missing or wrong"),
    (("result", "epochs"), ..., "its data set or its number of epochs is missing or wrong"),
    (("result", "epochs"), 12.0, "its data set or its number of epochs is missing or wrong"),
    (("result", "epochs"), 200, "of different lengths"),
    (("result", "name"), "cifar10", "its data set or its number of epochs is missing or wrong"),
    (("state", "arch_index"), 12, "architecture 12 differs from the published architecture"),
    (("state", "arch_index"), -1, "has no index, or one outside of nasbench201"),
    (("state", "arch_index"), 10**6, "has no index, or one outside of nasbench201"),
    (("state", "arch_index"), True, "has no index, or one outside of nasbench201"),
    (("state", "arch_str"), "|none~0|", "architecture 11 differs from the published architecture"),
    (("state", "all_results"), {}, "there are no results"),
    (("state", "all_results"), ..., "there are no results"),
    (("state", "all_results"), [1], "there are no results"),
    (("state", "all_results", ("mnist", 1)), {}, "results must be listed by data set and seed"),
    (("state", "all_results", ("cifar10", "777")), {}, "results must be listed by data set and seed"),
    (("state", "all_results", "cifar10"), {}, "results must be listed by data set and seed"),
    (
        ("state", "all_results", ("cifar10", 5)),
        [],
        "its data set or its number of epochs is missing or wrong",
    ),
    (("content", "12"), [], "something other than records of an architecture"),
    (("content", "24"), {}, "has no index"),
    (("content", "less"), None, "something other than records of an architecture"),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG)
def test_a_changed_record_is_refused_in_one_line(tmp_path, path, value, message):
    write_packed(tmp_path / "000011.pickle.pbz2", changed(setting(path, value)))
    refused(tmp_path, message)


def refused(path, message, layout=LAYOUT):
    with pytest.raises(TableError, match=message) as raised:
        read_data_sets(path, layout)
    assert str(path) in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
    assert len(str(raised.value)) < 500


def test_records_under_another_name_are_refused(tmp_path):
    content = cell("nasbench201", 11, {"12": TSS["12"]})
    write_packed(tmp_path / "000012.pickle.pbz2", content)
    refused(tmp_path, "architecture 12, training '12': its records are those of architecture 11")
    (tmp_path / "000012.pickle.pbz2").unlink()
    write_packed(tmp_path / "000011.pickle.pbz2", {"200": content["12"]})
    refused(tmp_path, "training '200': its records are those of 12 epochs")
    write_packed(tmp_path / "000011.pickle.pbz2", {"24": content["12"]})
    refused(tmp_path, "training '24': known trainings are 12, 200, less, full")
    write_packed(tmp_path / "000011.pickle.pbz2", {"12": content["12"], "less": content["12"]})
    refused(tmp_path, "two trainings have the same length")
    write_packed(tmp_path / "000011.pickle.pbz2", [1])
    refused(tmp_path, "does not hold records by training")


def test_a_wrong_list_of_architectures_is_refused(tmp_path):
    write_packed(tmp_path / "000011.pickle.pbz2", cell("nasbench201", 11, {"12": TSS["12"]}))
    for content, message in (
        ({}, "does not list the 15,625 architectures"),
        ([1], "does not list the 15,625 architectures"),
        (meta("nasbench201") | {"meta_archs": ["a"]}, "does not list the 15,625 architectures"),
        (meta("nasbench201") | {"meta_archs": ["a"] * 15_625}, "lists another architecture at 0"),
        (meta("nats_sss"), "does not list the 15,625 architectures"),
    ):
        write_packed(tmp_path / "meta.pickle.pbz2", content)
        refused(tmp_path, message)


def test_too_many_seeds_are_refused(tmp_path):
    seeds = {"12": dict.fromkeys(TSS["12"], tuple(range(9)))}
    write_packed(tmp_path / "000011.pickle.pbz2", cell("nasbench201", 11, seeds))
    refused(tmp_path, "has 9 seeds of one training; the published files have up to 3")


def test_folders_of_something_else_are_refused(tmp_path):
    refused(tmp_path, "has no files such as 000000.pickle.pbz2")
    (tmp_path / "000011.pickle.pbz2").mkdir()
    with pytest.raises(RefusedError, match=r"000011\.pickle\.pbz2 is a folder; a file is expected"):
        read_data_sets(tmp_path, LAYOUT)


def test_nothing_is_executed(tmp_path):
    mark = tmp_path / "executed"
    (tmp_path / "folder").mkdir()
    write_packed(tmp_path / "folder" / "000011.pickle.pbz2", {"12": Marker(mark)})
    refused(tmp_path / "folder", "the pickle names")
    write_packed(tmp_path / "single", {"arch2infos": Marker(mark)})
    refused(tmp_path / "single", "the pickle names")
    data = pickle.dumps({"arch2infos": Marker(mark)}, 2)
    refused(write_zip(tmp_path / "new.pth", data), "the pickle names")
    refused(write_legacy(tmp_path / "old.pth", data), "the pickle names")
    for code in (b"cos\nsystem\n(S'touch executed'\ntR.", b"\x80\x02ctorch\nload\nX\x01\x00\x00\x00a\x85R."):
        with pytest.raises(TableError):
            read_data_sets(write_legacy(tmp_path / "old.pth", code), LAYOUT)
    assert not mark.exists()


def bomb(piece):
    """One piece repeated to 9 MB and packed into a few kilobytes."""
    packer = bz2.BZ2Compressor()
    block = piece * (2**20 // len(piece))
    packed = [packer.compress(b"\x80\x04]"), *(packer.compress(block) for _ in range(9)), packer.flush()]
    return b"".join(packed)


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        (b"(" + b"K\x00" * 1000 + b"e", "unpacks to more than 4,1"),
        (b"}", "nests deeper"),
        (b"(", "nests deeper"),
    ],
)
def test_bombs_are_refused_before_they_fill_the_memory(tmp_path, piece, message):
    packed = bomb(piece)
    assert len(packed) < 200_000
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "000011.pickle.pbz2").write_bytes(packed)
    refused(tmp_path / "folder", message)
    (tmp_path / "single").write_bytes(packed)
    refused(tmp_path / "single", message.replace("4,1", ""))


def test_a_long_file_is_not_read(tmp_path):
    with (tmp_path / "000011.pickle.pbz2").open("wb") as file:
        file.truncate(2**32)
    refused(tmp_path, "it has more than 4,194,304 bytes")


def test_a_single_file_without_records_is_refused(tmp_path):
    whole = everything("nasbench201", [11], {"12": TSS["12"]})
    for change, message in (
        ({"arch2infos": None}, "has no records"),
        ({"arch2infos": {}}, "holds no architecture"),
        ({"arch2infos": {11: {}}}, "architecture 11: there are no records by training"),
        ({"arch2infos": {"a\nb" * 99: {}}}, "architecture 'a.nba.*: there are no records by training"),
        ({"arch2infos": {11: {"x" * 999: None}}}, "known trainings are"),
        ({"arch2infos": {11: []}}, "architecture 11: there are no records by training"),
        ({"arch2infos": {11: {"12": None}}}, "architecture 11, training '12': there are no records"),
        ({"arch2infos": {12: whole["arch2infos"][11]}}, "its records are those of architecture 11"),
        ({"meta_archs": None}, "does not list the 15,625 architectures"),
    ):
        refused(write_zip(tmp_path / "single", dumps_as_torch(whole | change)), message)


def test_a_refused_file_leaves_the_table_that_was_there(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "tables"))
    path = tmp_path / "folder"
    path.mkdir()
    write_packed(path / "000011.pickle.pbz2", changed(setting(("result", "params"), -1.0)))
    with pytest.raises(TableError, match="params is not a number"):
        import_benchmark("nasbench201", [path])
    assert not (tmp_path / "tables").exists()
    digest = import_benchmark("nasbench201", [folder]).digest
    with pytest.raises(TableError, match="params is not a number"):
        import_benchmark("nasbench201", [path])
    assert [file.name for file in (tmp_path / "tables").iterdir()] == ["nasbench201.h5"]
    assert Table(tmp_path / "tables" / "nasbench201.h5").digest == digest


def test_cut_files_are_refused(folder, tmp_path):
    whole = (folder / "000011.pickle.pbz2").read_bytes()
    for length in (0, 3, 10, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "000011.pickle.pbz2").write_bytes(whole[:length])
        refused(tmp_path, "000011.pickle.pbz2 cannot be read")
    for form in ("packed", "zip", "legacy"):
        path = write_form(form, tmp_path / "single", [11])
        whole = path.read_bytes()
        for length in (20, 1000, len(whole) // 2, len(whole) - (200 if form == "legacy" else 1)):
            path.write_bytes(whole[:length])
            refused(path, "cannot be read")


SMALL = Layout("nasbench201", {"12": 12})


def short_content(form):
    seeds = {"12": {"cifar10-valid": (777,), "cifar10": (777,)}}
    if form == "cell":
        return pickle.dumps(cell("nasbench201", 11, seeds), 4)
    return dumps_as_torch(everything("nasbench201", [11], seeds) | {"meta_archs": []})


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    return {
        "cell": short_content("cell"),
        "zip": write_zip(folder / "zip", short_content("torch")).read_bytes(),
        "legacy": write_legacy(folder / "legacy", short_content("torch")).read_bytes(),
    }


@pytest.mark.parametrize("form", ["cell", "zip", "legacy"])
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_an_error_or_goes_unseen(originals, tmp_path, form, data):
    """One to three changed bytes, and perhaps a missing end, give a one-line error or a valid table."""
    content = bytearray(originals[form])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    path = tmp_path / form
    if form == "cell":
        path.mkdir(exist_ok=True)
        (path / "000011.pickle.pbz2").write_bytes(bz2.compress(bytes(content), 1))
    else:
        path.write_bytes(content)
    try:
        read, _ = read_data_sets(path, SMALL)
    except TableError as error:
        message = str(error)
    else:
        write_table(contents(read), tmp_path / "table.h5")
        return
    assert len(message.splitlines()) == 1


def test_a_process_lost_while_a_folder_is_read_is_one_line_and_leaves_no_table(folder, tmp_path, monkeypatch):
    def lost(*_):
        raise BrokenProcessPool

    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(nats_files, "_read_cell", lost)
    with pytest.raises(ProcessError, match=r"a worker process was killed.*no table was written: start again"):
        import_benchmark("nasbench201", [folder])
    assert not list((tmp_path / "data").glob("*"))
