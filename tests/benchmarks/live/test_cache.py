import errno
import json
import logging
import multiprocessing
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nasbench_lab
from nasbench_lab.benchmarks import json_files
from nasbench_lab.benchmarks.live.cache import EvaluationCache, Key
from nasbench_lab.benchmarks.training.outcome import Epoch, Outcome, Scores
from nasbench_lab.errors import RefusedError
from tests.live_training import TINY, made_images, made_outcome

KEY = Key(
    space="nasbench201", architecture="|skip_connect~0|+", recipe=TINY.digest, epochs=3, images="1f", seed=0
)
OUTCOME = made_outcome(3)
IMAGES = made_images(train=2, test=1)


@pytest.fixture
def cache(tmp_path):
    return EvaluationCache(tmp_path / "cache")


@pytest.fixture
def kept(cache):
    """A cache with one evaluation."""
    cache.put(KEY, TINY, IMAGES, OUTCOME)
    return cache


def change(cache, edit):
    """Change the JSON of the evaluation."""
    path = cache.path(KEY)
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def ignored(cache, caplog, path=None):
    """Read by key and by listing; check and return the line that says which file is ignored."""
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert cache.get(KEY) is None
        assert list(cache.entries()) == []
    first, *rest = caplog.messages
    assert rest in ([first], [])
    assert str(path or cache.path(KEY)) in first
    assert first.endswith("it is ignored")
    assert "\n" not in first
    return first


NUMBER = st.floats(0, 1e9)
PERCENT = st.floats(0, 100)
EPOCH = st.builds(
    Epoch,
    valid_accuracy=PERCENT,
    valid_loss=NUMBER,
    train_loss=NUMBER,
    train_seconds=NUMBER,
    valid_seconds=NUMBER,
)
SCORES = st.builds(Scores, accuracy=PERCENT, precision=PERCENT, recall=PERCENT, f1=PERCENT)
FINISHED = st.builds(
    Outcome,
    epochs=st.tuples(EPOCH, EPOCH, EPOCH),
    test=SCORES,
    failure=st.just(""),
    parameters=NUMBER,
    flops=NUMBER,
    device=st.text(),
)
FAILED = st.builds(
    Outcome,
    epochs=st.lists(EPOCH, max_size=3).map(tuple),
    test=st.none(),
    failure=st.text(min_size=1),
    diverged=st.just(True),
    failed_seconds=NUMBER,
    parameters=NUMBER,
    flops=NUMBER,
    device=st.text(),
)


@given(outcome=FINISHED | FAILED, architecture=st.text(), seed=st.integers(0, 2**40))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_kept_comes_back(cache, caplog, outcome, architecture, seed):
    key = replace(KEY, architecture=architecture, seed=seed)
    cache.path(key).unlink(missing_ok=True)
    assert cache.put(key, TINY, IMAGES, outcome) == outcome
    assert EvaluationCache(cache.folder).get(key) == outcome
    entry = next(entry for entry in cache.entries() if entry.key == key)
    assert entry.outcome == outcome
    assert (entry.image_set, entry.image_title) == ("noise", "Noise")
    assert entry.recipe == json.loads(json.dumps(asdict(TINY)))
    assert caplog.messages == []


def test_what_is_not_there_is_not_known(cache, caplog):
    assert cache.get(KEY) is None
    assert list(cache.entries()) == []
    assert caplog.messages == []
    assert not cache.folder.exists()


def test_every_part_of_the_key_counts(kept):
    others = [
        replace(KEY, space="nasbench101"),
        replace(KEY, architecture="|none~0|+"),
        replace(KEY, recipe="0"),
        replace(KEY, epochs=2),
        replace(KEY, images="2f"),
        replace(KEY, seed=1),
        replace(KEY, network="3f"),
    ]
    assert [kept.get(other) for other in others] == [None] * 7
    assert len({kept.path(other) for other in [KEY, *others]}) == 8
    assert kept.checkpoint(KEY).parent == kept.path(KEY).parent
    kept.checkpoint(KEY).write_text("not an evaluation")
    assert len(list(kept.entries())) == 1


def test_the_file_is_one_that_people_can_read(kept):
    text = kept.path(KEY).read_text()
    content = json.loads(text)
    assert content["format_version"] == 1
    assert content["created_by"] == f"nasbench_lab {nasbench_lab.__version__}"
    assert content["key"] == asdict(KEY)
    assert content["outcome"]["epochs"][1]["valid_accuracy"] == 11.0
    assert text.endswith("}\n")
    assert [path.name for path in kept.path(KEY).parent.iterdir()] == [kept.path(KEY).name]


def test_the_same_evaluation_twice_is_the_first_for_both(kept):
    assert kept.put(KEY, TINY, IMAGES, replace(OUTCOME, device="another")) == OUTCOME
    (entry,) = kept.entries()
    assert entry.outcome == OUTCOME


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_torn_file_is_ignored(kept, caplog, share):
    path = kept.path(KEY)
    text = path.read_bytes().rstrip()
    path.write_bytes(text[: int(share * len(text))])
    ignored(kept, caplog)
    kept.put(KEY, TINY, IMAGES, OUTCOME)
    assert kept.get(KEY) == OUTCOME


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x01\x02",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b"1" * 5000,
        b"[" * 100_000,
        b'{"format_version": 1}',
        b'{"format_version": 1, "key": [], "outcome": []}',
        b"<html>not found</html>",
    ],
    ids=lambda content: repr(content[:20]),
)
def test_a_foreign_file_is_ignored(kept, caplog, content):
    kept.path(KEY).write_bytes(content)
    ignored(kept, caplog)


def test_a_folder_in_its_place_is_an_error(cache):
    cache.path(KEY).mkdir(parents=True)
    with pytest.raises(RefusedError, match="is a folder; a file is expected"):
        cache.get(KEY)


def test_another_version_is_ignored(kept, caplog):
    change(kept, lambda content: content.update(format_version=2))
    assert "its format version is 2, not 1" in ignored(kept, caplog)


@pytest.mark.parametrize("value", ["abc", "50", True, None, float("nan"), float("inf"), -1, 10**400, [], {}])
@pytest.mark.parametrize(
    "place",
    [
        ("epochs", 1, "valid_accuracy"),
        ("epochs", 0, "valid_loss"),
        ("epochs", 2, "train_loss"),
        ("epochs", 2, "train_seconds"),
        ("epochs", 2, "valid_seconds"),
        ("test", "accuracy"),
        ("test", "f1"),
        ("parameters",),
        ("flops",),
    ],
    ids=lambda place: str(place[-1]),
)
def test_what_is_no_number_is_ignored(kept, caplog, place, value):
    def edit(content):
        part = content["outcome"]
        for step in place[:-1]:
            part = part[step]
        part[place[-1]] = value

    change(kept, edit)
    ignored(kept, caplog)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda outcome: outcome["test"].update(accuracy=100.5), "<= 100.0 - at `$.outcome.test.accuracy`"),
        (
            lambda outcome: outcome["epochs"][0].update(valid_accuracy=101),
            "<= 100.0 - at `$.outcome.epochs[0].valid_accuracy`",
        ),
        (lambda outcome: outcome.update(failure=None), "Expected `str`, got `null` - at `$.outcome.failure`"),
        (lambda outcome: outcome.update(device=3), "Expected `str`, got `int` - at `$.outcome.device`"),
        (lambda outcome: outcome.update(epochs="abc"), ""),
        (lambda outcome: outcome.update(epochs=None), ""),
        (lambda outcome: outcome.update(test="abc"), ""),
        (lambda outcome: outcome.update(test=None), "it has 3 of 3 epochs"),
        (lambda outcome: outcome.update(failure="diverged", diverged=True), "it has 3 of 3 epochs"),
        (lambda outcome: outcome.update(failure="no operator"), "may have been the machine's fault"),
        (lambda outcome: outcome.update(diverged=1), "Expected `bool`, got `int` - at `$.outcome.diverged`"),
        (lambda outcome: outcome["epochs"].pop(), "it has 2 of 3 epochs"),
        (lambda outcome: outcome["epochs"].append(outcome["epochs"][0]), "it has 4 of 3 epochs"),
        (lambda outcome: outcome.pop("flops"), "flops"),
        (lambda outcome: outcome["epochs"][0].pop("train_loss"), "train_loss"),
    ],
)
def test_an_outcome_that_cannot_be_is_ignored(kept, caplog, edit, message):
    change(kept, lambda content: edit(content["outcome"]))
    assert message in ignored(kept, caplog)


@pytest.mark.parametrize(
    "edit",
    [
        lambda content: content["key"].update(seed=1),
        lambda content: content["key"].update(seed="0"),
        lambda content: content["key"].update(epochs=3.0),
        lambda content: content["key"].update(architecture="|none~0|+"),
        lambda content: content["key"].pop("images"),
        lambda content: content.update(key=None),
        lambda content: content.update(recipe=[]),
        lambda content: content["recipe"].pop("name"),
        lambda content: content.update(image_set=None),
    ],
)
def test_another_key_than_the_name_says_is_ignored(kept, caplog, edit):
    change(kept, edit)
    ignored(kept, caplog)


def test_a_copy_under_another_name_is_ignored(kept, caplog):
    other = kept.path(replace(KEY, seed=1))
    other.parent.mkdir(exist_ok=True)
    other.write_bytes(kept.path(KEY).read_bytes())
    with caplog.at_level(logging.WARNING):
        assert kept.get(replace(KEY, seed=1)) is None
        assert [entry.key for entry in kept.entries()] == [KEY]
    assert len(caplog.messages) == 2
    assert f"{other} cannot be read (it holds another evaluation than its name says)" in caplog.text


def test_a_file_that_is_too_large_is_ignored(kept, caplog, monkeypatch):
    path = kept.path(KEY)
    size = path.stat().st_size
    monkeypatch.setattr(json_files, "LARGEST", size)
    assert kept.get(KEY) == OUTCOME
    with path.open("ab") as file:
        file.write(b" ")
    assert f"it is larger than {size:,} bytes" in ignored(kept, caplog)


def test_the_longest_training_is_not_too_large(cache):
    key = replace(KEY, epochs=1000)
    outcome = made_outcome(1000, start=0.123456789012345 - 1)
    epochs = tuple(replace(epoch, valid_accuracy=100 / 3, valid_loss=1 / 3) for epoch in outcome.epochs)
    cache.put(key, TINY, IMAGES, replace(outcome, epochs=epochs, flops=1.0, test=OUTCOME.test))
    assert cache.path(key).stat().st_size < json_files.LARGEST / 2
    assert cache.get(key) is not None


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        EvaluationCache(tmp_path / "file").put(KEY, TINY, IMAGES, OUTCOME)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_an_error(cache):
    cache.folder.mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        cache.put(KEY, TINY, IMAGES, OUTCOME)


def test_an_evaluation_that_is_refused_is_neither_made_again_nor_replaced(kept, monkeypatch):
    """A training may have taken hours, and its file may be whole."""
    before = kept.path(KEY).read_bytes()
    opened = Path.open

    def refuse(path, mode="r", *arguments, **settings):
        if mode == "rb":
            raise OSError(errno.EIO, "Input/output error", str(path))
        return opened(path, mode, *arguments, **settings)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(RefusedError, match=r"cannot be read \(Input/output error\); check the disk"):
        kept.get(KEY)
    with pytest.raises(RefusedError, match="Input/output error"):
        kept.put(KEY, TINY, IMAGES, replace(OUTCOME, device="another"))
    monkeypatch.undo()
    assert kept.path(KEY).read_bytes() == before


def test_a_write_that_fails_leaves_what_was_there(kept, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        kept.put(KEY, TINY, IMAGES, replace(OUTCOME, device="another"))
    assert kept.get(KEY) == OUTCOME
    assert len(list(kept.path(KEY).parent.iterdir())) == 1


KEYS = [replace(KEY, seed=seed) for seed in range(40)]


def write_all(folder, writer, same_process_number):
    """Write every key with numbers that name the writer, so a mixture of two writers would show.

    Every writer must be told the outcome that is kept, whoever wrote it.
    """
    if same_process_number:
        os.getpid = lambda: 1  # as in two containers that share the folder
    cache = EvaluationCache(folder)
    for key in KEYS:
        outcome = replace(made_outcome(3, start=float(writer)), device="x" * 10**writer)
        assert cache.put(key, TINY, IMAGES, outcome) == cache.get(key)


@pytest.mark.parametrize("same_process_number", [False, True])
def test_many_processes_never_give_a_torn_file_and_agree(cache, caplog, same_process_number):
    context: Any = multiprocessing.get_context("spawn" if os.name == "nt" else "fork")
    writers = [
        context.Process(target=write_all, args=(cache.folder, writer, same_process_number))
        for writer in range(4)
    ]
    for writer in writers:
        writer.start()
    first: dict[Key, object] = {}
    with caplog.at_level(logging.WARNING):
        writing = True
        while writing:
            writing = any(writer.is_alive() for writer in writers)  # one more round after the last
            for key in KEYS:
                outcome = cache.get(key)
                if outcome is not None:
                    number = outcome.flops
                    assert outcome == replace(made_outcome(3, start=number), device="x" * 10 ** int(number))
                    assert first.setdefault(key, outcome) == outcome
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert len(first) == len(KEYS)
    assert caplog.messages == []
    assert len(list(cache.folder.rglob("*.*"))) == len(KEYS)
