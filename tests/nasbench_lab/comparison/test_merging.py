from dataclasses import replace
from pathlib import Path

import h5py
import pytest

from nasbench_lab import Comparison, figures
from nasbench_lab.comparison.execution import compare
from nasbench_lab.comparison.header import read_header
from nasbench_lab.comparison.merging import merge
from nasbench_lab.comparison.store import load_results
from nasbench_lab.errors import StoreError
from tests.tables import table_files

pytestmark = pytest.mark.usefixtures("toy_benchmark")

WHOLE = Comparison(
    benchmark=("toy/one", "toy/two"),
    algorithms=("random_search", "small=regularized_evolution:population_size=5,sample_size=2"),
    seeds=4,
    budget_evaluations=15,
)


def run(out, **changes):
    compare(replace(WHOLE, **changes), out=out, jobs=1)
    return Path(out)


def contents(*folders):
    return {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"algorithms": WHOLE.algorithms[:1]}, {"algorithms": WHOLE.algorithms[1:]}),
        ({"benchmark": WHOLE.benchmark[:1]}, {"benchmark": WHOLE.benchmark[1:]}),
        ({}, {"algorithms": WHOLE.algorithms[1:]}),
        ({"seeds": 2}, {}),
    ],
    ids=["algorithms", "tasks", "a part and the whole", "fewer and more seeds"],
)
def test_tables_are_those_of_a_comparison_run_at_once(first, second):
    folders = [run("a", **first), run("b", **second)]
    before = contents(*folders)
    assert figures.main(["a", "b", "--out", "c"]) == 0
    assert table_files("c") == table_files(run("whole"))
    assert contents(*folders) == before
    assert read_header(Path("c"))["environment"]["merged from"] == ["a", "b"]
    assert read_header(Path("c"))["comparison"] == WHOLE.to_json()


def test_what_was_merged_can_grow():
    run("a", seeds=2, algorithms=WHOLE.algorithms[:1])
    run("b", seeds=2, algorithms=WHOLE.algorithms[1:])
    merge([Path("a"), Path("b")], Path("c"))
    compare(out="c", seeds=4, jobs=1)
    assert table_files("c") == table_files(run("whole"))


def test_merging_again_brings_what_came_since():
    run("a", seeds=2)
    run("b", seeds=2, algorithms=WHOLE.algorithms[1:])
    merge([Path("a"), Path("b")], Path("c"))
    merge([Path("a"), Path("b")], Path("c"))
    run("a")
    merge([Path("a"), Path("b")], Path("c"))
    assert table_files("c") == table_files(run("whole"))


def test_a_comparison_takes_in_another():
    run("a", algorithms=WHOLE.algorithms[:1])
    run("b", algorithms=WHOLE.algorithms[1:])
    merge([Path("a"), Path("b")], Path("a"))
    assert table_files("a") == table_files(run("whole"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"budget_evaluations": 16},
            "^a and b are comparisons of different protocols, so they cannot be merged: of a, its"
            " budget_evaluations is 15, this one's 16$",
        ),
        ({"root_seed": 1}, "its root_seed is 0, this one's 1$"),
        (
            {"benchmark": WHOLE.benchmark[:1], "algorithms": ("asha",)},
            "^together they hold 0 of 4 runs of asha on toy/two; add the others first: python -m"
            " nasbench_lab.compare --out a --algorithms asha --seeds 4$",
        ),
        (
            {"benchmark": WHOLE.benchmark[:1], "seeds": 6},
            "^together they hold 4 of 6 runs of random_search on toy/two; add the others first: python -m"
            " nasbench_lab.compare --out a --algorithms random_search --seeds 6$",
        ),
    ],
)
def test_what_cannot_be_merged_is_refused_with_what_to_do(changes, message, capsys):
    folders = [run("a"), run("b", **changes)]
    before = contents(*folders)
    with pytest.raises(StoreError, match=message):
        merge(folders, Path("c"))
    assert not Path("c").exists()
    assert figures.main(["a", "b", "--out", "c"]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert contents(*folders) == before


def test_the_command_in_the_message_helps():
    folders = [run("a"), run("b", benchmark=WHOLE.benchmark[:1], algorithms=("asha",))]
    compare(out="a", algorithms="asha", seeds=4, jobs=1)
    merge(folders, Path("c"))
    assert load_results(Path("c")).algorithms == ("random_search", "small", "asha")


def test_different_runs_in_the_same_place_are_refused():
    folders = [run("a"), run("b")]
    path = next(Path("b/runs").glob("*random_search*"))
    with h5py.File(path, "r+") as file:
        file["valid_accuracy"][0] += 1
    with pytest.raises(StoreError, match=r"^a and b hold different runs 0 of random_search on toy/(one|two)"):
        merge(folders, Path("c"))
    assert not Path("c").exists()


def test_a_folder_without_a_comparison_is_named():
    run("a")
    with pytest.raises(StoreError, match="there is no stored comparison in nothing"):
        merge([Path("a"), Path("nothing")], Path("c"))
