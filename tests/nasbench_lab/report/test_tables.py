import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.report.latex import OPTIONAL, write_tables
from nasbench_lab.report.tables import COLUMNS, Tables, compute_tables
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import Run


def run(accuracy: list[float], seconds: list[float] | None = None) -> Run:
    """A run whose incumbents have these reported accuracies (NaN: the incumbent stayed)."""
    n = len(accuracy)
    return Run(
        architectures=np.zeros((n, 2), dtype=np.uint16),
        valid_accuracy=np.arange(n, dtype=np.float64),
        seconds=np.full(n, 10.0) if seconds is None else np.array(seconds, dtype=np.float64),
        epochs=np.ones(n, dtype=np.int32),
        source=np.zeros(n, dtype=np.uint8),
        test_accuracy=np.array(accuracy, dtype=np.float64),
    )


def card(name: str, *, cost: str = "simulated seconds", optimum: float | None = 100.0) -> TaskCard:
    return TaskCard(name, name, "accuracy (%)", "valid", "test", cost, optimum, "digest", "cited", "free")


def results(runs: dict[tuple[str, str], list[Run]], *cards: TaskCard) -> Results:
    algorithms = tuple(dict.fromkeys(algorithm for _, algorithm in runs))
    joined = {key: Runs.of(value) for key, value in runs.items()}
    return Results("example", "", cards, algorithms, dict.fromkeys(algorithms, "f()"), joined, {}, {})


def random_results(tasks: int = 3, algorithms: int = 4, runs: int = 12, seed: int = 0) -> Results:
    rng = np.random.default_rng(seed)
    names = [f"bench/task_{task}" for task in range(tasks)]
    stored = {
        (name, f"algorithm_{label}"): [
            run(
                list(np.maximum.accumulate(rng.integers(60, 96, size=rng.integers(5, 30)) + 0.1 * label)),
            )
            for _ in range(runs)
        ]
        for name in names
        for label in range(algorithms)
    }
    return results(stored, *map(card, names))


NAN = float("nan")
# On one task: a is good, b is worse (its run 2 failed), c has two equal runs.
SMALL = results(
    {
        ("t", "a"): [run([80, NAN, 90]), run([85, 84, NAN, 88])],
        ("t", "b"): [run([70, 71]), run([NAN, 60]), run([NAN, NAN])],
        ("t", "c"): [run([75]), run([75])],
    },
    card("t"),
)


@pytest.fixture(scope="module")
def random_tables() -> Tables:
    return compute_tables(random_results())


def test_columns_are_those_announced(random_tables: Tables) -> None:
    for field in fields(random_tables):
        assert list(getattr(random_tables, field.name).columns) == COLUMNS[field.name].split()


def test_final_by_hand() -> None:
    final = compute_tables(SMALL).final
    assert final["algorithm"].tolist() == list("aabbbcc")
    assert final["run"].tolist() == [0, 1, 0, 1, 2, 0, 1]
    np.testing.assert_array_equal(final["accuracy"], [90, 88, 71, 60, NAN, 75, 75])
    np.testing.assert_array_equal(final["regret"], [10, 12, 29, 40, NAN, 25, 25])
    np.testing.assert_array_equal(final["evaluations"], [3, 4, 2, 2, 2, 1, 1])
    np.testing.assert_array_equal(final["cost"], [30, 40, 20, 20, 20, 10, 10])
    # The target is 75: three or more of the six runs with an accuracy end at or above it.
    np.testing.assert_array_equal(final["cost_to_target"], [10, 10, NAN, NAN, NAN, 10, 10])


def test_summary_by_hand() -> None:
    a, b, c = compute_tables(SMALL).summary.to_dict("records")
    assert (a["runs"], a["failed_runs"], b["runs"], b["failed_runs"]) == (2, 0, 3, 1)
    assert (a["mean"], a["median"], a["iqm"], a["best"]) == (89, 89, 89, 90)
    assert a["std"] == pytest.approx(2**0.5)
    assert (b["mean"], b["regret_mean"], b["regret_median"]) == (65.5, 34.5, 34.5)
    assert (b["evaluations"], b["cost"]) == (2, 20)
    assert (c["std"], c["iqm_low"], c["iqm_high"]) == (0, 75, 75)


def test_area_under_the_curves_of_a_task_is_over_the_same_costs() -> None:
    # Costs from 20, the first incumbent of run 1 of b, to 40, the end of run 1 of a.
    summary = compute_tables(SMALL).summary
    np.testing.assert_allclose(summary["area_under_curve"], [(85 + 84) / 2, (71 + 60) / 2, 75])
    one_step = compute_tables(results({("t", "a"): [run([80])]}, card("t")))
    assert one_step.summary["area_under_curve"].isna().all()


def test_targets_by_hand() -> None:
    a, b, c = compute_tables(SMALL).targets.to_dict("records")
    assert (a["target"], a["runs"], a["reached"], a["expected_cost"]) == (75, 2, 2, 10)
    assert (b["runs"], b["reached"], b["success_rate"], b["expected_cost"]) == (3, 0, 0, np.inf)
    assert (c["reached"], c["expected_cost"]) == (2, 10)


def test_target_is_what_half_of_all_runs_end_at_or_above(random_tables: Tables) -> None:
    for task, final in random_tables.final.groupby("task"):
        targets = random_tables.targets
        target = targets.loc[targets["task"] == task, "target"].unique()
        assert len(target) == 1
        assert (final["accuracy"] >= target[0]).mean() >= 0.5
        assert (final["accuracy"] > target[0]).mean() <= 0.5


def test_pairs_agree_with_scipy_and_statsmodels(random_tables: Tables) -> None:
    for task, pairs in random_tables.pairwise.groupby("task"):
        final = random_tables.final
        values = final[final["task"] == task].groupby("algorithm")["accuracy"]
        for row in pairs.to_dict("records"):
            first, second = values.get_group(row["first"]), values.get_group(row["second"])
            u, p_value = stats.mannwhitneyu(first, second)
            assert row["mean_difference"] == pytest.approx(first.mean() - second.mean())
            assert row["u"] == u
            assert row["a12"] == pytest.approx(u / (len(first) * len(second)))
            assert row["p_value"] == pytest.approx(p_value, abs=0.03)
        expected = multipletests(pairs["p_value"], method="holm")[1]
        np.testing.assert_allclose(pairs["p_holm"], expected)


def test_verdicts_name_the_better_one() -> None:
    good, bad = [run([90 + 0.1 * i]) for i in range(10)], [run([80 + 0.1 * i]) for i in range(10)]
    pairs = compute_tables(results({("t", "x"): bad, ("t", "y"): good, ("t", "z"): bad}, card("t"))).pairwise
    assert pairs["verdict"].tolist() == ["second better", "no difference shown", "first better"]


def test_ranks_are_of_medians_and_friedman_is_scipys(random_tables: Tables) -> None:
    medians = random_tables.final.pivot_table("accuracy", "task", "algorithm", aggfunc="median")
    ranks = random_tables.ranks
    assert ranks["algorithm"].tolist() == medians.columns.tolist()
    np.testing.assert_allclose(ranks["mean_rank"], medians.rank(axis=1, ascending=False).mean())
    assert ranks["friedman_p"].iloc[0] == pytest.approx(stats.friedmanchisquare(*medians.to_numpy().T).pvalue)
    assert (ranks["tasks"] == 3).all()
    assert len(random_tables.rank_pairs) == 6


def test_improvement_is_the_mean_of_a12(random_tables: Tables) -> None:
    expected = random_tables.pairwise.groupby(["first", "second"])["a12"].mean()
    improvement = random_tables.improvement.set_index(["first", "second"])
    np.testing.assert_allclose(improvement["probability"].sort_index(), expected.sort_index())
    assert (improvement["tasks"] == 3).all()


def test_anytime_follows_the_incumbents() -> None:
    tables = compute_tables(SMALL)
    a = tables.anytime.query("algorithm == 'a'")
    assert a["cost"].iloc[[0, -1]].tolist() == [10, 40]
    assert (a["runs"] == 2).all()
    expected = np.select([a["cost"] < 20, a["cost"] < 30, a["cost"] < 40], [82.5, 82.0, 87.0], 89.0)
    np.testing.assert_allclose(a["accuracy_mean"], expected)
    np.testing.assert_allclose(a["regret_mean"], 100 - expected)
    np.testing.assert_allclose(a["regret_low"], 100 - a["accuracy_high"])
    b = tables.anytime.query("algorithm == 'b'")
    # Costs from the first at which runs 0 and 1 have an incumbent (run 2 never has one), to the task's end.
    assert b["cost"].iloc[[0, -1]].tolist() == [20, 40]
    assert (b["runs"] == 2).all()


def test_evaluations_are_the_cost_where_seconds_are_not_charged() -> None:
    runs = {("t", "a"): [run([80, NAN, 90], [0, 0, 0]), run([85, 84], [0, 0])]}
    tables = compute_tables(results(runs, card("t", cost="evaluations")))
    assert tables.final["cost"].tolist() == [3, 2]
    assert tables.anytime["cost"].tolist() == [1, 2, 3]
    assert tables.anytime["accuracy_mean"].tolist() == [82.5, 82, 87]


def test_seconds_that_cost_nothing() -> None:
    free = {("t", "a"): [run([80, 90], [0, 0]), run([85, 84], [0, 0])]}
    assert compute_tables(results(free, card("t"))).anytime["cost"].tolist() == [0]
    late = {("t", "a"): [run([80, 90], [0, 5]), run([85, 84], [0, 5])]}
    cost = compute_tables(results(late, card("t"))).anytime["cost"]
    assert cost.iloc[0] == 0
    assert cost.iloc[-1] == 5
    assert cost.is_monotonic_increasing


def test_unknown_optimum_leaves_regret_missing() -> None:
    tables = compute_tables(replace(SMALL, tasks=(card("t", optimum=None),)))
    assert tables.final["regret"].isna().all()
    assert tables.anytime["regret_mean"].isna().all()
    assert tables.summary["mean"].notna().all()


def test_one_run_of_one_algorithm() -> None:
    tables = compute_tables(results({("t", "a"): [run([80, 90])]}, card("t")))
    row = tables.summary.to_dict("records")[0]
    assert row["mean"] == 90
    assert np.isnan([row["std"], row["iqm_low"], row["iqm_high"]]).all()
    assert tables.pairwise.empty
    assert tables.rank_pairs.empty
    assert tables.ranks["note"].tolist() == ["needs 2 tasks and 3 algorithms or more"]
    assert tables.ranks["friedman_p"].isna().all()


def test_an_algorithm_whose_every_run_failed() -> None:
    runs = {("t", "a"): [run([80]), run([90])], ("t", "b"): [run([NAN]), run([NAN, NAN])]}
    tables = compute_tables(results(runs, card("t")))
    b = tables.summary.to_dict("records")[1]
    assert (b["runs"], b["failed_runs"]) == (2, 2)
    assert np.isnan(b["mean"])
    pair = tables.pairwise.to_dict("records")[0]
    assert pair["verdict"] == "no difference shown"
    assert np.isnan(pair["p_holm"])
    assert tables.ranks["mean_rank"].tolist() == [1, 2]
    assert tables.anytime["algorithm"].unique().tolist() == ["a"]
    assert tables.improvement["tasks"].tolist() == [0]


def test_runs_without_a_single_evaluation() -> None:
    empty = replace(run([80]), architectures=np.zeros((0, 2), dtype=np.uint16))
    empty = replace(
        empty,
        **{
            name: getattr(empty, name)[:0]
            for name in ("valid_accuracy", "seconds", "epochs", "source", "test_accuracy")
        },
    )
    tables = compute_tables(results({("t", "a"): [empty, run([80]), empty]}, card("t")))
    np.testing.assert_array_equal(tables.final["cost"], [0, 10, 0])
    assert tables.summary["failed_runs"].tolist() == [2]
    nothing = compute_tables(results({("t", "a"): [empty]}, card("t")))
    assert np.isnan(nothing.targets["target"].iloc[0])


def test_an_unfinished_comparison_has_rows_for_what_is_there() -> None:
    whole = random_results()
    missing = ("bench/task_1", "algorithm_2")
    part = replace(whole, runs={key: runs for key, runs in whole.runs.items() if key != missing})
    tables = compute_tables(part)
    assert len(tables.summary) == 11
    assert (tables.ranks["tasks"] == 2).all()
    nothing = compute_tables(replace(whole, runs={}))
    assert nothing.final.empty
    assert len(nothing.tasks) == 3


def test_rows_do_not_depend_on_what_else_is_compared() -> None:
    whole = random_results()
    alone = replace(whole, algorithms=("algorithm_1",))
    for name in ("summary", "anytime"):
        expected = getattr(compute_tables(whole), name).query("algorithm == 'algorithm_1'")
        if name == "anytime":
            # The common end of a task's curves does depend on the other algorithms.
            expected = expected.groupby("task").head(1)
            seen = getattr(compute_tables(alone), name).groupby("task").head(1)
        else:
            # The area under a curve is taken over the costs that all curves of a task share.
            expected = expected.drop(columns="area_under_curve")
            seen = getattr(compute_tables(alone), name).drop(columns="area_under_curve")
        pd.testing.assert_frame_equal(seen.reset_index(drop=True), expected.reset_index(drop=True))


def test_written_csv_reads_back_the_same(random_tables: Tables, tmp_path: Path) -> None:
    write_tables(random_tables, tmp_path / "new" / "tables")
    for field in fields(random_tables):
        if field.name in OPTIONAL:
            assert not (tmp_path / "new" / "tables" / f"{field.name}.csv").exists()
            continue
        read = pd.read_csv(tmp_path / "new" / "tables" / f"{field.name}.csv", dtype=str)
        expected: pd.DataFrame = getattr(random_tables, field.name)
        assert read.columns.tolist() == expected.columns.tolist()
        for column in expected.select_dtypes("number"):
            np.testing.assert_array_equal([float(text) for text in read[column]], expected[column])


def test_same_results_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_tables(compute_tables(random_results()), tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) == 10 + 6
    for file in files:
        content = (tmp_path / "one" / file).read_bytes()
        assert content == (tmp_path / "two" / file).read_bytes()
        assert b"\r" not in content


def test_latex_is_whole_and_escaped(random_tables: Tables, tmp_path: Path) -> None:
    write_tables(random_tables, tmp_path)
    for path in tmp_path.glob("*.tex"):
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
        columns = len(re.fullmatch(r"\\begin\{tabular\}\{([lr]+)\}", lines[0])[1])  # type: ignore[index]
        rows = [line for line in lines if line.endswith(r"\\")]
        assert len(rows) > 1
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {columns - 1}
        assert not re.search(r"(?<!\\)[_%#]|nan", "\n".join(rows).replace("$A_{12}$", ""))
        assert "\\toprule" in lines
        assert lines[-2:] == ["\\bottomrule", "\\end{tabular}"]


def test_latex_marks_every_mean_that_prints_as_the_best(tmp_path: Path) -> None:
    runs = {
        ("t", "a"): [run([90.001])],
        ("t", "b"): [run([90.002])],
        ("t", "c"): [run([89.0])],
        ("u", "a"): [run([NAN])],
        ("u", "b"): [run([NAN])],
        ("u", "c"): [run([NAN])],
    }
    write_tables(compute_tables(results(runs, card("t"), card("u"))), tmp_path)
    text = (tmp_path / "summary.tex").read_text(encoding="utf-8")
    assert text.count(r"\textbf{90.00}") == 2
    assert text.count(r"\textbf") == 2
    assert "Cost (simulated seconds)" in text


def test_latex_writes_what_is_missing_infinite_or_negative(tmp_path: Path) -> None:
    write_tables(compute_tables(SMALL), tmp_path)
    assert r"$\infty$ [$\infty$, $\infty$]" in (tmp_path / "targets.tex").read_text(encoding="utf-8")
    assert "-- & -- & --" in (tmp_path / "ranks.tex").read_text(encoding="utf-8")
    assert "$-$9.50" in (tmp_path / "pairwise.tex").read_text(encoding="utf-8")


def test_latex_gives_no_sign_to_what_rounds_to_zero(tmp_path: Path) -> None:
    runs = {("t", "a"): [run([90.001])], ("t", "b"): [run([90.002])]}
    write_tables(compute_tables(results(runs, card("t"))), tmp_path)
    assert "1, 1 & 0.00 &" in (tmp_path / "pairwise.tex").read_text(encoding="utf-8")


def test_latex_never_rounds_a_p_value_across_the_level(random_tables: Tables, tmp_path: Path) -> None:
    p_values = np.resize([0.04998, 0.0504, 0.0002, 1.0], len(random_tables.pairwise))
    write_tables(replace(random_tables, pairwise=random_tables.pairwise.assign(p_holm=p_values)), tmp_path)
    shown = re.findall(r"& ([^&]+) & [a-z ]+ \\\\", (tmp_path / "pairwise.tex").read_text(encoding="utf-8"))
    assert shown[:4] == ["0.04998", "0.050", "$<$0.001", "$>$0.99"]


def test_latex_of_metrics_without_a_unit(tmp_path: Path) -> None:
    runs = {
        ("t", "a"): [run([-0.59381])],
        ("t", "b"): [run([-0.61])],
        ("u", "a"): [run([90.0])],
        ("u", "b"): [run([91.0])],
    }
    cards = replace(card("t", optimum=-0.59), metric="negative loss"), card("u")
    write_tables(compute_tables(results(runs, *cards)), tmp_path)
    summary = (tmp_path / "summary.tex").read_text(encoding="utf-8")
    assert " & Mean & Std & Median & IQM & Best & Mean regret \\\\" in summary
    assert r"\textbf{$-$0.5938}" in summary
    assert r"\textbf{91.00}" in summary
    assert summary.count(r"\textbf") == 2
    assert "0.0038" in summary
    assert "& 0.0162 &" in (tmp_path / "pairwise.tex").read_text(encoding="utf-8")
    assert "& Target &" in (tmp_path / "targets.tex").read_text(encoding="utf-8")
