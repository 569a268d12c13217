"""The toy table in a data folder of its own, for comparisons that write into an empty folder."""

import pytest

from nasbench_lab.benchmarks.tables.file import write_table
from tests.tables import small_contents


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    """A data folder with the toy table, for this process and the processes it starts."""
    folder = tmp_path_factory.mktemp("data")
    write_table(small_contents(), folder / "toy.h5")
    return folder


@pytest.fixture
def toy_benchmark(data_folder, monkeypatch, tmp_path):
    """The benchmark `toy`, and an empty folder as the current one."""
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(data_folder))
    monkeypatch.chdir(tmp_path)
