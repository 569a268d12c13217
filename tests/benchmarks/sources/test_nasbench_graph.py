import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nasbench_lab.benchmarks.sources.nasbench_graph import OPERATIONS, PUBLISHED, SOURCE, _installed
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.spaces import find_space
from nasbench_lab.spaces.nasbench_graph import TOPOLOGIES, NasBenchGraph


@pytest.fixture(scope="module")
def contents():
    return SOURCE.convert([])


@pytest.fixture(scope="module")
def package():
    return pytest.importorskip("nas_bench_graph")


@pytest.mark.parametrize("name", PUBLISHED)
def test_values_are_those_the_package_gives(contents, package, name):
    """An architecture that is not listed itself is looked up by the package's own canonical key."""
    listed = package.light_read(name)
    data_set = contents.data_sets[name]
    space = data_set.search_space
    (training,) = data_set.trainings.values()
    rng = np.random.default_rng(0)
    for _ in range(300):
        architecture = space.sample(rng)
        names = [space.operations[operation] for operation in architecture[1:]]
        expected = listed[package.Arch(list(TOPOLOGIES[architecture[0]]), names).valid_hash()]
        row = data_set.row(architecture)
        assert training.valid_accuracy.values[row, 0, 0] == expected["valid_perf"] * 100
        assert training.test_accuracy.values[row, 0, 0] == expected["perf"] * 100
        assert data_set.latency["gpu"][row] == expected["latency"] * 1e3
        assert data_set.parameters[row] == expected["para"]


def test_every_architecture_is_listed(contents):
    for data_set in contents.data_sets.values():
        space = data_set.search_space
        architectures = [space.architecture(i) for i in range(space.size)]
        valid = np.array([architecture for architecture in architectures if space.is_valid(architecture)])
        rows = data_set.rows(valid)
        assert set(rows.tolist()) == set(range(len(data_set)))
        if space.name == "nasbench_graph":
            break
    assert data_set.rows(np.array([(0, 8, 8, 8, 8)])).tolist() == [-1]


def test_as_many_rows_as_published(contents):
    rows = {name: len(data_set) for name, data_set in contents.data_sets.items()}
    assert rows == dict.fromkeys(PUBLISHED, 26_206) | {"proteins": 2_021}
    assert set(contents.source_sha256) == {f"{name}.bench" for name in PUBLISHED}


def test_metrics(contents):
    assert contents.data_sets["cora"].metric == "accuracy (%)"
    assert contents.data_sets["proteins"].metric == "ROC-AUC (%)"
    space = find_space("nasbench_graph")
    assert isinstance(space, NasBenchGraph)
    assert space.operations == OPERATIONS


def test_accuracies_on_cora_are_means_of_three_runs(contents):
    """There are 500 validation and 1,000 test nodes, so the accuracies justify the label `mean`."""
    (training,) = contents.data_sets["cora"].trainings.values()
    for measured, nodes in ((training.valid_accuracy, 500), (training.test_accuracy, 1000)):
        counts = measured.values / 100 * nodes * 3
        assert np.abs(counts - counts.round()).max() < 1e-6


def test_the_package_is_not_imported():
    program = (
        "import sys; from nasbench_lab.benchmarks.sources.nasbench_graph import _data_set, _installed;"
        "_data_set('proteins', _installed() / 'proteins.bench'); print('nas_bench_graph' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"


@pytest.fixture
def folder(tmp_path):
    """A copy of the package's files; the tests change `cora`, which is read first."""
    shutil.copytree(_installed(), tmp_path / "light")
    return tmp_path / "light"


class Marker:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def row(**changes):
    return {"valid_perf": 0.5, "perf": 0.5, "latency": 0.1, "para": 0.1} | changes


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "lists 0 architectures; all 26,206 are needed"),
        ({0: row(), 1: row()}, "lists 2 architectures"),
        ("cora", "does not hold a table by architecture"),
        ({88888: row()}, "key 88888 is not a canonical architecture of nasbench_graph"),
        ({10: row()}, "key 10 is not a canonical architecture"),
        ({-1: row()}, "key -1 is not a canonical"),
        ({10**5: row()}, "key 100000 is not a canonical"),
        ({"0": row()}, "key '0' is not a canonical"),
        ({0: {"perf": 1.0}}, "key 0: expected the fields valid_perf, perf, latency, para"),
        ({0: 0.5}, "key 0: expected the fields"),
        ({0: row(perf=float("nan"))}, "key 0: perf is not a number between 0 and 1"),
        ({0: row(perf=81.0)}, "key 0: perf is not a number between 0 and 1"),
        ({0: row(perf="0.5")}, "key 0: perf is not a number"),
        ({0: row(latency=-0.1)}, "key 0: latency is not a number"),
        ({0: row(para=float("inf"))}, "key 0: para is not a number"),
    ],
)
def test_a_changed_table_is_refused_in_one_line(folder, table, message):
    (folder / "cora.bench").write_bytes(pickle.dumps(table, 3))
    with pytest.raises(TableError, match=message) as raised:
        SOURCE.convert([folder])
    assert "cora.bench" in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_a_file_that_would_run_something_does_not(folder, tmp_path):
    mark = tmp_path / "executed"
    (folder / "cora.bench").write_bytes(pickle.dumps({0: row(perf=Marker(mark))}, 3))
    with pytest.raises(TableError, match=r"cora.bench cannot be read: the pickle"):
        SOURCE.convert([folder])
    assert not mark.exists()


def test_unreadable_files_are_refused(folder):
    path = folder / "cora.bench"
    whole = path.read_bytes()
    for length in (0, 1, 1000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(TableError, match=r"cora.bench cannot be read: the pickle is cut off"):
            SOURCE.convert([folder])
    with path.open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(TableError, match="holds more than 16,777,216 bytes"):
        SOURCE.convert([folder])
    path.unlink()
    with pytest.raises(TableError, match=r"there is no file .*cora.bench"):
        SOURCE.convert([folder])


def test_one_folder_is_expected(tmp_path):
    with pytest.raises(UsageError, match="nasbench_graph is imported from one folder"):
        SOURCE.convert([tmp_path, tmp_path])


def test_a_missing_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("nasbench_lab.benchmarks.sources.nasbench_graph.find_spec", lambda name: None)
    with pytest.raises(TableError, match="pip install nas-bench-graph"):
        SOURCE.convert([])
