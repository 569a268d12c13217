"""Comparisons that really train architectures, on the digits and within moments."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nasbench_lab import Comparison
from nasbench_lab.benchmarks.live import trained_space
from nasbench_lab.benchmarks.tables.contents import Training
from nasbench_lab.benchmarks.tables.file import write_table
from nasbench_lab.benchmarks.training import trainer
from nasbench_lab.benchmarks.view import LiveSettings
from nasbench_lab.compare import main
from nasbench_lab.comparison import tasks
from nasbench_lab.comparison.execution import compare
from nasbench_lab.data import main as data
from nasbench_lab.errors import StoreError, UsageError
from nasbench_lab.report.findings import findings
from nasbench_lab.report.tables import compute_tables
from nasbench_lab.spaces import find_space
from tests.live_task import RECIPE
from tests.tables import measurement, small_contents

SPACE = find_space("nasbench201")
WALK = Comparison(
    benchmark=("walk/digits",),
    algorithms=("random_search",),
    seeds=2,
    budget_evaluations=4,
    fallback=("live",),
    recipe=RECIPE,
)
KEY = ("walk/digits", "random_search")


def forget():
    tasks._benchmark.cache_clear()
    trained_space._images.cache_clear()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A data folder with a table that lists half of the cells, each at 10 %."""
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    keys = np.unique(SPACE.canonical_indices(np.arange(SPACE.size)))[::2]
    listed = measurement(np.full((len(keys), 1), 10.0), 2, ("a",))
    training = Training(
        valid_accuracy=listed,
        test_accuracy=listed,
        train_seconds=measurement(np.ones((len(keys), 1)), 2, ("a",)),
    )
    one = small_contents(space="nasbench201", keys=keys, trainings={2: training}, parameters=None).data_sets
    contents = replace(small_contents(), name="walk", data_sets={"digits": one["one"]})
    write_table(contents, tmp_path / "data" / "walk.h5")
    forget()
    yield tmp_path
    forget()


def test_what_is_not_listed_is_trained_once(monkeypatch):
    first = compare(WALK, out="first", jobs=1).runs[KEY]
    assert set(first.source.tolist()) == {0, 2}
    assert (first.valid_accuracy[first.source == 0] == 10.0).all()
    monkeypatch.setattr(trainer, "train", None)  # from now on any training is an error
    forget()
    second = compare(WALK, out="second", jobs=1).runs[KEY]
    for name in ("architectures", "valid_accuracy", "seconds", "source"):
        assert (getattr(first, name) == getattr(second, name)).all()


def test_sources_that_train_for_different_lengths_are_told_of():
    shorter = replace(WALK, recipe=RECIPE.replace("epochs=2", "epochs=1"))
    told = {}
    for comparison in (WALK, shorter):
        results = compare(comparison, out=comparison.recipe, jobs=1)
        sentences = findings(results, compute_tables(results))
        told[comparison.recipe] = [each for each in sentences if "fewer epochs" in each]
    assert told[WALK.recipe] == []
    share = 100 * (results.runs[KEY].source == 2).mean()
    assert told[shorter.recipe] == [
        f"On {results.tasks[0].title}, {share:.1f} % of the evaluations are after fewer epochs than 2. An"
        " incumbent is the best after however many, so accuracies of trainings of different lengths were"
        " compared."
    ]


def test_the_command_reports_sources_and_protocols(capsys):
    arguments = ["--benchmark", "walk/digits", "--fallback", "live", "--recipe", RECIPE, "--seeds", "2"]
    arguments += ["--algorithms", "random_search", "--budget-evaluations", "4", "--jobs", "2"]
    arguments += ["--cache", "kept", "--device", "cpu", "--out", "r"]
    assert main(arguments) == 0
    report = Path("r/report.html").read_text(encoding="utf-8")
    assert "evaluations come from different sources" in report
    assert "Accuracies of different protocols meet" in report
    assert RECIPE in report
    assert list(Path("kept").glob("*/*.json"))
    assert "nan" not in capsys.readouterr().out

    assert data(["pack", "kept", "trained"]) == 0
    assert data(["info", "trained"]) == 0
    shown = capsys.readouterr().out
    assert "recipe digest" in shown
    assert "nasbench201" in shown


def test_a_space_without_a_table_is_trained_throughout():
    chain = replace(WALK, benchmark=("chain/digits",), fallback=(), budget_evaluations=2)
    runs = compare(chain, out="r", jobs=1).runs["chain/digits", "random_search"]
    assert set(runs.source.tolist()) == {2}


def test_trainings_that_fail_are_counted(monkeypatch):
    from nasbench_lab.benchmarks.training.outcome import Outcome

    broken = Outcome(
        epochs=(), test=None, failure="RuntimeError: no", parameters=0.1, flops=1.0, device="none"
    )
    monkeypatch.setattr(trainer, "train", lambda *_, **__: broken)
    arguments = ["--benchmark", "walk/digits", "--fallback", "live", "--recipe", RECIPE, "--seeds", "2"]
    arguments += ["--algorithms", "random_search", "--budget-evaluations", "4", "--jobs", "1", "--out", "r"]
    assert main(arguments) == 0
    assert "trainings failed; a search was told the worst possible value" in Path("r/report.html").read_text(
        encoding="utf-8"
    )


def test_another_recipe_is_another_comparison():
    compare(WALK, out="r", jobs=1)
    with pytest.raises(StoreError):
        compare(replace(WALK, recipe=RECIPE.replace("epochs=2", "epochs=1")), out="r", jobs=1)


@pytest.mark.parametrize(
    ("changes", "live", "message"),
    [
        ({"recipe": ""}, {}, "live training of walk/digits needs a recipe: --recipe nasbench201-12 or"),
        ({"recipe": "cifar10-mimi"}, {}, "unknown recipe 'cifar10-mimi'; did you mean 'cifar10-mini'"),
        ({"recipe": "nasbench101-108"}, {}, "is for nasbench101, not for nasbench201; use"),
        ({"fallback": ()}, {}, "is for live training; add --fallback live"),
        ({}, {"device": "abacus"}, "there is no device 'abacus' here"),
        ({"training_seed": "best"}, {}, "no training seed 'best'"),
    ],
)
def test_bad_input_is_one_clear_line(changes, live, message):
    with pytest.raises(UsageError, match=message) as raised:
        compare(replace(WALK, **changes), out="r", jobs=1, live=LiveSettings(**live))
    assert "\n" not in str(raised.value)
    assert not Path("r").exists()


def test_a_set_of_images_that_does_not_exist_is_named(folder):
    (folder / "data" / "walk.h5").rename(folder / "data" / "other.h5")
    with pytest.raises(UsageError, match="unknown set of images 'faces'"):
        compare(replace(WALK, benchmark=("chain/faces",)), out="r", jobs=1)


def test_a_gpu_is_given_to_one_process(monkeypatch):
    cores = tasks.default_jobs(False, None)
    assert cores >= 1
    assert tasks.default_jobs(True, "cpu") == cores
    monkeypatch.setattr(
        "nasbench_lab.benchmarks.training.devices.find_device", lambda name: torch.device("cuda")
    )
    assert tasks.default_jobs(True, None) == 1
    assert tasks.default_jobs(False, None) == cores  # nothing is trained
