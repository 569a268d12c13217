from dataclasses import replace

import numpy as np
import pytest

from nasbench_lab.benchmarks.tables.contents import Measurement, Training
from nasbench_lab.errors import UnlistedArchitecture, UsageError
from nasbench_lab.spaces import find_space
from tests import tables
from tests.tables import SIZE, measurement, small_contents, small_task

RNG = np.random.default_rng(0)
SPACE = find_space(tables.SPACE)
EVEN, ODD = SPACE.architecture(4), SPACE.architecture(5)


def listed(epochs, quantity="valid_accuracy"):
    return getattr(small_contents().data_sets["one"].trainings[epochs], quantity).values[:, 0, :]


def answers(task, architecture, epochs=None, times=50):
    return {task.evaluate(architecture, epochs, RNG) for _ in range(times)}


def test_answers_with_the_longest_training_and_a_random_seed(tmp_path):
    task = small_task(tmp_path)
    seen = answers(task, ODD)
    assert {evaluation.valid_accuracy for evaluation in seen} == set(listed(200)[5])
    assert {evaluation.epochs for evaluation in seen} == {200}
    assert {evaluation.source for evaluation in seen} == {"table"}
    assert {evaluation.seconds for evaluation in seen} == {listed(200, "train_seconds")[5, 0]}


def test_a_missing_seed_is_passed_over_never_imputed(tmp_path):
    (evaluation,) = answers(small_task(tmp_path), EVEN)
    assert evaluation.valid_accuracy == listed(200)[4, 0]
    (evaluation,) = answers(small_task(tmp_path, seed="mean"), EVEN)
    assert evaluation.valid_accuracy == listed(200)[4, 0]


def test_the_mean_and_a_fixed_seed(tmp_path):
    (evaluation,) = answers(small_task(tmp_path, seed="mean"), ODD)
    assert evaluation.valid_accuracy == pytest.approx(listed(200)[5].mean())
    (evaluation,) = answers(small_task(tmp_path, seed="a"), ODD)
    assert evaluation.valid_accuracy == listed(200)[5, 0]


@pytest.mark.parametrize("labels", [("a", "c"), ("b", "c")])
def test_a_seed_that_another_fidelity_lacks_is_named_never_replaced(tmp_path, labels):
    trainings = dict(small_contents().data_sets["one"].trainings)
    accuracies = np.tile([[np.nan, 30.0]], (SIZE, 1))
    trainings[12] = replace(trainings[12], valid_accuracy=measurement(accuracies, 12, labels))
    task = small_task(tmp_path, seed="a", trainings=trainings)
    with pytest.raises(UnlistedArchitecture, match=r"lists no evaluation after 12 epochs \(seed a\) of 0"):
        task.evaluate(ODD, 12, RNG)


def test_the_short_training_is_another_training_with_its_own_cost(tmp_path):
    task = small_task(tmp_path, epochs=12)
    evaluation = task.evaluate(ODD, None, RNG)
    assert evaluation.valid_accuracy in listed(12)[5]
    assert evaluation.seconds == listed(12, "train_seconds")[5, 0]
    assert evaluation.epochs == 12


def test_an_algorithm_may_ask_for_another_fidelity(tmp_path):
    task = small_task(tmp_path)
    assert task.evaluate(ODD, 12, RNG).valid_accuracy in listed(12)[5]
    with pytest.raises(UsageError, match="lists no validation accuracy after 5 epochs; it lists 12, 200"):
        task.evaluate(ODD, 5, RNG)


def with_curves(**task):
    """Trainings of 4 epochs (30 %), 12 (10, 20 % after 4, 12) and 200 (40, 50, 60 % after 4, 6, 200)."""

    def curve(epochs, levels):
        values = np.tile(np.array(levels)[None, :, None], (SIZE, 1, 1))
        return Measurement(values, epochs, ("a",))

    long = Training(valid_accuracy=curve((4, 6, 200), (40.0, 50.0, 60.0)))
    short = Training(valid_accuracy=curve((4, 12), (10.0, 20.0)))
    shortest = Training(valid_accuracy=curve((4,), (30.0,)))
    return {"trainings": {4: shortest, 12: short, 200: long}, **task}


@pytest.mark.parametrize(
    ("own", "asked", "accuracy"),
    [
        (12, 4, 10),
        (12, 6, 50),
        (12, 12, 20),
        (12, 200, 60),
        (None, 4, 30),
        (None, 12, 20),
        (6, 4, 30),
        (None, 6, 50),
    ],
)
def test_another_fidelity_is_read_off_the_tasks_own_training_before_the_longest(
    tmp_path, own, asked, accuracy
):
    task = small_task(tmp_path, **with_curves(epochs=own))
    evaluation = task.evaluate(ODD, asked, RNG)
    assert (evaluation.valid_accuracy, evaluation.epochs) == (accuracy, asked)


def test_a_fidelity_that_no_training_has_is_named_with_all_there_are(tmp_path):
    with pytest.raises(UsageError, match="after 5 epochs; it lists 4, 6, 12, 200"):
        small_task(tmp_path, **with_curves(epochs=12)).evaluate(ODD, 5, RNG)


def test_the_test_accuracy_is_the_mean_over_seeds_of_the_longest_training(tmp_path):
    task = small_task(tmp_path, epochs=12)
    assert task.test_accuracy(ODD) == pytest.approx(listed(200, "test_accuracy")[5].mean())
    assert task.optimum == pytest.approx(listed(200, "test_accuracy").mean(axis=1).max())


def without(quantity, row):
    """The trainings; the longest one has no value of `quantity` in this row."""
    trainings = dict(small_contents().data_sets["one"].trainings)
    values = getattr(trainings[200], quantity).values.copy()
    values[row] = np.nan
    changed = replace(getattr(trainings[200], quantity), values=values)
    return {"trainings": {**trainings, 200: replace(trainings[200], **{quantity: changed})}}


def test_a_test_accuracy_that_is_missing_is_named_never_imputed(tmp_path):
    task = small_task(tmp_path, **without("test_accuracy", 5))
    assert not task.lists_every_architecture
    assert not np.isnan(task.test_accuracy(EVEN))
    message = "toy/one lists no test accuracy after 200 epochs of 00000012: its row has no value for it yet"
    with pytest.raises(UnlistedArchitecture, match=message):
        task.test_accuracy(ODD)
    # A search gets the error at once, not at its end.
    for epochs in (None, 12):
        with pytest.raises(UnlistedArchitecture, match=message):
            task.evaluate(ODD, epochs, RNG)


def test_an_architecture_whose_row_has_no_value_is_not_said_to_have_no_row(tmp_path):
    task = small_task(tmp_path, seed="mean", **without("valid_accuracy", 5))
    with pytest.raises(
        UnlistedArchitecture,
        match=r"lists no evaluation after 200 epochs \(seed mean\) of 00000012: its row has no value",
    ):
        task.evaluate(ODD, None, RNG)


def test_without_test_accuracy_validation_is_reported_and_named(tmp_path):
    trainings = small_contents().data_sets["one"].trainings
    task = small_task(
        tmp_path, trainings={length: replace(each, test_accuracy=None) for length, each in trainings.items()}
    )
    assert task.card.reported == "validation accuracy after 200 epochs (mean over the training seeds)"
    assert task.test_accuracy(EVEN) == listed(200)[4, 0]


def test_without_validation_accuracy_there_is_nothing_to_search(tmp_path):
    only_test = Training(test_accuracy=measurement(np.full((SIZE, 1), 50.0), 30, ("mean",)))
    with pytest.raises(
        UsageError, match="test accuracy is never shown to a search, so it cannot be searched"
    ):
        small_task(tmp_path, trainings={30: only_test})


def test_without_times_nothing_is_charged(tmp_path):
    trainings = small_contents().data_sets["one"].trainings
    task = small_task(tmp_path, trainings={200: replace(trainings[200], train_seconds=None)})
    assert not task.charges_seconds
    assert task.evaluate(ODD, None, RNG).seconds == 0
    assert task.card.cost == "evaluations"


@pytest.mark.parametrize("quantity", ["train_seconds", "valid_seconds"])
def test_an_epoch_without_its_time_is_refused_not_charged_too_little(tmp_path, quantity):
    curves = with_curves(epochs=12)
    times = measurement(np.ones((SIZE, 1)), 12, ("a",))
    curves["trainings"][12] = replace(curves["trainings"][12], **{quantity: times})
    task = small_task(tmp_path, **curves)
    assert task.evaluate(ODD, None, RNG).seconds == 1
    message = f"toy/one lists no {quantity} after 4 epochs, .* is unknown; it lists them after 12"
    with pytest.raises(UsageError, match=message):
        task.evaluate(ODD, 4, RNG)
    # If the task itself uses this fidelity, opening it already fails.
    with pytest.raises(UsageError, match=message):
        small_task(tmp_path, trainings={12: curves["trainings"][12]}, epochs=4)


def test_one_validation_pass_is_part_of_the_cost(tmp_path):
    trainings = small_contents().data_sets["one"].trainings
    passes = measurement(np.tile([[1.0, 2.0]], (SIZE, 1)), 12, ("a", "b"))
    shorter = {12: replace(trainings[12], valid_seconds=passes)}
    for seed, seconds in (("a", 1.0), ("b", 2.0)):
        evaluation = small_task(tmp_path, trainings=shorter, seed=seed).evaluate(ODD, None, RNG)
        assert evaluation.seconds == listed(12, "train_seconds")[5, 0] + seconds


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        ({"epochs": 7}, "lists no validation accuracy after 7 epochs; it lists 12, 200"),
        ({"seed": "c"}, "has no training seed 'c'; it has a, b, 'random' and 'mean'"),
        ({"seed": "b"}, "training seed b of toy/one is missing for 3,281 of 6,561 architectures"),
    ],
)
def test_says_what_a_protocol_cannot_have(tmp_path, protocol, message):
    with pytest.raises(UsageError, match=message):
        small_task(tmp_path, **protocol)


def test_an_unlisted_architecture_is_named(tmp_path):
    canonical = {SPACE.index(SPACE.canonical(SPACE.architecture(i))) for i in range(SIZE)}
    keys = np.array(sorted(key for key in canonical if key % 2 == 0))
    values = measurement(np.full((len(keys), 1), 60.0), 200, ("a",))
    task = small_task(tmp_path, keys=keys, trainings={200: Training(valid_accuracy=values)}, parameters=None)
    assert task.evaluate(EVEN, None, RNG).valid_accuracy == 60
    with pytest.raises(UnlistedArchitecture, match="toy/one does not list 00000012"):
        task.evaluate(ODD, None, RNG)
    with pytest.raises(UnlistedArchitecture):
        task.test_accuracy(ODD)
    assert task.rows(np.array([EVEN, ODD])).tolist() == [keys.tolist().index(4), -1]


def test_an_architecture_that_is_none_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="is not an architecture of nasbench_macro"):
        small_task(tmp_path).evaluate((9,) * 8, None, RNG)


def test_batches_agree_with_single_lookups(tmp_path):
    task = small_task(tmp_path, epochs=12)
    architectures = np.array([SPACE.sample(RNG) for _ in range(100)])
    batch = task.valid_accuracies(task.rows(architectures))
    for architecture, accuracies in zip(architectures.tolist(), batch, strict=True):
        seen = {evaluation.valid_accuracy for evaluation in answers(task, tuple(architecture))}
        assert seen <= set(accuracies)


def test_the_card_says_what_was_seen_and_what_is_reported(tmp_path):
    card = small_task(tmp_path, epochs=12).card
    assert card.title == "Toy benchmark, Toy data"
    assert card.searched == (
        "validation accuracy after 12 epochs (one of 2 training seeds, drawn at random each time)"
    )
    assert card.reported == "test accuracy after 200 epochs (mean over the training seeds)"
    assert card.cost == "simulated seconds"
    assert small_task(tmp_path, seed="mean").card.searched.endswith("(mean over up to 2 training seeds)")
    assert small_task(tmp_path, seed="a").card.searched.endswith("(the training with seed a)")


def failing(folder, *, least=0.0, most=100.0, seed="random", both=False):
    """A task whose training of ODD failed with seed b, and with seed a too if `both`."""
    values = np.full((SIZE, 2), (least + most) / 2 if np.isfinite(least) else most - 1.0)
    failed = np.zeros((SIZE, 1, 2), dtype=bool)
    failed[5, 0, 1] = True
    failed[5, 0, 0] = both
    tested = values.copy()
    values[failed[:, 0]] = np.nan
    tested[5] = np.nan if both else tested[5]
    training = Training(
        valid_accuracy=replace(measurement(values, 10, ("a", "b")), failed=failed),
        test_accuracy=measurement(tested, 10, ("a", "b")),
        train_seconds=measurement(np.full((SIZE, 2), 7.0), 10, ("a", "b")),
    )
    return small_task(folder, trainings={10: training}, seed=seed, least=least, most=most, metric="score")


def test_a_failed_training_is_an_evaluation_that_failed_and_costs_its_seconds(tmp_path):
    seen = answers(failing(tmp_path), ODD)
    assert {(evaluation.failed, evaluation.valid_accuracy, evaluation.seconds) for evaluation in seen} == {
        (False, 50.0, 7.0),
        (True, 0.0, 7.0),
    }
    task = failing(tmp_path, both=True)
    assert all(evaluation.failed for evaluation in answers(task, ODD))
    assert task.lists_every_architecture


def test_a_failure_is_never_the_best_of_a_negative_loss(tmp_path):
    for least in (-10.0, -np.inf):
        task = failing(tmp_path, least=least, most=0.0, both=True)
        failures, good = answers(task, ODD), answers(task, EVEN)
        assert all(evaluation.failed for evaluation in failures)
        best = max(evaluation.valid_accuracy for evaluation in failures)
        assert best <= min(evaluation.valid_accuracy for evaluation in good) < 0


def test_a_mean_of_trainings_fails_with_any_of_them(tmp_path):
    (evaluation,) = answers(failing(tmp_path, seed="mean"), ODD)
    assert (evaluation.failed, evaluation.valid_accuracy, evaluation.seconds) == (True, 0.0, 14.0)


def test_a_seed_with_failed_trainings_is_whole(tmp_path):
    (evaluation,) = answers(failing(tmp_path, seed="b"), ODD)
    assert evaluation.failed
