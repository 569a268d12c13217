"""Values of Python that `compare` takes as plain ones, or refuses in one line."""

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasbench_lab import Comparison
from nasbench_lab.benchmarks.view import LiveSettings
from nasbench_lab.comparison.execution import compare
from nasbench_lab.comparison.objects import read_call
from nasbench_lab.errors import NasbenchLabError, UsageError
from tests.own_problems import Toy


def walk(space, rng, *, size: int = 3):
    while True:
        yield space.sample(rng)


def decorated(function):
    @functools.wraps(function)
    def inner(*values, **settings):
        return function(*values, **settings)

    return inner


NAMES = ["random_search", "local_search"]


@pytest.mark.parametrize(
    "make",
    [tuple, np.array, pd.Series, pd.Index, iter, lambda names: dict.fromkeys(names).keys()],
)
def test_lists_of_names_come_in_any_type_with_an_order(make):
    called, _ = read_call(None, make(NAMES), make(NAMES), {"objectives": make(["accuracy", "parameters"])})
    assert called == Comparison(
        benchmark=tuple(NAMES), algorithms=tuple(NAMES), objectives=("accuracy", "parameters")
    )
    assert Comparison(algorithms=make(NAMES)) == Comparison(algorithms=tuple(NAMES))


def test_functions_and_tasks_come_in_arrays_and_generators():
    _, objects = read_call(None, (each for each in [Toy()]), np.array([walk, "reinforce"], dtype=object), {})
    assert list(objects.problems) == ["task toys/blocks"]
    assert list(objects.functions) == ["function walk"]


@pytest.mark.parametrize(
    "budget_seconds",
    [np.array([1, 2]), pd.Series([1.0, 2.0]), range(1, 3), iter([1, 2]), (np.float32(1), np.int8(2)), [1, 2]],
)
def test_lists_of_numbers_come_in_any_type_with_an_order(budget_seconds):
    found = Comparison(budget_seconds=budget_seconds).budget_seconds
    assert found == (1.0, 2.0)
    assert {type(each) for each in found} == {float}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seeds": True}, "seeds takes a whole number; received True"),
        ({"seeds": np.True_}, "seeds takes a whole number; received np.True_"),
        ({"seeds": "5"}, "seeds takes a whole number; received '5'"),
        ({"seeds": float("nan")}, "seeds takes a whole number; received nan"),
        ({"seeds": pd.Series([5])}, "seeds takes a whole number; received 0 5 dtype: int64"),
        ({"seeds": 10**30}, f"seeds is at most 1000000; received {10**30}"),
        ({"seeds": 10**5000}, "seeds is at most 1000000; received a number too long to print"),
        ({"workers": 10**30}, f"workers is at most 1000000; received {10**30}"),
        ({"budget_evaluations": 10**30}, f"budget_evaluations is at most {2**63 - 1}; received {10**30}"),
        ({"root_seed": 2**128}, f"root_seed is at most {2**128 - 1}; received {2**128}"),
        ({"budget_evaluations": 5.5}, "budget_evaluations takes a whole number or none; received 5.5"),
        ({"budget_trainings": 10**400}, "budget_trainings takes a number or none; received 1000"),
        ({"budget_seconds": "1,2"}, "received '1,2'; separate numbers by spaces: --budget-seconds 1 2 (in P"),
        ({"target_accuracy": ["1,2"]}, "separate numbers by spaces: --target-accuracy 1 2 (in Python: a lis"),
        ({"budget_seconds": {1.0, 2.0}}, "budget_seconds takes a list, because tables and figures keep its "),
        ({"objectives": {"accuracy"}}, "objectives takes a list, because tables and figures keep its order"),
        ({"objectives": None}, "objectives takes a list with a text in each place; received None"),
        ({"objectives": walk}, "objectives takes a list with a text in each place; received <function walk"),
        (
            {"objectives": "accuracy,parameters"},
            "received accuracy,parameters; separate names by spaces: --objectives accuracy parameters (in P",
        ),
    ],
)
def test_other_values_are_refused_in_one_line(settings, message):
    for make in (Comparison, functools.partial(replace, Comparison())):
        with pytest.raises(UsageError) as raised:
            make(**settings)
        assert message in str(raised.value)
        assert len(str(raised.value).splitlines()) == 1


def test_a_root_seed_of_numpy_has_128_bits():
    seed = np.random.SeedSequence(5).spawn(1)[0].generate_state(2, np.uint64)
    assert Comparison(root_seed=seed[0]).root_seed == int(seed[0])
    assert Comparison(root_seed=2**128 - 1).root_seed == 2**128 - 1


SMALL = {"tasks": Toy(), "algorithms": "random_search", "seeds": 2, "budget_evaluations": 3, "jobs": 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"out": 3}, "out takes a text or none; received 3"),
        ({"out": True}, "out takes a text or none; received True"),
        ({"out": b"r"}, "out takes a text or none; received b'r'"),
        ({"out": walk}, "out takes a text or none; received <function walk"),
        ({"out": ""}, "out is the path of a folder; received ''"),
        ({"out": "r\0"}, "out is the path of a folder; received 'r"),
        ({"jobs": 1.5}, "jobs takes a whole number or none; received 1.5"),
        ({"jobs": True}, "jobs takes a whole number or none; received True"),
        ({"live": {"device": "cpu"}}, "live takes LiveSettings(data_dir=..., device=..., cache=...)"),
        ({"progress": 3}, "progress takes a function"),
        ({"algorithms": {1: walk}}, "a label is a text on one line without '=' and ':'; received 1"),
        ({"algorithms": {"a", "b"}}, "algorithms takes a list, because tables and figures keep its order"),
        ({"algorithms": pd.DataFrame({"a": ["b"]})}, "a text or a generator function; received a 0 b"),
        ({"tasks": {"a"}}, "tasks takes a list, because tables and figures keep its order"),
        ({"tasks": 3}, "the task int is neither a Task"),
        ({"budget_seconds": float("inf")}, "the budget of seconds must be a finite number above 0; received"),
        ({"budget_evaluations": 0}, "the budget of evaluations must be a finite number above 0; received 0"),
        ({"target_accuracy": 200}, "accuracy of toys/blocks is from 0 to 100, in percent; received 200"),
        ({"target_accuracy": -1}, "accuracy of toys/blocks is from 0 to 100, in percent; received -1"),
        ({"target_accuracy": float("nan")}, "the target accuracy must be a finite number; received nan"),
    ],
)
def test_compare_refuses_in_one_line_and_writes_nothing(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NasbenchLabError) as raised:
        compare(**{**SMALL, "out": "r", **arguments})
    assert message in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
    assert not list(tmp_path.iterdir())


class Negative(Toy):
    """Its metric is not in percent, so any number may be a target."""

    def __init__(self):
        super().__init__("toys/negative")
        self.card = replace(self.card, metric="negative loss")


def test_only_an_accuracy_in_percent_has_known_bounds(tmp_path):
    for target, runs in ((-200, 1), (200, 3)):
        results = compare(
            **{**SMALL, "tasks": Negative(), "target_accuracy": target, "out": tmp_path / str(target)}
        )
        assert len(results.runs["toys/negative", "random_search"]) == 2
        assert {int(n) for n in np.diff(results.runs["toys/negative", "random_search"].offsets)} == {runs}


def test_settings_of_live_training_take_texts_as_paths():
    settings = LiveSettings(data_dir="a=b", cache=Path("c:d"))  # type: ignore[arg-type]
    assert settings.absolute().data_dir == Path("a=b").absolute()
    assert settings.absolute().cache == Path("c:d").absolute()
    for wrong in ({"data_dir": 3}, {"cache": b"a"}, {"device": 0}, {"jobs": "2"}):
        with pytest.raises(UsageError, match=rf"{next(iter(wrong))} takes a .*; received"):
            LiveSettings(**wrong)


class Walker:
    def walk(self, space, rng):
        yield from walk(space, rng)

    def __call__(self, space, rng):
        yield from walk(space, rng)


def closure(size):
    def inner(space, rng, *settings):
        print("drawing")
        yield from walk(space, rng, size=size)

    return inner


@pytest.mark.parametrize("jobs", [1, 2])
def test_generator_functions_of_all_kinds_are_algorithms(tmp_path, jobs):
    algorithms = {
        "method": Walker().walk,
        "call": Walker().__call__,
        "closure": closure(4),
        "decorated": decorated(walk),
        "partial": functools.partial(decorated(walk), size=5),
    }
    results = compare(**{**SMALL, "algorithms": algorithms, "jobs": jobs, "out": tmp_path / "r"})
    assert results.algorithms == tuple(algorithms)
    assert all(len(runs) == 2 for runs in results.runs.values())


async def asynchronous(space, rng):
    yield space.sample(rng)


def returning(space, rng):
    return [space.sample(rng)]


@pytest.mark.parametrize(
    ("algorithm", "message"),
    [
        (asynchronous, "asynchronous is asynchronous; an algorithm is a plain generator function: leave"),
        (returning, "returning is not a generator function; an algorithm yields the architectu"),
        (decorated(returning), "returning is not a generator function"),
        (Walker(), "give its method, as in algorithms={'LABEL': OBJECT.__call__}"),
        (Walker, "an algorithm is a text or a generator function; received <class "),
        (walk(None, None), "an algorithm is a text or a generator function; received 3"),
    ],
)
def test_what_is_no_algorithm_is_said_in_one_line(tmp_path, algorithm, message):
    # A generator has an order, so it is read as the list of what it gives.
    algorithm = iter([3]) if message.endswith("received 3") else algorithm
    with pytest.raises(UsageError) as raised:
        compare(**{**SMALL, "algorithms": algorithm, "out": tmp_path / "r"})
    assert message in str(raised.value)
    assert not list(tmp_path.iterdir())
