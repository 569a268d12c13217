"""Comparisons with several objectives, workers, recommendations and earlier tasks, up to the report."""

import numpy as np
import pandas as pd
import pytest

from nasbench_lab.benchmarks.folders import table_path
from nasbench_lab.benchmarks.tables.file import write_table
from nasbench_lab.comparison.blocks import run_seed
from nasbench_lab.comparison.execution import compare
from nasbench_lab.comparison.previous import evaluations_on
from nasbench_lab.comparison.results import Runs
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.comparison.store import load_results
from nasbench_lab.errors import UsageError
from nasbench_lab.report.tables import compute_tables
from nasbench_lab.report.writing import draw
from nasbench_lab.search.run import Run
from tests.tables import open_task, present, small_contents

TASK = "cifar10-mini/cifar10"
SMALL = Comparison(
    benchmark=("cifar10-mini",),
    algorithms=("random_search", "regularized_evolution:population_size=5,sample_size=2"),
    seeds=3,
    budget_evaluations=30,
)


def changed(**settings):
    return Comparison(**{**SMALL.to_json(), **settings})


def dominated(point, points):
    """Whether another point has at least this accuracy and at most these parameters, and is not equal."""
    return any(
        other[0] >= point[0] and other[1] <= point[1] and tuple(other) != tuple(point) for other in points
    )


@pytest.fixture(scope="module")
def two_objectives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("objectives") / "stored"
    return folder, compare(changed(objectives=("accuracy", "parameters")), out=folder, jobs=1)


def test_runs_keep_every_metric_and_their_archive(two_objectives):
    folder, results = two_objectives
    for runs in (results.runs[TASK, "random_search"], load_results(folder).runs[TASK, "random_search"]):
        assert set(runs.metrics) == {"parameters", "flops"}
        for start, end in zip(runs.offsets[:-1], runs.offsets[1:], strict=True):
            seen = np.stack(
                [runs.valid_accuracy[start:end], runs.metrics["parameters"][start:end]], axis=1
            ).tolist()
            entered = ~np.isnan(present(runs.archive)[start:end])
            for step, point in enumerate(seen):
                earlier = seen[:step]
                assert entered[step] == (not dominated(point, earlier) and point not in earlier)


def test_hypervolume_is_that_of_the_raw_points_by_brute_force(two_objectives):
    _, results = two_objectives
    card = results.tasks[0]
    assert [each.title for each in card.objectives] == ["valid_accuracy (%)", "parameters (millions)"]
    assert [each.higher for each in card.objectives] == [True, False]
    tables = compute_tables(results)
    row = tables.fronts.iloc[0]
    runs = results.runs[TASK, "random_search"]
    end = runs.offsets[1]
    seen = np.stack([runs.valid_accuracy[:end], runs.metrics["parameters"][:end]], axis=1).tolist()
    kept = [
        step for step in range(end) if not dominated(seen[step], seen) and not np.isnan(runs.archive[step])
    ]
    points = np.stack([runs.archive[kept], runs.metrics["parameters"][kept]], axis=1)
    # The staircase of two objectives, from the fewest parameters on.
    volume, reached = 0.0, card.worst[0]
    for accuracy, parameters in sorted(points.tolist(), key=lambda point: (point[1], -point[0])):
        if accuracy > reached:
            volume += (accuracy - reached) * (card.worst[1] - parameters)
            reached = accuracy
    assert row["hypervolume"] == pytest.approx(volume)
    assert 0 < row["hypervolume_share"] <= 1
    assert row["igd_plus"] >= 0
    front = list(card.front)
    assert not any(dominated(point, front) for point in front)


def test_tables_and_report_have_the_fronts(two_objectives, tmp_path):
    _, results = two_objectives
    draw(results, tmp_path)
    summary = pd.read_csv(tmp_path / "tables" / "front_summary.csv")
    assert summary["algorithm"].tolist() == list(results.algorithms)
    assert (tmp_path / "tables" / "front_summary.tex").exists()
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Several objectives, Mini NAS-Bench-201, CIFAR-10" in report
    assert "parameters (millions), lower is better" in report


def test_objectives_do_not_change_a_search_that_looks_at_the_accuracy_alone(two_objectives, tmp_path):
    _, results = two_objectives
    alone = compare(SMALL, out=tmp_path / "one", jobs=1)
    for key, runs in alone.runs.items():
        assert np.array_equal(runs.architectures, results.runs[key].architectures)
        assert np.array_equal(runs.test_accuracy, results.runs[key].test_accuracy, equal_nan=True)
        assert runs.archive is None
        assert runs.metrics == {}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"objectives": ("accuracy", "latency:raspi4")},
            "unknown metric of cifar10-mini/cifar10",
        ),
        ({"objectives": ("parameters",)}, "the objectives are the accuracy and other metrics"),
        ({"objectives": ("accuracy", "valid_accuracy")}, "an objective is listed twice"),
        ({"objectives": ()}, "received none"),
        ({"workers": 0}, "workers is 1 or more; received 0"),
        (
            {"incumbent": "median"},
            "incumbent takes 'best' or .*; received 'median'",
        ),
        ({"learn_from": ("cifar10-mini",)}, "a search on cifar10-mini/cifar10 cannot learn from itself"),
        ({"learn_from_evaluations": 0}, "learn_from_evaluations is 1 or more"),
    ],
)
def test_settings_that_make_no_sense_get_one_line(settings, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        compare(changed(**settings), out=tmp_path / "none", jobs=1)
    assert not (tmp_path / "none").exists()


def test_workers_spend_a_budget_of_seconds_on_a_shared_clock(tmp_path):
    hyperband = changed(algorithms=("hyperband",), budget_evaluations=None, budget_seconds=(60.0,))
    one = compare(hyperband, out=tmp_path / "one", jobs=1)
    four = compare(Comparison(**{**hyperband.to_json(), "workers": 4}), out=tmp_path / "four", jobs=1)
    alone, together = one.runs[TASK, "hyperband"], four.runs[TASK, "hyperband"]
    # Less than four times as much: the last rungs of a bracket have fewer architectures than workers.
    assert together.seconds.sum() > 1.2 * alone.seconds.sum()
    for runs in (alone, together, load_results(tmp_path / "four").runs[TASK, "hyperband"]):
        for start, end in zip(runs.offsets[:-1], runs.offsets[1:], strict=True):
            clock = runs.clock[start:end]
            assert (np.diff(clock) >= 0).all()
            assert clock[-1] >= 60.0 > clock[-1] - runs.seconds[start:end].max()
    assert np.array_equal(alone.clock[: alone.offsets[1]], np.cumsum(alone.seconds[: alone.offsets[1]]))


RECOMMENDING = """
def recommending(space, rng):
    first = yield space.sample(rng)
    best = space.sample(rng)
    yield best
    return best
"""


def test_recommendations_are_stored_and_reported_beside_the_incumbents(tmp_path):
    (tmp_path / "recommending.py").write_text(RECOMMENDING)
    asked = changed(algorithms=(f"{tmp_path}/recommending.py", "random_search"))
    results = compare(asked, out=tmp_path / "stored", jobs=1)
    label = results.algorithms[0]
    tables = draw(results, tmp_path / "stored")
    recommended = tables.recommended.set_index("algorithm")
    assert recommended.loc[label, "recommending"] == 3
    assert recommended.loc["random_search", "recommending"] == 0
    # The second architecture was evaluated, too: its accuracy in the table is the one that is reported.
    runs = results.runs[TASK, label]
    ends = np.where(np.isnan(runs.test_accuracy[1::2]), runs.recommended_accuracy, runs.test_accuracy[1::2])
    assert np.array_equal(ends, runs.recommended_accuracy)
    assert "Recommendations, Mini NAS-Bench-201" in (tmp_path / "stored" / "report.html").read_text()
    # By the rule `recommended`, they are what the runs end with.
    asked = Comparison(**{**asked.to_json(), "incumbent": "recommended"})
    by_rule = compare(asked, out=tmp_path / "by_rule", jobs=1)
    assert np.array_equal(by_rule.runs[TASK, label].final(), runs.recommended_accuracy)
    assert by_rule.runs[TASK, label].evaluations.tolist() == [2, 2, 2]
    assert np.array_equal(
        by_rule.runs[TASK, "random_search"].final(), results.runs[TASK, "random_search"].final()
    )
    draw(by_rule, tmp_path / "by_rule")


def test_a_run_that_only_recommends_ends_with_its_recommendation():
    empty = Run(
        architectures=np.zeros((0, 2), dtype=np.uint16),
        valid_accuracy=np.zeros(0),
        seconds=np.zeros(0),
        epochs=np.zeros(0, dtype=np.int32),
        source=np.zeros(0, dtype=np.uint8),
        test_accuracy=np.zeros(0),
        recommended=np.array([1, 2], dtype=np.uint16),
        recommended_accuracy=77.0,
    )
    assert np.isnan(Runs.of([empty]).final()).all()
    runs = Runs.of([empty], recommended=True)
    assert runs.final().tolist() == [77.0]
    assert runs.evaluations.tolist() == [0]
    assert runs.clock.tolist() == [0.0]


LEARNING = """
def learning(space, rng, *, previous):
    assert all(not hasattr(each, "test_accuracy") for each in previous[0].evaluations)
    pairs = zip(previous[0].evaluations, previous[0].architectures)
    yield max(pairs, key=lambda pair: pair[0].valid_accuracy)[1]
    yield space.sample(rng)
"""


def test_an_algorithm_learns_from_other_tasks_but_never_from_its_own(tmp_path):
    (tmp_path / "learning.py").write_text(LEARNING)
    asked = changed(
        benchmark=("nasbench_graph/cora", "nasbench_graph/citeseer"),
        algorithms=(f"{tmp_path}/learning.py", "random_search"),
        learn_from=("nasbench_graph/cora", "nasbench_graph/citeseer"),
        learn_from_evaluations=50,
    )
    results = compare(asked, out=tmp_path / "one", jobs=1)
    again = compare(asked, out=tmp_path / "two", jobs=2)
    label = results.algorithms[0]
    for task in asked.benchmark:
        assert np.array_equal(results.runs[task, label].architectures, again.runs[task, label].architectures)
        (other,) = set(asked.benchmark) - {task}
        opened = open_task(other)
        for run in range(3):
            seed = run_seed(asked.root_seed, task, label, run)
            (known,) = evaluations_on([other], 50, seed, {other: opened}.__getitem__)
            assert (known.task, len(known.evaluations)) == (other, 50)
            best = known.architectures[int(np.argmax([each.valid_accuracy for each in known.evaluations]))]
            assert results.runs[task, label].architectures[2 * run].tolist() == list(best)
    report = draw(results, tmp_path / "one")
    assert len(report.summary) == 4


def test_the_same_values_under_another_name_are_refused(tmp_path):
    contents = small_contents()
    for name in ("one", "two"):
        table_path(name).parent.mkdir(parents=True, exist_ok=True)
        write_table(type(contents)(**{**vars(contents), "name": name}), table_path(name))
    data_set = next(iter(contents.data_sets))
    asked = changed(benchmark=(f"one/{data_set}",), learn_from=(f"two/{data_set}",))
    with pytest.raises(UsageError, match=f"two/{data_set} has the same values as one/{data_set}"):
        compare(asked, out=tmp_path / "none", jobs=1)
