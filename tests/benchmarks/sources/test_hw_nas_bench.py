"""HW-NAS-Bench from files in the published form; the published file itself is not available here."""

import pickle
from typing import Any

import numpy as np
import pytest

from nasbench_lab.benchmarks.folders import data_folder
from nasbench_lab.benchmarks.library import import_benchmark
from nasbench_lab.benchmarks.sources.hw_nas_bench import ENERGY, LATENCY, SOURCE
from nasbench_lab.benchmarks.tables.contents import Contents, DataSet, Measurement, Training
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.search import contract
from nasbench_lab.spaces import find_space
from tests.tables import present

space = find_space("nasbench201")
INDEX = np.arange(space.size)
CONFIGURATIONS = [{"C": 16, "arch_str": space.format(space.architecture(i))} for i in INDEX.tolist()]


def official(**changes):
    """The content of the official file with `changes` to CIFAR-10; `...` removes a metric."""
    metrics = {f"{device}_latency": (INDEX / 100 + place).tolist() for place, device in enumerate(LATENCY)}
    metrics |= {f"{device}_energy": (INDEX / 50 + place).tolist() for place, device in enumerate(ENERGY)}
    metrics |= {"config": CONFIGURATIONS, "eyeriss_arithmetic_intensity": [0.5] * space.size}
    changed = {name: value for name, value in (metrics | changes).items() if value is not ...}
    return {"nasbench201": {"cifar10": changed, "ImageNet16-120": metrics}, "fbnet": {"cifar100": {}}}


def write_nasbench201(path, **settings):
    accuracy = Measurement((INDEX % 90 + 1.0)[:, None, None], (200,), ("mean",))
    fields: dict[str, Any] = {
        "title": "CIFAR-10",
        "space": "nasbench201",
        "trainings": {200: Training(valid_accuracy=accuracy)},
    }
    fields |= settings
    data_sets = {name: DataSet(**fields) for name in ("cifar10", "cifar100")}
    write_table(
        Contents(
            name="nasbench201",
            title="NAS-Bench-201",
            citation="Dong",
            licence="MIT",
            source_sha256={},
            data_sets=data_sets,
        ),
        path,
    )
    return path


@pytest.fixture
def accuracies(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path))
    return write_nasbench201(tmp_path / "nasbench201.h5")


def convert(tmp_path, content, *tables, dump=lambda content: pickle.dumps(content, 4)):
    path = tmp_path / "HW-NAS-Bench-v1_0.pickle"
    path.write_bytes(content if isinstance(content, bytes) else dump(content))
    return SOURCE.convert([path, *(tables or [data_folder() / "nasbench201.h5"])])


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_costs_are_joined_to_the_accuracies(tmp_path, accuracies, protocol):
    contents = convert(tmp_path, official(), dump=lambda content: pickle.dumps(content, protocol))
    write_table(contents, tmp_path / "joined.h5")
    table = Table(tmp_path / "joined.h5")
    assert table.data_set_names == ("cifar10",)
    data_set = table.data_set("cifar10")
    assert set(data_set.latency) == set(LATENCY)
    assert set(data_set.energy) == set(ENERGY)
    assert data_set.latency["raspi4"][77] == 77 / 100 + 1
    assert data_set.energy["fpga"][77] == 77 / 50 + 2
    assert present(data_set.trainings[200].valid_accuracy).values[77, 0, 0] == 78
    assert f"{Table(accuracies).digest}  table nasbench201" in table.source_sha256


def test_a_search_sees_the_latency_and_the_energy_of_every_device(tmp_path, accuracies):
    write_table(convert(tmp_path, official(), accuracies), tmp_path / "joined.h5")
    table, cell = Table(tmp_path / "joined.h5"), space.architecture(77)
    rng = np.random.default_rng(0)
    task = TabularTask(table, "cifar10")
    metrics = task.evaluate(cell, None, rng).metrics
    assert metrics["latency:fpga"] == pytest.approx(5.77)
    assert metrics["latency:raspi4"] == pytest.approx(1.77)
    assert metrics["energy:fpga"] == table.data_set("cifar10").energy["fpga"][77]
    assert (task.metrics["latency:fpga"], task.metrics["energy:fpga"]) == (contract.LATENCY, contract.ENERGY)
    assert task.score(cell, ["latency:fpga"]).values == {"latency:fpga": metrics["latency:fpga"]}
    with pytest.raises(UsageError, match=r"unknown metric of .* 'latency:tpu'; did you mean"):
        task.score(cell, ["latency:tpu"])


def test_numpy_values_and_absent_metrics(tmp_path, accuracies):
    contents = convert(
        tmp_path,
        official(
            pixel3_latency=INDEX / 4,
            raspi4_latency=[np.float64(i) for i in INDEX[:10]] + [1.0] * (space.size - 10),
            edgetpu_latency=...,
            config=...,
        ),
    )
    latency = contents.data_sets["cifar10"].latency
    assert "edgetpu" not in latency
    assert latency["pixel3"][77] == 77 / 4


SOME = [1.0] * space.size


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read: the pickle is cut off"),
        (b"\x80\x04cos\nsystem\nX\x02\x00\x00\x00ls\x85R.", "cannot be read: the pickle names 'os.system'"),
        ([], "holds nothing about nasbench201"),
        ({"fbnet": {}}, "holds nothing about nasbench201"),
        ({"nasbench201": {}}, "have no data set in common"),
        ({"nasbench201": {"cifar10": []}}, "cifar10: there are no metrics"),
        ({"nasbench201": {"cifar10": {}}}, "there is no latency on any of edgegpu, raspi4"),
        (official(fpga_latency=[1.0]), "fpga_latency is not a list of 15,625 numbers"),
        (official(fpga_latency={}), "fpga_latency is not a list of 15,625 numbers"),
        (official(fpga_energy=[*SOME[1:], float("nan")]), "entry 15624: fpga_energy is not a number between"),
        (official(fpga_energy=[-1.0, *SOME[1:]]), "entry 0: fpga_energy is not a number"),
        (official(fpga_energy=[10**400, *SOME[1:]]), "entry 0: fpga_energy is not a number"),
        (official(fpga_energy=[float("inf"), *SOME[1:]]), "entry 0: fpga_energy is not a number"),
        (official(fpga_energy=["1", *SOME[1:]]), "entry 0: fpga_energy is not a number"),
        (official(fpga_energy=[True, *SOME[1:]]), "entry 0: fpga_energy is not a number"),
        (official(config=CONFIGURATIONS[::-1]), "entry 0 is not the cell that NAS-Bench-201 has"),
        (official(config=CONFIGURATIONS[:-1]), "entry 15624 is not the cell"),
    ],
)
def test_a_changed_file_is_refused_in_one_line(tmp_path, accuracies, content, message):
    with pytest.raises(TableError, match=message) as raised:
        convert(tmp_path, content)
    assert "HW-NAS-Bench-v1_0.pickle" in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_all_of_nasbench201_is_needed(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path))
    with pytest.raises(TableError, match="NAS-Bench-201 is not here; bring it with"):
        import_benchmark("hw_nas_bench", [tmp_path / "HW-NAS-Bench-v1_0.pickle"])
    few = Measurement(np.ones((1, 1, 1)), (200,), ("mean",))
    write_nasbench201(
        tmp_path / "nasbench201.h5", keys=np.array([11]), trainings={200: Training(valid_accuracy=few)}
    )
    with pytest.raises(
        TableError, match="lists 1 architectures of nasbench201; all of nasbench201 are needed"
    ):
        convert(tmp_path, official())


def test_one_file_is_expected(tmp_path):
    with pytest.raises(UsageError, match="hw_nas_bench is imported from one file"):
        SOURCE.convert([])
