import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from nasbench_lab.benchmarks.live import measure
from nasbench_lab.benchmarks.live.cache import EvaluationCache
from nasbench_lab.benchmarks.live.measure import Workplace, tables
from nasbench_lab.benchmarks.tables import embedded
from nasbench_lab.benchmarks.tables.contents import Contents, Measurement
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.errors import TableError
from tests.live_task import SPACE, TINY
from tests.tables import present

CELLS = np.array(sorted({SPACE.index(SPACE.canonical(SPACE.architecture(index))) for index in (0, 77, 901)}))


@pytest.fixture(autouse=True)
def tiny(tmp_path, monkeypatch):
    """Measure three cells on the digits with a very short recipe; there is no embedded table yet."""
    monkeypatch.setattr(measure, "MINI", TINY)
    monkeypatch.setattr(measure, "IMAGES", "digits")
    monkeypatch.setattr(measure, "_distinct", lambda: CELLS)
    monkeypatch.setattr(embedded, "FOLDER", tmp_path / "embedded")
    measure._images.cache_clear()
    yield
    measure._images.cache_clear()


def place(folder: Path) -> Workplace:
    return Workplace(images=None, cache=folder / "cache")


def accuracy_in(contents: Contents) -> Measurement:
    return present(contents.data_sets["digits"].trainings[TINY.epochs].test_accuracy)


def test_every_cell_gets_the_measurement_of_its_class(tmp_path):
    steps = list(measure.measure(place(tmp_path), seeds=2))
    assert steps[0] == (0, 6)
    assert steps[-1] == (6, 6)
    contents, rest = tables(place(tmp_path))
    assert rest is None
    write_table(contents, tmp_path / "t.h5")
    table = Table(tmp_path / "t.h5")
    data_set = table.data_set("digits")
    assert len(data_set) == SPACE.size
    test = present(data_set.trainings[TINY.epochs].test_accuracy)
    valid = present(data_set.trainings[TINY.epochs].valid_accuracy)
    assert test.seeds == ("0", "1")
    listed = np.isin(SPACE.canonical_indices(np.arange(SPACE.size)), CELLS)
    assert (np.isfinite(test.values[:, 0]) == listed[:, None]).all()
    by_architecture = {
        (entry.key.architecture, entry.key.seed): entry.outcome
        for entry in EvaluationCache(tmp_path / "cache").entries()
    }
    for cell in np.flatnonzero(listed):
        text = SPACE.format(SPACE.canonical(SPACE.architecture(int(cell))))
        for seed in (0, 1):
            outcome = by_architecture[text, seed]
            assert test.values[cell, 0, seed] == np.float32(present(outcome.test).accuracy)
            curve = valid.values[cell, :, seed]
            assert curve.tolist() == [np.float32(epoch.valid_accuracy) for epoch in outcome.epochs]
        assert present(data_set.parameters)[cell] == outcome.parameters
    assert json.loads(table.provenance["recipe"])["channels"] == TINY.channels
    assert table.provenance["images"] == "digits"
    assert table.provenance["pixels"] == "as in the official files"


def test_goes_on_where_it_was_stopped(tmp_path):
    list(islice(measure.measure(place(tmp_path), seeds=1), 3))
    first = {path: path.read_bytes() for path in (tmp_path / "cache").glob("*/*.json")}
    assert len(first) == 2
    assert tables(place(tmp_path))[0].title == "Mini NAS-Bench-201 (2 of 3 cells so far)"
    assert list(measure.measure(place(tmp_path), seeds=1)) == [(2, 3), (3, 3)]
    assert all(path.read_bytes() == content for path, content in first.items())


def test_what_another_machine_has_trained_by_now_is_not_trained_again(tmp_path):
    ours = measure.measure(place(tmp_path), seeds=1)
    assert next(ours) == (0, 3)
    list(measure.measure(place(tmp_path), seeds=1))
    theirs = {path: path.read_bytes() for path in (tmp_path / "cache").glob("*/*.json")}
    assert list(ours)[-1] == (3, 3)
    assert {path: path.read_bytes() for path in (tmp_path / "cache").glob("*/*.json")} == theirs


def test_a_training_that_diverged_was_done(tmp_path, monkeypatch):
    list(measure.measure(place(tmp_path), seeds=1))
    path = next(iter((tmp_path / "cache").glob("*/*.json")))
    entry = json.loads(path.read_text())
    entry["outcome"] |= {"failure": "diverged", "diverged": True, "test": None}
    entry["outcome"]["epochs"].pop()
    path.write_text(json.dumps(entry))
    contents, rest = tables(place(tmp_path))
    assert (contents.title, rest) == ("Mini NAS-Bench-201", None)
    test = accuracy_in(contents)
    assert np.isfinite(test.values[CELLS]).sum() == 2


def test_what_the_embedded_table_lists_is_not_measured_again(tmp_path):
    list(measure.measure(place(tmp_path), seeds=1))
    (tmp_path / "embedded").mkdir()
    contents, _ = tables(place(tmp_path), pixels="drawn by hand")
    write_table(contents, tmp_path / "embedded" / f"{measure.NAME}.h5")
    elsewhere = Workplace(images=None, cache=tmp_path / "new cache")
    assert next(measure.measure(elsewhere, seeds=2)) == (3, 6)
    assert Table(tmp_path / "embedded" / f"{measure.NAME}.h5").title == "Mini NAS-Bench-201"
    with pytest.raises(TableError, match="beyond the 1 seeds that the embedded table lists; raise --seeds"):
        tables(elsewhere)
    list(measure.measure(elsewhere, seeds=2))
    contents, _ = tables(elsewhere)
    assert contents.provenance["pixels"] == "drawn by hand"
    test = accuracy_in(contents)
    assert np.isfinite(test.values[CELLS, 0]).tolist() == [[True, True]] * len(CELLS)


def test_nothing_measured_makes_no_table(tmp_path):
    with pytest.raises(TableError, match="nothing was measured yet"):
        tables(place(tmp_path))


def test_a_seed_that_is_not_whole_is_kept_beside_the_table(tmp_path):
    list(islice(measure.measure(place(tmp_path), seeds=2), 6))  # three of the first seed, two of the second
    contents, rest = tables(place(tmp_path))
    assert rest is not None
    assert (contents.title, rest.title) == ("Mini NAS-Bench-201", "Mini NAS-Bench-201 (2 of 3 cells so far)")
    whole, part = accuracy_in(contents), accuracy_in(rest)
    assert (whole.seeds, part.seeds) == (("0",), ("1",))
    assert np.isfinite(whole.values[CELLS]).all()
    assert np.isfinite(part.values[CELLS]).sum() == 2
    table = tmp_path / "embedded" / f"{measure.NAME}.h5"
    for path, written in ((table, contents), (embedded.unfinished_path(table), rest)):
        path.parent.mkdir()
        write_table(written, path)
    elsewhere = Workplace(images=None, cache=tmp_path / "new cache")
    assert list(measure.measure(elsewhere, seeds=2)) == [(5, 6), (6, 6)]
    both, rest = tables(elsewhere)
    assert rest is None
    test = accuracy_in(both)
    assert test.seeds == ("0", "1")
    assert np.isfinite(test.values[CELLS]).all()
    assert np.array_equal(test.values[..., 0], whole.values[..., 0], equal_nan=True)
