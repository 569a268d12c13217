import json
import os
import subprocess
import sys
import textwrap
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nasbench_lab
from nasbench_lab import Comparison
from nasbench_lab.compare import main
from nasbench_lab.comparison.execution import compare, default_folder
from nasbench_lab.comparison.objects import name_algorithms, name_tasks
from nasbench_lab.errors import StoreError, UsageError
from tests.own_problems import FILE, Toy, Toys

SMALL: dict[str, Any] = {"seeds": 3, "budget_evaluations": 6}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stored(folder="r"):
    return json.loads((Path(folder) / "comparison.json").read_text())


def walk(space, rng, *, size=3, rate: float = 0.5):
    here = space.sample(rng)
    while True:
        for _ in range(size):
            yield here
        here = space.mutate(here, rng)


def made(step):
    def closure(space, rng):
        while True:
            for _ in range(step):
                yield space.sample(rng)

    return closure


def values(results):
    return {
        key: (runs.architectures.tolist(), runs.valid_accuracy.tolist()) for key, runs in results.runs.items()
    }


def test_objects_and_names_are_compared_together():
    results = compare(
        tasks=[Toy("other/one"), Toys(), "cifar10-mini"],
        algorithms=[walk, made(2), "random_search"],
        out="r",
        jobs=1,
        **SMALL,
    )
    assert [card.name for card in results.tasks] == [
        "other/one",
        "toys/blocks",
        "toys/trains",
        "cifar10-mini/cifar10",
    ]
    assert results.algorithms == ("walk", "closure", "random_search")
    specification = stored()["comparison"]
    assert specification["benchmark"] == ["task other/one", "benchmark toys", "cifar10-mini"]
    assert specification["algorithms"] == ["function walk", "function closure", "random_search"]
    # A run of a named algorithm on a named task is the same without the objects.
    alone = compare(Comparison(algorithms=("random_search",), **SMALL), out="alone", jobs=1)
    key = ("cifar10-mini/cifar10", "random_search")
    assert values(results)[key] == values(alone)[key]


SCRIPT = """
import functools
import sys
import nasbench_lab
from own_problems import Toy

class Mine(Toy):  # of the script itself
    def test_accuracy(self, architecture):
        return 5.0 * sum(architecture) + plus

plus = 1.0

def walk(space, rng, *, size=3):
    here = space.sample(rng)
    while True:
        yield here
        here = other(space, here, rng)

def other(space, here, rng):
    return space.mutate(here, rng)

def made(step):
    def closure(space, rng):
        while True:
            for _ in range(step):
                yield space.sample(rng)
    return closure

for jobs in (1, 2):
    nasbench_lab.compare(
        tasks=[Mine("mine/one"), Toy("toys/two")],
        algorithms={"a": walk, "b": functools.partial(walk, size=9), "c": made(2), "d": "random_search"},
        seeds=5, budget_evaluations=20, out=f"jobs{jobs}", jobs=jobs,
        report=False,
    )
"""


def test_what_a_script_defines_reaches_the_workers(folder):
    (folder / "script.py").write_text(SCRIPT)
    (folder / "own_problems.py").write_text(FILE)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    one, two = (nasbench_lab.comparison.store.load_results(Path(f"jobs{jobs}")) for jobs in (1, 2))
    assert len(one.runs) == 8
    assert values(one) == values(two)
    first, second = stored("jobs1"), stored("jobs2")
    assert first["algorithms"] == second["algorithms"]
    assert [each["hyperparameters"] for each in first["algorithms"]] == [{"size": 3}, {"size": 9}, {}, {}]
    assert len({each["source_sha256"] for each in first["algorithms"]}) == 4


def test_workers_have_the_code_of_today(folder, monkeypatch):
    """A second comparison in one process, after a module was edited and loaded again."""
    (folder / "own_problems.py").write_text(FILE)
    script = """
    import importlib, pathlib, nasbench_lab, own_problems
    file = pathlib.Path("own_problems.py")
    for factor in ("10.0", "20.0"):
        file.write_text(file.read_text().replace("10.0 * sum", f"{factor} * sum"))
        importlib.invalidate_caches()
        importlib.reload(own_problems)
        results = nasbench_lab.compare(tasks=own_problems.Toy(), algorithms="random_search", seeds=4,
                                       budget_evaluations=20, out=factor, jobs=2, report=False)
        print(max(runs.final().max() for runs in results.stored.runs.values()))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["40.0", "80.0"]


def test_a_changed_function_is_another_comparison():
    def first(space, rng):
        while True:
            yield space.sample(rng)

    def second(space, rng):
        while True:
            yield space.mutate(space.sample(rng), rng)

    second.__name__ = "first"
    again: dict[str, Any] = {"tasks": Toy(), "out": "r", "jobs": 1, **SMALL}
    before = compare(algorithms=first, **again)
    assert values(compare(algorithms=first, **again)) == values(before)
    with pytest.raises(StoreError, match=r"the code of first has changed since"):
        compare(algorithms=second, **again)
    compare(algorithms={"w": walk}, **{**again, "out": "w"})
    for changed in (partial(walk, size=4), partial(walk, rate=np.float64(0.25))):
        with pytest.raises(StoreError, match=r"its w is walk\(size=3, rate=0.5\), this one's walk"):
            compare(algorithms={"w": changed}, **{**again, "out": "w"})


def test_a_changed_task_is_another_comparison():
    again: dict[str, Any] = {"algorithms": "random_search", "out": "r", "jobs": 1, **SMALL}
    compare(tasks=Toy(digest="a" * 64), **again)
    with pytest.raises(StoreError, match="toys/blocks has changed since"):
        compare(tasks=Toy(digest="b" * 64), **again)


def test_the_command_line_says_that_an_object_is_known_in_python_alone(capsys):
    compare(tasks=Toy(), algorithms=[walk], out="r", jobs=1, **SMALL)
    assert main(["--config", "r/comparison.json"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(
        "error: the benchmark 'task toys/blocks' was an object that only Python knew; run it from Python"
    )
    assert len(error.splitlines()) == 1
    assert main(["--config", "r/comparison.json", "--benchmark", "cifar10-mini"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: the algorithm 'function walk' was a function that only Python knew")
    assert len(error.splitlines()) == 1


def test_a_stored_comparison_goes_on_from_python():
    again: dict[str, Any] = {"tasks": Toy(), "algorithms": [walk], "out": "r", "jobs": 1, **SMALL}
    before = compare(**again)
    next(Path("r/runs").iterdir()).unlink()
    assert values(compare(**again)) == values(before)


def test_a_comparison_can_be_changed_by_settings():
    base = Comparison(algorithms=("reinforce",), seeds=9, budget_evaluations=6)
    results = compare(base, tasks=Toy(), seeds=2, out="r", jobs=1)
    assert results.algorithms == ("reinforce",)
    assert stored()["comparison"]["seeds"] == 2


def test_numbers_of_numpy_and_paths_work(folder):
    (folder / "my-problem.py").write_text(FILE)
    results = compare(
        tasks=Path("my-problem.py"),
        algorithms=["random_search"],
        seeds=np.int64(2),
        budget_evaluations=np.int32(4),
        target_accuracy=np.array([99.0]),
        out=Path("r"),
        jobs=np.int64(1),  # type: ignore[arg-type]
    )
    assert [card.name for card in results.tasks] == ["toys/blocks"]
    assert stored()["comparison"]["seeds"] == 2
    assert stored()["comparison"]["target_accuracy"] == [99.0]
    assert Comparison(benchmark=Path("my-problem.py")).benchmark == ("my-problem.py",)  # type: ignore[arg-type]


def test_a_file_is_stored_by_its_absolute_path_and_found_from_anywhere(folder, monkeypatch, capsys):
    (folder / "my-problem.py").write_text(FILE + "\n\ndef mine(space, rng):\n    yield space.sample(rng)\n")
    arguments = ["--benchmark", "my-problem.py", "--algorithms", "my-problem.py:mine", "--jobs", "2"]
    assert main([*arguments, "--seeds", "3", "--budget-evaluations", "4", "--out", "r"]) == 0
    specification = stored()["comparison"]
    assert specification["benchmark"] == [str(folder / "my-problem.py")]
    assert specification["algorithms"] == [f"{folder}/my-problem.py:mine"]
    assert [task["name"] for task in stored()["tasks"]] == ["toys/blocks"]
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert main(["--config", "../r/comparison.json", "--jobs", "1"]) == 0
    assert not list((folder / "elsewhere").iterdir())
    (folder / "my-problem.py").write_text((folder / "my-problem.py").read_text() + "# edited\n")
    capsys.readouterr()
    assert main(["--config", "../r/comparison.json", "--jobs", "1"]) == 2
    assert "toys/blocks has changed since" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("reference", "name"),
    [("a b/my-problem.py", "my-problem"), ("toys/blocks", "toys-blocks"), ("a/p.py:it/one", "p-it-one")],
)
def test_the_folder_is_named_after_the_problem(reference, name):
    assert default_folder(Comparison(benchmark=reference)).name.rpartition("-")[0] == name


MISSPELT: dict[str, Any] = {"sise": 3}


def plain(space, rng):
    return space.sample(rng)


def must(space, rng, *, size):
    yield space.sample(rng)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algorithms": lambda space, rng: (yield 1)}, "a generator function with a name.*received a lambda"),
        ({"algorithms": plain}, "plain is not a generator function; an algorithm yields the architecture"),
        ({"algorithms": [3]}, "an algorithm is a text or a generator function; received 3"),
        ({"algorithms": [Toy]}, "an algorithm is a text or a generator function; received <class"),
        ({"algorithms": [walk, walk]}, r"two algorithms are labelled 'walk'; label them: algorithms=\{"),
        (
            {"algorithms": {"walk": "random_search", "b": walk}, "tasks": [walk]},
            "is called without arguments",
        ),
        ({"algorithms": [partial(walk, 3)]}, r"has keyword values only; received the positional \(3,\)"),
        (
            {"algorithms": partial(walk, **MISSPELT)},
            "unknown hyperparameter of walk 'sise'; did you mean 'size'",
        ),
        ({"algorithms": must}, r"must needs a value for size: write functools.partial\(must, size=VALUE\)"),
        ({"algorithms": {"a=b": walk}}, "a label is a text on one line without '=' and ':'; received 'a=b'"),
        ({"algorithms": {3: walk}}, "a label is a text on one line without '=' and ':'; received 3"),
        ({"algorithms": []}, "needs at least one benchmark and one algorithm"),
        ({"tasks": 3}, "the task int is neither a Task .* nor a Benchmark"),
        ({"tasks": []}, "needs at least one benchmark and one algorithm"),
        ({"tasks": [Toy(), Toy()]}, "two tasks are named 'toys/blocks'"),
        ({"tasks": [Toy(), Toys()]}, "the benchmark toys/blocks is listed twice"),
        ({"benchmark": "cifar10-mini"}, "takes tasks or benchmark, two names for the same; received both"),
        ({"sees": 3}, "unknown setting of compare 'sees'; did you mean 'seeds'"),
        ({"comparison": walk}, "compare takes a Comparison, or tasks=..., .*received <function walk"),
        ({"seeds": 2.5}, "seeds takes a whole number; received 2.5"),
        ({"jobs": "two"}, "jobs takes a whole number or none; received 'two'"),
        ({"epochs": 3}, "toys/blocks shows a search 1 epochs; received epochs = 3"),
    ],
)
def test_what_cannot_work_is_one_line_before_anything_is_stored(changes, message):
    settings: dict[str, Any] = {"tasks": Toy(), "algorithms": "random_search", "out": "r", "jobs": 1, **SMALL}
    with pytest.raises(UsageError, match=message) as raised:
        compare(**{**settings, **changes})
    assert "\n" not in str(raised.value)
    assert not Path("r").exists()


def test_what_cannot_be_sent_to_a_worker_is_named():
    locked = Toy()
    locked.lock = threading.Lock()  # type: ignore[attr-defined]
    settings: dict[str, Any] = {"tasks": locked, "algorithms": "random_search", "out": "r", **SMALL}
    with pytest.raises(
        UsageError, match=r"task toys/blocks cannot be sent to a worker process: .*; use jobs=1"
    ):
        compare(**settings, jobs=2)
    assert not Path("r").exists()
    assert compare(**settings, jobs=1)


def test_names_of_tasks_and_algorithms():
    texts, problems = name_tasks([Toy(), Toys(), "cifar10-mini/cifar10", Path("a/b.py")])
    assert texts == ("task toys/blocks", "benchmark toys", "cifar10-mini/cifar10", "a/b.py")
    assert list(problems) == ["task toys/blocks", "benchmark toys"]
    texts, functions = name_algorithms({"x": walk, "y": "reinforce", "z": partial(walk, size=4)})
    assert texts == ("x=function walk", "y=reinforce", "z=function walk")
    assert [each.hyperparameters["size"] for each in functions.values()] == [3, 4]
    assert name_algorithms("reinforce")[0] == ("reinforce",)


def test_a_hyperparameter_of_any_kind_is_stored_as_text():
    half, thing = np.float32(0.5), object()

    def own(space, rng, *, step=walk, shape=(1, 2), rate=half, thing=thing):
        while True:
            yield space.sample(rng)

    compare(tasks=Toy(), algorithms=own, out="r", jobs=1, **SMALL)
    chosen = stored()["algorithms"][0]["hyperparameters"]
    assert chosen == {"step": "walk", "shape": [1, 2], "rate": 0.5, "thing": "<object object>"}
