from dataclasses import replace

import pytest

from nasbench_lab.benchmarks.library import open_benchmark, split_name
from nasbench_lab.benchmarks.own_problem import OneTask, as_benchmark
from nasbench_lab.benchmarks.view import View
from nasbench_lab.data import main as data
from nasbench_lab.errors import UsageError
from tests.own_problems import FILE, Toy, Toys


def test_a_task_is_a_benchmark_of_one_data_set():
    task = Toy()
    benchmark = as_benchmark(task, "it")
    assert (benchmark.name, benchmark.data_set_names) == ("toys", ("blocks",))
    assert benchmark.task("blocks", View()) is task
    benchmark.check_data_set("blocks")
    with pytest.raises(UsageError, match="there is one task, toys/blocks, and no data set 'trains'"):
        benchmark.check_data_set("trains")


def test_a_name_without_a_data_set_will_do():
    benchmark = as_benchmark(Toy("toys"), "it")
    assert (benchmark.name, benchmark.data_set_names) == ("toys", ("",))


def test_a_benchmark_stays_as_it_is():
    toys = Toys()
    assert as_benchmark(toys, "it") is toys


@pytest.mark.parametrize("made_by", [Toy, Toys, lambda: Toy("toys/blocks"), lambda name="toys": Toy(name)])
def test_a_function_or_a_class_may_make_it(made_by):
    assert as_benchmark(made_by, "it").name == "toys"


def needs_a_name(name):
    return Toy(name)


def fails():
    raise KeyError("images")


def with_changes(**changes):
    task = Toy()
    for name, value in changes.items():
        setattr(task, name, value)
    return task


class Without(Toy):
    """A task whose card cannot be read."""

    def __init__(self):
        super().__init__()
        del self.card


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (3, "it is neither a Task .* nor a Benchmark, nor a function that makes one; received 3"),
        (lambda: None, "it is neither a Task .*; received None"),
        (needs_a_name, r"it is called without arguments to make a task, and \(name\) has required ones"),
        (fails, r"it failed: KeyError: 'images' \(.*test_own_problem.py:\d+\)"),
        (Without(), "it is no Task: it lacks card; its class takes .*TaskDefaults as a base"),
        (with_changes(name="other/blocks"), "it is named 'other/blocks', and its card 'toys/blocks'"),
        (with_changes(name=7), "the name of it is a text on one line; received 7"),
        (with_changes(name="/"), "the name of it is a text on one line; received '/'"),
        (with_changes(name="a\nb"), "the name of it is a text on one line"),
        (with_changes(space="cube"), "it has a space that is no SearchSpace; received 'cube'"),
    ],
)
def test_what_is_no_problem_is_one_line(found, message):
    with pytest.raises(UsageError, match=message) as raised:
        as_benchmark(found, "it")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 12}, "toys/blocks shows a search 1 epochs; received epochs = 12"),
        (
            {"training_seed": "mean"},
            "toys/blocks draws its own training seeds; received training_seed = 'mean'",
        ),
    ],
)
def test_a_view_that_the_task_does_not_have_is_refused(changes, message):
    benchmark = OneTask(Toy())
    with pytest.raises(UsageError, match=message):
        benchmark.task("blocks", replace(View(), **changes))
    assert benchmark.task("blocks", View(epochs=1))


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my-problem.py"
    path.write_text(FILE)
    return path


@pytest.mark.parametrize("text", ["my-problem.py", "my-problem.py:my_problem", "my-problem.py:Toy"])
def test_a_file_is_opened_by_its_path(file, text):
    benchmark, data_set = split_name(f"{text}/blocks")
    assert (benchmark, data_set) == (str(file.parent / text), "blocks")
    assert open_benchmark(benchmark).name == "toys"


def test_a_module_is_opened_by_its_name():
    assert open_benchmark("tests.own_problems:Toys").data_set_names == ("blocks", "trains")
    assert split_name("tests.own_problems:Toys/trains") == ("tests.own_problems:Toys", "trains")


def test_data_info_describes_a_problem_of_ones_own(file, capsys):
    assert data(["info", "my-problem.py"]) == 0
    out = capsys.readouterr().out
    assert "Toys" in out
    assert "toys, 8 architectures" in out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nowhere.py", "there is no problem file .*nowhere.py"),
        ("my-problem.py:other", "has no problem 'other'; it has my_problem"),
        ("my-problem.py:SPACE", "my-problem.py:SPACE is neither a Task"),
        ("no_such_module:it", "cannot import 'no_such_module' for the problem"),
        ("my-problen", "unknown benchmark 'my-problen'.* For your own problem, give path/to/file.py or"),
    ],
)
def test_what_is_not_there_is_named(file, text, message):
    with pytest.raises(UsageError, match=message):
        open_benchmark(split_name(text)[0])


def test_after_a_reference_comes_a_data_set_alone(file):
    with pytest.raises(UsageError, match=r"comes nothing, :name or /data set; received ':rate=3'"):
        split_name("my-problem.py:rate=3")


def test_a_task_with_a_method_viewed_is_shown_as_the_view_says():
    class Viewed(Toy):
        """A task that notes its view."""

        def viewed(self, view):
            shown = Viewed()
            shown.epochs = view.epochs
            return shown

    assert as_benchmark(Viewed(), "it").task("blocks", View(epochs=7, training_seed="mean")).epochs == 7
