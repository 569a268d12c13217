"""TransNAS-Bench-101 from a file in the published form; the published file is not available here."""

import copy
import pickle

import numpy as np
import pytest

from nasbench_lab.benchmarks.sources.transnas101 import SOURCE
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.errors import RefusedError, TableError, UsageError
from nasbench_lab.spaces import find_space
from tests import transnas_files as files
from tests.nats_files import Weights, dumps_as_torch, write_zip

CONTENT = files.content()
NAMES = files.networks()
MAIN = {"normal": "ssim", "autoencoder": "ssim", "segmentsemantic": "mIoU", "room_layout": "neg_loss"}
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transnas")
    path = files.write(folder / "transnas-bench_v10141024.pth", CONTENT)
    write_table(SOURCE.convert([path]), folder / "transnas101.h5")
    return Table(folder / "transnas101.h5")


def convert(tmp_path, everything, form="zip"):
    return SOURCE.convert([files.write(tmp_path / "transnas.pth", everything, form)])


def test_the_writer_writes_as_many_as_published():
    assert {space: len(names) for space, names in NAMES.items()} == {"macro": 3_256, "micro": 4_096}


def test_every_task_of_both_spaces_is_listed(table):
    table.verify()
    assert set(table.data_set_names) == {f"{space}-{task}" for space in NAMES for task in files.TASKS}
    for name in table.data_set_names:
        space, _, task = name.partition("-")
        data_set = table.data_set(name)
        assert len(data_set) == len(NAMES[space])
        assert list(data_set.trainings) == [files.EPOCHS[task]]
        assert space in data_set.title


@pytest.mark.parametrize("space", ["micro", "macro"])
@pytest.mark.parametrize("task", files.TASKS)
def test_every_number_is_where_the_file_has_it(table, space, task):
    data_set = table.data_set(f"{space}-{task}")
    metric, last = MAIN.get(task, "top1"), files.EPOCHS[task]
    (training,) = data_set.trainings.values()
    epochs = tuple(range(1, last + 1))
    assert training.valid_accuracy.epochs == training.train_seconds.epochs == epochs
    assert training.test_accuracy.epochs == (last,)
    assert training.valid_seconds is None
    for place in [*RNG.integers(len(NAMES[space]), size=40), 0, len(NAMES[space]) - 1]:
        record = place % files.DISTINCT
        row = data_set.row(find_space(f"transnas_{space}").parse(NAMES[space][place]))
        for epoch in epochs:
            seen = training.valid_accuracy.values[row, epoch - 1, 0]
            assert seen == files.value(metric, "valid", task, record, epoch)
            spent = training.train_seconds.values[row, epoch - 1, 0]
            assert spent == files.seconds(task, record, epoch)
        assert training.test_accuracy.values[row, 0, 0] == files.value(metric, "test", task, record, last)
        info = files.info(task, record)
        assert data_set.parameters[row] == info["model_params"] / 1e6
        assert data_set.flops[row] == info["model_FLOPs"] / 1e6
        assert data_set.latency["gpu"][row] == pytest.approx(1e3 * info["inference_time"])


def test_a_search_sees_the_last_validation_value_and_the_report_the_last_test_value(table):
    task = TabularTask(table, "micro-autoencoder")
    name = NAMES["micro"][1234]
    architecture, record = task.space.parse(name), 1234 % files.DISTINCT
    evaluation = task.evaluate(architecture, None, RNG)
    assert evaluation.valid_accuracy == files.value("ssim", "valid", "autoencoder", record, 30)
    assert evaluation.seconds == files.seconds("autoencoder", record, 30)
    assert evaluation.epochs == 30
    assert task.test_accuracy(architecture) == files.value("ssim", "test", "autoencoder", record, 30)
    assert task.optimum == max(
        files.value("ssim", "test", "autoencoder", record, 30) for record in range(files.DISTINCT)
    )
    early = task.evaluate(architecture, 5, RNG)
    assert early.valid_accuracy == files.value("ssim", "valid", "autoencoder", record, 5)
    assert early.seconds == files.seconds("autoencoder", record, 5)
    assert task.lists_every_architecture


def test_cards_say_what_is_measured(table):
    card = TabularTask(table, "macro-room_layout").card
    assert card.title == "TransNAS-Bench-101, Room layout (macro)"
    assert card.metric == "negative loss"
    assert card.searched == "validation negative loss after 25 epochs (one training)"
    assert card.reported == "test negative loss after 25 epochs (one training)"
    assert card.cost == "simulated seconds"
    assert card.optimum is not None
    assert card.optimum < 0
    metrics = {name: table.data_set(name).metric for name in table.data_set_names}
    assert metrics["micro-jigsaw"] == metrics["micro-class_scene"] == "top-1 accuracy (%)"
    assert metrics["macro-segmentsemantic"] == "mIoU (%)"
    assert metrics["micro-normal"] == "SSIM"


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_both_forms_and_other_ways_of_writing_numbers(tmp_path, form, table):
    """Seconds as numbers, counts as millions and NumPy's numbers give the same table."""
    everything = copy.deepcopy(CONTENT)
    everything["unread"] = {"weights": None}
    for by_task in [everything["data"]["micro"][name] for name in NAMES["micro"][: files.DISTINCT]]:
        for task, record in by_task.items():
            info, metrics = record["model_info"], record["metrics"]
            info["model_params"] /= 1e6
            info["model_FLOPs"] = np.float64(info["model_FLOPs"] / 1e6)
            spent = metrics["time_elapsed"]
            metrics["time_elapsed"] = [(i + 1) * files.seconds_of(spent[0]) for i in range(len(spent))]
            valid = metrics[f"valid_{MAIN.get(task, 'top1')}"]
            valid[0] = np.float64(valid[0])
    contents = convert(tmp_path, everything, form)
    for name in ("micro-class_scene", "macro-normal"):
        before, after = table.data_set(name), contents.data_sets[name]
        assert np.allclose(before.parameters, after.parameters, rtol=1e-15)
        assert np.allclose(before.flops, after.flops, rtol=1e-15)
        for quantity in ("valid_accuracy", "test_accuracy", "train_seconds"):
            one, other = (getattr(next(iter(each.trainings.values())), quantity) for each in (before, after))
            assert np.array_equal(one.values, other.values)


# The first cell, which the reader checks first.
FIRST = NAMES["micro"][0]


def changed(*path, **changes):
    """The content with changes to the first cell only; `path` leads to a dictionary in its record."""
    data = dict(CONTENT["data"])
    record = copy.deepcopy(data["micro"][FIRST])
    part = record
    for step in path:
        part = part[step]
    for name, value in changes.items():
        if value is ...:
            del part[name]
        else:
            part[name] = value
    data["micro"] = data["micro"] | {FIRST: record}
    return CONTENT | {"data": data}


def with_data(**spaces):
    return CONTENT | {"data": CONTENT["data"] | spaces}


def without(space, name, **more):
    networks = {text: record for text, record in CONTENT["data"][space].items() if text != name}
    return with_data(**{space: networks | more})


def curve(**changes):
    return changed("class_scene", "metrics", **changes)


GOOD = [50.0] * 24


@pytest.mark.parametrize(
    ("everything", "message"),
    [
        ([], "holds no data of micro and macro"),
        ({}, "holds no data of micro and macro"),
        ({"data": []}, "holds no data of micro and macro"),
        ({"data": {"micro": {}}}, "holds no data of micro and macro"),
        (with_data(micro=[]), "micro: it lists 0 networks; all 4,096 are needed"),
        (with_data(macro={}), "macro: it lists 0 networks; all 3,256 are needed"),
        (without("micro", FIRST), "micro: it lists 4,095 networks; all 4,096"),
        (
            without("micro", FIRST, **{"64-1234-basic": {}}),
            "'64-1234-basic' is not an architecture of transnas_mi",
        ),
        (without("macro", NAMES["macro"][0], **{"../../etc/passwd": {}}), "passwd' is not an architecture"),
        (with_data(micro={7: {}}), "micro: '7' is not an architecture of transnas_micro"),
        (with_data(micro={FIRST + "\n": {}}), "is not an architecture of transnas_micro"),
        (
            with_data(micro=CONTENT["data"]["micro"] | {FIRST: []}),
            f"{FIRST}, class_scene: there is no record",
        ),
        (changed(class_scene=...), f"{FIRST}, class_scene: there is no record of this task"),
        (changed(class_scene=[1]), f"{FIRST}, class_scene: there is no record of this task"),
        (changed("class_scene", metrics=[]), "class_scene: metrics is not a dictionary"),
        (changed("class_scene", model_info=None), "class_scene: model_info is not a dictionary"),
        (changed("class_scene", total_epochs=24), "class_scene: total_epochs is not 25"),
        (changed("class_scene", total_epochs=[25]), "class_scene: total_epochs is not 25"),
        (changed("class_scene", total_epochs=True), "class_scene: total_epochs is not 25"),
        (curve(valid_top1=...), "valid_top1 is not a list of 25 numbers, one per epoch"),
        (curve(valid_top1=GOOD), "valid_top1 is not a list of 25 numbers"),
        (curve(valid_top1=(*GOOD, 1.0)), "valid_top1 is not a list of 25 numbers"),
        (curve(test_top1={}), "test_top1 is not a list of 25 numbers"),
        (curve(valid_top1=[*GOOD, "50"]), "valid_top1 holds something other than numbers"),
        (curve(valid_top1=[*GOOD, True]), "valid_top1 holds something other than numbers"),
        (curve(valid_top1=[*GOOD, None]), "valid_top1 holds something other than numbers"),
        (curve(valid_top1=[*GOOD, [50.0]]), "valid_top1 holds something other than numbers"),
        (curve(valid_top1=[*GOOD, 10**400]), "valid_top1 holds something other than numbers"),
        (curve(valid_top1=[*GOOD, 100.5]), "valid_top1 is a number between 0 and 100; received 100.5"),
        (curve(valid_top1=[*GOOD, -0.5]), "valid_top1 is a number between 0 and 100; received -0.5"),
        (curve(valid_top1=[*GOOD, float("nan")]), "valid_top1 is a number between 0 and 100; received nan"),
        (curve(test_top1=[*GOOD, float("inf")]), "test_top1 is a number between 0 and 100; received inf"),
        (changed("room_layout", "metrics", valid_neg_loss=[0.1] * 25), "between -inf and 0; received 0.1"),
        (
            changed("room_layout", "metrics", valid_neg_loss=[float("-inf")] * 25),
            "between -inf and 0; received -inf",
        ),
        (
            changed("normal", "metrics", test_ssim=[1.5] * 30),
            "normal: test_ssim is a number between -1 and 1",
        ),
        (
            curve(time_elapsed=[*["00:10:00"] * 24, "00:09:59"]),
            "time_elapsed falls; it counts from the start",
        ),
        (
            curve(time_elapsed=[*["00:10:00"] * 24, "00:10:60"]),
            "time_elapsed holds something other than numb",
        ),
        (
            curve(time_elapsed=[*["00:10:00"] * 24, "00:10:0٠"]),
            "time_elapsed holds something other than numb",
        ),
        (curve(time_elapsed=[-1.0] * 25), "time_elapsed is a number between 0 and 1e"),
        (curve(time_elapsed=[float("nan")] * 25), "time_elapsed is a number between 0 and 1e"),
        (changed("class_scene", "model_info", model_params=""), "class_scene: model_params is not a number"),
        (changed("class_scene", "model_info", model_FLOPs=...), "class_scene: model_FLOPs is not a number"),
        (changed("class_scene", "model_info", inference_time=-1), "inference_time is a number between 0 and"),
        (
            changed("class_scene", "model_info", model_params=0),
            "model_params of this or another network is be",
        ),
    ],
)
def test_a_changed_file_is_refused_in_one_line(tmp_path, everything, message):
    with pytest.raises(TableError, match=message) as raised:
        convert(tmp_path, everything)
    assert "transnas.pth" in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x80\x02cposix\nsystem\nU\x02ls\x85R.", "the pickle names 'posix.system'"),
        (b"\x80\x02capi.api\nArchResult\n)\x81}b.", "the pickle names 'api.api.ArchResult'"),
        (dumps_as_torch({"data": Weights()}), "the pickle names 'torch._utils"),
        (pickle.dumps({"data": {}}, 2)[:-1], "the pickle is cut off or damaged"),
        (b"", "the pickle is cut off or damaged"),
    ],
)
def test_whatever_is_more_than_plain_data_is_refused(tmp_path, data, message):
    path = write_zip(tmp_path / "transnas.pth", data)
    with pytest.raises(TableError, match=message) as raised:
        SOURCE.convert([path])
    assert len(str(raised.value).splitlines()) == 1


def test_cut_files_are_refused_and_leave_no_table(tmp_path):
    path = files.write(tmp_path / "transnas.pth", CONTENT)
    whole = path.read_bytes()
    for length in np.linspace(0, len(whole) - 1, 12).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(TableError) as raised:
            write_table(SOURCE.convert([path]), tmp_path / "out.h5")
        assert len(str(raised.value).splitlines()) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["transnas.pth"]


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_flipped_bits_are_refused_or_give_numbers_in_range(tmp_path, form):
    path = files.write(tmp_path / "transnas.pth", CONTENT, form)
    whole = path.read_bytes()
    rng = np.random.default_rng(3)
    complaints = []
    for position in rng.integers(len(whole), size=6):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            SOURCE.convert([path])
        except TableError as error:
            complaints.append(str(error))
    assert all(len(complaint.splitlines()) == 1 for complaint in complaints)
    # A checksum protects the archive. In the older form, only impossible content is noticed.
    assert len(complaints) == 6 if form == "zip" else len(complaints) > 0


def test_other_files_are_refused(tmp_path):
    with pytest.raises(TableError, match="there is no file"):
        SOURCE.convert([tmp_path / "nothing.pth"])
    with pytest.raises(RefusedError, match="is a folder; a file is expected"):
        SOURCE.convert([tmp_path])
    (tmp_path / "noise.pth").write_bytes(b"<html>not found</html>")
    with pytest.raises(TableError, match=r"noise\.pth cannot be read"):
        SOURCE.convert([tmp_path / "noise.pth"])
    with pytest.raises(UsageError, match="transnas101 is imported from one file"):
        SOURCE.convert([])
