import gzip
import hashlib
import os
import subprocess
import sys
import time
from dataclasses import replace

import h5py
import numpy as np
import pytest

from nasbench_lab.benchmarks import catalog
from nasbench_lab.benchmarks.fetch import Download
from nasbench_lab.benchmarks.tables.contents import Measurement, Training
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.training import images
from nasbench_lab.data import main
from tests.tables import SIZE, small_contents
from tests.web import serving


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "tables"))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path / "tables"


@pytest.fixture
def table(folder):
    """A made-up table, kept under the name of a published one."""
    path = folder / "nasbench_macro.h5"
    write_table(replace(small_contents(), name="nasbench_macro", title="Macro [bold]"), path)
    return Table(path)


def output(capsys, *arguments):
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_list_says_what_is_here_and_how_to_bring_the_rest(capsys, folder, table):
    code, out, err = output(capsys, "list")
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert rows["nasbench_macro"].split()[-1] == table.digest[:8]
    assert "6,561" in rows["nasbench_macro"]
    assert "Macro [bold]" in rows["nasbench_macro"]
    assert "not here" in rows["nasbench201"]
    assert "MIT" in rows["nasbench201"]
    assert "python -m nasbench_lab.data import nasbench201 FILE" in out
    assert "import nasbench_macro" not in out
    assert "fetch nasbench_macro" not in out
    assert "Bring nasbench101 with: python -m nasbench_lab.data fetch nasbench101\n" in out
    assert "or with: python -m nasbench_lab.data import nasbench101 FILE\n" in out
    assert "python -m nasbench_lab.data fetch cifar10\n" in out
    assert str(folder) in out


def test_list_fits_a_terminal_of_80_columns(capsys, folder, table):
    _, out, _ = output(capsys, "list")
    rows = out.splitlines()[:6]
    assert max(map(len, rows)) <= 80
    assert "…" not in out


def test_list_shows_tables_of_ones_own_and_damaged_ones(capsys, folder, table):
    write_table(replace(small_contents(), name="mine"), folder / "mine.h5")
    (folder / "nasbench201.h5").write_bytes(b"noise")
    code, out, _ = output(capsys, "list")
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert code == 0
    assert "Toy benchmark" in rows["mine"]
    assert "damaged" in rows["nasbench201"]
    assert f"the table {folder / 'nasbench201.h5'} is damaged (" in out
    assert "; delete it and import the official files again: python -m nasbench_lab.data import" in out


def test_info_describes_a_table(capsys, table):
    code, out, err = output(capsys, "info", "nasbench_macro")
    assert (code, err) == (0, "")
    for part in ("Nobody, 2026", "CC0", "https://github.com/xiusu", table.digest, "0" * 64, "Macro [bold]"):
        assert part in out
    facts = [line.split() for line in out.splitlines()]
    assert ["one", "200", "epochs", "valid_accuracy", "200", "a,", "b", "3,281"] in facts
    assert ["two", "12", "epochs", "train_seconds", "12", "mean", "0"] in facts
    training = table.data_set("one").trainings[200]
    best = [
        f"{np.nanmean(measured.values[:, -1], axis=1).max():.4f}"
        for measured in (training.valid_accuracy, training.test_accuracy)
    ]
    assert ["one", "Toy", "data", "6,561", "accuracy", "(%)", *best] in facts


def test_verify_compares_with_the_published_optima(capsys, table):
    code, out, _ = output(capsys, "verify", "nasbench_macro")
    assert code == 2
    assert f"ok      content has the digest it was written with, {table.digest[:12]}" in out
    assert "ok      one: 6,561 rows, every architecture of nasbench_macro" in out
    assert "FAILED  cifar10: best test accuracy -, published 93.1267" in out


def test_verify_finds_a_changed_value(capsys, table):
    with h5py.File(table.path, "r+") as file:
        file["one/trainings/200/test_accuracy"][3, 0, 0] += 1
    code, out, _ = output(capsys, "verify", "nasbench_macro")
    assert code == 2
    assert "FAILED  the table" in out
    assert "its content has digest" in out


def test_verify_passes_the_published_table(capsys, folder, published_data):
    file = published_data / "nasbench-macro" / "nas-bench-macro_cifar10.json.gz"
    code, out, err = output(capsys, "import", "nasbench_macro", str(file))
    assert (code, err) == (0, "")
    assert f"{folder}" in out
    code, out, _ = output(capsys, "verify", "nasbench_macro")
    assert code == 0
    assert "ok      cifar10: best test accuracy 93.1267, published 93.1267" in out
    assert "FAILED" not in out


def test_verify_of_a_partial_table_looks_for_nothing_better(capsys, folder, published_data):
    file = published_data / "nasbench201" / "NATS-tss-v1_0-3ffb9-simple"
    assert output(capsys, "import", "nasbench201", str(file))[0] == 0
    code, out, _ = output(capsys, "verify", "nasbench201")
    assert code == 0
    assert "ok      cifar10: 2 rows, distinct architectures of nasbench201" in out
    assert "ok      cifar10: best test accuracy listed 91.5833, published of all 94.3733" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "nasbench210"], "unknown benchmark 'nasbench210'; did you mean 'nasbench201'"),
        (["info", "nasbench201"], "bring it with: python -m nasbench_lab.data import nasbench201 FILE"),
        (["verify", "nasbench201"], "bring it with: python -m nasbench_lab.data import nasbench201 FILE"),
        (["import", "nasbench201"], "nasbench201 is imported from one file"),
        (["import", "nasbench201", "no.csv"], "there is no file no.csv"),
        (
            ["import", "mine", "t.csv", "s.toml"],
            "a table of your own is imported with: import --as mine t.csv s.toml",
        ),
        (["fetch", "nasbench210"], "unknown benchmark 'nasbench210'; did you mean 'nasbench201'"),
        (["fetch", "nasbench201"], "from https://github.com/D-X-Y/NATS-Bench and bring it with: python -m"),
        (
            ["fetch", "nasbench101", "--file", "x"],
            "unknown file of nasbench101 'x'. Known: nasbench_full.tfr",
        ),
        (["fetch", "cifar10", "--file", "x"], "cifar10 has one file; leave out --file"),
    ],
)
def test_errors_are_one_line_on_standard_error(capsys, folder, arguments, message):
    code, out, err = output(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["import", "mine"],
            "mine is a table of your own, and it is here; import it again with:"
            " python -m nasbench_lab.data import --as mine TABLE SCHEMA",
        ),
        (["import", "mine", "t.csv"], "mine is a table of your own, and it is here; import it again wi"),
        (["fetch", "mine"], "mine is a table of your own, and it is here; import it again with: python -m"),
        (["import", "Mine"], "unknown benchmark 'Mine'; did you mean 'mine'? Known: "),
        (["import", "t.csv", "s.toml"], "needs a name; import it with: import --as NAME t.csv s.toml"),
        (["import", "--as", "mine", "t.csv"], "is imported from two files, a CSV or Parquet table and"),
        (["fetch", "cifar10-mini"], "cifar10-mini comes with an installed package, so there is nothing"),
        (["import", "cifar10-mini"], "cifar10-mini comes with an installed package, so there is nothing to"),
        (["import", "darts"], "darts is a search space without a table; its architectures are trained"),
        (["info", "mine/one"], "mine/one is not a whole benchmark; leave out the data set: mine"),
        (["info", "mine/typo"], "mine/typo is not a whole benchmark; leave out the data set: mine"),
        (["fetch", "nasbench201/cifar10"], "nasbench201/cifar10 is not a whole benchmark; leave out the"),
        (["verify", "mine/one"], "mine/one is not a whole benchmark; leave out the data set: mine"),
        (["verify", "mime"], "unknown benchmark 'mime'; did you mean 'mine'"),
        (["query", "mine/typo", "00000000"], "data set of mine 'typo'; did you mean 'two'?"),
        (["query", "mime", "00000000"], "unknown benchmark 'mime'; did you mean 'mine'"),
        (["fit", "mime"], "unknown benchmark 'mime'; did you mean 'mine'"),
        (["fit", "mine", "--data-set", "typo"], "data set of mine 'typo'; did you mean 'two'?"),
        (["export", "mine/typo", "--csv", "a.csv"], "data set of mine 'typo'; did you mean 'two'?"),
        (["export", "mime", "--csv", "a.csv"], "unknown benchmark 'mime'; did you mean 'mine'"),
    ],
)
def test_a_table_of_ones_own_is_known_by_its_name(capsys, folder, arguments, message):
    write_table(replace(small_contents(), name="mine"), folder / "mine.h5")
    before = sorted(folder.iterdir())
    code, out, err = output(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
    assert len(err.splitlines()) == 1
    assert sorted(folder.iterdir()) == before


def test_paths_may_have_the_signs_of_the_grammar_in_them(capsys, tmp_path, monkeypatch):
    folder = tmp_path / "x=y:z,1"
    folder.mkdir()
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(folder / "d=a:t,a"))
    monkeypatch.chdir(folder)
    write_table(replace(small_contents(), name="mine"), folder / "d=a:t,a" / "mine.h5")
    code, out, err = output(capsys, "export", "mine/one", "--csv", "a=b:c,d.csv")
    assert (code, out, err) == (0, "a=b:c,d.csv\na=b:c,d.toml\n", "")
    files = [f"../{folder.name}/a=b:c,d.{ending}" for ending in ("csv", "toml")]
    code, out, err = output(capsys, "import", "--as", "again", *files)
    assert (code, err) == (0, "")
    assert f"{folder / 'd=a:t,a' / 'again.h5'}" in out


def downloaded(server, file):
    return Download(
        url=server.url(file),
        checksum=f"sha256:{hashlib.sha256(server.content).hexdigest()}",
        size=len(server.content),
    )


def test_fetch_brings_and_imports_a_published_table(capsys, folder, published_data, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    file = published_data / "nasbench-macro" / "nas-bench-macro_cifar10.json.gz"
    source = catalog.find_source("nasbench_macro")
    with serving(gzip.decompress(file.read_bytes())) as server:
        download = downloaded(server, source.downloads[0].file)
        # The file that is served here is the file that is fetched in real use.
        assert (download.checksum, download.size) == (source.downloads[0].checksum, source.downloads[0].size)
        sources = {"nasbench_macro": replace(source, downloads=(download,))}
        monkeypatch.setattr(catalog, "all_sources", lambda: sources)
        code, out, err = output(capsys, "fetch", "nasbench_macro")
    assert (code, err) == (0, "")
    assert f"NAS-Bench-Macro: {folder / 'nasbench_macro.h5'}" in out
    assert [path.name for path in folder.iterdir()] == ["nasbench_macro.h5"]
    assert output(capsys, "verify", "nasbench_macro")[0] == 0


def test_fetch_opens_what_a_package_ships(capsys, folder):
    code, out, err = output(capsys, "fetch", "nasbench_graph")
    assert (code, err) == (0, "")
    assert f"NAS-Bench-Graph: {folder / 'nasbench_graph.h5'}" in out


def test_fetch_brings_images_and_goes_on_after_a_cut(capsys, folder, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(np.random.default_rng(1).bytes(500_000)) as server:
        archive = images.DOWNLOADS["cifar10"].file
        monkeypatch.setattr(images, "DOWNLOADS", {"cifar10": downloaded(server, archive)})
        server.cut = 200_000
        code, out, err = output(capsys, "fetch", "cifar10")
        assert (code, out) == (2, "")
        assert err.startswith(f"error: {server.url(archive)} cannot be reached, or the connection broke")
        assert len(err.splitlines()) == 1
        assert [path.name for path in folder.iterdir()] == [f"{archive}.part"]
        server.cut = None
        code, out, err = output(capsys, "fetch", "cifar10")
    assert (code, out, err) == (0, f"cifar10: {folder / archive}\n", "")
    assert [path.read_bytes() for path in folder.iterdir()] == [server.content]
    assert server.requests[1] is not None
    assert server.requests[1].startswith("bytes=")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "a command is missing: list, import, fetch,"),
        (["lst"], "unknown command 'lst'; did you mean 'list'? Known: export,"),
        (["fetch"], "NAME is missing; see python -m nasbench_lab.data fetch --help"),
        (["query", "cifar10-mini"], "ARCHITECTURE is missing; see python -m nasbench_lab.data query --help"),
        (["info", "a", "b"], "unexpected 'b'; see python -m nasbench_lab.data info --help"),
        (["list", "--all"], "unknown option --all; see python -m nasbench_lab.data list --help"),
        (["fit", "a", "--fraction", "x"], "--fraction takes a number; received 'x'"),
    ],
)
def test_wrong_usage_ends_with_one_line_and_code_2(capsys, folder, arguments, message):
    code, out, err = output(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {message}")
    assert len(err.splitlines()) == 1


def test_help_is_quick_and_loads_nothing_heavy():
    program = (
        "import sys\nfrom nasbench_lab.data import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as ended:\n    assert not ended.code\n"
        "print(sorted({'h5py', 'numpy', 'pandas', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    started = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "80"},
    )
    assert result.stdout.endswith("[]\n")
    assert "list" in result.stdout
    assert time.monotonic() - started < 5


def test_metrics_without_a_unit(capsys, folder):
    losses = np.linspace(-3.0, -1.0, SIZE)
    losses[5] = np.nan
    training = Training(valid_accuracy=Measurement(losses[:, None, None], (200,), ("a",)))
    changes = {"metric": "negative loss", "least": -np.inf, "most": 0.0, "trainings": {200: training}}
    write_table(replace(small_contents(**changes), name="mine"), folder / "mine.h5")
    _, out, _ = output(capsys, "query", "mine/one", "22222222")
    assert ["one", "200", "epochs", "200", "valid_accuracy", "a", "-1.0000"] in [
        line.split() for line in out.splitlines()
    ]
    _, out, _ = output(capsys, "info", "mine")
    assert ["one", "Toy", "data", "6,561", "negative", "loss", "-1.0000", "-"] in [
        line.split() for line in out.splitlines()
    ]
