"""Each rule of a task is kept by tasks of all kinds, and found broken where one breaks it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nasbench_lab.benchmarks.fallback import FallbackTask
from nasbench_lab.benchmarks.functions import FunctionTask
from nasbench_lab.benchmarks.library import open_table
from nasbench_lab.benchmarks.surrogates.file import read_surrogate, write_surrogate
from nasbench_lab.benchmarks.surrogates.fit import fit_surrogate
from nasbench_lab.benchmarks.surrogates.task import SurrogateTask
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.conformance import Landscape, check_task
from nasbench_lab.conformance.rules import check_rule
from nasbench_lab.conformance.tasks import TASK_RULES
from nasbench_lab.conformance.tasks.subject import Subject, answered_by
from nasbench_lab.errors import ConformanceError, UnlistedArchitecture
from nasbench_lab.search import Metric, Scores
from nasbench_lab.spaces import find_space
from tests.declared_spaces import DECLARED
from tests.tables import small_table, small_task

SPACE = find_space("nasbench201")
FIDELITIES = (1, 3, 9)
RULES = {rule.__name__: rule for rule in TASK_RULES}
MUTANTS: dict = {}


class Plain(Landscape):
    """A task with three fidelities, a score on request, and points."""

    def __init__(self) -> None:
        super().__init__(SPACE, fidelities=FIDELITIES)

    @property
    def metrics(self):
        return {**super().metrics, "proxy:sum": Metric("higher", on_request=True)}

    def score(self, architecture, metrics):
        if list(metrics) != ["proxy:sum"]:
            return super().score(architecture, metrics)
        return Scores({"proxy:sum": float(sum(architecture))}, 0.5, "table")

    def points(self, objectives):
        return np.array(
            [[self.test_accuracy(SPACE.architecture(index))] for index in range(0, SPACE.size, 100)]
        )


def breaks(rule, message):
    """Register a class as a task that breaks a rule, with a part of the message that says so."""

    def register(mutant):
        MUTANTS[mutant.__name__] = (rule, mutant, message)
        return mutant

    return register


def with_evaluation(name, message, **changes):
    """Register a task whose evaluations have other fields."""

    class Changed(Plain):
        def evaluate(self, architecture, epochs, rng):
            return super().evaluate(architecture, epochs, rng)._replace(**changes)

    Changed.__name__ = name
    breaks("evaluations_are_complete", message)(Changed)


@breaks("it_says_what_it_is", "name is 'landscape'; it is a text, `benchmark/data set`")
class NameWithoutDataSet(Plain):
    name = "landscape"


@breaks("it_says_what_it_is", r"fidelities are \(9, 1\); .* ascending")
class Descending(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.fidelities = (9, 1)


@breaks("it_says_what_it_is", r"epochs is 5, which is not one of the fidelities \(1, 3, 9\)")
class OtherEpochs(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.epochs = 5


@breaks("it_says_what_it_is", "charges_seconds is 'yes'; it is True or False")
class ChargesInWords(Plain):
    charges_seconds = "yes"  # type: ignore[assignment]


@breaks("it_says_what_it_is", "optimum is inf; it is a finite number or None")
class InfiniteOptimum(Plain):
    optimum = math.inf  # type: ignore[assignment]


@breaks("it_says_what_it_is", "metrics has valid_accuracy as None")
class NoAccuracy(Plain):
    @property
    def metrics(self):
        return {}


@breaks("it_says_what_it_is", "is a Metric for each name")
class MetricsInWords(Plain):
    @property
    def metrics(self):
        return {"valid_accuracy": "higher"}


@breaks("its_card_is_complete", "card.searched is ''; it is a text of one line")
class CardWithAGap(Plain):
    @property
    def card(self):
        return replace(super().card, searched="")


@breaks("its_card_is_complete", "card.name is 'other/name', but name is 'landscape/test'")
class CardOfAnother(Plain):
    @property
    def card(self):
        return replace(super().card, name="other/name")


@breaks("its_card_is_complete", "card.cost is 'evaluations'; as the task charges, it is 'simulated seconds'")
class CardOfOtherCost(Plain):
    @property
    def card(self):
        return replace(super().card, cost="evaluations")


@breaks("its_card_is_complete", "card.optimum is 7.0, but optimum is None")
class CardOfOtherOptimum(Plain):
    @property
    def card(self):
        return replace(super().card, optimum=7.0)


with_evaluation("NaNAccuracy", "valid_accuracy is nan; it is a finite number", valid_accuracy=math.nan)
with_evaluation("ArrayAccuracy", "valid_accuracy is array", valid_accuracy=np.ones(1))
with_evaluation("NegativeSeconds", "seconds is -1.0; it is a finite number from 0 up", seconds=-1.0)
with_evaluation("InfiniteSeconds", "seconds is inf", seconds=math.inf)
with_evaluation("EpochsInWords", "epochs is 'all'; expected 9", epochs="all")
with_evaluation("OtherSource", "source is 'web'; it is one of table, surrogate, live", source="web")
with_evaluation("FailedInNumbers", "failed is 0; it is True or False", failed=0)
with_evaluation("TrainingInNumbers", "training is 3; it is a text", training=3)
with_evaluation(
    "MoreTrainSeconds", "train_seconds is 100.0; it is a part of the 9.0 seconds", train_seconds=100.0
)
with_evaluation(
    "UndeclaredMetric", "the task does not declare the metric 'latency'", metrics={"latency": 1.0}
)
with_evaluation(
    "NaNMetric", "parameters is nan; it is a finite number, or left out", metrics={"parameters": math.nan}
)
with_evaluation("OpenMetrics", r"metrics can be changed; give Metrics\(", metrics={"parameters": 1.0})


@breaks("evaluations_are_complete", "it gave 50.0; expected an Evaluation")
class GivesANumber(Plain):
    def evaluate(self, architecture, epochs, rng):
        return 50.0


@breaks("evaluations_are_complete", "but the task charges none")
class ChargesAllTheSame(Plain):
    charges_seconds = False


@breaks("evaluations_are_complete", r"KeyError: 3 \(.*\.py:\d+\)")
class LacksAFidelity(Plain):
    def evaluate(self, architecture, epochs, rng):
        return super().evaluate(architecture, {None: 9, 1: 1, 9: 9}[epochs], rng)


@breaks("evaluations_follow_the_generator", r"with one seed, evaluate\(.*\) gave Evaluation")
class NoiseWithoutSeed(Plain):
    def evaluate(self, architecture, epochs, rng):
        noise = np.random.default_rng().normal()
        return super().evaluate(architecture, epochs, rng)._replace(valid_accuracy=50.0 + noise)


@breaks("preparing_draws_nothing", "prepare advanced the generator")
class DrawsAhead(Plain):
    def prepare(self, queries, rng):
        rng.random()


@breaks("longer_evaluations_cost_no_less", "costs 1.0 seconds after 1 epochs, but 0.5 after 3")
class CheaperWhenLonger(Plain):
    def evaluate(self, architecture, epochs, rng):
        evaluation = super().evaluate(architecture, epochs, rng)
        seconds = {1: 1.0, 3: 0.5, 9: 2.0}[evaluation.epochs]
        return evaluation._replace(seconds=seconds, train_seconds=0.0)


@breaks(
    "longer_evaluations_cost_no_less", "resumable, but .* has the training '1' after 1 epochs and '3' after 3"
)
class TrainingsOfTheirOwn(Plain):
    def evaluate(self, architecture, epochs, rng):
        evaluation = super().evaluate(architecture, epochs, rng)
        return evaluation._replace(training=str(evaluation.epochs))


@breaks("longer_evaluations_cost_no_less", "resumable, but training is empty")
class TrainingUnknown(Plain):
    def evaluate(self, architecture, epochs, rng):
        return super().evaluate(architecture, epochs, rng)._replace(training="")


@breaks(
    "what_it_does_not_have_is_refused", r"evaluate\(.*, 2, Generator.*gave Evaluation.*expected UsageError"
)
class AnyEpochs(Plain):
    def evaluate(self, architecture, epochs, rng):
        return super().evaluate(architecture, epochs if epochs in FIDELITIES else None, rng)


@breaks("what_it_does_not_have_is_refused", r"score\(.*, \['no such metric'\]\) gave Scores")
class AnyScore(Plain):
    def score(self, architecture, metrics):
        return Scores(dict.fromkeys(metrics, 0.0), 0.0, "table")


@breaks("what_it_does_not_have_is_refused", r"evaluate\(.*, None, Generator.* gave Evaluation")
class AnyArchitecture(Plain):
    def evaluate(self, architecture, epochs, rng):
        inside = architecture if SPACE.is_valid(architecture) else (0,) * 6
        return super().evaluate(inside, epochs, rng)


@breaks("metrics_on_request_are_answered", r"\['proxy:sum'\]\) is None; it is a finite number")
class ScoreOfAnotherName(Plain):
    def score(self, architecture, metrics):
        return super().score(architecture, metrics)._replace(values={"sum": 1.0})


@breaks("metrics_on_request_are_answered", "seconds are from 0 up, and the source is one of table")
class ScoreOfOtherSource(Plain):
    def score(self, architecture, metrics):
        return super().score(architecture, metrics)._replace(source="web")


@breaks("reported_accuracies_are_numbers", r"test_accuracy\(.*\) is inf; it is a finite number")
class InfiniteTest(Plain):
    def test_accuracy(self, architecture):
        return math.inf


@breaks("reported_accuracies_are_numbers", "no test accuracy of any of")
class NoTest(Plain):
    def test_accuracy(self, architecture):
        return math.nan


@breaks("reported_accuracies_are_numbers", r"no test accuracy of \(")
class UnlistedTest(Plain):
    def test_accuracy(self, architecture):
        raise UnlistedArchitecture("no such row")


@breaks("reported_accuracies_are_numbers", "above the optimum 1.0")
class LowOptimum(Plain):
    optimum = 1.0  # type: ignore[assignment]


@breaks("points_are_those_of_the_reported_accuracies", r"has shape \(3,\)")
class FlatPoints(Plain):
    def points(self, objectives):
        return np.ones(3)


@breaks("points_are_those_of_the_reported_accuracies", "is 50.0, but optimum is 100.0")
class OtherPoints(Plain):
    optimum = 100.0  # type: ignore[assignment]

    def points(self, objectives):
        return np.array([[50.0], [40.0]])


@breaks("its_shared_network_can_be_trained", r"gave the losses \[nan, nan\]")
class LossesWithoutNumber(Plain):
    def shared_network(self, seed):
        network = super().shared_network(seed)
        network.train = lambda paths: ([math.nan] * len(paths), 1.0)  # type: ignore[method-assign]
        return network


@breaks("its_shared_network_can_be_trained", "and -1.0 seconds")
class GivesTimeBack(Plain):
    def shared_network(self, seed):
        network = super().shared_network(seed)
        network.accuracy = lambda architecture: (50.0, -1.0)  # type: ignore[method-assign]
        return network


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_task_is_found(name):
    rule, mutant, message = MUTANTS[name]
    architectures = [(0, 1, 2, 3, 4, 0), (4, 4, 4, 4, 3, 1)]
    with pytest.raises(ConformanceError, match=message) as raised:
        check_rule(RULES[rule], "mine", Subject(mutant(), architectures))
    text = str(raised.value)
    assert text.startswith(f"mine breaks the rule '{rule.replace('_', ' ')}': ")
    assert len(text.splitlines()) == 1
    with pytest.raises(ConformanceError, match="breaks the rule"):
        check_task(mutant(), architectures)


def test_every_rule_is_broken_by_a_mutant():
    assert {rule for rule, _, _ in MUTANTS.values()} == set(RULES)


@pytest.mark.parametrize(
    "task", [Plain(), *map(Landscape, DECLARED.values())], ids=lambda task: task.space.name
)
def test_a_task_that_keeps_all_rules_passes(task):
    check_task(task)


def test_a_task_of_which_some_trainings_fail_passes():
    check_task(Landscape(SPACE, fails=lambda architecture: sum(architecture) % 2 == 0))


@pytest.mark.parametrize("seed", ["random", "mean"])
def test_the_embedded_table_passes(seed):
    check_task(TabularTask(open_table("cifar10-mini"), "cifar10", seed=seed))


class Rare(Plain):
    """A task that lists one architecture alone."""

    lists_every_architecture = False

    def evaluate(self, architecture, epochs, rng):
        if architecture != (1, 2, 3, 4, 0, 0) and SPACE.is_valid(architecture):
            raise UnlistedArchitecture("no such row")
        return super().evaluate(architecture, epochs, rng)


def test_a_task_that_lists_hardly_anything_needs_an_architecture():
    with pytest.raises(ConformanceError, match="lists none of 1,000 random architectures; give some that it"):
        check_task(Rare())
    check_task(Rare(), [(1, 2, 3, 4, 0, 0)])


def test_a_task_that_lists_less_than_it_says_is_found():
    class Claims(Rare):
        lists_every_architecture = True

    with pytest.raises(ConformanceError, match="it lists every architecture, but no such row"):
        check_task(Claims())


def test_architectures_are_drawn_the_same_each_time():
    assert answered_by(Plain()) == answered_by(Plain())
    assert len(set(answered_by(Plain()))) == 5


@pytest.mark.parametrize("epochs", [None, 12])
@pytest.mark.parametrize("seed", ["random", "mean", "a"])
def test_a_table_passes(tmp_path, seed, epochs):
    check_task(small_task(tmp_path, seed=seed, epochs=epochs))


def test_a_surrogate_passes_alone_and_behind_a_table(tmp_path):
    write_surrogate(
        fit_surrogate(small_table(tmp_path), "one", model="extra_trees", fraction=0.1), tmp_path / "one.h5"
    )
    surrogate = SurrogateTask(read_surrogate(tmp_path / "one.h5"))
    check_task(surrogate)
    check_task(FallbackTask(small_task(tmp_path), surrogate))


def test_an_evaluation_function_passes(tmp_path):
    def evaluate(architecture, epochs, rng):
        return 50.0 + sum(architecture) + epochs + rng.normal()

    space = next(iter(DECLARED.values()))
    check_task(FunctionTask(space, evaluate, epochs=(1, 3), seeds=2, cache=tmp_path))
