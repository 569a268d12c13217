"""The tidy frames, against the runs as they lie in the files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_lab.comparison.architectures import distinct, texts_of
from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.errors import UsageError
from nasbench_lab.interactive import frames
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.run import SOURCES, Run
from nasbench_lab.spaces import find_space
from tests.own_problems import SPACE

SPACES = {"cifar10-mini/cifar10": find_space("nasbench201"), "toys/blocks": SPACE}


def stored_rows(folder: Path) -> pd.DataFrame:
    """Every step of every run, one by one, from the HDF5 files."""
    rows = []
    for path in folder.glob("runs/*.h5"):
        with h5py.File(path) as file:
            task, algorithm = file.attrs["task"], file.attrs["algorithm"]
            data = {name: file[name][...] for name in file if isinstance(file[name], h5py.Dataset)}
        for run, start, end in zip(data["run"], data["offsets"][:-1], data["offsets"][1:], strict=True):
            clock = 0.0
            for step in range(start, end):
                clock += data["seconds"][step]
                architecture = tuple(int(choice) for choice in data["architectures"][step])
                rows.append(
                    {
                        "task": task,
                        "algorithm": algorithm,
                        "run": run,
                        "step": step - start,
                        "architecture": SPACES[task].format(architecture),
                        "valid_accuracy": data["valid_accuracy"][step],
                        "epochs": data["epochs"][step],
                        "seconds": data["seconds"][step],
                        "clock": clock,
                        "source": SOURCES[data["source"][step]],
                        "test_accuracy": data["test_accuracy"][step],
                    }
                )
    return pd.DataFrame(rows)


def in_order(frame: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Plain columns, sorted by their keys."""
    plain = frame.assign(
        **{str(key): frame[key].astype(object) for key in frame if frame[key].dtype == "category"}
    )
    return plain.sort_values(list(keys)).reset_index(drop=True)


def test_evaluations_are_the_stored_ones(results, folder):
    frame = results.evaluations()
    stored = stored_rows(folder)
    assert len(frame) == 2 * 3 * 6 * 25
    keys = ("task", "algorithm", "run", "step")
    ours, theirs = in_order(frame, *keys), in_order(stored, *keys)
    for column in theirs.drop(columns=["test_accuracy", "clock"]):
        assert ours[column].tolist() == theirs[column].tolist(), column
    np.testing.assert_allclose(ours["clock"], theirs["clock"])


def test_no_reported_accuracy_is_among_the_evaluations(results, folder):
    frame = results.evaluations()
    assert list(frame) == list(frames.COLUMNS)
    reported = stored_rows(folder).query("task == 'cifar10-mini/cifar10'")["test_accuracy"].dropna()
    numbers = frame[["valid_accuracy", "seconds", "clock"]].to_numpy().ravel()
    assert not np.isin(reported, numbers).all()


def test_incumbents_are_the_stored_ones(results, folder):
    stored = stored_rows(folder)
    stored["evaluations"] = stored["step"] + 1
    stored = stored[stored["test_accuracy"].notna()]
    keys = ("task", "algorithm", "run", "evaluations")
    ours, theirs = in_order(results.incumbents(), *keys), in_order(stored, *keys)
    for column in (*keys, "architecture", "valid_accuracy"):
        assert ours[column].tolist() == theirs[column].tolist(), column
    assert ours["accuracy"].tolist() == theirs["test_accuracy"].tolist()
    table = ours["task"] == "cifar10-mini/cifar10"
    np.testing.assert_allclose(ours.loc[table, "cost"], theirs.loc[table, "clock"])
    assert ours.loc[~table, "cost"].tolist() == theirs.loc[~table, "evaluations"].tolist()
    assert ours.loc[~table, "regret"].isna().all()
    optimum = json.loads((folder / "comparison.json").read_text())["tasks"][0]["optimum"]
    np.testing.assert_allclose(ours.loc[table, "regret"], optimum - theirs.loc[table, "test_accuracy"])


def test_the_last_incumbents_are_the_final_results(results):
    last = results.incumbents().groupby(["task", "algorithm", "run"], observed=True).last()
    final = results.final.set_index(["task", "algorithm", "run"])
    assert last["accuracy"].tolist() == final["accuracy"].reindex(last.index).tolist()
    assert last["accuracy"].name == "accuracy"
    assert final["accuracy"].notna().all()


def test_texts_are_categories_and_read_back(results):
    frame = results.evaluations()
    for column in ("task", "algorithm", "architecture", "source"):
        assert frame[column].dtype == "category"
    for text in frame.query("task == 'toys/blocks'")["architecture"].unique():
        assert SPACE.format(SPACE.parse(text)) == text


def test_a_task_and_an_algorithm_are_selected(results):
    frame = results.evaluations()
    part = results.evaluations(task="toys/blocks", algorithm="reinforce")
    expected = frame[(frame["task"] == "toys/blocks") & (frame["algorithm"] == "reinforce")]
    assert len(part) == len(expected) == 150
    assert part["valid_accuracy"].tolist() == expected["valid_accuracy"].tolist()
    assert part["architecture"].tolist() == expected["architecture"].tolist()
    assert part["task"].cat.categories.tolist() == ["toys/blocks"]
    assert set(results.incumbents(algorithm="reinforce")["algorithm"]) == {"reinforce"}


@pytest.mark.parametrize("frame", ["evaluations", "incumbents"])
def test_unknown_names_are_errors(results, frame):
    with pytest.raises(UsageError, match="unknown task 'toys/block'; did you mean 'toys/blocks'"):
        getattr(results, frame)(task="toys/block")
    with pytest.raises(UsageError, match="unknown algorithm 'reinforc'; did you mean 'reinforce'"):
        getattr(results, frame)(algorithm="reinforc")


def run(architectures: list[list[int]], **more) -> Run:
    n = len(architectures)
    values = {
        "architectures": np.array(architectures, dtype=np.uint16),
        "valid_accuracy": np.arange(n, dtype=float),
        "seconds": np.ones(n),
        "epochs": np.ones(n, dtype=np.int32),
        "source": np.zeros(n, dtype=np.uint8),
        "test_accuracy": np.arange(n, dtype=float),
    }
    return Run(**{**values, **more})


def stored(*runs: Run, space: str = "", recommended: bool = False) -> Results:
    card = TaskCard("b/t", "T", "accuracy (%)", "", "", "evaluations", None, "", "", "", space=space)
    joined = Runs.of(runs, recommended=recommended)
    return Results("r", "", (card,), ("a",), {"a": "a()"}, {("b/t", "a"): joined}, {}, {})


@pytest.mark.parametrize("space", ["", "gone", '{"no": "space"}', "nasbench201", "nats_sss"])
def test_choices_stand_for_architectures_whose_space_is_not_found(space):
    frame = frames.evaluations(stored(run([[3, 0, 2], [9, 9, 9]]), space=space))
    assert frame["architecture"].tolist() == ["(3, 0, 2)", "(9, 9, 9)"]


def test_metrics_have_columns_of_their_own():
    metrics = {"latency": np.array([1.0, 2.0]), "seconds": np.array([7.0, 8.0])}
    frame = frames.evaluations(stored(run([[0], [1]], metrics=metrics), run([[2]])))
    np.testing.assert_array_equal(frame["latency"], [1, 2, np.nan])
    np.testing.assert_array_equal(frame["seconds (metric)"], [7, 8, np.nan])
    assert frame["seconds"].tolist() == [1, 1, 1]


def test_a_recommendation_is_an_incumbent_and_no_evaluation():
    last = run([[0], [1]], recommended=np.array([5], dtype=np.uint16), recommended_accuracy=42.0)
    both = stored(last, run([[2]]), recommended=True)
    assert frames.evaluations(both)["architecture"].tolist() == ["(0,)", "(1,)", "(2,)"]
    assert frames.evaluations(both)["step"].tolist() == [0, 1, 0]
    found = frames.incumbents(both)
    assert found["architecture"].tolist() == ["(0,)", "(1,)", "(5,)", "(2,)"]
    assert found["accuracy"].tolist() == [0, 1, 42, 0]
    assert found["evaluations"].tolist() == [1, 2, 2, 1]


def test_runs_without_steps_give_an_empty_frame_with_its_columns():
    empty: dict[str, Any] = {
        name: value[:0] for name, value in vars(run([[0]])).items() if isinstance(value, np.ndarray)
    }
    nothing = frames.evaluations(stored(replace(run([[0]]), **empty)))
    assert list(nothing) == list(frames.COLUMNS)
    assert nothing.empty
    assert frames.incumbents(replace(stored(run([[0]])), runs={})).empty


@given(
    st.integers(1, 40).flatmap(
        lambda width: st.lists(
            st.lists(st.integers(0, 60_000), min_size=width, max_size=width), min_size=1, max_size=30
        )
    ),
    st.randoms(use_true_random=False),
)
def test_distinct_rows_are_found_however_wide(rows, random):
    rows = rows + random.choices(rows, k=10)
    first, codes = distinct(np.array(rows, dtype=np.uint16))
    assert [rows[first[code]] for code in codes] == rows
    assert first.tolist() == [rows.index(rows[place]) for place in first]
    assert len(first) == len(set(map(tuple, rows)))


def test_equal_texts_of_several_spaces_are_one_category():
    def card(space: str) -> TaskCard:
        return replace(stored(run([[0]])).tasks[0], space=space)

    rows = np.array([[1, 2], [0, 0]], dtype=np.uint16)
    texts = texts_of([(card(""), rows), (card("gone"), rows[:1])])
    assert list(texts) == ["(1, 2)", "(0, 0)", "(1, 2)"]
    assert len(texts.categories) == 2
