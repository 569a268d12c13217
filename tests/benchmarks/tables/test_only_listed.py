"""A partial table that is searched within what it lists."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nasbench_lab.benchmarks.tables.contents import Measurement, Training
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.comparison.contestants import find_algorithm
from nasbench_lab.comparison.execution import compare
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.errors import AlgorithmError, UnlistedArchitecture, UsageError
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.loop import search
from nasbench_lab.spaces import find_space
from nasbench_lab.spaces.listed import ListedSpace
from tests.tables import SIZE, measurement, small_contents, small_table

SPACE = find_space("nasbench_macro")
RNG = np.random.default_rng(0)
CANONICAL = np.unique(SPACE.canonical_indices(np.arange(SIZE)))
ALGORITHMS = (
    "random_search",
    "local_search",
    "regularized_evolution:population_size=20,sample_size=5",
    "genetic_algorithm",
    "reinforce",
    "hyperband",
)


def gaps(folder, *, missing_short=6, **settings):
    """A whole table of which some rows lack what an evaluation needs; the task, and the rows that do not.

    Of six rows, one has no validation accuracy, one no training time and one no test accuracy. One has a
    failed training instead of a validation accuracy, and no test accuracy; it is listed. A short training is
    missing in the row `missing_short` alone.
    """
    long = small_contents().data_sets["one"].trainings[200]
    valid, test, seconds = (
        getattr(long, name).values.astype(float)[:, :, :1].copy()
        for name in ("valid_accuracy", "test_accuracy", "train_seconds")
    )
    index = np.arange(SIZE)
    failed = np.zeros(valid.shape, dtype=bool)
    valid[index % 6 == 1] = seconds[index % 6 == 2] = test[index % 6 == 3] = np.nan
    failed[index % 6 == 4], valid[index % 6 == 4], test[index % 6 == 4] = True, np.nan, np.nan
    trainings = {
        200: Training(
            valid_accuracy=Measurement(valid, (200,), ("a",), failed),
            test_accuracy=Measurement(test, (200,), ("a",)),
            train_seconds=Measurement(seconds, (200,), ("a",)),
        )
    }
    other = np.where(failed, np.nan, 30.0)
    other[missing_short] = np.nan
    times = measurement(np.ones((SIZE, 1)), 12, ("mean",))
    trainings[12] = Training(valid_accuracy=Measurement(other, (12,), ("a",), failed), train_seconds=times)
    table = small_table(folder, trainings=trainings)
    return TabularTask(table, "one", only_listed=True, **settings), np.flatnonzero(
        np.isin(index % 6, (0, 4, 5))
    )


def partial(folder, **settings):
    """A task on every third canonical cell, each of which stands for its equals; and the keys."""
    keys = CANONICAL[::3]
    valid = np.stack([keys / SIZE, keys / SIZE], axis=1) * 50
    training = Training(valid_accuracy=measurement(valid, 200, ("a", "b")))
    table = small_table(folder, keys=keys, trainings={200: training}, parameters=keys.astype(float))
    return TabularTask(table, "one", only_listed=True, **settings), keys


def test_listed_is_what_can_be_evaluated_and_reported(tmp_path):
    task, rows = gaps(tmp_path)
    valid = [i for i in range(SIZE) if task.space.is_valid(SPACE.architecture(i))]
    assert valid == rows.tolist()
    for row in rows.tolist():
        task.evaluate(SPACE.architecture(row), None, RNG)
    whole = TabularTask(task._table, "one")
    for row in set(range(60)) - set(rows.tolist()):
        with pytest.raises(UnlistedArchitecture, match="Or search only what it lists: --only-listed"):
            whole.evaluate(SPACE.architecture(row), None, RNG)


def test_the_optimum_is_the_best_that_can_be_reached(tmp_path):
    task, rows = gaps(tmp_path)
    tested = [row for row in rows.tolist() if row % 6 != 4]
    assert task.optimum == max(task.test_accuracy(SPACE.architecture(row)) for row in tested)
    assert task.optimum < TabularTask(task._table, "one").optimum
    assert task.lists_every_architecture
    assert len(task.points(("valid_accuracy", "parameters"))) == len(tested)
    assert f"among the {len(rows):,} architectures that the table lists" in task.card.searched
    assert task.card.optimum == task.optimum


@pytest.mark.parametrize(("missing_short", "fidelities"), [(6, (200,)), (1, (12, 200))])
def test_a_fidelity_is_one_that_all_listed_architectures_have(tmp_path, missing_short, fidelities):
    """Row 6 is listed, row 1 is not."""
    assert gaps(tmp_path, missing_short=missing_short)[0].fidelities == fidelities


def test_a_row_in_canonical_form_stands_for_its_equals(tmp_path):
    task, keys = partial(tmp_path)
    expected = np.isin(SPACE.canonical_indices(np.arange(SIZE)), keys)
    listed = [task.space.is_valid(SPACE.architecture(i)) for i in range(SIZE)]
    assert listed == expected.tolist()
    assert {SPACE.index(task.space.sample(RNG)) for _ in range(20 * len(keys))} == set(keys.tolist())
    for index in np.flatnonzero(expected).tolist():
        task.evaluate(SPACE.architecture(index), None, RNG)


@pytest.mark.parametrize("seed", ["a", "b"])
def test_a_training_seed_that_part_of_the_rows_lack_is_refused(tmp_path, seed):
    """The setting promises that seed for every row; the seeds that are present are a setting too."""
    trainings = small_contents().data_sets["one"].trainings
    table = small_table(tmp_path, trainings={200: trainings[200]})
    if seed == "a":
        assert not isinstance(TabularTask(table, "one", seed="a", only_listed=True).space, ListedSpace)
        return
    with pytest.raises(UsageError, match="training seed b of toy/one is missing"):
        TabularTask(table, "one", seed="b", only_listed=True)


def test_a_whole_table_is_searched_as_ever(tmp_path):
    table = small_table(tmp_path)
    task, plain = TabularTask(table, "one", only_listed=True), TabularTask(table, "one")
    assert task.space is SPACE
    assert task.card == plain.card


def test_nothing_listed_is_one_clear_line(tmp_path):
    valid = np.full((2, 1), np.nan)
    valid[0] = 50.0
    training = Training(valid_accuracy=measurement(valid, 200, ("a",)))
    table = small_table(tmp_path, keys=CANONICAL[:2], trainings={200: training}, parameters=None)
    with pytest.raises(UsageError, match="toy/one cannot be searched within what it lists: a search needs"):
        TabularTask(table, "one", only_listed=True)


@pytest.mark.parametrize("table", [gaps, partial])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm_stays_within_the_list(tmp_path, table, name):
    task, rows = table(tmp_path)
    run = search(find_algorithm(name).function, task, Budget(evaluations=150), np.random.SeedSequence(3))
    indices = SPACE.canonical_indices(SPACE.indices(run.architectures))
    if table is gaps:
        indices = SPACE.indices(run.architectures)
    assert len(run) == 150
    assert set(indices.tolist()) <= set(rows.tolist())


def test_an_unlisted_architecture_is_the_algorithm_s_mistake(tmp_path):
    task, _ = gaps(tmp_path)

    def stray(space, rng):
        yield SPACE.architecture(1)

    with pytest.raises(AlgorithmError, match="not an architecture of the listed part of nasbench_macro"):
        search(stray, task, Budget(evaluations=1), np.random.SeedSequence(0))


def test_rows_of_their_own_and_rows_that_stand_for_others(tmp_path):
    """A table with functionally equal rows: each answers for itself, and one for all that have no row."""
    classes = SPACE.canonical_indices(np.arange(SIZE))
    several = next(np.flatnonzero(classes == each) for each in CANONICAL if (classes == each).sum() >= 3)
    other = next(i for i in range(SIZE) if classes[i] != classes[several[0]])
    keys = np.sort([*several[:2], other])
    valid = np.where(keys == several[0], np.nan, 60.0)[:, None]
    training = Training(valid_accuracy=measurement(valid, 200, ("a",)))
    contents = small_contents(keys=keys, plain_keys=True, trainings={200: training}, parameters=None)
    path = tmp_path / "toy.h5"
    write_table(replace(contents, data_sets={"one": contents.data_sets["one"]}), path)
    task, whole = (TabularTask(Table(path), "one", only_listed=only) for only in (True, False))
    for index in range(SIZE):
        architecture = SPACE.architecture(index)
        try:
            whole.evaluate(architecture, None, RNG)
        except UnlistedArchitecture:
            assert not task.space.is_valid(architecture)
        else:
            assert task.space.is_valid(architecture)
    assert {SPACE.index(task.space.sample(RNG)) for _ in range(100)} == {several[1], other}


def test_a_comparison_searches_only_what_is_listed(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    task, keys = partial(tmp_path)
    settings: dict[str, Any] = {
        "benchmark": ("toy/one",),
        "algorithms": ("random_search", "reinforce"),
        "seeds": 2,
    }
    with pytest.raises(UnlistedArchitecture, match="--only-listed"):
        compare(Comparison(**settings), out="whole", jobs=1)
    results = compare(Comparison(**settings, only_listed=True), out="listed", jobs=1)
    assert results.tasks[0].optimum == task.optimum
    for runs in results.runs.values():
        assert set(SPACE.canonical_indices(SPACE.indices(runs.architectures)).tolist()) <= set(keys.tolist())
