"""From a claim to its entry in the ledger, on the embedded table."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nasbench_lab.comparison.execution import compare
from nasbench_lab.reproduction.judging import judge
from nasbench_lab.reproduction.ledger import comparisons_of, entries_of, place_of
from nasbench_lab.reproduction.picture import draw
from nasbench_lab.reproduction.readings import final
from nasbench_lab.reproduction.writing import frame, markdown, write

TASK = "cifar10-mini/cifar10"


def run(claims, folder):
    made = 0

    def count(progress):
        nonlocal made
        made += progress.made if progress.finished == progress.total else 0

    for store, comparison in comparisons_of(claims).items():
        compare(comparison, out=place_of(folder, store), jobs=1, progress=count)
    return made


def test_a_claim_is_judged_by_its_stored_runs(made_up, tmp_path):
    claim = made_up(beside=lambda runs, comparison: np.full(len(runs), 3.0))
    assert run([claim], tmp_path) == 12
    (entry,) = entries_of([claim], tmp_path)
    alone = compare(claim.comparison, out=tmp_path / "alone", jobs=1).runs[TASK, "random_search"]
    assert entry.judgement == judge(final(alone, claim.comparison), 70.0, None, 12)
    assert entry.beside == 3.0


def test_claims_on_one_task_grow_one_store(made_up, tmp_path):
    first, second = made_up(), made_up("reinforce")
    assert run([first], tmp_path) == 12
    before = entries_of([first, second], tmp_path)
    assert [entry.claim.name for entry in before] == [first.name]
    assert run([first, second], tmp_path) == 12
    assert run([first, second], tmp_path) == 0
    after = entries_of([first, second], tmp_path)
    assert [entry.claim.name for entry in after] == [first.name, second.name]
    assert after[0].judgement == before[0].judgement
    assert [each.name for each in (tmp_path / "runs").iterdir()] == ["made-up-cifar10-mini"]


def test_an_unfinished_comparison_gives_no_entry(made_up, tmp_path):
    claim = made_up()
    run([claim], tmp_path)
    for path in (place_of(tmp_path, claim.store) / "runs").rglob("*"):
        if path.is_file():
            path.unlink()
    assert entries_of([claim], tmp_path) == []


@pytest.fixture
def entries(made_up, tmp_path):
    claims = [
        made_up(value=99.0, spread=0.5, first_hand=False, note="Far too much."),
        made_up("reinforce", runs_known=False),
    ]
    run(claims, tmp_path)
    far, near = entries_of(claims, tmp_path)
    near = entries_of([claims[0], made_up("reinforce", value=near.judgement.ours)], tmp_path)[1]
    return [far, near]


def test_the_frame_has_every_number(entries):
    table = frame(entries)
    assert table["holds"].tolist() == [False, True]
    row, ours = table.iloc[0], entries[0].judgement
    assert (row["published"], row["published_std"], row["published_runs"]) == (99.0, 0.5, 12)
    assert (row["mean"], row["std"], row["runs"]) == (ours.ours, ours.spread, 12)
    assert (row["difference_low"], row["difference_high"]) == (ours.low, ours.high)
    assert row["note"] == "Far too much."
    assert math.isnan(table.iloc[1]["published_std"])


def test_the_page_says_what_is_known(entries):
    text = markdown(entries)
    assert "1 of 2 claims hold." in text
    assert "| `made-up/random_search/mini` | 99.00 ± 0.50 |" in text
    assert "| **no** |" in text
    assert "\\*‡ |" in text
    assert "- `made-up/random_search/mini`: Five evaluations are enough. Far too much." in text
    assert "n = 12 published runs, 12 of ours." in text
    unknown = replace(entries[0], claim=replace(entries[0].claim, runs_known=False))
    assert "| 99.00 ± 0.50† |" in (again := markdown([unknown]))
    assert "n = 12 assumed runs, 12 of ours." in again


def test_held_claims_differ_from_others_by_more_than_colour(entries):
    figure = draw(entries)
    (axes,) = figure.axes
    markers = [line.get_marker() for line in axes.lines if line.get_marker() in ("o", "s")]
    assert markers == ["s", "o"]
    assert [label.get_fontweight() for label in axes.get_yticklabels()] == ["bold", "normal"]
    bar = np.asarray(axes.lines[0].get_xdata(), dtype=float)
    ours = entries[0].judgement
    assert np.mean(bar) == pytest.approx(ours.ours)
    assert bar[1] - bar[0] == pytest.approx(ours.high - ours.low)


def test_the_same_entries_give_the_same_files(entries, tmp_path):
    names = ["ledger.csv", "ledger.md", "ledger.png", "ledger.svg"]
    for folder in ("a", "b"):
        write(entries, tmp_path / folder)
        assert sorted(path.name for path in (tmp_path / folder).iterdir()) == names
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    read = pd.read_csv(tmp_path / "a" / "ledger.csv")
    assert read["mean"].tolist() == pytest.approx([entry.judgement.ours for entry in entries])
