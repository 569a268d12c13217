import gzip
import json
import math
import random
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from nasbench_lab.benchmarks.library import import_benchmark
from nasbench_lab.benchmarks.sources import nasbench101
from nasbench_lab.benchmarks.sources.nasbench101 import SOURCE
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.data import main
from nasbench_lab.errors import RefusedError, TableError, UnlistedArchitecture, UsageError
from tests.nasbench101 import (
    SPACE,
    distinct_cells,
    evaluation,
    framed,
    metrics,
    module,
    record,
    training,
)

CELLS = [SPACE.architecture(index) for index in distinct_cells(4).tolist()]
HASHES = [SPACE.module_hash(cell) for cell in CELLS]


@pytest.fixture(autouse=True)
def few_cells(monkeypatch):
    """In these tests, NAS-Bench-101 consists of the 91 cells with at most four vertices."""
    monkeypatch.setattr(nasbench101, "CELLS", len(CELLS))


def accuracy(cell: int, epochs: int, repeat: int) -> float:
    """A made-up accuracy, different for every training."""
    return 0.5 + cell / 1000 + epochs / 10_000 + repeat / 100_000


def one(cell=0, epochs=108, repeat=0, **changes) -> bytes:
    """The record of one training, with changed fields if any are given."""
    adjacency, operations = module(CELLS[cell])
    valid = accuracy(cell, epochs, repeat)
    fields = {
        "module_hash": HASHES[cell],
        "epochs": epochs,
        "adjacency": adjacency,
        "operations": operations,
        "message": training(epochs, valid, valid - 0.01, 10.0 * epochs + repeat, parameters=1000 + cell),
    }
    return record(**(fields | changes))


def all_records(lengths=(108,)) -> list[bytes]:
    """Every training of every cell, in a random order."""
    trainings = [(cell, epochs) for cell in range(len(CELLS)) for epochs in lengths] * 3
    random.Random(0).shuffle(trainings)
    return [one(*each, repeat=trainings[:i].count(each)) for i, each in enumerate(trainings)]


def written(folder, records):
    path = folder / "made_up.tfrecord"
    path.write_bytes(b"".join(record if isinstance(record, Raw) else framed(record) for record in records))
    return path


class Raw(bytes):
    """Bytes that are written without a frame."""


RECORDS = all_records()


@pytest.mark.parametrize("lengths", [(108,), (4, 12, 36, 108)])
def test_an_official_file_is_read(tmp_path, lengths):
    contents = SOURCE.convert([written(tmp_path, all_records(lengths))])
    assert contents.title == "NAS-Bench-101"
    data = contents.data_sets["cifar10"]
    assert data.keys.tolist() == sorted(SPACE.index(cell) for cell in CELLS)
    assert data.parameters.tolist() == [(1000 + i) / 1e6 for i in range(len(CELLS))]
    assert sorted(data.trainings) == list(lengths)
    for epochs, measured in data.trainings.items():
        for quantity in (measured.valid_accuracy, measured.test_accuracy, measured.train_seconds):
            assert quantity.values.shape == (len(CELLS), 2, 3)
            assert quantity.values.dtype == np.float32
            assert quantity.epochs == (epochs // 2, epochs)
            assert quantity.seeds == ("1", "2", "3")
        for cell in range(len(CELLS)):
            row = data.row(CELLS[cell])
            valid = np.array([accuracy(cell, epochs, repeat) for repeat in range(3)])
            assert measured.valid_accuracy.values[row, 1] == pytest.approx(100 * valid)
            assert measured.valid_accuracy.values[row, 0] == pytest.approx(50 * valid)
            assert measured.test_accuracy.values[row, 1] == pytest.approx(100 * valid - 1)
            seconds = 10.0 * epochs + np.arange(3)
            assert measured.train_seconds.values[row, 1] == pytest.approx(seconds)
            assert measured.train_seconds.values[row, 0] == pytest.approx(seconds / 2)


def test_a_converted_table_answers_a_search(tmp_path):
    write_table(SOURCE.convert([written(tmp_path, all_records((4, 108)))]), tmp_path / "nasbench101.h5")
    task = TabularTask(Table(tmp_path / "nasbench101.h5"), "cifar10", seed="2")
    rng = np.random.default_rng(0)
    # The cell stays the same in any order of its vertices and with any dead end.
    dead_end = SPACE.parse("000011-00000-0000-000-00-1:conv1x1,conv1x1,conv1x1,conv1x1,maxpool3x3")
    cell = CELLS.index(SPACE.canonical(dead_end))
    evaluation = task.evaluate(dead_end, None, rng)
    assert evaluation.valid_accuracy == pytest.approx(100 * accuracy(cell, 108, 1))
    assert evaluation.seconds == 1081
    assert task.evaluate(dead_end, 54, rng).seconds == 540.5
    assert task.evaluate(dead_end, 4, rng).valid_accuracy == pytest.approx(100 * accuracy(cell, 4, 1))
    mean = np.mean([accuracy(cell, 108, repeat) for repeat in range(3)])
    assert task.test_accuracy(dead_end) == pytest.approx(100 * mean - 1)
    assert task.card.reported == "test accuracy after 108 epochs (mean over the training seeds)"
    seven = SPACE.parse("111010-00001-0001-100-01-1:conv1x1,conv3x3,conv3x3,conv3x3,maxpool3x3")
    rows = task.rows(np.array([dead_end, CELLS[5], seven, (0,) * 26]))
    assert rows.tolist() == [cell, 5, -1, -1]


def test_a_message_may_have_its_fields_in_any_order_and_more_of_them(tmp_path):
    halfway, end = (evaluation(epochs, 100.0, 1.0, 0.75, 0.5, path="/a/b") for epochs in (54, 108))
    turned = end[45:] + end[36:45] + end[:36]
    unknown = bytes([9 << 3 | 5, 1, 2, 3, 4, 8 << 3, 0xFF, 0x01, 7 << 3 | 2, 2, 0, 0])
    message = unknown + metrics([halfway, halfway, turned], parameters=1234)
    records = [one(message=message), *[each for each in RECORDS if HASHES[0].encode() not in each]]
    records += [one(message=message)] * 2
    data = SOURCE.convert([written(tmp_path, records)]).data_sets["cifar10"]
    assert data.trainings[108].valid_accuracy.values[0].tolist() == [[75.0] * 3] * 2
    assert data.trainings[108].test_accuracy.values[0, 1, 0] == 50
    assert data.parameters[0] == 1234 / 1e6


def three(*, epochs=108, valid=0.9, test=0.9, half=100.0, seconds=200.0, train=1.0):
    return metrics(
        [
            evaluation(0, 0, 0.1, 0.1, 0.1),
            evaluation(epochs / 2, half, train, valid, test),
            evaluation(epochs, seconds, train, valid, test),
        ]
    )


GOOD = three()
NO_JSON = "record 1: it is not a JSON list of hash, epochs, adjacency, operations and metrics"
NO_METRICS = "record 1: its metrics are not the base64 of a ModelMetrics message"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (b"", NO_JSON),
        (b"null", NO_JSON),
        (b"[1, 2, 3, 4, 5]", NO_JSON),
        (b"[" * 10_000, NO_JSON),
        (b"9" * 10_000, NO_JSON),
        (b"\xff\xfe", NO_JSON),
        (one()[:-1], NO_JSON),
        (json.dumps([*json.loads(one()), 1]).encode(), NO_JSON),
        (json.dumps(json.loads(one())[:4]).encode(), NO_JSON),
        (json.dumps([*json.loads(one())[:4], None]).encode(), NO_JSON),
        (b"x" * 20_000, "record 1: it claims 20,000 bytes"),
        (one(epochs=200), "record 1: a training of 200 epochs; expected one of 4, 12, 36, 108"),
        (one(epochs=True), "record 1: a training of True epochs"),
        (one(epochs=108.0), "record 1: a training of 108.0 epochs"),
        (one().replace(b" 108,", b" [108],"), r"record 1: a training of \[108\] epochs"),
        (
            one(operations="input,conv5x5-bn-relu,output", adjacency="010001000"),
            "is not a cell of nasbench101",
        ),
        (one(adjacency="0" * 49), "is not a cell of nasbench101"),
        (one(adjacency="01"), "is not a cell of nasbench101"),
        (one(operations="output"), "is not a cell of nasbench101"),
        (one(module_hash=HASHES[1]), f"record 1: the hash '{HASHES[1]}' does not match its cell"),
        (one(module_hash="0" * 5000), f"record 1: the hash '{'0' * 32}' does not match its cell"),
        (one().replace(b'=="]', b'"]').replace(b'="]', b'"]')[:-2] + b'?"]', NO_METRICS),
        (one()[:-2] + b'!"]', NO_METRICS),
        (one(message=b"\x0a"), NO_METRICS),
        (one(message=b"\x0a\xff\xff\xff\xff\x0f"), NO_METRICS),
        (one(message=b"\xff" * 30), NO_METRICS),
        (one(message=b"\x0b"), NO_METRICS),
        (one(message=b"\x08\x01"), NO_METRICS),
        (one(message=GOOD + b"\x12\x0212"), NO_METRICS),
        (one(message=GOOD[:-12]), NO_METRICS),
        (one(message=b""), "record 1: it has 0 evaluations; expected three"),
        (one(message=metrics([evaluation(0, 0, 0, 0, 0)] * 2)), "record 1: it has 2 evaluations"),
        (one(message=metrics([evaluation(0, 0, 0, 0, 0)[:-9]] * 3)), NO_METRICS),
        (one(message=three(valid=math.nan)), "record 1: the accuracy nan is not between 0 and 1"),
        (one(message=three(test=math.inf)), "record 1: the accuracy inf is not between 0 and 1"),
        (one(message=three(valid=94.0)), "record 1: the accuracy 94 is not between 0 and 1"),
        (one(message=three(test=-0.1)), "record 1: the accuracy -0.1 is not between 0 and 1"),
        (one(message=three(seconds=math.nan)), "the training times 100 and nan do not ascend"),
        (one(message=three(half=201)), "the training times 201 and 200 do not ascend"),
        (one(message=three(half=-1)), "the training times -1 and 200 do not ascend"),
        (one(message=three(seconds=1e300)), r"the training times 100 and 1e\+300 do not"),
        (one(message=training(108, 0.9, 0.9, 9.0, parameters=2**40)), "it has 1099511627776 parameters"),
    ],
)
def test_a_changed_record_is_refused_in_one_line(tmp_path, changed, message):
    path = written(tmp_path, [changed, *RECORDS])
    with pytest.raises(TableError, match=message) as raised:
        SOURCE.convert([path])
    assert str(path) in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (RECORDS[:-1], "90 of 91 cells have all 3 trainings for 108 epochs; all cells are needed"),
        (RECORDS[:-90], "cells have all 3 trainings for 108 epochs"),
        ([*RECORDS, one(3)], "record 274: there are more than 3 trainings of this cell for 108 epochs"),
        ([*RECORDS, one(3, 36)], "0 of 91 cells have all 3 trainings for 36 epochs"),
        (
            RECORDS[:20],
            r"bytes; an official record file has at least [\d,]+\. Expected nasbench_full.tfrecord",
        ),
        ([], r"bytes; an official record file has at least [\d,]+\. Expected nasbench_full.tfrecord"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(tmp_path, records, message):
    with pytest.raises(TableError, match=message):
        SOURCE.convert([written(tmp_path, records)])


def test_more_cells_than_there_are_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(nasbench101, "CELLS", 90)
    with pytest.raises(TableError, match="there are more than 90 cells"):
        SOURCE.convert([written(tmp_path, RECORDS)])


def test_a_hostile_file_takes_no_memory_and_leaves_no_table(tmp_path, monkeypatch):
    """Each of 300 changed files gives a one-line error and no table."""
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "tables"))
    rng = random.Random(1)
    content = written(tmp_path, RECORDS).read_bytes()
    path = tmp_path / "changed.tfrecord"
    path.write_bytes(content[:1000])
    with pytest.raises(TableError):  # imports at first use do not count
        import_benchmark("nasbench101", [path])
    tracemalloc.start()
    try:
        for _ in range(300):
            changed = bytearray(content)
            for _ in range(rng.randint(1, 3)):
                at = rng.randrange(min(len(changed), 2000))
                match rng.randrange(3):
                    case 0:
                        changed[at] ^= 1 << rng.randrange(8)
                    case 1:
                        del changed[at : at + rng.randint(1, 500)]
                    case 2:
                        changed[at:at] = rng.randbytes(rng.randint(1, 50))
            path.write_bytes(changed)
            with pytest.raises(TableError) as raised:
                import_benchmark("nasbench101", [path])
            assert len(str(raised.value).splitlines()) == 1
        assert tracemalloc.get_traced_memory()[1] < 20 * len(content)
    finally:
        tracemalloc.stop()
    assert not list(tmp_path.glob("tables/*"))


def test_records_with_good_frames_and_changed_content_are_refused_or_read(tmp_path):
    """Changes that no checksum finds: each record gives a one-line error, unless its content is possible."""
    rng = random.Random(2)
    refused = 0
    rest = Raw(framed(b" " * 10_000) * 6)
    for _ in range(1000):
        changed = bytearray(one())
        for _ in range(rng.randint(1, 3)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        path = written(tmp_path, [bytes(changed), rest])
        with pytest.raises(TableError) as raised:
            SOURCE.convert([path])
        refused += "record 1:" in str(raised.value)
        assert len(str(raised.value).splitlines()) == 1
    assert refused > 750


# The CSV file.
HEADER = ["hash", "source", "n_vertices", "adj_upper_rowmajor", "ops", "params"]
HEADER += [f"valid_e{epochs}" for epochs in (4, 12, 36, 108)] + ["train_time_e108_s"]


def csv_row(cell, **changes):
    adjacency, operations = module(CELLS[cell])
    names = operations.split(",")
    upper = "".join(
        adjacency[i * len(names) + j] for i in range(len(names)) for j in range(i + 1, len(names))
    )
    digits = {"conv3x3-bn-relu": "3", "conv1x1-bn-relu": "1", "maxpool3x3": "2"}
    ops = "".join(digits[name] for name in names[1:-1])
    values = [
        HASHES[cell],
        "made up",
        str(len(names)),
        upper,
        ops,
        "8555530",
        "0.3",
        "0.5",
        "0.8",
        "0.9",
        "1000.5",
    ]
    return ",".join((dict(zip(HEADER, values, strict=True)) | changes).values())


def csv_file(folder, *rows, header=HEADER):
    path = folder / "some.csv"
    path.write_text("\n".join([",".join(header), *rows]) + "\n")
    return path


def test_a_csv_of_some_cells_is_a_partial_table(tmp_path):
    contents = SOURCE.convert([csv_file(tmp_path, csv_row(70), csv_row(3, valid_e12="0.25"))])
    assert contents.title == "NAS-Bench-101 (2 of 91 cells)"
    data = contents.data_sets["cifar10"]
    assert data.keys.tolist() == [SPACE.index(CELLS[3]), SPACE.index(CELLS[70])]
    assert data.trainings[12].valid_accuracy.values.tolist() == [[[25]], [[50]]]
    assert data.trainings[12].train_seconds is None
    assert data.trainings[12].test_accuracy is None
    assert data.trainings[108].train_seconds.values.tolist() == [[[1000.5]]] * 2
    assert data.parameters.tolist() == [8.55553, 8.55553]


def test_a_partial_table_says_what_can_be_done_about_a_miss(tmp_path):
    write_table(SOURCE.convert([csv_file(tmp_path, csv_row(3))]), tmp_path / "nasbench101.h5")
    task = TabularTask(Table(tmp_path / "nasbench101.h5"), "cifar10")
    rng = np.random.default_rng(0)
    assert task.evaluate(CELLS[3], None, rng).valid_accuracy == 90
    assert task.card.reported == "validation accuracy after 108 epochs (one training)"
    for ask in (lambda: task.evaluate(CELLS[4], None, rng), lambda: task.test_accuracy(CELLS[4])):
        with pytest.raises(
            UnlistedArchitecture, match=r"its table has only 1 row\. Import a table with more of them"
        ) as raised:
            ask()
        assert len(str(raised.value).splitlines()) == 1
    with pytest.raises(UsageError, match="lists no training time after 12 epochs, so such an evaluation"):
        task.evaluate(CELLS[3], 12, rng)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (csv_row(5), "line 3: the cell .* is listed twice"),
        (csv_row(6, hash=HASHES[7]), "line 3: the hash .* does not match its cell"),
        (csv_row(6, ops=""), "line 3: .* is not a cell of nasbench101"),
        (csv_row(6, ops="4"), "line 3: .* is not a cell of nasbench101"),
        (csv_row(6, n_vertices="8"), "line 3: .* is not a cell of nasbench101"),
        (csv_row(6, n_vertices="٣"), "line 3: .* is not a cell of nasbench101"),
        (csv_row(6, adj_upper_rowmajor="1"), "line 3: .* is not a cell of nasbench101"),
        (csv_row(6, adj_upper_rowmajor="x" * 10), "line 3: .* is not a cell of nasbench101"),
        (
            csv_row(6, valid_e36="nan"),
            "line 3: column 'valid_e36' is 'nan'; expected a number between 0 and 1",
        ),
        (csv_row(6, valid_e36="90.1"), "line 3: column 'valid_e36' is '90.1'"),
        (csv_row(6, params="many"), "line 3: column 'params' is 'many'"),
        (csv_row(6, train_time_e108_s="-1"), "line 3: column 'train_time_e108_s' is '-1'"),
        (csv_row(6) + ",", "line 3: there are 12 fields; the header has 11"),
        ('"' + csv_row(6), "line 3: unexpected end of data"),
    ],
)
def test_a_changed_csv_is_refused_in_one_line(tmp_path, row, message):
    with pytest.raises(TableError, match=message) as raised:
        SOURCE.convert([csv_file(tmp_path, csv_row(5), row)])
    assert len(str(raised.value).splitlines()) == 1


def test_a_csv_without_rows_or_columns_is_refused(tmp_path):
    with pytest.raises(TableError, match="lists no cell"):
        SOURCE.convert([csv_file(tmp_path)])
    with pytest.raises(TableError, match="line 1: there is no column 'valid_e4'"):
        SOURCE.convert([csv_file(tmp_path, header=[name for name in HEADER if name != "valid_e4"])])


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(TableError, match="there is no file"):
        SOURCE.convert([tmp_path / "nothing"])
    with pytest.raises(RefusedError, match="is a folder; a file is expected"):
        SOURCE.convert([tmp_path])
    with pytest.raises(UsageError, match="is imported from one file"):
        SOURCE.convert([])


def test_the_published_subset(published_data, tmp_path, monkeypatch):
    """Some thousand published cells: their hashes, and the best accuracy of all."""
    monkeypatch.setattr(nasbench101, "CELLS", 423_624)
    with gzip.open(published_data / "nasbench101" / "nb101_30k.csv.gz", "rt") as file:
        header, *rows = file.read().splitlines()
    best = max(rows, key=lambda row: float(row.split(",")[9]))
    path = csv_file(tmp_path, *{best, *rows[::15]}, header=header.split(","))
    contents = SOURCE.convert([path])
    assert contents.title == f"NAS-Bench-101 ({len({best, *rows[::15]}):,} of 423,624 cells)"
    assert contents.data_sets["cifar10"].trainings[108].valid_accuracy.values.max() == pytest.approx(94.9119)


def test_verify_compares_with_published_optima_only_what_is_whole(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "tables"))
    assert main(["import", "nasbench101", str(csv_file(tmp_path, csv_row(3), csv_row(5)))]) == 0
    capsys.readouterr()
    assert main(["verify", "nasbench101"]) == 0
    out = capsys.readouterr().out
    assert "ok      cifar10: 2 of 423,624 rows, so not compared with the best valid accuracy" in out
    assert SOURCE.optima["cifar10", "valid"] == pytest.approx(95.05542318)
    assert SOURCE.optima["cifar10", "test"] == pytest.approx(94.31757530)


def test_verify_compares_the_whole_table_with_the_published_optima(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "tables"))
    assert main(["import", "nasbench101", str(csv_file(tmp_path, csv_row(3), csv_row(5)))]) == 0
    whole = replace(SOURCE, rows=2)
    monkeypatch.setattr("nasbench_lab.commands.verification.all_sources", lambda: {"nasbench101": whole})
    capsys.readouterr()
    assert main(["verify", "nasbench101"]) == 2
    assert "FAILED  cifar10: best valid accuracy" in capsys.readouterr().out
