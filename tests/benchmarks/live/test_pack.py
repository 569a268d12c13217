import json
from dataclasses import replace

import numpy as np
import pytest

from nasbench_lab.benchmarks.live.pack import Protocol, describe, pack
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.benchmarks.training.recipes import find_recipe
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.spaces import find_space
from tests.live_training import TINY, made_entry, made_outcome
from tests.tables import present

SPACE = find_space("nasbench201")
# Canonical cells in the order of their indices. The entries below are in another order.
CELLS = sorted({SPACE.canonical(SPACE.architecture(index)) for index in (3, 500, 9000)}, key=SPACE.index)
FIRST, SECOND, THIRD = (SPACE.format(cell) for cell in CELLS)
ENTRIES = [
    made_entry(THIRD, 7, made_outcome(3, start=30.0)),
    made_entry(FIRST, 0, made_outcome(3, start=10.0)),
    made_entry(FIRST, 7, made_outcome(3, start=15.0)),
    made_entry(SECOND, 0, made_outcome(1, start=20.0, of=3)),
    made_entry(SECOND, 7, made_outcome(0, start=20.0, of=3)),
]


@pytest.fixture(scope="module")
def contents():
    return pack(ENTRIES, "mine", "My table")


def test_values_are_at_their_places(contents):
    (name, data_set), *others = contents.data_sets.items()
    assert (name, others, data_set.title, data_set.space) == ("noise", [], "Noise", "nasbench201")
    assert data_set.keys.tolist() == [SPACE.index(cell) for cell in CELLS]
    assert list(data_set.trainings) == [3]
    training = data_set.trainings[3]
    assert training.valid_accuracy.epochs == training.train_seconds.epochs == (1, 2, 3)
    assert training.valid_accuracy.seeds == training.test_accuracy.seeds == ("0", "7")
    nan = np.nan
    expected = np.array(
        [
            [[10, 15], [11, 16], [12, 17]],
            [[20, nan], [nan, nan], [nan, nan]],
            [[nan, 30], [nan, 31], [nan, 32]],
        ]
    )
    np.testing.assert_array_equal(training.valid_accuracy.values, expected)
    np.testing.assert_array_equal(
        training.train_seconds.values, np.where(np.isnan(expected), nan, [[[1.5], [3.0], [4.5]]])
    )
    np.testing.assert_array_equal(training.valid_seconds.values, np.where(np.isnan(expected), nan, 0.25))
    assert training.test_accuracy.epochs == (3,)
    np.testing.assert_array_equal(
        training.test_accuracy.values[:, 0], [[10.5, 15.5], [nan, nan], [nan, 30.5]]
    )
    np.testing.assert_array_equal(data_set.parameters, [0.125] * 3)
    assert data_set.flops[2] == 30.0


def test_the_order_of_the_entries_does_not_matter(contents):
    training, other = (
        made.data_sets["noise"].trainings[3] for made in (contents, pack(ENTRIES[::-1], "mine", "My table"))
    )
    np.testing.assert_array_equal(
        present(other.valid_accuracy).values, present(training.valid_accuracy).values
    )
    np.testing.assert_array_equal(present(other.test_accuracy).values, present(training.test_accuracy).values)


def test_the_table_is_written_and_answers_as_the_trainings_did(contents, tmp_path):
    write_table(contents, tmp_path / "mine.h5")
    table = Table(tmp_path / "mine.h5")
    assert (table.name, table.title, table.data_set_names) == ("mine", "My table", ("noise",))
    task = TabularTask(table, "noise", epochs=3, seed="mean")
    evaluation = task.evaluate(CELLS[0], 2, np.random.default_rng(0))
    assert (evaluation.valid_accuracy, evaluation.seconds) == (13.5, 6.5)
    assert task.test_accuracy(CELLS[0]) == 13.0
    assert table.provenance == describe(ENTRIES)


def test_the_table_says_where_it_is_from(contents):
    assert json.loads(contents.provenance["recipe"]) == {"name": "tiny"}
    assert contents.provenance["recipe digest"] == TINY.digest
    assert (contents.provenance["images"], contents.provenance["images digest"]) == ("noise", "0" * 64)
    assert contents.provenance["devices"] == "cpu (test)"
    other = made_entry(FIRST, 1, replace(made_outcome(3), device="cuda"))
    assert describe([*ENTRIES, other])["devices"] == "cpu (test); cuda"


OTHER = replace(TINY, name="other", learning_rate=0.1)
OTHERS = {
    "recipe": made_entry(FIRST, 0, made_outcome(3), OTHER),
    "images": made_entry(FIRST, 0, made_outcome(3), images="1" * 64),
    "space": made_entry("00000000", 0, made_outcome(3), space="nasbench_macro"),
}


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("recipe", "other (nasbench201), tiny (nasbench201)"),
        ("images", "tiny (nasbench201)"),
        ("space", "tiny (nasbench201), tiny (nasbench_macro)"),
    ],
)
def test_two_protocols_are_refused_in_one_line(what, found):
    with pytest.raises(TableError) as raised:
        pack([*ENTRIES, OTHERS[what]], "mine", "My table")
    assert str(raised.value) == (
        f"these trainings follow 2 protocols, which do not go into one table: {found}; choose one with"
        " --recipe, or pack a cache of one set of images"
    )


def test_one_recipe_of_two_is_chosen():
    both = [*ENTRIES, OTHERS["recipe"]]
    one, other = (pack(both, "mine", "", recipe).data_sets["noise"] for recipe in ("tiny", "other"))
    assert present(one.trainings[3].valid_accuracy).values.shape == (3, 3, 2)
    assert present(other.keys).tolist() == [SPACE.index(CELLS[0])]


def test_a_recipe_is_chosen_by_what_it_sets_not_by_how_it_is_written():
    texts = "cifar10-mini:channels=16,cells=1", "cifar10-mini:cells=1,channels=16"
    entries = [
        made_entry(cell, 0, made_outcome(4), find_recipe(text))
        for cell, text in zip((FIRST, SECOND), texts, strict=True)
    ]
    for text in texts:
        assert len(pack([*ENTRIES, *entries], "mine", "", text).data_sets["noise"]) == 2
    with pytest.raises(TableError, match="no finished training by the recipe cifar10-mini to"):
        pack(entries, "mine", "", "cifar10-mini")


def test_an_unknown_recipe_is_refused():
    with pytest.raises(TableError) as raised:
        pack(ENTRIES, "mine", "", "huge")
    assert str(raised.value) == "there is no finished training by the recipe huge to make a table of"


def test_nothing_makes_no_table():
    with pytest.raises(TableError) as raised:
        pack(iter([]), "mine", "")
    assert str(raised.value) == "there is no finished training to make a table of"


def test_what_is_no_architecture_is_refused():
    with pytest.raises(UsageError, match="bad~0"):
        pack([made_entry("|bad~0|", 0, made_outcome(3))], "mine", "")


def test_a_protocol_is_of_space_recipe_and_images():
    entry = ENTRIES[0]
    assert Protocol.of(entry) == Protocol("nasbench201", TINY.digest, "0" * 64)
    assert len({Protocol.of(other) for other in [entry, *OTHERS.values()]}) == 4
