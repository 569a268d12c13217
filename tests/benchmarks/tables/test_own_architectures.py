import json
import re

import numpy as np
import pytest

from nasbench_lab.benchmarks.tables.export import export_table
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.own_table import read_own_table
from nasbench_lab.compare import main as compare
from nasbench_lab.data import main as data
from nasbench_lab.errors import TableError
from nasbench_lab.spaces import find_space
from tests.tables import present

SCHEMA = """
title = "My study"
citation = "A. Author. 2026."
licence = "CC BY 4.0"

[space]
name = "my-space"
[space.decisions]
width = { values = [16, 32, 64], ordered = true }
activation = { values = ["relu", "tanh"] }
"drop out" = { values = [0.0, 0.5], ordered = true, when = { activation = "relu" } }
[data_sets.d]
title = "D"
[data_sets.d.columns]
acc = { quantity = "valid_accuracy", unit = "percent", epochs = 5, seed = "0" }
"""
ROWS = [
    (width, act, drop) for width in (16, 32, 64) for act, drop in (("relu", 0.0), ("relu", 0.5), ("tanh", ""))
]
TABLE = "width,activation,drop out,acc\n" + "".join(
    f"{width},{act},{drop},{50 + row}\n" for row, (width, act, drop) in enumerate(ROWS)
)
TEXTS = "cell,acc\n" + "".join(
    f'"width={width},activation={act}{f",drop out={drop}" if act == "relu" else ""}",{50 + row}\n'
    for row, (width, act, drop) in enumerate(ROWS)
)


def written(folder, table=TABLE, schema=SCHEMA):
    paths = folder / "table.csv", folder / "schema.toml"
    for path, text in zip(paths, (table, schema), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def by_text(data_set):
    """The accuracy of each row, by the text of its architecture."""
    space = data_set.search_space
    values = present(data_set.trainings[5].valid_accuracy).values[:, 0, 0]
    return {
        space.format(space.architecture(key)): value for key, value in zip(data_set.keys, values, strict=True)
    }


EXPECTED = {
    f"width={width},activation={act}" + (f",drop out={drop}" if act == "relu" else ""): 50 + row
    for row, (width, act, drop) in enumerate(ROWS)
}


@pytest.mark.parametrize(
    ("table", "schema"),
    [
        (TABLE, SCHEMA),
        (TEXTS, 'architecture = "cell"\n' + SCHEMA),
        (TABLE.replace("16,", " 16.0 ,").replace("0.5", ".50"), SCHEMA),
        (TABLE.replace(",", ";").replace("0.5", "0,5").replace("0.0", "0"), SCHEMA),
    ],
    ids=["columns", "texts", "other numbers", "decimal commas"],
)
def test_the_rows_of_a_declared_space_are_read(tmp_path, table, schema):
    write_table(read_own_table("mine", *written(tmp_path, table, schema)), tmp_path / "mine.h5")
    data_set = Table(tmp_path / "mine.h5").data_set("d")
    assert data_set.search_space.name == "my-space"
    assert json.loads(data_set.space)["name"] == "my-space"
    assert data_set.search_space is find_space(data_set.space)
    assert by_text(data_set) == EXPECTED
    space = data_set.search_space
    hidden = space.parse("width=16,activation=tanh,(drop out=0.5)")
    assert data_set.row(hidden) == data_set.row(space.canonical(hidden))


def test_an_inactive_decision_may_have_a_value(tmp_path):
    table = TABLE + "16,tanh,0.5,90\n"
    data_set = read_own_table("mine", *written(tmp_path, table)).data_sets["d"]
    assert data_set.plain_keys
    assert by_text(data_set) == EXPECTED | {"width=16,activation=tanh,(drop out=0.5)": 90}


def test_a_parquet_file_has_values_of_its_own_types(tmp_path):
    import pyarrow
    from pyarrow import parquet

    _, schema = written(tmp_path)
    width, activation, drop = (list(column) for column in zip(*ROWS, strict=True))
    columns = {"width": width, "activation": activation, "drop out": [None if d == "" else d for d in drop]}
    columns["acc"] = [50.0 + row for row in range(len(ROWS))]
    parquet.write_table(pyarrow.table(columns), tmp_path / "table.parquet")
    assert by_text(read_own_table("mine", tmp_path / "table.parquet", schema).data_sets["d"]) == EXPECTED


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_declared_space_survives_export(tmp_path, form):
    write_table(read_own_table("mine", *written(tmp_path)), tmp_path / "mine.h5")
    table = Table(tmp_path / "mine.h5")
    again = read_own_table("again", *export_table(table, None, tmp_path / f"out.{form}", form)).data_sets["d"]
    assert again.space == table.data_set("d").space
    assert by_text(again) == EXPECTED


def test_the_commands_work_on_a_declared_space(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "120")
    assert data(["import", "--as", "mine", *map(str, written(tmp_path))]) == 0
    assert data(["info", "mine"]) == 0
    assert re.search("space *my-space\n", capsys.readouterr().out)
    assert data(["verify", "mine"]) == 0
    assert "d: 9 rows, distinct architectures of my-space" in capsys.readouterr().out
    assert data(["query", "mine", "width=16,activation=tanh"]) == 0
    assert "52.0000 %" in capsys.readouterr().out
    assert data(["query", "mine", "width=8"]) == 2
    assert "'width=8' is not an architecture of my-space; one would be 'width=" in capsys.readouterr().err
    chosen = ["--benchmark", "mine", "--algorithms", "random_search", "regularized_evolution", "local_search"]
    sizes = ["--seeds", "4", "--budget-evaluations", "30", "--jobs", "2", "--out", str(tmp_path / "r")]
    assert compare([*chosen, *sizes]) == 0, capsys.readouterr().err
    assert "optimum 58.00" in capsys.readouterr().out
    assert np.array_equal(sorted(path.name for path in (tmp_path / "r").glob("report.html")), ["report.html"])


@pytest.mark.parametrize(
    ("table", "schema", "message"),
    [
        (
            TABLE.replace("64,", "65,"),
            SCHEMA,
            "line 8, column 'width': '65' is none of the values 16, 32, 64",
        ),
        (
            TABLE.replace("relu,0.5", "relu,", 1),
            SCHEMA,
            "line 3, column 'drop out': it is empty; only a decision whose condition does not hold is",
        ),
        (
            TABLE.replace("\n16,", "\n,", 1),
            SCHEMA,
            "line 2, column 'width': it is empty; only a decision whose",
        ),
        (TABLE.replace("width,", "wide,", 1), SCHEMA, "unknown column 'width'; did you mean 'wide'"),
        (
            TABLE,
            SCHEMA.replace("ordered = true", "order = true", 1),
            "space: decisions.width: unknown setting 'or",
        ),
        (
            TABLE,
            SCHEMA.replace('"relu" }', '"elu" }'),
            "space: the condition of drop out takes values of activ",
        ),
        (
            TABLE,
            SCHEMA.replace('"drop out"', "drop.out"),
            "decisions.drop has no settings .* part 'out'; .* quotes",
        ),
        (
            TABLE,
            SCHEMA.replace('"my-space"', '"chain"'),
            "space: chain is a search space of nasbench_lab already",
        ),
        (TABLE, SCHEMA.replace('name = "my-space"', ""), "space: the setting 'name' is missing"),
        (TABLE, 'architecture = ""\n' + SCHEMA, "architecture takes a text; received ''"),
        (
            TABLE + "16,relu,0.5,99\n",
            SCHEMA,
            "line 11, column 'acc': line 3 lists the same architecture with",
        ),
    ],
)
def test_errors_name_the_place(tmp_path, table, schema, message):
    with pytest.raises(TableError, match=message):
        read_own_table("mine", *written(tmp_path, table, schema))
