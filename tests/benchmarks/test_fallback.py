from dataclasses import replace

import numpy as np
import pytest

from nasbench_lab.benchmarks.fallback import FallbackTask
from nasbench_lab.benchmarks.tables.contents import Training
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.errors import UnlistedArchitecture, UsageError
from nasbench_lab.report import cautions
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.contract import Evaluation, Metric, Query
from nasbench_lab.search.loop import search
from nasbench_lab.spaces import find_space
from tests import tables
from tests.tables import SIZE, measurement, small_contents, small_task

SPACE = find_space(tables.SPACE)
RNG = np.random.default_rng(0)
LISTED, UNLISTED = SPACE.architecture(2), SPACE.architecture(1)


class Second(TabularTask):
    """A stand-in for a surrogate: it has the whole table and answers as another source."""

    def evaluate(self, architecture, epochs, rng) -> Evaluation:
        return super().evaluate(architecture, epochs, rng)._replace(source="surrogate")

    @property
    def card(self):
        return replace(super().card, searched="a prediction", reported="a guess", digest="d" * 64)


def second(folder, **protocol):
    (folder / "second").mkdir(exist_ok=True)
    path = folder / "second" / "toy.h5"
    write_table(small_contents(), path)
    return Second(Table(path), "one", **protocol)


def partial(folder, *, test=None):
    """A task on the canonical cells of even index: 60 % in validation, `test` in the test."""
    canonical = sorted({SPACE.index(SPACE.canonical(SPACE.architecture(i))) for i in range(SIZE)})
    keys = np.array([key for key in canonical if key % 2 == 0])
    training = Training(
        valid_accuracy=measurement(np.full((len(keys), 1), 60.0), 200, ("a",)),
        test_accuracy=None if test is None else measurement(np.full((len(keys), 1), test), 200, ("a",)),
        train_seconds=measurement(np.full((len(keys), 1), 7.0), 200, ("mean",)),
    )
    return small_task(folder, keys=keys, trainings={200: training}, parameters=None)


def test_the_second_is_asked_only_for_what_the_first_does_not_list(tmp_path):
    first, other = partial(tmp_path, test=59.0), second(tmp_path, seed="mean")
    chain = FallbackTask(first, other)
    for _ in range(2):
        assert chain.evaluate(LISTED, None, RNG) == first.evaluate(LISTED, None, RNG)
        assert chain.evaluate(UNLISTED, None, RNG) == other.evaluate(UNLISTED, None, RNG)
    assert chain.evaluate(LISTED, None, RNG).source == "table"
    assert chain.evaluate(UNLISTED, None, RNG).source == "surrogate"
    assert chain.test_accuracy(LISTED) == 59.0
    assert chain.test_accuracy(UNLISTED) == other.test_accuracy(UNLISTED)
    assert chain.name == "toy/one"
    assert chain.charges_seconds


def test_a_listed_architecture_that_was_not_tested_is_answered_and_reported_by_the_second(tmp_path):
    other = second(tmp_path, seed="mean")
    chain = FallbackTask(partial(tmp_path, test=np.nan), other)
    assert chain.evaluate(LISTED, None, RNG) == other.evaluate(LISTED, None, RNG)
    assert chain.test_accuracy(LISTED) == other.test_accuracy(LISTED)


def test_an_architecture_that_neither_lists_is_unlisted(tmp_path):
    first = partial(tmp_path)
    with pytest.raises(UnlistedArchitecture, match="toy/one does not list"):
        FallbackTask(first, first).evaluate(UNLISTED, None, RNG)


def test_what_is_no_architecture_is_an_error_and_no_miss(tmp_path):
    chain = FallbackTask(partial(tmp_path), second(tmp_path))
    with pytest.raises(ValueError, match="is not an architecture of nasbench_macro"):
        chain.evaluate((9,) * 8, None, RNG)


def test_the_optimum_of_a_part_is_not_the_optimum(tmp_path):
    chain = FallbackTask(partial(tmp_path, test=59.0), second(tmp_path))
    assert chain.optimum is None
    assert chain.card.optimum is None
    assert chain.lists_every_architecture


def test_the_card_names_both_sources(tmp_path):
    first = partial(tmp_path, test=59.0)
    card = FallbackTask(first, second(tmp_path)).card
    assert (
        card.searched == "validation accuracy after 200 epochs (one training); where unlisted, a prediction"
    )
    assert card.reported == "test accuracy after 200 epochs (one training); where unlisted, a guess"
    assert card.digest == f"{first.card.digest}+{'d' * 64}"


def test_behind_a_whole_table_nothing_changes_but_the_digest(tmp_path):
    first = small_task(tmp_path)
    chain = FallbackTask(first, second(tmp_path))
    assert chain.optimum == first.optimum
    assert replace(chain.card, digest="") == replace(first.card, digest="")
    assert chain.card.digest.endswith("d" * 64)


def test_other_spaces_and_other_units_of_cost_are_refused(tmp_path):
    first = small_task(tmp_path)
    other = second(tmp_path)
    other.space = find_space("nasbench201")
    with pytest.raises(UsageError, match="its space is nasbench201, not nasbench_macro"):
        FallbackTask(first, other)
    trainings = small_contents().data_sets["one"].trainings
    (tmp_path / "free").mkdir()
    free = small_task(tmp_path / "free", trainings={200: replace(trainings[200], train_seconds=None)})
    with pytest.raises(UsageError, match="toy/one charges seconds and toy/one does not"):
        FallbackTask(first, free)


def climb(space, rng):
    while True:
        yield space.sample(rng)


def test_the_report_says_where_evaluations_and_incumbents_come_from(tmp_path):
    chain = FallbackTask(partial(tmp_path), second(tmp_path))
    runs = [search(climb, chain, Budget(evaluations=30), np.random.SeedSequence(seed)) for seed in range(4)]
    assert {int(each) for run in runs for each in run.source} == {0, 1}
    results = Results(
        name="r",
        protocol="",
        tasks=(chain.card,),
        algorithms=("climb",),
        settings={},
        runs={("toy/one", "climb"): Runs.of(runs)},
        specification={},
        environment={},
    )
    (sentence,) = cautions._mixed_sources(results, chain.card)
    share = 100 * np.mean([run.source == 0 for run in runs])
    assert f"evaluations come from different sources: {share:.1f} % table and" in sentence
    last = [run.source[np.flatnonzero(~np.isnan(run.test_accuracy))[-1]] for run in runs]
    assert f"ended with: {100 * np.mean(np.array(last) == 1):.1f} % surrogate" in sentence


def test_the_second_is_told_of_what_the_first_does_not_answer(tmp_path):
    told = []

    class Listening(Second):
        def prepare(self, queries, rng):
            told.append((queries, rng.random()))

    (tmp_path / "second").mkdir()
    write_table(small_contents(), tmp_path / "second" / "toy.h5")
    chain = FallbackTask(
        partial(tmp_path, test=59.0), Listening(Table(tmp_path / "second" / "toy.h5"), "one")
    )
    chain.prepare([Query(LISTED), Query(UNLISTED)], np.random.default_rng(5))
    assert told == [([Query(UNLISTED)], np.random.default_rng(5).random())]


def test_two_metrics_do_not_meet_in_one_chain(tmp_path):
    class Loss(Second):
        """A source of another metric: an accuracy that it cannot reach would be the best loss."""

        @property
        def card(self):
            return replace(super().card, metric="negative loss")

    other = second(tmp_path)
    other.__class__ = Loss
    with pytest.raises(UsageError, match=r"its metric is negative loss, not accuracy \(%\)"):
        FallbackTask(partial(tmp_path), other)


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (Metric("higher", "millions"), "in millions, higher is better, not in millions, lower is better"),
        (Metric("lower"), "without a unit, lower is better, not in millions, lower is better"),
    ],
)
def test_common_metrics_have_one_direction_and_one_unit(tmp_path, metric, said):
    class Other(Second):
        @property
        def metrics(self):
            return {**super().metrics, "parameters": metric}

    first, other = small_task(tmp_path), second(tmp_path)
    other.__class__ = Other
    with pytest.raises(UsageError, match=f"cannot answer for toy/one: its parameters is {said}"):
        FallbackTask(first, other)


@pytest.mark.parametrize("costly", [0, 1])
def test_a_metric_that_costs_seconds_in_one_of_two_sources_is_on_request(tmp_path, costly):
    class Other(Second):
        @property
        def metrics(self):
            return {**super().metrics, "parameters": Metric("lower", "millions", on_request=True)}

    first, other = small_task(tmp_path), second(tmp_path)
    (first, other)[costly].__class__ = Other
    chain = FallbackTask(first, other)
    assert chain.metrics["parameters"].on_request
    assert not chain.metrics["valid_accuracy"].on_request


def test_a_chain_has_the_epochs_that_both_have(tmp_path):
    first, other = partial(tmp_path, test=59.0), second(tmp_path)
    chain = FallbackTask(first, other)
    assert chain.epochs == first.epochs
    assert chain.fidelities == tuple(sorted(set(first.fidelities) & set(other.fidelities)))
