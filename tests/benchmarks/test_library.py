import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_lab.benchmarks import catalog, folders, library
from nasbench_lab.benchmarks.fetch import Download
from nasbench_lab.benchmarks.sources.base import Source
from nasbench_lab.benchmarks.tables import embedded
from nasbench_lab.benchmarks.tables.benchmark import TableBenchmark
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.errors import FetchError, TableError, UsageError
from tests.tables import small_contents
from tests.web import serving


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path))
    return tmp_path


def toy(**changes) -> Source:
    """A source that lists a small made-up table."""
    settings = {
        "name": "toy",
        "title": "Toy benchmark",
        "citation": "Nobody, 2026",
        "licence": "CC0",
        "homepage": "https://example.org/toy",
        "files": "toy.csv",
        "convert": lambda paths: small_contents(),
    }
    return Source(**{**settings, **changes})


@pytest.fixture
def toys(folder, monkeypatch):
    sources = {"toy": toy(), "packed": toy(name="packed", packaged=True)}
    for module in (catalog, library):
        monkeypatch.setattr(module, "all_sources", lambda: sources)
    return sources


def test_every_file_is_a_source():
    files = {path.stem for path in Path(catalog.__file__).parent.joinpath("sources").glob("*.py")}
    assert set(catalog.all_sources()) == files - {"__init__", "base", "nats"}


@pytest.mark.parametrize("source", catalog.all_sources().values(), ids=catalog.all_sources())
def test_a_source_describes_itself(source):
    for text in (source.title, source.citation, source.licence, source.files):
        assert text
        assert len(text.splitlines()) == 1
    assert source.homepage.startswith("https://")
    assert all(split in ("valid", "test") for _, split in source.optima)
    for download in source.downloads:
        assert download.url.startswith("https://")
        assert download.file in source.files
        assert re.fullmatch("sha256:[0-9a-f]{64}", download.checksum)
        assert download.size > 10**6


def test_the_data_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "here"))
    assert folders.data_folder() == tmp_path / "here"
    assert folders.table_path("nasbench201") == tmp_path / "here" / "nasbench201.h5"
    monkeypatch.setenv("NASBENCH_LAB_DATA", "~/tables")
    assert folders.data_folder() == Path.home() / "tables"
    monkeypatch.delenv("NASBENCH_LAB_DATA")
    assert folders.data_folder().name == "nasbench_lab"


def test_a_missing_table_says_how_to_bring_it(folder):
    with pytest.raises(TableError, match=r"python -m nasbench_lab.data import nasbench201 FILE") as raised:
        library.open_table("nasbench201")
    for part in ("NAS-Bench-201", "nb201_combined.csv.gz", "https://github.com/D-X-Y/NATS-Bench"):
        assert part in str(raised.value)
    assert list(folder.iterdir()) == []


def test_a_missing_table_says_how_to_fetch_it(folder):
    with pytest.raises(
        TableError, match=r"data fetch nasbench_macro, or: .* import nasbench_macro FILE where"
    ):
        library.open_table("nasbench_macro")


@pytest.mark.parametrize(
    "use",
    [
        library.open_table,
        library.open_benchmark,
        lambda name: library.import_benchmark(name, []),
        catalog.import_command,
        catalog.fetch_command,
        catalog.find_download,
    ],
)
def test_an_unknown_benchmark_is_named(folder, use):
    with pytest.raises(UsageError, match="unknown benchmark 'nasbench210'; did you mean 'nasbench201'"):
        use("nasbench210")


def test_a_packaged_table_is_converted_once(folder, toys):
    first = library.open_table("packed")
    written = first.path.stat().st_mtime_ns
    assert library.open_table("packed").digest == first.digest
    assert first.path.stat().st_mtime_ns == written
    assert list(folder.iterdir()) == [folder / "packed.h5"]


def test_an_imported_table_opens(folder, toys):
    assert library.import_benchmark("toy", [Path("toy.csv")]).data_set_names == ("one", "two")
    assert library.open_table("toy").title == "Toy benchmark"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(b"the official file") as server:
        yield server


@pytest.fixture
def fetched(toys, server):
    """Make the toy source fetchable; the value lists the files that it has converted."""
    digest = hashlib.sha256(server.content).hexdigest()
    converted = []

    def convert(paths):
        converted.append([path.read_bytes() for path in paths])
        return replace(small_contents(), source_sha256={paths[0].name: digest})

    downloads = tuple(
        Download(url=server.url(file), checksum=f"sha256:{digest}", size=17)
        for file in ("toy.csv", "small.csv")
    )
    toys["toy"] = toy(convert=convert, downloads=downloads)
    return converted


def test_a_fetched_table_opens_and_its_file_is_removed(folder, server, fetched):
    download = catalog.find_download("toy")
    assert download.file == "toy.csv"
    seen = []
    table = library.fetch_benchmark("toy", download, lambda *progress: seen.append(progress))
    assert table.data_set_names == ("one", "two")
    assert (fetched, seen) == ([[server.content]], [(17, 17)])
    assert list(folder.iterdir()) == [folder / "toy.h5"]
    assert library.fetch_benchmark("toy", download).digest == table.digest
    assert server.requests == [None]
    (folder / "toy.h5").write_bytes(b"noise")
    assert library.fetch_benchmark("toy", download).digest == table.digest
    assert server.requests == [None, None]


def test_what_is_fetched_stays_where_the_import_fails(folder, server, fetched, toys):
    good = toys["toy"]

    def fail(paths):
        raise TableError("the file is not as published")

    toys["toy"] = replace(good, convert=fail)
    with pytest.raises(TableError, match="not as published"):
        library.fetch_benchmark("toy", catalog.find_download("toy"))
    assert list(folder.iterdir()) == [folder / "toy.csv"]
    toys["toy"] = good
    library.fetch_benchmark("toy", catalog.find_download("toy"))
    assert server.requests == [None]
    assert list(folder.iterdir()) == [folder / "toy.h5"]


def test_a_failed_fetch_leaves_the_old_table(folder, server, fetched):
    library.import_benchmark("packed", [])
    before = (folder / "packed.h5").rename(folder / "toy.h5").read_bytes()
    server.status = 404
    with pytest.raises(FetchError, match="404"):
        library.fetch_benchmark("toy", catalog.find_download("toy"))
    assert (folder / "toy.h5").read_bytes() == before


def test_one_of_several_files_is_found_by_its_name(fetched):
    assert catalog.find_download("toy", "small.csv").file == "small.csv"
    with pytest.raises(UsageError, match=r"unknown file of toy 'smal.csv'; did you mean 'small.csv'"):
        catalog.find_download("toy", "smal.csv")


@pytest.mark.parametrize("name", ["nasbench201", "nats_sss", "hw_nas_bench"])
def test_what_cannot_be_fetched_says_where_it_is(name):
    assert catalog.fetch_command(name) is None
    source = catalog.find_source(name)
    with pytest.raises(UsageError, match=rf"bring it with: .* import {name} FILE") as raised:
        catalog.find_download(name)
    assert source.homepage in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_a_failed_import_leaves_the_old_table(folder, toys, monkeypatch):
    benchmark = library.import_benchmark("toy", [])
    assert isinstance(benchmark, TableBenchmark)
    before = benchmark.table.path.read_bytes()

    def fail(paths):
        raise TableError("the file is not as published")

    toys["toy"] = toy(convert=fail)
    with pytest.raises(TableError, match="not as published"):
        library.import_benchmark("toy", [])
    toys["toy"] = toy(convert=lambda paths: replace(small_contents(), data_sets={}))
    with pytest.raises(TableError, match="has no data set"):
        library.import_benchmark("toy", [])
    assert folders.table_path("toy").read_bytes() == before
    assert list(folder.iterdir()) == [folder / "toy.h5"]


def test_a_folder_that_cannot_be_written_is_named(folder, toys, monkeypatch):
    (folder / "file").write_text("not a folder")
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(folder / "file"))
    with pytest.raises(TableError, match=r"the table .*toy\.h5 cannot be written"):
        library.import_benchmark("toy", [])


def test_a_table_of_ones_own_opens_without_a_source(folder):
    write_table(replace(small_contents(), name="mine"), folder / "mine.h5")
    assert library.open_table("mine").title == "Toy benchmark"


def test_two_processes_can_convert_at_once(folder):
    program = (
        "from nasbench_lab.benchmarks.library import open_table; table = open_table('nasbench_graph');"
        "print(table.digest, len(table.data_set('proteins')))"
    )
    environment = os.environ | {"NASBENCH_LAB_DATA": str(folder)}
    processes = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    answers = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    table = Table(folder / "nasbench_graph.h5")
    assert answers == {f"{table.digest} 2021\n"}
    table.verify()
    assert list(folder.iterdir()) == [table.path]


def test_a_table_in_the_data_folder_does_not_stand_before_the_one_that_ships(folder, monkeypatch):
    shipped = folder / "shipped"
    shipped.mkdir()
    monkeypatch.setattr(embedded, "FOLDER", shipped)
    for path, title in ((shipped / "mine.h5", "Shipped"), (folder / "mine.h5", "Other")):
        write_table(replace(small_contents(), name="mine", title=title), path)
    assert library.open_table("mine").title == "Shipped"
