import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from nasbench_lab import Comparison
from nasbench_lab.benchmarks.tables.file import write_table
from nasbench_lab.comparison import execution as experiment
from nasbench_lab.comparison.blocks import blocks_of, run_seed
from nasbench_lab.comparison.execution import Progress, compare, default_folder
from nasbench_lab.comparison.protocols import find_protocol
from nasbench_lab.comparison.store import load_results
from nasbench_lab.errors import AlgorithmError, ProcessError, StoreError, TableError, UsageError
from tests.tables import small_contents

pytestmark = pytest.mark.usefixtures("toy_benchmark")

TOY = Comparison(
    benchmark=("toy",),
    algorithms=("random_search", "regularized_evolution:population_size=5,sample_size=2"),
    seeds=6,
    budget_evaluations=20,
)


def same(first, second):
    """Whether two results hold the same runs, bit for bit."""
    return first.runs.keys() == second.runs.keys() and all(
        np.array_equal(getattr(one, name), getattr(two, name), equal_nan=True)
        for one, two in ((first.runs[key], second.runs[key]) for key in first.runs)
        for name in ("offsets", "architectures", "valid_accuracy", "seconds", "test_accuracy")
    )


def test_runs_every_algorithm_on_every_task_and_stores_it():
    told: list[Progress] = []
    results = compare(TOY, out="r", jobs=1, progress=told.append)
    assert [card.name for card in results.tasks] == ["toy/one", "toy/two"]
    assert results.algorithms == TOY.algorithms
    assert {len(runs) for runs in results.runs.values()} == {6}
    assert {int(n) for runs in results.runs.values() for n in np.diff(runs.offsets)} == {20}
    assert told[-1].finished == told[-1].total == 24
    assert told[-1].evaluations == 24 * 20
    assert same(results, load_results(Path("r")))


def test_the_number_of_processes_leaves_no_trace():
    one = compare(TOY, out="one", jobs=1)
    two = compare(TOY, out="two", jobs=2)
    assert same(one, two)
    for path in sorted(Path("one/runs").iterdir()):
        assert path.read_bytes() == (Path("two/runs") / path.name).read_bytes()


def test_a_run_depends_on_nothing_else_that_is_compared():
    both = compare(TOY, out="both", jobs=1)
    alone = compare(replace(TOY, algorithms=TOY.algorithms[1:], seeds=3), out="alone", jobs=1)
    key = ("toy/two", TOY.algorithms[1])
    assert (alone.runs[key].valid_accuracy == both.runs[key].valid_accuracy[:60]).all()


def test_another_root_seed_and_another_label_are_other_runs():
    assert not same(compare(TOY, out="a", jobs=1), compare(replace(TOY, root_seed=1), out="b", jobs=1))
    states = {
        tuple(run_seed(root, task, label, run).generate_state(4))
        for root in (0, 1)
        for task in ("t", "u")
        for label in ("a", "b")
        for run in range(3)
    }
    assert len(states) == 24


def test_what_is_stored_is_not_searched_again():
    compare(TOY, out="r", jobs=1)
    told: list[Progress] = []
    compare(TOY, out="r", jobs=1, progress=told.append)
    assert told == []


def test_lost_runs_are_done_again():
    before = compare(TOY, out="r", jobs=1)
    next(Path("r/runs").iterdir()).unlink()
    assert same(before, compare(TOY, out="r", jobs=1))


# The search takes about five seconds on two cores and saves its runs every two seconds.
COMMAND = [sys.executable, "-m", "nasbench_lab.compare", "--benchmark", "toy/one", "--seeds", "2000"]
COMMAND += ["--budget-evaluations", "100", "--algorithms", "reinforce", "--jobs", "2"]


@pytest.fixture(scope="module")
def whole(data_folder, tmp_path_factory):
    """The tables of the same command when it is not stopped."""
    folder = tmp_path_factory.mktemp("whole")
    environment = {**os.environ, "NASBENCH_LAB_DATA": str(data_folder)}
    subprocess.run([*COMMAND, "--out", folder / "r"], check=True, env=environment, timeout=300)
    return {path.name: path.read_bytes() for path in (folder / "r" / "tables").iterdir()}


def wait_for_runs(process, folder):
    for _ in range(1200):
        if list(folder.glob("runs/*.h5")) or process.poll() is not None:
            return
        time.sleep(0.05)


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_it_goes_on_to_the_same_tables(tmp_path, whole, stop):
    process = subprocess.Popen(
        [*COMMAND, "--out", "r"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell makes its background processes ignore Ctrl-C, and their children inherit this.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    wait_for_runs(process, tmp_path / "r")
    os.killpg(process.pid, stop)
    _, error = process.communicate(timeout=60)
    if stop != signal.SIGKILL:
        assert process.returncode == 130, error
        assert "stopped; the finished runs are kept in r. To go on: python -m nasbench_lab.compare" in error
        assert "Traceback" not in error
    with pytest.raises(StoreError, match="is unfinished"):
        load_results(tmp_path / "r")
    subprocess.run([*COMMAND, "--out", "r"], check=True, capture_output=True, timeout=300)
    assert {path.name: path.read_bytes() for path in (tmp_path / "r" / "tables").iterdir()} == whole
    assert not list((tmp_path / "r").rglob("*.tmp"))


def test_the_folder_is_named_by_what_is_compared():
    assert default_folder(Comparison()) == Path("results/default")
    nats = find_protocol("nats-bench")
    assert default_folder(nats) == Path("results/nats-bench")
    changed = default_folder(replace(nats, seeds=20))
    assert changed.name.startswith("nasbench201-3-data-sets-")
    assert changed != default_folder(replace(nats, seeds=21))
    for own in ({"algorithms": ("mine.py", "random_search")}, {"root_seed": 1}):
        assert default_folder(replace(nats, **own)).name.startswith("nasbench201-3-data-sets-")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"benchmark": ("toi",)}, UsageError, "unknown benchmark 'toi'; did you mean 'toy'"),
        ({"benchmark": ("toy/three",)}, UsageError, "unknown data set of toy 'three'"),
        ({"benchmark": ("toy", "toy/one")}, UsageError, "the benchmark toy/one is listed twice"),
        ({"benchmark": ("nasbench201",)}, TableError, r"python -m nasbench_lab.data import nasbench201"),
        ({"algorithms": ("random",)}, UsageError, "unknown algorithm 'random'; did you mean 'random_search'"),
        ({"algorithms": ("reinforce", "reinforce")}, UsageError, "two algorithms are labelled 'reinforce'"),
        ({"algorithms": ("reinforce:rate=1",)}, UsageError, "unknown hyperparameter of reinforce 'rate'"),
        (
            {"algorithms": ("regularized_evolution:population_size=0",)},
            AlgorithmError,
            "population_size and sample_size are whole numbers above 0; received 0",
        ),
        (
            {"budget_evaluations": 0},
            UsageError,
            "the budget of evaluations must be a finite number above 0; received 0",
        ),
        ({"budget_seconds": (1, 2, 3)}, UsageError, "received 3 numbers for 2 tasks"),
        ({"epochs": 7}, UsageError, "lists no validation accuracy after 7 epochs; it lists 12, 200"),
        ({"training_seed": "x"}, UsageError, "has no training seed 'x'"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_stored(changes, error, message):
    with pytest.raises(error, match=message):
        compare(replace(TOY, **changes), out="r", jobs=1)
    assert not Path("r").exists()


def test_jobs_is_a_number_of_processes():
    with pytest.raises(UsageError, match="jobs is the number of processes, 1 or more; received 0"):
        compare(TOY, out="r", jobs=0)


def test_a_different_comparison_in_the_folder_is_refused():
    before = compare(TOY, out="r", jobs=1)
    message = "r holds a different comparison: its root_seed is 0, this one's 7; choose another --out"
    with pytest.raises(StoreError, match=message):
        compare(replace(TOY, root_seed=7), out="r", jobs=1)
    assert same(before, load_results(Path("r")))


def test_a_table_with_a_wrong_digest_is_refused(tmp_path, monkeypatch):
    import h5py

    folder = tmp_path / "damaged"
    write_table(replace(small_contents(), name="bent"), folder / "bent.h5")
    with h5py.File(folder / "bent.h5", "r+") as file:
        file["one/trainings/200/valid_accuracy"][0, 0, 0] += 1
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(folder))
    with pytest.raises(TableError, match=r"is damaged .*digest"):
        compare(replace(TOY, benchmark=("bent",)), out="r", jobs=1)


def own_algorithm(body):
    Path("own.py").write_text(f"def own(space, rng):\n{textwrap.indent(textwrap.dedent(body), '    ')}")
    return replace(TOY, algorithms=("own.py",))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failing_algorithm_is_named_with_run_and_line(jobs):
    comparison = own_algorithm("yield space.sample(rng)\nyield 1 / 0\n")
    with pytest.raises(AlgorithmError, match=r"own on toy/\w+, run \d+: ZeroDivisionError: .*own.py:3"):
        compare(comparison, out="r", jobs=jobs)


def test_an_invalid_architecture_is_named_with_algorithm_and_run():
    with pytest.raises(AlgorithmError, match=r"own on toy/one, run 0: the algorithm yielded \(9,\)"):
        compare(own_algorithm("yield (9,)\n"), out="r", jobs=1)


def test_an_algorithm_that_was_edited_is_another_comparison():
    compare(own_algorithm("while True:\n    yield space.sample(rng)\n"), out="r", jobs=1)
    with pytest.raises(StoreError, match="the code of own has changed since"):
        compare(own_algorithm("while True: yield space.sample(rng)\n"), out="r", jobs=1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_algorithm_that_is_edited_while_it_runs_ends_the_comparison(jobs):
    comparison = replace(own_algorithm("while True:\n    yield space.sample(rng)\n"), seeds=200)

    def edit(progress):
        # Replace the file in one step, as editors do, so no process reads half a file.
        Path("edited").write_text("def own(space, rng):\n    while True: yield space.sample(rng)\n")
        Path("edited").replace("own.py")

    with pytest.raises(AlgorithmError, match="the file of own changed while the comparison ran; finished"):
        compare(comparison, out="r", jobs=jobs, progress=edit)
    own_algorithm("while True:\n    yield space.sample(rng)\n")
    assert same(compare(comparison, out="r", jobs=jobs), compare(comparison, out="whole", jobs=jobs))


def test_a_process_that_is_lost_ends_the_comparison_in_one_line(tmp_path):
    # Kill a worker, as the system does when memory runs out, but not the process that runs the tests.
    scarce = tmp_path / "scarce"
    comparison = own_algorithm(
        f"""
        import multiprocessing, os, pathlib, signal
        while True:
            in_worker = multiprocessing.current_process().name != "MainProcess"
            if in_worker and pathlib.Path({str(scarce)!r}).exists():
                os.kill(os.getpid(), signal.SIGKILL)
            yield space.sample(rng)
        """
    )
    comparison = replace(comparison, seeds=1000)
    before, after = [], []

    def run_out(progress):
        before.append(progress.finished)
        scarce.touch()

    with pytest.raises(ProcessError, match="a worker process was killed"):
        compare(comparison, out="r", jobs=2, progress=run_out)
    scarce.unlink()
    results = compare(comparison, out="r", jobs=2, progress=lambda told: after.append(told.finished))
    assert 0 < before[-1] < after[0]
    assert same(results, compare(comparison, out="whole", jobs=1))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_table_that_is_replaced_while_it_runs_ends_the_comparison(jobs, monkeypatch):
    real = blocks_of

    def replaced(*arguments):
        return [replace(block, digest="0" * 64) for block in real(*arguments)]

    monkeypatch.setattr(experiment, "blocks_of", replaced)
    with pytest.raises(
        TableError, match=r"the table or the code of toy/(one|two) changed while the comparison ran"
    ):
        compare(TOY, out="r", jobs=jobs)


def test_a_budget_of_seconds_needs_training_times(tmp_path, monkeypatch):
    contents = small_contents()
    untimed = {
        length: replace(training, train_seconds=None)
        for length, training in contents.data_sets["one"].trainings.items()
    }
    folder = tmp_path / "untimed"
    write_table(replace(small_contents(trainings=untimed), name="untimed"), folder / "untimed.h5")
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(folder))
    comparison = replace(TOY, benchmark=("untimed/one",), budget_seconds=(100.0,))
    with pytest.raises(UsageError, match=r"lists no training times, .* use budget_evaluations"):
        compare(comparison, out="r", jobs=1)


def test_the_stored_specification_is_the_comparison():
    compare(TOY, out="r", jobs=1)
    stored = json.loads(Path("r/comparison.json").read_text())
    assert Comparison.from_json(stored["comparison"], "r") == TOY
    assert {"numpy", "python", "machine", "started"} <= set(stored["environment"])
    assert stored["algorithms"][1]["hyperparameters"] == {"population_size": 5, "sample_size": 2}
