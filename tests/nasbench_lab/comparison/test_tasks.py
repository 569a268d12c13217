import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from nasbench_lab import Comparison
from nasbench_lab.benchmarks.folders import surrogate_path
from nasbench_lab.benchmarks.surrogates.file import write_surrogate
from nasbench_lab.benchmarks.surrogates.fit import fit_surrogate
from nasbench_lab.benchmarks.tables.contents import Training
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.compare import main
from nasbench_lab.comparison import tasks
from nasbench_lab.comparison.execution import compare
from nasbench_lab.data import main as data
from nasbench_lab.errors import StoreError, TableError, UsageError
from nasbench_lab.spaces import find_space
from tests.tables import SIZE, measurement, small_contents
from tests.tables import SPACE as SPACE_NAME

SPACE = find_space(SPACE_NAME)
CHAIN = Comparison(
    benchmark=("part",),
    algorithms=("random_search",),
    seeds=4,
    budget_evaluations=20,
    fallback=("surrogate",),
)


def forget():
    tasks._benchmark.cache_clear()


@pytest.fixture(scope="module")
def part(tmp_path_factory):
    """A data folder with a table of half the canonical cells, and with a surrogate of the table."""
    folder = tmp_path_factory.mktemp("data")
    canonical = sorted({SPACE.index(SPACE.canonical(SPACE.architecture(i))) for i in range(SIZE)})
    keys = np.array(canonical[::2])
    score = measurement(50 + keys[:, None] % 40.0, 10, ("a",))
    training = Training(valid_accuracy=score, train_seconds=measurement(np.ones((len(keys), 1)), 10, ("a",)))
    contents = small_contents(keys=keys, trainings={10: training}, parameters=None)
    data_sets = {"one": contents.data_sets["one"]}
    write_table(replace(contents, name="part", data_sets=data_sets), folder / "part.h5")
    surrogate = fit_surrogate(Table(folder / "part.h5"), "one", model="extra_trees", fraction=0.5)
    write_surrogate(surrogate, folder / "surrogates" / "part" / "one.h5")
    return folder


@pytest.fixture(autouse=True)
def folder(part, tmp_path, monkeypatch):
    """A copy of that folder, which a test may change."""
    copy = shutil.copytree(part, tmp_path / "data")
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(copy))
    monkeypatch.chdir(tmp_path)
    forget()
    yield copy
    forget()


def test_a_chain_keeps_the_source_of_every_evaluation():
    results = compare(CHAIN, out="r", jobs=1)
    runs = results.runs["part/one", "random_search"]
    for architecture, source in zip(runs.architectures.tolist(), runs.source.tolist(), strict=True):
        listed = Table(surrogate_path("part", "one").parents[2] / "part.h5").data_set("one")
        assert source == (listed.row(tuple(architecture)) is None)
    assert set(runs.source.tolist()) == {0, 1}
    (card,) = results.tasks
    assert (
        "; where unlisted, validation accuracy after 10 epochs as predicted by a surrogate" in card.searched
    )
    assert card.optimum is None
    assert results.specification["fallback"] == ["surrogate"]


def test_the_number_of_processes_leaves_no_trace():
    one, two = (compare(CHAIN, out=f"jobs{jobs}", jobs=jobs) for jobs in (1, 2))
    key = ("part/one", "random_search")
    assert (one.runs[key].valid_accuracy == two.runs[key].valid_accuracy).all()
    assert np.array_equal(one.runs[key].test_accuracy, two.runs[key].test_accuracy, equal_nan=True)


def test_without_the_chain_a_miss_ends_the_comparison():
    with pytest.raises(TableError, match="part/one does not list"):
        compare(replace(CHAIN, fallback=()), out="r", jobs=1)


def test_the_command_takes_a_chain_and_the_report_names_the_sources(capsys):
    arguments = ["--benchmark", "part/one", "--fallback", "surrogate", "--seeds", "3", "--jobs", "1"]
    arguments += ["--algorithms", "random_search", "--budget-evaluations", "10", "--out", "r"]
    assert main(arguments) == 0
    report = Path("r/report.html").read_text(encoding="utf-8")
    assert "evaluations come from different sources" in report
    assert "as predicted by a surrogate" in report


@pytest.mark.parametrize(
    ("fallback", "message"),
    [
        (("life",), "unknown fallback 'life'; did you mean 'live'.* Known: live, surrogate"),
        (("surrogates",), "unknown fallback 'surrogates'; did you mean 'surrogate'"),
        (("surrogate", "surrogate"), "the fallback surrogate is listed twice"),
    ],
)
def test_an_unknown_fallback_is_named(fallback, message):
    with pytest.raises(UsageError, match=message):
        compare(replace(CHAIN, fallback=fallback), out="r", jobs=1)


def test_a_surrogate_that_is_not_there_names_its_command(folder):
    surrogate_path("part", "one").unlink()
    with pytest.raises(
        TableError, match=r"fit it with: python -m nasbench_lab\.data fit part --data-set one"
    ):
        compare(CHAIN, out="r", jobs=1)


def test_a_surrogate_of_another_table_is_refused(folder):
    with h5py.File(surrogate_path("part", "one"), "r+") as file:
        file.attrs["table_digest"] = "0" * 64
    with pytest.raises(TableError, match="was fitted on another version of part"):
        compare(CHAIN, out="r", jobs=1)


def test_a_changed_surrogate_is_refused(folder):
    with h5py.File(surrogate_path("part", "one"), "r+") as file:
        file["reported/mean/constant"][...] = 1.0
    with pytest.raises(TableError, match="its content has digest"):
        compare(CHAIN, out="r", jobs=1)


def test_a_comparison_does_not_go_on_with_another_surrogate(folder, capsys):
    compare(CHAIN, out="r", jobs=1)
    fit = ["fit", "part", "--model", "extra_trees", "--fraction", "0.5", "--seed", "1"]
    assert data(fit) == 0
    forget()
    with pytest.raises(StoreError, match=r"part/one has changed since \(\w{12}\+\w{12} was \w{12}\+\w{12}\)"):
        compare(CHAIN, out="r", jobs=1)


def test_fitting_prints_how_good_it_is(folder, capsys):
    surrogate_path("part", "one").unlink()
    assert data(["fit", "part", "--model", "extra_trees", "--fraction", "0.5"]) == 0
    out = capsys.readouterr().out
    assert "extra_trees, fitted on 992 rows (fraction 0.5 of the distinct architectures, seed 0)" in out
    assert "valid_accuracy after 10 epochs" in out
    assert str(surrogate_path("part", "one")) in out
    assert data(["info", "part"]) == 0
    assert capsys.readouterr().out.endswith(out[out.index("extra_trees") :])
    assert compare(CHAIN, out="r", jobs=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "forest"], "unknown model of surrogates 'forest'"),
        (["--fraction", "2"], "the fraction to fit on must be above 0 and below 1; received 2"),
        (["--data-set", "two"], "unknown data set of part 'two'"),
    ],
)
def test_what_cannot_be_fitted_is_one_line(capsys, folder, arguments, message):
    before = surrogate_path("part", "one").read_bytes()
    assert data(["fit", "part", *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1
    assert surrogate_path("part", "one").read_bytes() == before
