import json
import logging
import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from joblib import Parallel, delayed

from nasbench_lab.benchmarks.functions import FunctionTask
from nasbench_lab.benchmarks.view import View
from nasbench_lab.comparison.execution import compare
from nasbench_lab.errors import EvaluationError, UsageError
from nasbench_lab.search import Budget, Evaluation, Metric, Query, search
from nasbench_lab.spaces.decisions import Categorical, Ordered
from nasbench_lab.spaces.declared import DeclaredSpace

SPACE = DeclaredSpace(
    "mlp",
    {
        "width": Ordered(16, 32, 64),
        "activation": Categorical("relu", "tanh"),
        "dropout": Ordered(0.0, 0.5, when={"activation": "relu"}),
    },
)
ALL = [SPACE.architecture(index) for index in range(SPACE.size)]
CANONICAL = sorted({SPACE.canonical(architecture) for architecture in ALL})
FIRST, LAST = CANONICAL[0], CANONICAL[-1]


def noisy(architecture, epochs, rng):
    """The width, and noise that the generator fixes."""
    values = SPACE.values(architecture)
    return Evaluation(values["width"] / 2 + epochs + rng.random(), seconds=10.0 * epochs)


def nothing(architecture, epochs, rng):
    return 50.0


def rng(seed=0):
    return np.random.default_rng(seed)


def made(evaluate=noisy, **settings):
    return FunctionTask(SPACE, evaluate, **({"cache": None} | settings))


def value(task, architecture=FIRST, epochs=None):
    return task.evaluate(architecture, epochs, rng()).valid_accuracy


def test_an_evaluation_has_what_the_function_returned():
    def evaluate(architecture, epochs, rng):
        return Evaluation(epochs + 0.5, seconds=3.0, metrics={"size": 7, "missing": math.nan})

    sizes = {"size": Metric("lower", "kB"), "missing": Metric("higher")}
    task = made(evaluate, metrics=sizes, epochs=(1, 4))
    assert task.metrics == {"valid_accuracy": Metric("higher", "%"), **sizes}
    evaluation = task.evaluate(FIRST, None, rng())
    assert evaluation == Evaluation(
        4.5, 3.0, 4, "live", {"size": 7.0}, training="4 epochs, seed 0", train_seconds=0.0
    )._replace(metrics=evaluation.metrics)
    assert dict(evaluation.metrics) == {"size": 7.0}
    assert task.evaluate(FIRST, 1, rng()).valid_accuracy == 1.5
    with pytest.raises(UsageError, match="evaluated after 1, 4 epochs, so there is no value after 2"):
        task.evaluate(FIRST, 2, rng())
    with pytest.raises(ValueError, match="is not an architecture of mlp"):
        task.evaluate((9, 9, 9), None, rng())


def test_equal_architectures_are_evaluated_once_in_their_canonical_form():
    seen = []

    def evaluate(architecture, epochs, rng):
        seen.append(architecture)
        return 1.0

    task = made(evaluate)
    for architecture in ALL:
        task.evaluate(architecture, None, rng())
    assert sorted(seen) == CANONICAL
    assert len(CANONICAL) == 9  # three widths, and tanh, relu with two dropouts


def test_results_depend_on_architecture_and_seed_alone():
    """The draws are those of a generator that is seeded by hand."""
    import hashlib

    task = made(seeds=3)
    backwards = made(seeds=3)
    expected = {}
    for seed in range(3):
        for architecture in CANONICAL:
            root = int.from_bytes(hashlib.sha256(SPACE.format(architecture).encode()).digest())
            draw = np.random.default_rng(np.random.SeedSequence((root, seed))).random()
            expected[architecture, seed] = SPACE.values(architecture)["width"] / 2 + 1 + draw
    forth = {key: value(task.viewed(View(training_seed=str(key[1]))), key[0]) for key in expected}
    back = {
        key: value(backwards.viewed(View(training_seed=str(key[1]))), key[0]) for key in reversed(expected)
    }
    assert forth == expected
    assert back == expected
    assert len(set(expected.values())) == len(expected)


def test_seeds_are_drawn_meant_or_fixed():
    of_seed = [value(made(seed=str(seed))) for seed in range(3)]
    generator = rng()
    drawn = made(seeds=3)
    seen = {drawn.evaluate(FIRST, None, generator).valid_accuracy for _ in range(40)}
    assert seen == set(of_seed)
    mean = made(seeds=3, seed="mean").evaluate(FIRST, None, rng())
    assert mean.valid_accuracy == pytest.approx(sum(of_seed) / 3)
    assert mean.seconds == 30.0  # all three were computed
    assert drawn.test_accuracy(FIRST) == mean.valid_accuracy
    assert made(seed="2").test_accuracy(FIRST) == of_seed[2]
    for wrong in ("best", 3, ""):
        with pytest.raises(UsageError, match="the training seed must be random, mean or a whole number"):
            made(seed=wrong)
    for number in (0, -1, 1.5, True, "3"):
        with pytest.raises(UsageError, match="seeds is the number of training seeds, 1 or more"):
            made(seeds=number)


def test_a_view_sets_epochs_and_seed():
    task = made(epochs=(1, 4), seeds=2)
    assert task.viewed(View()).evaluate(FIRST, None, rng(3)) == task.evaluate(FIRST, None, rng(3))
    shorter = task.viewed(View(epochs=1, training_seed="1"))
    assert shorter.epochs == 1
    assert value(shorter) == value(made(epochs=(1, 4), seed="1"), epochs=1)
    assert task.epochs == 4
    assert "after 1 epoch " in shorter.card.searched
    assert shorter.card.digest == task.card.digest
    with pytest.raises(UsageError, match="no value after 2"):
        task.viewed(View(epochs=2))


def test_the_test_function_alone_is_reported():
    def test(architecture, rng):
        return 70.0 + rng.random()

    task = made(test=test, seeds=2)
    draws = [value(made(seed=str(seed))) % 1 for seed in range(2)]  # the generator is that of the evaluation
    assert task.test_accuracy(FIRST) == pytest.approx(70 + sum(draws) / 2)
    assert task.card.reported == "value of the test function (mean over 2 training seeds)"
    without = made(epochs=(1, 4))
    assert without.viewed(View(epochs=1)).test_accuracy(FIRST) == value(without, epochs=4)
    assert without.card.reported == (
        "validation value after 4 epochs of the evaluation function noisy (training seed 0)"
    )


@pytest.mark.parametrize("returned", [math.nan, math.inf, -math.inf, np.float32("nan"), 10**400])
def test_no_number_is_a_failure(returned, caplog):
    task = made(lambda architecture, epochs, rng: returned)
    evaluation = task.evaluate(FIRST, None, rng())
    assert (evaluation.failed, evaluation.valid_accuracy) == (True, 0.0)
    assert math.isnan(task.test_accuracy(FIRST))
    (message,) = caplog.messages
    assert SPACE.format(FIRST) in message
    assert "with seed 0 after 1 epoch failed: the accuracy is " in message


def broken(architecture, epochs, rng):
    time.sleep(0.01)
    raise ZeroDivisionError("no\nsuch width")


def test_an_exception_is_a_failure_with_its_seconds(tmp_path, caplog):
    task = made(broken, cache=tmp_path, clock="wall")
    evaluation = task.evaluate(FIRST, None, rng())
    assert evaluation.failed
    assert evaluation.seconds >= 0.01
    (message,) = caplog.messages
    assert "failed: ZeroDivisionError: no such width (" in message
    assert f"{Path(__file__).name}:" in message
    assert "\n" not in message
    assert made(broken, cache=tmp_path, clock="wall").evaluate(FIRST, None, rng()) == evaluation
    assert len(caplog.messages) == 1  # it was not called again


def test_a_failure_is_no_incumbent_and_not_the_best_of_an_unlimited_metric():
    def evaluate(architecture, epochs, rng):
        if architecture == FIRST:
            raise ValueError
        return -3.0

    def both(space, rng):
        yield FIRST
        yield LAST

    task = made(evaluate, metric="negative loss")
    assert value(task) == -math.inf
    assert value(made(evaluate, metric="negative loss", worst=-10.0)) == -10.0
    run = search(both, task, Budget(evaluations=2), np.random.SeedSequence(0))
    assert np.isnan(run.valid_accuracy).tolist() == [True, False]
    assert run.test_accuracy[1] == -3.0


@pytest.mark.parametrize("error", [MemoryError(), OSError("disk full"), RuntimeError("CUDA out of memory.")])
def test_what_may_be_the_machines_failure_is_not_kept(tmp_path, error):
    def evaluate(architecture, epochs, rng):
        raise error

    assert made(evaluate, cache=tmp_path).evaluate(FIRST, None, rng()).failed
    assert list(tmp_path.rglob("*.json")) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_stop_is_passed_on(tmp_path, error):
    def evaluate(architecture, epochs, rng):
        raise error

    with pytest.raises(error):
        made(evaluate, cache=tmp_path).evaluate(FIRST, None, rng())
    assert list(tmp_path.rglob("*.json")) == []


def misspelt(architecture, epochs, rng):
    return acuracy  # type: ignore[name-defined]  # noqa: F821


def without_module(architecture, epochs, rng):
    import no_such_module  # type: ignore[import-not-found]

    return no_such_module.accuracy


@pytest.mark.parametrize("evaluate", [misspelt, without_module])
def test_a_missing_name_or_module_ends_the_search(tmp_path, evaluate):
    with pytest.raises(EvaluationError, match=r"(NameError|ModuleNotFoundError): .*test_task.py:\d+\)$"):
        made(evaluate, cache=tmp_path).evaluate(FIRST, None, rng())
    assert list(tmp_path.rglob("*.json")) == []


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, r"the accuracy is None of the type NoneType; return a number, such as float\(accuracy\)"),
        ("93.5", "the accuracy is '93.5' of the type str"),
        (True, "the accuracy is True of the type bool"),
        (np.array(3.0), "of the type ndarray"),
        ((50.0, 1.0), "of the type tuple"),
        (3j, "of the type complex"),
        (100.5, r"returned 100.5; accuracy \(%\) is from 0 to 100 \(metric='score' has no limits\)"),
        (-1, "returned -1; accuracy"),
        (Evaluation(50.0, seconds=-1.0), "gave -1 seconds; seconds are finite, and 0 or more"),
        (Evaluation(50.0, seconds=math.nan), "gave nan seconds"),
        (Evaluation(50.0, seconds=cast("Any", "3")), "the seconds is '3' of the type str"),
        (Evaluation(50.0, 2.0, train_seconds=3.0), "gave 3 train_seconds, which are a part of its 2 seconds"),
        (Evaluation(50.0, metrics={"size": 1.0}), "the metric 'size', which was not declared"),
        (Evaluation(50.0, metrics={"kB": math.inf}), "returned the metric kB as inf; NaN says"),
        (Evaluation(50.0, metrics={"kB": cast("Any", "small")}), "the metric kB is 'small' of the type str"),
    ],
)
def test_a_value_that_cannot_be_is_one_line(tmp_path, returned, message):
    def evaluate(architecture, epochs, rng):
        return returned

    task = made(evaluate, cache=tmp_path, metrics={"kB": Metric("lower")})
    with pytest.raises(EvaluationError, match=message) as raised:
        task.evaluate(FIRST, None, rng())
    assert "evaluate of mlp/evaluate for width=16," in str(raised.value)
    assert "\n" not in str(raised.value)
    assert list(tmp_path.rglob("*.json")) == []


def test_a_function_may_say_that_it_failed():
    evaluation = made(lambda *_: Evaluation(50.0, failed=True)).evaluate(FIRST, None, rng())
    assert (evaluation.failed, evaluation.valid_accuracy) == (True, 0.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"evaluate": lambda architecture: 1.0}, r"called as evaluate\(architecture, epochs, rng\)"),
        ({"evaluate": 3}, "evaluate is a function, .*; received 3"),
        ({"test": lambda architecture: 1.0}, r"test is called as test\(architecture, rng\)"),
        ({"epochs": ()}, r"epochs are whole numbers above 0, ascending, such as \(1, 3, 9\); received \(\)"),
        ({"epochs": (4, 1)}, "ascending"),
        ({"epochs": (1, 1)}, "ascending"),
        ({"epochs": 0}, "above 0"),
        ({"epochs": (1.5,)}, "whole numbers"),
        ({"epochs": "12"}, "whole numbers"),
        ({"metric": ""}, "metric is the name of a value"),
        ({"metric": None}, "metric is the name of a value"),
        ({"worst": math.nan}, "worst is a finite number"),
        ({"metrics": {"size": "lower"}}, "each of metrics is a Metric"),
        ({"metrics": {"size": Metric("smaller")}}, "each of metrics is a Metric"),  # type: ignore[arg-type]
        ({"metrics": {"valid_accuracy": Metric("higher")}}, "cannot be declared"),
        ({"metrics": {"size": Metric("lower", on_request=True)}}, "cannot be declared"),
        ({"clock": "sun"}, "unknown clock 'sun'"),
        ({"name": "two\nlines"}, "name is a text of one line"),
        ({"space": "nasbench201"}, "space is a SearchSpace"),
    ],
)
def test_wrong_arguments_are_one_line(settings, message):
    with pytest.raises(UsageError, match=message) as raised:
        FunctionTask(**({"space": SPACE, "evaluate": noisy, "cache": None} | settings))
    assert "\n" not in str(raised.value)


def busy(architecture, epochs, rng):
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    return 1.0


def in_a_child(architecture, epochs, rng):
    subprocess.run([sys.executable, "-c", "sum(range(10**7))"], check=True)
    return 1.0


def asleep(architecture, epochs, rng):
    time.sleep(0.05)
    return 1.0


def test_time_is_measured():
    assert 0.05 <= made(busy).evaluate(FIRST, None, rng()).seconds < 5
    assert made(in_a_child).evaluate(FIRST, None, rng()).seconds > 0.02
    assert made(asleep).evaluate(FIRST, None, rng()).seconds < 0.05
    assert made(asleep, clock="wall").evaluate(FIRST, None, rng()).seconds >= 0.05


def test_a_repeat_costs_what_it_cost(tmp_path):
    once = made(busy, cache=tmp_path)
    first = once.evaluate(FIRST, None, rng())
    assert once.evaluate(FIRST, None, rng()) == first
    assert made(busy, cache=tmp_path).evaluate(FIRST, None, rng()) == first
    (file,) = tmp_path.rglob("*.json")
    content = json.loads(file.read_text())
    assert content["key"]["architecture"] == SPACE.format(FIRST)
    assert content["result"]["seconds"] == first.seconds


def test_the_default_folder_is_in_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path))
    value(FunctionTask(SPACE, noisy))
    assert len(list((tmp_path / "functions").rglob("*.json"))) == 1


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path))
    value(made())
    assert list(tmp_path.iterdir()) == []


def test_another_code_setting_or_version_does_not_read_old_results(tmp_path):
    task = made(cache=tmp_path)
    others = [
        made(nothing, cache=tmp_path),
        made(cache=tmp_path, version="2"),
        made(cache=tmp_path, name="another"),
        made(cache=tmp_path, metric="score"),
        made(cache=tmp_path, seed="1"),
        made(cache=tmp_path, epochs=2),
        made(cache=tmp_path, resumable=True),
        FunctionTask(DeclaredSpace("mlp", {"width": Ordered(16, 32)}), nothing, cache=tmp_path),
    ]
    value(task)
    for number, other in enumerate(others, start=2):
        other.evaluate(other.space.architecture(0), None, rng())
        assert len(list(tmp_path.rglob("*.json"))) == number
    value(made(cache=tmp_path))
    assert len(list(tmp_path.rglob("*.json"))) == 1 + len(others)


def test_the_card_tells_codes_apart():
    digests = {made(**settings).card.digest for settings in ({}, {"version": "2"}, {"test": test_of})}
    digests.add(made(nothing).card.digest)
    assert len(digests) == 4
    card = made(metric="negative loss", epochs=(1, 9), optimum=-0.5, title="My problem").card
    assert (card.name, card.title, card.metric, card.optimum) == (
        "mlp/noisy",
        "My problem",
        "negative loss",
        -0.5,
    )
    assert (
        card.searched == "validation value after 9 epochs of the evaluation function noisy (training seed 0)"
    )


def test_of(architecture, rng):
    """A test function of a task, which takes these parameters; pytest does not collect it."""
    return 1.0


test_of.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"format_version": 1}'])
def test_a_damaged_file_is_ignored_and_replaced(tmp_path, caplog, content):
    first = value(made(cache=tmp_path))
    (file,) = tmp_path.rglob("*.json")
    whole = file.read_bytes()
    file.write_bytes(content)
    assert value(made(cache=tmp_path)) == first
    assert "it is ignored" in caplog.text
    assert file.read_bytes() == whole


@pytest.mark.parametrize(
    "change", [{"accuracy": None}, {"failure": "both"}, {"seconds": -1}, {"accuracy": 1e400}, {"metrics": 3}]
)
def test_a_result_that_cannot_be_is_ignored(tmp_path, caplog, change):
    value(made(cache=tmp_path))
    (file,) = tmp_path.rglob("*.json")
    content = json.loads(file.read_text())
    content["result"] |= change
    file.write_text(json.dumps(content))
    with caplog.at_level(logging.WARNING):
        assert value(made(cache=tmp_path)) == value(made())
    assert "it is ignored" in caplog.text


def test_more_epochs_of_a_training_cost_the_difference():
    def promote(space, rng):
        yield Query(FIRST, 1)
        yield Query(FIRST, 4)

    costs = {}
    for resumable in (True, False):
        task = made(epochs=(1, 4), resumable=resumable, seeds=50)
        run = search(promote, task, Budget(evaluations=2), np.random.SeedSequence(0))
        costs[resumable] = run.seconds.tolist()
        same_training = run.valid_accuracy[1] - run.valid_accuracy[0] == pytest.approx(3)
        assert same_training == resumable
    assert costs == {True: [10.0, 30.0], False: [10.0, 40.0]}


def test_a_longer_evaluation_that_was_measured_as_faster_is_free():
    def evaluate(architecture, epochs, rng):
        return Evaluation(50.0, seconds=5.0 - epochs)

    def promote(space, rng):
        yield Query(FIRST, 1)
        yield Query(FIRST, 4)

    task = made(evaluate, epochs=(1, 4), resumable=True)
    run = search(promote, task, Budget(evaluations=2), np.random.SeedSequence(0))
    assert run.seconds.tolist() == [4.0, 0.0]


def test_metrics_come_with_an_evaluation_alone():
    task = made(metrics={"size": Metric("lower")})
    with pytest.raises(UsageError, match="size of mlp/noisy comes with an evaluation"):
        task.score(FIRST, ("size",))
    with pytest.raises(UsageError, match="unknown metric of mlp/noisy 'sise'"):
        task.score(FIRST, ("sise",))


def timed(architecture, epochs, rng):
    """Its seconds differ from call to call, so a mixture of processes would show."""
    return Evaluation(SPACE.values(architecture)["width"], seconds=1 + time.perf_counter() % 1)


def all_of(folder):
    task = FunctionTask(SPACE, timed, cache=folder)
    return [task.evaluate(architecture, None, rng()) for architecture in CANONICAL]


def test_processes_that_share_a_folder_agree(tmp_path):
    first, *others = Parallel(n_jobs=4)(delayed(all_of)(tmp_path) for _ in range(8))
    assert all(each == first for each in others)
    assert len(list(tmp_path.rglob("*"))) == len(list(tmp_path.rglob("??"))) + len(CANONICAL)


def test_a_comparison_is_the_same_for_any_number_of_processes(tmp_path):
    """The function is local, so it reaches the workers by value."""

    def evaluate(architecture, epochs, rng):
        return noisy(architecture, epochs, rng)

    runs = []
    for jobs in (1, 2):
        task = FunctionTask(SPACE, evaluate, seeds=3, cache=tmp_path / f"cache{jobs}")
        results = compare(
            tasks=[task],
            algorithms=["random_search", "regularized_evolution:population_size=4,sample_size=2"],
            seeds=4,
            budget_evaluations=12,
            jobs=jobs,
            out=tmp_path / f"out{jobs}",
        )
        runs.append({key: each.valid_accuracy.tolist() for key, each in results.runs.items()})
    assert runs[0] == runs[1]
    assert [len(values) for values in runs[0].values()] == [48, 48]


MAIN = """
import sys
import numpy as np
from joblib import Parallel, delayed
from nasbench_lab.benchmarks.functions import FunctionTask
from nasbench_lab.spaces.decisions import Ordered
from nasbench_lab.spaces.declared import DeclaredSpace

space = DeclaredSpace("line", {"x": Ordered(1, 2, 3)})

def evaluate(architecture, epochs, rng):
    return space.values(architecture)["x"] + rng.random()

task = FunctionTask(space, evaluate, cache=sys.argv[1])

def value(x):
    return task.evaluate((x,), None, np.random.default_rng(0)).valid_accuracy

values = Parallel(n_jobs=2)(delayed(value)(x) for x in range(3))
print([value(x) for x in range(3)] == values, task.card.digest)
"""


def test_a_function_of_a_script_reaches_its_processes(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(MAIN)
    call = [sys.executable, script, tmp_path / "cache"]
    outputs = {subprocess.run(call, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    (output,) = outputs  # the digest is the same in each process
    assert output.startswith("True ")
