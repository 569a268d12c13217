import re
import textwrap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_lab.benchmarks.tables import own_table
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.own_table import read_own_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.data import main
from nasbench_lab.errors import NasbenchLabError, TableError, UsageError
from nasbench_lab.spaces import find_space
from tests.tables import present

SPACE = find_space("nasbench_macro")
TABLE, SCHEMA = (
    "\n".join(line[4:] for line in block.splitlines())
    for block in re.findall(r"\n\n((?:    [^\n]*\n|\n)+?)\n(?=\S)", own_table.__doc__)[:2]
)
assert TABLE.startswith("cell,")
assert SCHEMA.startswith("title =")


def written(folder, table=TABLE, schema=SCHEMA):
    paths = folder / "table.csv", folder / "schema.toml"
    for path, text in zip(paths, (table, schema), strict=True):
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
    return paths


def parquet(folder, columns):
    import pyarrow
    from pyarrow import parquet

    table, schema = written(folder)
    parquet.write_table(pyarrow.table(columns), table.with_suffix(".parquet"))
    return table.with_suffix(".parquet"), schema


def test_the_example_of_the_docstring_works(tmp_path):
    write_table(read_own_table("mine", *written(tmp_path)), tmp_path / "mine.h5")
    table = Table(tmp_path / "mine.h5")
    data = table.data_set("cifar10")
    training = data.trainings[50]
    cells = [SPACE.architecture(key) for key in present(data.keys).tolist()]
    rows = [cells.index(SPACE.canonical(SPACE.parse(text))) for text in ("00000000", "12012012")]
    valid = present(training.valid_accuracy)
    assert valid.seeds == ("a", "b")
    np.testing.assert_allclose(valid.values[rows, 0], [[61.0, 63.0], [78.0, np.nan]])
    np.testing.assert_allclose(present(training.test_accuracy).values[rows, 0, 0], [60, 77])
    np.testing.assert_allclose(present(training.train_seconds).values[rows, 0, 0], [1800, 5400])
    np.testing.assert_allclose(present(data.parameters)[rows], [0.12, 0.45])
    assert (table.title, table.licence) == ("My benchmark", "CC BY 4.0")
    assert {line.split()[-1] for line in table.source_sha256} == {"table.csv", "schema.toml"}
    task = TabularTask(table, "cifar10")
    assert task.evaluate(SPACE.parse("00000000"), None, np.random.default_rng(0)).seconds == 1800


def test_parquet_is_the_same(tmp_path):
    columns = {
        "cell": ["00000000", "12012012"],
        "acc_a": [0.61, 0.78],
        "acc_b": [0.63, None],
        "tested": [0.60, 0.77],
        "hours": [0.5, 1.5],
        "weights": [120000, 450000],
    }
    one = read_own_table("mine", *parquet(tmp_path, columns)).data_sets["cifar10"]
    two = read_own_table("mine", *written(tmp_path)).data_sets["cifar10"]
    for quantity in ("valid_accuracy", "test_accuracy", "train_seconds"):
        first, second = (getattr(each.trainings[50], quantity) for each in (one, two))
        assert np.array_equal(first.values, second.values, equal_nan=True)
    assert (present(one.keys) == present(two.keys)).all()


def test_a_whole_space_is_listed_in_its_own_order(tmp_path):
    order = np.random.default_rng(0).permutation(SPACE.size)
    lines = [f"{SPACE.format(SPACE.architecture(index))},{index / SPACE.size}" for index in order]
    schema = SCHEMA.split("acc_b")[0]
    contents = read_own_table("mine", *written(tmp_path, "\n".join(["cell,acc_a", *lines]), schema))
    data = contents.data_sets["cifar10"]
    assert data.keys is None
    expected = np.arange(SPACE.size) / SPACE.size * 100
    np.testing.assert_allclose(present(data.trainings[50].valid_accuracy).values[:, 0, 0], expected)


def test_epochs_within_a_training_and_several_seeds(tmp_path):
    schema = SCHEMA.split("acc_a")[0] + (
        'a = { quantity = "valid_accuracy", unit = "percent", epochs = 4, training = 12, seed = 777 }\n'
        'b = { quantity = "valid_accuracy", unit = "percent", epochs = 12, seed = 777 }\n'
        'c = { quantity = "valid_accuracy", unit = "percent", epochs = 12, seed = 888 }\n'
        'd = { quantity = "latency", unit = "seconds", device = "pixel3" }\n'
        'e = { quantity = "energy", unit = "joules", device = "pixel3" }\n'
    )
    paths = written(tmp_path, "cell,a,b,c,d,e\n00000000,10,20,30,0.004,0.5\n", schema)
    data = read_own_table("mine", *paths).data_sets["cifar10"]
    valid = present(data.trainings[12].valid_accuracy)
    assert valid.epochs == (4, 12)
    assert valid.seeds == ("777", "888")
    np.testing.assert_array_equal(valid.values, [[[10, np.nan], [20, 30]]])
    assert data.latency["pixel3"].tolist() == [4]
    assert data.energy["pixel3"].tolist() == [500]


def replaced(old, new, text=SCHEMA):
    assert old in text
    return text.replace(old, new, 1)


ROW = "00000000,0.61,0.63,0.60,0.5,120000"


@pytest.mark.parametrize(
    ("table", "schema", "message"),
    [
        (replaced("acc_a", "acc", TABLE), SCHEMA, r"table\.csv: unknown column 'acc_a'; did you mean 'acc"),
        (replaced("cell,", "cells,", TABLE), SCHEMA, r"table\.csv: unknown column 'cell'; did you mean"),
        (replaced("acc_b", "acc_a", TABLE), SCHEMA, r"table\.csv, line 1: it names the column 'acc_a' twice"),
        (replaced("0.61", "NaN", TABLE), SCHEMA, r"line 2, column 'acc_a': 'NaN' is not a number .a missing"),
        (replaced("0.61", "inf", TABLE), SCHEMA, r"line 2, column 'acc_a': 'inf' is not a number"),
        (replaced("0.61", "good", TABLE), SCHEMA, r"line 2, column 'acc_a': 'good' is not a number"),
        (replaced("0.61", "61", TABLE), SCHEMA, r"line 2, column 'acc_a': 61 fraction is out of range"),
        (replaced("0.61", "-0.1", TABLE), SCHEMA, r"line 2, column 'acc_a': -0.1 fraction is out of range"),
        (replaced("0.5", "-0.5", TABLE), SCHEMA, r"column 'hours': -0.5 hours is out of range for train_sec"),
        (
            f"{TABLE}\n{ROW.replace('0.61', '0.62')}",
            SCHEMA,
            r"line 4, column 'acc_a': line 2 lists the same architecture with another value; keep one of the"
            r" two rows, or give each training a column",
        ),
        (replaced("0.5", "failed", TABLE), SCHEMA, r"'hours': only an accuracy says 'failed'; leave train_s"),
        (
            replaced("00000000", "0000000x", TABLE),
            SCHEMA,
            r"line 2, column 'cell': '0000000x' is not an",
        ),
        (TABLE + "\n1,2", SCHEMA, r"table\.csv, line 4: it has 2 fields; the header has 6"),
        (TABLE[:-10], SCHEMA, r"table\.csv, line 3: it has \d fields; the header has 6"),
        (TABLE + '\n"', SCHEMA, r"table\.csv, line \d: it cannot be read as CSV"),
        ("cell,acc_a", SCHEMA, r"table\.csv has no rows"),
        ("", SCHEMA, r"table\.csv has no rows"),
        (b"\xff\xfe", SCHEMA, r"table\.csv has no rows"),
        (
            b"\x89PNG\r\n\x1a\n",
            SCHEMA,
            r"table\.csv is not text: it cannot be read as UTF-8 or Windows-1252;",
        ),
        (b"PAR1 and no more", SCHEMA, r"table\.csv cannot be read as Parquet"),
        (
            TABLE,
            replaced('space = "nasbench_macro"', 'space = "nasbench_micro"'),
            r"unknown search space",
        ),
        (
            TABLE,
            replaced("title =", "titel ="),
            r"schema\.toml: unknown setting 'titel'; did you mean",
        ),
        (TABLE, replaced('title = "My benchmark"', ""), r"schema\.toml: the setting 'title' is missing"),
        (TABLE, replaced('"My benchmark"', "3"), r"schema\.toml: title takes a text; received 3"),
        (
            TABLE,
            replaced('"fraction"', '"ratio"'),
            r"columns\.acc_a: unknown unit 'ratio'.* Known: fraction",
        ),
        (
            TABLE,
            replaced('"hours"', '"days"'),
            r"columns\.hours: unknown unit 'days'.* Known: hours",
        ),
        (TABLE, replaced('"valid_accuracy"', '"accuracy"'), r"unknown quantity 'accuracy'; did you mean"),
        (TABLE, replaced("epochs = 50", "epochs = 0"), r"acc_a: epochs are between 0 and .* received 0"),
        (
            TABLE,
            replaced("epochs = 50", "epochs = 5.5"),
            r"acc_a: epochs takes a whole number from 0 to 2147483647 or none; received 5.5",
        ),
        (
            TABLE,
            replaced("epochs = 50", f"epochs = {10**400}"),
            r"acc_a: epochs takes a whole number from 0 to 2147483647 or none; received 1",
        ),
        (
            TABLE,
            replaced("epochs = 50", "epochs = true"),
            r"acc_a: epochs takes a whole number from 0 to 2147483647 or none; received True",
        ),
        (TABLE, replaced(', seed = "a"', ""), r"columns\.acc_a: the setting 'seed' is missing"),
        (
            TABLE,
            replaced('seed = "b"', 'seed = "a"'),
            r"the columns 'acc_a' and 'acc_b' hold the same",
        ),
        (TABLE, replaced('unit = "count"', 'unit = "count", seed = "a"'), r"parameters has no seed"),
        (TABLE, replaced("[data_sets.cifar10]", '[data_sets."../x"]'), r"a name is made of letters"),
        (TABLE, SCHEMA.split("[data_sets")[0], r"schema\.toml: the setting 'data_sets' is missing"),
        (
            TABLE,
            SCHEMA.split("[data_sets")[0] + "data_sets = 3",
            r"data_sets takes a table of settings; received 3",
        ),
        (TABLE, SCHEMA.split("acc_a")[0], r"no column holds valid_accuracy or test_accuracy"),
        (TABLE, SCHEMA[:-5], r"schema\.toml is not TOML"),
        (TABLE, "[[[", r"schema\.toml is not TOML"),
        (TABLE, "a = " + "[" * 10_000, r"schema\.toml is not TOML"),
        (TABLE, b"\x81", r"schema\.toml is not text: it cannot be read as UTF-8 or Windows-1252; save it as"),
        (
            TABLE,
            replaced("acc_a =", "acc a ="),
            r"schema\.toml is not TOML: .* is written in quotes, such as",
        ),
        (
            TABLE,
            replaced("acc_a =", 'acc"a ='),
            r"schema\.toml is not TOML: .* double quote in single quotes",
        ),
        (
            TABLE,
            replaced("acc_a =", "acc.a ="),
            r"columns\.acc has no settings .* but a part 'a'; .* in quotes",
        ),
        (
            TABLE,
            SCHEMA.replace(".cifar10", ".c.10"),
            r"data_sets\.c has no settings .* part '10'; .* in quotes",
        ),
        (
            TABLE,
            replaced('"fraction"', '"fraction", small = true'),
            r"acc_a: small = true is for the unit percent; the unit is fraction",
        ),
        (
            TABLE,
            replaced('"fraction"', '"percent", small = 1'),
            r"acc_a: small takes true or false; received 1",
        ),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_place(
    tmp_path, monkeypatch, capsys, table, schema, message
):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    paths = written(tmp_path, table, schema)
    assert main(["import", "--as", "mine", *map(str, paths)]) == 2
    error = capsys.readouterr().err
    assert re.search(message, error), error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "data").exists() or not list((tmp_path / "data").iterdir())


def test_fractions_called_percent_are_noticed(tmp_path):
    schema = SCHEMA.replace('unit = "fraction"', 'unit = "percent"')
    with pytest.raises(
        TableError,
        match=r"column 'acc_a': no value is above 1 percent; .* unit = \"fraction\"; .* add small = true",
    ):
        read_own_table("mine", *written(tmp_path, schema=schema))


def test_small_percentages_are_read_if_the_schema_insists(tmp_path):
    schema = SCHEMA.replace('unit = "fraction"', 'unit = "percent", small = true')
    training = read_own_table("mine", *written(tmp_path, schema=schema)).data_sets["cifar10"].trainings[50]
    assert np.nanmax(present(training.valid_accuracy).values) == 0.78
    assert np.nanmax(present(training.test_accuracy).values) == 0.77


def test_a_failed_training_is_told_from_a_missing_value(tmp_path):
    table = replaced("0.61", "failed", TABLE)
    valid = (
        read_own_table("mine", *written(tmp_path, table)).data_sets["cifar10"].trainings[50].valid_accuracy
    )
    np.testing.assert_allclose(present(valid).values[:, 0], [[np.nan, 63.0], [78.0, np.nan]])
    assert present(present(valid).failed)[:, 0].tolist() == [[True, False], [False, False]]
    training = read_own_table("mine", *written(tmp_path)).data_sets["cifar10"].trainings[50]
    assert present(training.valid_accuracy).failed is None


def test_a_failed_training_is_described(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "120")
    paths = written(tmp_path, replaced("0.61", "Failed ", TABLE))
    assert main(["import", "--as", "mine", *map(str, paths)]) == 0
    assert main(["info", "mine"]) == 0
    assert "2 (1 failed)" in capsys.readouterr().out
    assert main(["query", "mine", "00000000"]) == 0
    assert re.search(r"valid_accuracy +a +failed *\n", capsys.readouterr().out)


def test_a_row_that_repeats_another_is_left_out_and_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    paths = written(tmp_path, TABLE + "\n\n" + ROW + "\n")
    assert main(["import", "--as", "mine", *map(str, paths)]) == 0
    assert "rows left out: line 5 repeats line 2\n" in capsys.readouterr().out
    assert main(["info", "mine"]) == 0
    assert re.search("rows left out: *line 5 repeats line 2\n", capsys.readouterr().out)


def test_equal_cells_of_a_part_have_rows_of_their_own(tmp_path):
    equal = TABLE + "\n00010000,0.4,0.5,0.5,1,1\n00001000,0.5,0.5,0.5,1,1"
    data = read_own_table("mine", *written(tmp_path, equal)).data_sets["cifar10"]
    assert data.plain_keys
    valid = present(data.trainings[50].valid_accuracy).values
    for cell, accuracy in (("00010000", 40), ("00001000", 50), ("00000000", 61), ("12012012", 78)):
        assert valid[present(data.row(SPACE.parse(cell))), 0, 0] == pytest.approx(accuracy)


def test_parquet_with_a_nan_or_a_truth_value_is_refused(tmp_path):
    columns = {name: [0.5] for name in ("acc_a", "acc_b", "tested", "hours", "weights")} | {
        "cell": ["00000000"]
    }
    for value, message in ((float("nan"), "'nan' is not a number"), (True, "'True' is not a number")):
        with pytest.raises(TableError, match=f"row 1, column 'acc_b': {message}"):
            read_own_table("mine", *parquet(tmp_path, columns | {"acc_b": [value]}))


def test_truncated_parquet_is_refused(tmp_path):
    table, schema = parquet(tmp_path, {"cell": ["00000000"], "acc_a": [0.5]})
    content = table.read_bytes()
    for length in range(0, len(content), 37):
        table.write_bytes(content[:length])
        with pytest.raises(TableError, match=r"table\.parquet"):
            read_own_table("mine", table, schema)


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'nasbench-lab\[parquet\]'"):
        read_own_table("mine", *written(tmp_path, b"PAR1"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--as", "nasbench201", "a.csv", "b.toml"], "nasbench201 is a published benchmark"),
        (["--as", "mine", "a.csv"], "from two files, .* received 1"),
        (["--as", "../mine", "a.csv", "b.toml"], "a table's name is made of letters"),
        (["--as", "mine", "a.csv", "b.toml"], "there is no file b.toml"),
        (["--as", "mine", "a.csv", "schema.toml"], "there is no file a.csv"),
    ],
)
def test_wrong_arguments_are_one_line(tmp_path, monkeypatch, capsys, arguments, message):
    written(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    assert main(["import", *arguments]) == 2
    error = capsys.readouterr().err
    assert re.search(message, error), error
    assert len(error.splitlines()) == 1


@given(data=st.data())
def test_damaged_files_are_refused_or_read(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged")
    texts = [TABLE.encode(), SCHEMA.encode()]
    which = data.draw(st.integers(0, 1))
    place = data.draw(st.integers(0, len(texts[which]) - 1))
    junk = data.draw(st.binary(max_size=3) | st.sampled_from([b",", b"\n", b'"', b"=", b"[", b"9", b"nan"]))
    texts[which] = texts[which][:place] + junk + texts[which][place + data.draw(st.integers(0, 5)) :]
    try:
        write_table(read_own_table("mine", *written(folder, *texts)), folder / "mine.h5")
    except NasbenchLabError as error:
        message = str(error)
    else:
        return
    assert len(message.splitlines()) == 1
    assert not (folder / "mine.h5").exists()


LOSSES = """
cell,loss
00000000,-0.61
12012012,-2.5
"""
OF_LOSSES = """
title = "My benchmark"
citation = "A. Author. My benchmark. 2026."
licence = "CC BY 4.0"
space = "nasbench_macro"
architecture = "cell"

[data_sets.rooms]
title = "Rooms"
metric = "negative loss"
least = -inf
most = 0

[data_sets.rooms.columns]
loss = { quantity = "valid_accuracy", unit = "metric", epochs = 25, seed = "a" }
"""


def test_a_metric_has_its_own_range(tmp_path):
    write_table(read_own_table("mine", *written(tmp_path, LOSSES.strip(), OF_LOSSES)), tmp_path / "mine.h5")
    data = Table(tmp_path / "mine.h5").data_set("rooms")
    assert (data.metric, data.least, data.most) == ("negative loss", -np.inf, 0.0)
    valid = present(data.trainings[25].valid_accuracy)
    assert sorted(valid.values.ravel().tolist()) == [-2.5, -0.61]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("-0.61", "0.61", r"line 2, column 'loss': 0.61 metric is out of range for valid_accuracy"),
        ("least = -inf", "", r"line 2, column 'loss': -0.61 metric is out of range"),
        ("least = -inf", "least = 0.0", r"rooms: least is below most; received 0 and 0"),
        ("least = -inf", "least = nan", r"rooms: least is below most; received nan and 0"),
        ("most = 0", 'most = "0"', r"rooms: most takes a number; received '0'"),
        ("most = 0", f"most = {10**400}", r"rooms: most takes a number; received 1000"),
        ("most = 0", "most = true", r"rooms: most takes a number; received True"),
    ],
)
def test_what_is_out_of_the_range_is_refused(tmp_path, before, after, message):
    table, schema = (text.replace(before, after) for text in (LOSSES.strip(), OF_LOSSES))
    if message.startswith("line 2, column 'loss': -0.61"):
        schema = schema.replace("most = 0", "")
    with pytest.raises(TableError, match=message):
        read_own_table("mine", *written(tmp_path, table, schema))
