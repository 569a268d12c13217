"""Metrics of a table of one's own: any number of an architecture, by a name of its own."""

import h5py
import numpy as np
import pytest

from nasbench_lab.benchmarks.tables.checks import check_contents
from nasbench_lab.benchmarks.tables.contents import MetricColumn
from nasbench_lab.benchmarks.tables.export import export_table
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.own_table import read_own_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.data import main
from nasbench_lab.errors import TableError, UnlistedArchitecture, UsageError
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.contract import Metric, Query
from nasbench_lab.search.loop import search
from nasbench_lab.spaces import find_space
from tests.tables import SIZE, present, small_contents

SPACE = find_space("nasbench_macro")
TABLE = """cell;valid;minutes;zen;flow;flow_s;memory;phone;gpu
00000000;50;1,5;-3,5;1e3;0,25;12;5;1
01012012;60;2,5;;2e3;0,5;-1;6;2
12012012;55;2,5;4;;;13;7;3
"""
SCHEMA = """
title = "T"
citation = "C"
licence = "L"
space = "nasbench_macro"
architecture = "cell"
[data_sets.d]
title = "D"
[data_sets.d.columns]
valid = { quantity = "valid_accuracy", unit = "percent", epochs = 50, seed = "0" }
minutes = { quantity = "train_seconds", unit = "minutes", epochs = 50, seed = "0" }
zen = { quantity = "metric", name = "proxy:zen", direction = "higher", seconds = 0.4 }
flow = { quantity = "metric", name = "proxy:flow", direction = "higher", seconds_column = "flow_s" }
memory = { quantity = "metric", name = "memory", direction = "lower", unit = "MB" }
phone = { quantity = "latency", unit = "milliseconds", device = "phone" }
gpu = { quantity = "latency", unit = "milliseconds", device = "gpu" }
"""
FIRST, SECOND, THIRD = (SPACE.parse(text) for text in ("00000000", "01012012", "12012012"))
RNG = np.random.default_rng(0)


def written(folder, table=TABLE, schema=SCHEMA):
    paths = folder / "table.csv", folder / "schema.toml"
    for path, text in zip(paths, (table, schema), strict=True):
        path.write_text(text)
    return paths


@pytest.fixture
def table(tmp_path):
    write_table(read_own_table("mine", *written(tmp_path)), tmp_path / "mine.h5")
    return Table(tmp_path / "mine.h5")


@pytest.fixture
def task(table):
    return TabularTask(table, "d")


def test_a_search_knows_each_metric_with_direction_and_unit(task):
    assert task.metrics == {
        "valid_accuracy": Metric("higher", "%"),
        "latency:phone": Metric("lower", "ms"),
        "latency:gpu": Metric("lower", "ms"),
        "proxy:zen": Metric("higher", on_request=True),
        "proxy:flow": Metric("higher", on_request=True),
        "memory": Metric("lower", "MB"),
    }


def test_metrics_that_cost_nothing_come_unasked(task):
    metrics = [task.evaluate(each, None, RNG).metrics for each in (FIRST, SECOND, THIRD)]
    assert metrics[0] == {"latency:phone": 5.0, "latency:gpu": 1.0, "memory": 12.0}
    assert [each["memory"] for each in metrics] == [12.0, -1.0, 13.0]


def test_metrics_with_seconds_come_on_request_and_are_charged(task):
    assert task.score(FIRST, ["proxy:zen"]) == ({"proxy:zen": -3.5}, 0.4, "table")
    assert task.score(FIRST, ["proxy:zen", "proxy:flow", "memory"]).seconds == 0.4 + 0.25
    assert task.score(SECOND, ["proxy:flow"]) == ({"proxy:flow": 2000.0}, 0.5, "table")
    with pytest.raises(UnlistedArchitecture, match="lists no proxy:zen of 01012012"):
        task.score(SECOND, ["proxy:zen"])
    with pytest.raises(UsageError, match="metric of mine/d 'proxy:zed'; did you mean 'proxy:zen'"):
        task.score(FIRST, ["proxy:zed"])


def test_a_search_is_charged_what_it_asked_for(task):
    def asks(space, rng):
        yield Query(FIRST, metrics=("proxy:flow",))
        yield FIRST
        yield Query(FIRST, metrics=("valid_accuracy", "proxy:zen"))

    run = search(asks, task, Budget(evaluations=10), np.random.SeedSequence(0))
    assert run.seconds.tolist() == [0.25, 90.0, 90.4]
    assert run.metrics["proxy:zen"][2] == -3.5


def test_where_trainings_cost_nothing_no_metric_does(tmp_path):
    schema = "\n".join(line for line in SCHEMA.splitlines() if not line.startswith("minutes"))
    write_table(read_own_table("mine", *written(tmp_path, schema=schema)), tmp_path / "mine.h5")
    task = TabularTask(Table(tmp_path / "mine.h5"), "d")
    assert task.metrics["proxy:zen"].on_request
    assert task.score(FIRST, ["proxy:zen"]).seconds == 0


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_export_and_import_give_the_same_metrics(table, tmp_path, form):
    paths = export_table(table, None, tmp_path / f"out.{form}", form)
    again = read_own_table("mine", *paths).data_sets["d"]
    for name, column in table.data_set("d").columns.items():
        other = again.columns[name]
        assert other.metric == column.metric
        assert np.array_equal(other.values, column.values, equal_nan=True)
        assert (other.seconds is None) == (column.seconds is None)
        if column.seconds is not None:
            known = ~np.isnan(column.values)
            assert np.array_equal(present(other.seconds)[known], column.seconds[known])


def test_the_digest_covers_them(table):
    with h5py.File(table.path, "r+") as file:
        file["d/metrics/memory"].attrs["direction"] = "higher"
    with pytest.raises(TableError, match="its content has digest"):
        Table(table.path).verify()


@pytest.mark.parametrize(
    ("attribute", "value"), [("direction", "sideways"), ("unit", 3), ("unit", None)], ids=str
)
def test_a_damaged_metric_is_damage(table, attribute, value):
    with h5py.File(table.path, "r+") as file:
        if value is None:
            del file["d/metrics/memory"].attrs[attribute]
        else:
            file["d/metrics/memory"].attrs[attribute] = value
    with pytest.raises(TableError, match="is damaged"):
        Table(table.path).data_set("d")


def test_the_commands_show_them(table, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path))
    assert main(["info", "mine"]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["d", "proxy:zen", "1"] in shown
    assert ["d", "latency:phone", "0"] in shown
    assert main(["query", "mine", "00000000"]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["d", "memory", "12", "MB"] in shown
    assert ["d", "proxy:flow", "1000,", "in", "0.25", "s"] in shown
    assert main(["query", "mine", "01012012"]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["d", "proxy:zen", "missing,", "in", "0.4", "s"] in shown


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (', direction = "lower"', "", "columns.memory: the setting 'direction' is missing"),
        ('name = "memory", ', "", "columns.memory: the setting 'name' is missing"),
        ('"lower"', '"down"', "memory: direction takes 'higher' or 'lower' or none; received 'down'"),
        ('"memory", ', '"a/b", ', "such as proxy:zen, and is not that of another quantity; received 'a/b'"),
        ('"memory", ', '"latency:tv", ', "is not that of another quantity; received 'latency:tv'"),
        ('"memory", ', '"valid_accuracy", ', "is not that of another quantity; received 'valid_accuracy'"),
        ('"memory", ', '"test_loss", ', "must not see a test value such as test_loss"),
        ('"memory", ', '"Loss.Test", ', "must not see a test value such as Loss.Test"),
        ('"memory", ', '"proxy:zen", ', "the columns 'zen' and 'memory' hold the same quantity"),
        ("seconds = 0.4", "seconds = 0", "seconds is above 0; received 0. Leave it out if"),
        ("seconds = 0.4", "seconds = inf", "seconds is above 0; received inf"),
        ("seconds = 0.4", 'seconds = 0.4, seconds_column = "flow_s"', "one number for all rows"),
        ('"flow_s"', '"flows"', "unknown column 'flows'; did you mean 'flow_s' or 'flow'"),
        ('unit = "MB"', "small = true", "columns.memory: metric has no small"),
        ('unit = "MB"', "epochs = 3", "columns.memory: metric has no epochs"),
        ('device = "gpu"', 'device = "gpu", name = "x"', "columns.gpu: latency has no name"),
        ('device = "gpu"', 'device = "gpu", seconds = 3', "columns.gpu: latency has no seconds"),
        ("1e3;0,25;", "1e3;;", "line 2, column 'flow_s': a value of 'flow' takes 0 seconds or more"),
        ("1e3;0,25;", "1e3;-1;", "line 2, column 'flow_s': a value of 'flow' takes .* received -1"),
        ("1e3;0,25;", "1e3;soon;", "line 2, column 'flow_s': 'soon' is not a number"),
        ("1e3;0,25;", "failed;0,25;", "line 2, column 'flow': only an accuracy says 'failed'"),
        ("1e3;0,25;", "inf;0,25;", "line 2, column 'flow': 'inf' is not a number"),
        ("12;5;1\n", "12;-1;1\n", r"-1 milliseconds is out of range .*\(a missing value is left empty\)"),
        (
            "12;5;1\n",
            "12;5;1\n00000000;50;1,5;-3,5;1e3;0,75;12;5;1\n",
            "column 'flow_s': line 2 lists the same architecture with another value",
        ),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, old, new, message):
    texts = [text.replace(old, new) for text in (TABLE, SCHEMA)]
    assert texts != [TABLE, SCHEMA]
    with pytest.raises((TableError, UsageError), match=message) as raised:
        read_own_table("mine", *written(tmp_path, *texts))
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (MetricColumn(Metric("higher"), np.ones(3)), r"score has shape \(3,\)"),
        (MetricColumn(Metric("higher"), np.full(SIZE, np.inf)), "score must be a number"),
        (MetricColumn(Metric("higher"), np.ones(SIZE), np.ones(SIZE)), "on request if it costs seconds"),
        (MetricColumn(Metric("higher", on_request=True), np.ones(SIZE)), "on request if it costs seconds"),
        (
            MetricColumn(Metric("higher", on_request=True), np.ones(SIZE), np.full(SIZE, np.nan)),
            "score has a value without its seconds in row 0",
        ),
        (
            MetricColumn(Metric("higher", on_request=True), np.ones(SIZE), -np.ones(SIZE)),
            "seconds of score must be a number",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_metrics_that_would_lie_are_not_written(column, message):
    with pytest.raises(TableError, match=message):
        check_contents(small_contents(other_metrics={"score": column}))


def test_published_zero_cost_scores_reach_a_search(tmp_path, published_data):
    """Every one of 9,445 x 2 published values, given as a table of one's own."""
    import pandas as pd

    raw = pd.read_csv(published_data / "zero-cost" / "nasbench201_cifar10.csv.gz")
    accuracies = pd.read_csv(published_data / "nasbench201" / "nb201_combined.csv.gz", index_col="arch_str")
    joined = raw[["cell", "synflow", "plain"]].assign(
        valid=accuracies.loc[raw["cell"], "c10_e12_valid"].to_numpy()
    )
    joined.to_csv(tmp_path / "table.csv", index=False)
    (tmp_path / "schema.toml").write_text(
        SCHEMA.partition("[data_sets.d.columns]")[0].replace("nasbench_macro", "nasbench201")
        + "[data_sets.d.columns]\n"
        'valid = { quantity = "valid_accuracy", unit = "percent", epochs = 12, seed = "mean" }\n'
        'synflow = { quantity = "metric", name = "proxy:synflow", direction = "higher", seconds = 1.5 }\n'
        'plain = { quantity = "metric", name = "proxy:plain", direction = "lower" }\n'
    )
    write_table(
        read_own_table("zero", tmp_path / "table.csv", tmp_path / "schema.toml"), tmp_path / "zero.h5"
    )
    task = TabularTask(Table(tmp_path / "zero.h5"), "d")
    for cell, synflow, plain in raw[["cell", "synflow", "plain"]].itertuples(index=False):
        architecture = task.space.parse(cell)
        assert task.evaluate(architecture, None, RNG).metrics == {"proxy:plain": plain}
        assert task.score(architecture, ("proxy:synflow",))[0] == {"proxy:synflow": synflow}
