import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from nasbench_lab import Comparison
from nasbench_lab.comparison.execution import Progress, compare
from nasbench_lab.comparison.growing import Different, Plan, joined
from nasbench_lab.comparison.header import read_header
from nasbench_lab.comparison.store import load_results
from nasbench_lab.errors import StoreError, UsageError
from tests.own_problems import Toy
from tests.tables import table_files

pytestmark = pytest.mark.usefixtures("toy_benchmark")

WHOLE = Comparison(
    benchmark=("toy/one", "toy/two"),
    algorithms=("random_search", "small=regularized_evolution:population_size=5,sample_size=2", "asha"),
    seeds=5,
    budget_evaluations=15,
)


@pytest.fixture(scope="module")
def at_once(data_folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASBENCH_LAB_DATA", str(data_folder))
        folder = tmp_path_factory.mktemp("whole") / "whole"
        compare(WHOLE, out=folder, jobs=1)
        return table_files(folder)


FIRST_TASK, FIRST_TWO = {"benchmark": WHOLE.benchmark[:1]}, {"algorithms": WHOLE.algorithms[:2]}


@pytest.mark.parametrize(
    "steps",
    [
        [{"seeds": 2}, {}],
        [FIRST_TWO, {}],
        [FIRST_TASK, {}],
        [{}, {}],
        [{**FIRST_TASK, **FIRST_TWO, "seeds": 1}, {**FIRST_TASK, "seeds": 3}, {"seeds": 4}, {}],
        # It is enough to name the new part: the stored parts stay.
        [FIRST_TWO, {"algorithms": WHOLE.algorithms[2:], "seeds": 1}],
        [FIRST_TASK, {"benchmark": WHOLE.benchmark[1:], "seeds": 1}],
        [{**FIRST_TASK, **FIRST_TWO}, {"benchmark": WHOLE.benchmark[1:], "algorithms": WHOLE.algorithms[2:]}],
    ],
    ids=["seeds", "algorithm", "task", "nothing", "in steps", "algorithm alone", "task alone", "both alone"],
)
def test_tables_are_those_of_a_comparison_run_at_once(steps, at_once):
    for step in steps:
        compare(replace(WHOLE, **step), out="r", jobs=1)
    assert table_files("r") == at_once


def test_the_runs_that_are_there_are_not_made_again():
    compare(replace(WHOLE, seeds=2, algorithms=WHOLE.algorithms[:2]), out="r", jobs=1)
    before = {path: path.stat().st_mtime_ns for path in Path("r/runs").iterdir()}
    told: list[Progress] = []
    compare(out="r", algorithms="asha", jobs=1, progress=told.append)
    assert told[-1].finished == told[-1].total == 2 * 2
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(list(Path("r/runs").iterdir())) == 2 * 3


def test_settings_that_are_left_out_are_the_stored_ones():
    compare(replace(WHOLE, seeds=2), out="r", jobs=1)
    results = compare(out="r", seeds=3, jobs=1)
    assert results.specification == json.loads(json.dumps(replace(WHOLE, seeds=3).to_json()))
    assert {len(runs) for runs in results.runs.values()} == {3}


def test_fewer_seeds_leave_what_is_stored_as_it_is():
    compare(replace(WHOLE, seeds=3), out="r", jobs=1)
    before = Path("r/comparison.json").read_bytes()
    results = compare(replace(WHOLE, seeds=2, benchmark=WHOLE.benchmark[:1]), out="r", jobs=1)
    assert {len(runs) for runs in results.runs.values()} == {3}
    assert Path("r/comparison.json").read_bytes() == before


def test_the_time_of_each_addition_is_kept():
    compare(replace(WHOLE, seeds=1), out="r", jobs=1)
    for seeds in (2, 3):
        compare(out="r", seeds=seeds, jobs=1)
    environment = read_header(Path("r"))["environment"]
    assert [list(added) for added in environment["added"]] == [["started"], ["started"]]


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"budget_evaluations": 16}, "its budget_evaluations is 15, this one's 16"),
        ({"root_seed": 3}, "its root_seed is 0, this one's 3"),
        ({"epochs": 12}, "its epochs is None, this one's 12"),
        (
            {"objectives": ("accuracy", "parameters")},
            "its objectives is accuracy, this one's accuracy, param",
        ),
        ({"algorithms": ("random_search=asha",)}, r"its random_search is random_search\(\), this one's asha"),
        ({"budget_seconds": (9.0,)}, "its budget_seconds of toy/one is None, this one's 9.0"),
    ],
)
def test_another_protocol_is_refused_with_the_difference(changes, difference):
    compare(replace(WHOLE, seeds=1, algorithms=WHOLE.algorithms[:1]), out="r", jobs=1)
    before = {path: path.read_bytes() for path in Path("r").rglob("*") if path.is_file()}
    with pytest.raises(StoreError, match=f"^r holds a different comparison: {difference}.*another --out$"):
        compare(replace(WHOLE, seeds=2, **changes), out="r", jobs=1)
    assert {path: path.read_bytes() for path in Path("r").rglob("*") if path.is_file()} == before


def test_code_that_changed_gets_no_new_runs_beside_the_old_ones():
    Path("own.py").write_text("def own(space, rng):\n    while True:\n        yield space.sample(rng)\n")
    compare(replace(WHOLE, algorithms=("own.py",), seeds=2), out="r", jobs=1)
    Path("own.py").write_text("def own(space, rng):\n    while True: yield space.sample(rng)\n")
    with pytest.raises(StoreError, match="the code of own has changed since"):
        compare(out="r", seeds=3, jobs=1)
    # Its stored runs stay beside those of another algorithm.
    results = compare(out="r", algorithms="random_search", jobs=1)
    assert results.algorithms == ("own", "random_search")


def walk(space, rng):
    """An algorithm of a test: a random walk."""
    architecture = space.sample(rng)
    while True:
        yield architecture
        architecture = space.mutate(architecture, rng)


def test_objects_from_python_are_needed_only_for_new_runs_of_theirs():
    compare(tasks=Toy(), algorithms=walk, seeds=2, budget_evaluations=5, out="r", jobs=1)
    results = compare(tasks=Toy(), algorithms="random_search", out="r", jobs=1)
    assert results.algorithms == ("walk", "random_search")
    with pytest.raises(UsageError, match=r"a function that only Python knew; .* compare\(algorithms=\[walk"):
        compare(tasks=Toy(), algorithms="random_search", seeds=3, out="r", jobs=1)
    results = compare(tasks=Toy(), algorithms=[walk, "random_search"], seeds=3, out="r", jobs=1)
    assert {len(runs) for runs in results.runs.values()} == {3}


def test_a_stopped_addition_goes_on(at_once):
    compare(replace(WHOLE, seeds=2), out="r", jobs=1)

    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(WHOLE, out="r", jobs=1, progress=stop)
    with pytest.raises(StoreError, match=r"r is unfinished: it holds [0-4] of 5 runs"):
        load_results(Path("r"))
    compare(out="r", jobs=1)
    assert table_files("r") == at_once


def plan(benchmark, algorithms, **settings):
    comparison = Comparison(benchmark=benchmark, algorithms=algorithms, **settings)
    return Plan(comparison, {name: name for name in benchmark}, {label: label for label in algorithms})


NAMES = [("a",), ("b",), ("a", "b"), ("b", "a"), ("b", "c")]


@pytest.mark.parametrize(("first", "second"), list(product(NAMES, NAMES)))
def test_budgets_go_with_their_tasks(first, second):
    budgets = {"a": 10.0, "b": 20.0, "c": 30.0}
    one, two = (
        plan(names, ("x",), budget_seconds=tuple(map(budgets.get, names))) for names in (first, second)
    )
    grown = joined(one, two).comparison
    names = list(first) + [name for name in second if name not in first]
    assert list(grown.benchmark) == names
    assert dict(zip(names, grown.per_task("budget_seconds", len(names)), strict=True)) == {
        name: budgets[name] for name in names
    }


def test_one_budget_for_all_tasks_stays_one():
    grown = joined(plan(("a",), ("x",), budget_seconds=5.0), plan(("b",), ("y",), budget_seconds=5.0))
    assert grown.comparison.budget_seconds == (5.0,)
    assert grown.comparison.algorithms == ("x", "y")


def test_a_budget_of_some_tasks_only_is_refused():
    with pytest.raises(Different, match="budget_seconds is set for some tasks only, not for b"):
        joined(
            plan(("a",), ("x",), budget_seconds=5.0, budget_evaluations=9),
            plan(("b",), ("x",), budget_evaluations=9),
        )
