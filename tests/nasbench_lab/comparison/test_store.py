import errno
import json
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest

import nasbench_lab.comparison.store
from nasbench_lab.comparison.run_files import read_runs
from nasbench_lab.comparison.store import RunStore, load_results
from nasbench_lab.errors import StoreError
from nasbench_lab.search.run import Run

CARD = {
    "name": "toy/one",
    "title": "Toy",
    "metric": "accuracy (%)",
    "searched": "s",
    "reported": "r",
    "cost": "evaluations",
    "optimum": 90.0,
    "digest": "d" * 64,
    "citation": "c",
    "licence": "l",
}


def header(**changes):
    settings = {
        "comparison": {"seeds": 3, "root_seed": 0},
        "protocol": "",
        "tasks": [CARD],
        "algorithms": [
            {"label": "a:x=1", "function": "a", "hyperparameters": {"x": 1}, "source_sha256": "e" * 64}
        ],
        "environment": {"nasbench_lab": "0.1.0", "started": "today"},
    }
    return {**settings, **changes}


def run(length, seed):
    rng = np.random.default_rng(seed)
    return Run(
        architectures=rng.integers(5, size=(length, 4)).astype(np.uint16),
        valid_accuracy=rng.random(length),
        seconds=rng.random(length),
        epochs=np.full(length, 12, np.int32),
        source=np.zeros(length, np.uint8),
        test_accuracy=rng.random(length),
    )


def on_disk(folder):
    return [run for path in (folder / "runs").glob("*.h5") for run in read_runs(path)]


@pytest.fixture
def opened():
    """A function that opens a store; at most one store is open, and none after the test."""
    with ExitStack() as stores:

        def open_store(folder, settings=None):
            stores.close()
            return stores.enter_context(closing(RunStore(folder, settings or header())))

        yield open_store


def test_what_is_added_in_any_order_is_there_after_opening_again(tmp_path, opened):
    store = opened(tmp_path / "r")
    assert store.missing("toy/one", "a:x=1") == [0, 1, 2]
    store.add("toy/one", "a:x=1", {2: run(5, 2)})
    store.add("toy/one", "a:x=1", {0: run(3, 0)})
    store.save()
    again = opened(tmp_path / "r")
    assert again.missing("toy/one", "a:x=1") == [1]
    again.add("toy/one", "a:x=1", {1: run(4, 1)})
    again.save()
    results = load_results(tmp_path / "r")
    runs = results.runs["toy/one", "a:x=1"]
    assert runs.offsets.tolist() == [0, 3, 7, 12]
    for index, length in enumerate((3, 4, 5)):
        start, end = runs.offsets[index : index + 2]
        assert (runs.architectures[start:end] == run(length, index).architectures).all()
        assert (runs.test_accuracy[start:end] == run(length, index).test_accuracy).all()
    assert results.algorithms == ("a:x=1",)
    assert results.settings == {"a:x=1": "a(x=1)"}
    assert results.tasks[0].optimum == 90


def test_the_order_of_arrival_leaves_no_trace(tmp_path, opened):
    for name, order in (("one", (0, 1, 2)), ("two", (2, 0, 1))):
        store = opened(tmp_path / name)
        for index in order:
            store.add("toy/one", "a:x=1", {index: run(4, index)})
            store.save()
    (first,) = (tmp_path / "one" / "runs").iterdir()
    (second,) = (tmp_path / "two" / "runs").iterdir()
    assert first.read_bytes() == second.read_bytes()


def test_what_is_added_is_saved_by_itself_though_nothing_more_comes(tmp_path, monkeypatch, opened):
    monkeypatch.setattr(nasbench_lab.comparison.store, "SAVE_EVERY", 0.1)
    store = opened(tmp_path / "r")
    for index in range(2):
        store.add("toy/one", "a:x=1", {index: run(2, index)})
        deadline = time.monotonic() + 30
        while index not in on_disk(tmp_path / "r"):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_many_small_blocks_are_saved_together(tmp_path, monkeypatch, opened):
    monkeypatch.setattr(nasbench_lab.comparison.store, "SAVE_EVERY", 60)
    store = opened(tmp_path / "r")
    for index in range(3):
        store.add("toy/one", "a:x=1", {index: run(2, index)})
    assert on_disk(tmp_path / "r") == []
    store.close()
    assert on_disk(tmp_path / "r") == [0, 1, 2]


def test_what_cannot_be_saved_by_itself_is_raised_by_the_next_saving(tmp_path, monkeypatch, opened):
    tried = threading.Event()

    def fails(*arguments):
        tried.set()
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(nasbench_lab.comparison.store, "SAVE_EVERY", 1)
        full.setattr(nasbench_lab.comparison.store, "write_runs", fails)
        store = opened(tmp_path / "r")
        store.add("toy/one", "a:x=1", {0: run(2, 0)})
        assert tried.wait(timeout=30)
        with pytest.raises(OSError, match="No space left"):
            store.save()
    store.save()
    assert on_disk(tmp_path / "r") == [0]


OTHER = """
import sys
from pathlib import Path
from nasbench_lab.comparison.store import RunStore
from tests.nasbench_lab.comparison.test_store import header, run
store = RunStore(Path(sys.argv[1]), header())
store.add("toy/one", "a:x=1", {index: run(3, index) for index in range(3)})
store.save()
(store.folder / "runs" / ".half.tmp").touch()
print("ready", flush=True)
sys.stdin.read()
"""


def test_while_one_process_works_in_a_folder_others_only_read(tmp_path, opened):
    folder = tmp_path / "r"
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER, folder],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        with pytest.raises(StoreError, match=r"another process is working in .*; wait until it has"):
            opened(folder)
        assert len(load_results(folder).runs["toy/one", "a:x=1"]) == 3
        assert (folder / "runs" / ".half.tmp").exists()
        other.kill()
    assert opened(folder).missing("toy/one", "a:x=1") == []
    assert not (folder / "runs" / ".half.tmp").exists()


def test_a_store_that_is_not_opened_is_not_locked_either(tmp_path, opened):
    opened(tmp_path / "r").close()
    for _ in range(2):
        with pytest.raises(StoreError, match="holds a different comparison"):
            opened(tmp_path / "r", header(comparison={"seeds": 3, "root_seed": 1}))


def test_files_that_another_is_drawing_are_left_alone(tmp_path, opened):
    opened(tmp_path / "r")
    drawing = tmp_path / "r" / "figures" / ".anytime.png.1-2.tmp"
    drawing.parent.mkdir()
    drawing.touch()
    opened(tmp_path / "r")
    assert drawing.exists()


FULL = """
import resource, sys
from pathlib import Path
from nasbench_lab.comparison.store import RunStore
from tests.nasbench_lab.comparison.test_store import header, run
store = RunStore(Path(sys.argv[1]), header())
store.add("toy/one", "a:x=1", {0: run(3, 0)})
store.save()
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
store.add("toy/one", "a:x=1", {1: run(100_000, 1)})
try:
    store.save()
except OSError as error:
    print(error.filename, error.strerror)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit to set")
def test_a_disk_without_space_is_an_error_and_loses_nothing(tmp_path):
    outcome = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path / "r"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    (path,) = (tmp_path / "r" / "runs").iterdir()
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, f"{path} File too large\n", "")
    assert on_disk(tmp_path / "r") == [0]


def test_labels_that_look_alike_as_file_names_stay_apart(tmp_path, opened):
    labels = ["a:x=1", "a:x:1", "a/x=1"]
    algorithms = [
        {"label": label, "function": "a", "hyperparameters": {"x": 1}, "source_sha256": "e"}
        for label in labels
    ]
    store = opened(tmp_path / "r", header(algorithms=algorithms))
    for label in labels:
        store.add("toy/one", label, {0: run(2, 0)})
    store.save()
    assert len(list((tmp_path / "r" / "runs").iterdir())) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"comparison": {"seeds": 3, "root_seed": 1}},
            "its root_seed is 0, this one's 1; choose another --out",
        ),
        ({"tasks": [{**CARD, "digest": "f" * 64}]}, "the table or the code of toy/one has changed since"),
        (
            {
                "algorithms": [
                    {
                        "label": "a:x=1",
                        "function": "a",
                        "hyperparameters": {"x": 1},
                        "source_sha256": "f" * 64,
                    }
                ]
            },
            "the code of a:x=1 has changed since",
        ),
        (
            {"environment": {"nasbench_lab": "9.9", "started": "tomorrow"}},
            "it was begun with nasbench_lab 0.1.0, this is 9.9; choose another --out",
        ),
    ],
)
def test_a_different_comparison_is_refused_and_nothing_is_touched(tmp_path, changes, message, opened):
    store = opened(tmp_path / "r")
    store.add("toy/one", "a:x=1", {0: run(2, 0)})
    store.save()
    before = {path: path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()}
    with pytest.raises(StoreError, match=message):
        opened(tmp_path / "r", header(**changes))
    assert {path: path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()} == before


def test_a_folder_of_something_else_is_refused(tmp_path, opened):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match="is not empty and holds no comparison"):
        opened(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_another_machine_or_day_is_the_same_comparison(tmp_path, opened):
    opened(tmp_path / "r")
    opened(tmp_path / "r", header(environment={"nasbench_lab": "0.1.0", "started": "tomorrow"}))


def test_a_setting_that_is_new_and_not_given_is_the_same_comparison(tmp_path, opened):
    opened(tmp_path / "r")
    opened(tmp_path / "r", header(comparison={**header()["comparison"], "fallback": [], "epochs": None}))
    with pytest.raises(StoreError, match="its fallback is none, this one's surrogate"):
        opened(tmp_path / "r", header(comparison={**header()["comparison"], "fallback": ["surrogate"]}))


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_a_truncated_run_file_is_named_with_what_to_do(tmp_path, keep, opened):
    store = opened(tmp_path / "r")
    store.add("toy/one", "a:x=1", {0: run(2000, 0)})
    store.save()
    (path,) = (tmp_path / "r" / "runs").iterdir()
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    with pytest.raises(StoreError, match=r"is damaged .* delete it and run the comparison again"):
        opened(tmp_path / "r").missing("toy/one", "a:x=1")


def test_unfinished_absent_or_unreadable_comparisons_are_said_so(tmp_path, opened):
    with pytest.raises(StoreError, match="there is no stored comparison"):
        load_results(tmp_path)
    store = opened(tmp_path / "r")
    store.add("toy/one", "a:x=1", {0: run(2, 0)})
    store.save()
    with pytest.raises(
        StoreError, match="is unfinished: it holds 1 of 3 runs of a:x=1 on toy/one; go on with"
    ):
        load_results(tmp_path / "r")
    path = tmp_path / "r" / "comparison.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format_version": 99}))
    with pytest.raises(StoreError, match="has format version 99; this version of nasbench_lab reads 1"):
        load_results(tmp_path / "r")
    path.write_text("{")
    with pytest.raises(StoreError, match="cannot be read"):
        load_results(tmp_path / "r")
    path.write_text('{"format_version": 1}')
    with pytest.raises(StoreError, match="is damaged"):
        load_results(tmp_path / "r")
    with pytest.raises(StoreError, match=r"different comparison: its comparison.json is damaged"):
        opened(tmp_path / "r")
