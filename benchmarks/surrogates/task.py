"""A task answered from a surrogate."""

import math
from collections.abc import Mapping

import numpy as np

from nasbench_lab.benchmarks.surrogates.file import REPORTED, Surrogate, seconds_after, valid_accuracy_after
from nasbench_lab.errors import UsageError
from nasbench_lab.search.card import TaskCard, unit_of
from nasbench_lab.search.contract import VALID_ACCURACY, Evaluation, Metric
from nasbench_lab.search.run import OUTSIDE_OF_FIT
from nasbench_lab.search.task import TaskDefaults
from nasbench_lab.spaces import Architecture


class SurrogateTask(TaskDefaults):
    """Answers a search from a surrogate, for every architecture of its space.

    An answer for an architecture that lies outside of the fit has a source of its own: a value of one of its
    features occurs in none of the fitted rows, and the held-out quality says nothing about it.

    Args:
        surrogate: fitted on the data set to search.
        epochs: training epochs behind the accuracy that a search sees; None for the longest training.
        seed: `random` adds the predicted seed noise, drawn anew at each evaluation, if the surrogate knows
            it. With any other seed a search sees the predicted mean.

    Raises:
        UsageError: if the surrogate predicts no validation accuracy after this number of epochs.
    """

    lists_every_architecture = True
    optimum = None

    def __init__(self, surrogate: Surrogate, *, epochs: int | None = None, seed: str = "random") -> None:
        self.name = f"{surrogate.facts.table}/{surrogate.facts.data_set}"
        self.space = surrogate.space
        self.seed = seed
        self.epochs = epochs if epochs is not None else surrogate.epochs[-1]
        self.fidelities = surrogate.epochs
        self._surrogate = surrogate
        # Predicted once per process: the evaluation without noise, and the noise.
        self._known: dict[tuple[Architecture, int | None], tuple[Evaluation, float]] = {}
        self._check(self.epochs)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The accuracy alone."""
        return {VALID_ACCURACY: Metric("higher", unit_of(self._surrogate.facts.metric))}

    @property
    def charges_seconds(self) -> bool:
        """Whether the surrogate predicts seconds, because its table lists training times."""
        return seconds_after(self.epochs) in self._surrogate.predictors

    def evaluate(
        self, architecture: Architecture, epochs: int | None, rng: np.random.Generator
    ) -> Evaluation:
        """Predict the result of a training; raises `ValueError` if the architecture is not valid."""
        evaluation, noise = self._known.get((architecture, epochs)) or self._predict(architecture, epochs)
        if not noise:
            return evaluation
        drawn = evaluation.valid_accuracy + noise * rng.standard_normal()
        facts = self._surrogate.facts
        return evaluation._replace(valid_accuracy=min(max(drawn, facts.least), facts.most))

    def test_accuracy(self, architecture: Architecture) -> float:
        """The predicted value that is reported for an incumbent, in the metric's unit."""
        return float(self._surrogate.mean(REPORTED, self.space.features([architecture]))[0])

    @property
    def card(self) -> TaskCard:
        """The description of this task in figures and reports."""
        facts = self._surrogate.facts
        quantity = valid_accuracy_after(self.epochs)
        predictor = self._surrogate.predictors[quantity]
        noise = "the mean"
        if self.seed == "random":
            known = predictor.seed_variance is not None
            noise = "with seed noise drawn each time" if known else "the mean; the table shows no seed noise"
        by = f"as predicted by a surrogate ({facts.model} on {100 * facts.fraction:g} % of the table"
        metric = facts.metric.partition(" (")[0]

        def tau(name: str) -> str:
            quality = self._surrogate.predictors[name].quality
            larger = f"; {quality.larger_kendall_tau:.2f} on the larger half, predicted from the smaller"
            known = not math.isnan(quality.larger_kendall_tau)
            return f"held-out Kendall tau {quality.kendall_tau:.2f}{larger * known}"

        return TaskCard(
            name=self.name,
            title=facts.title,
            metric=facts.metric,
            searched=f"validation {metric} after {self.epochs} epochs {by}, {noise}, {tau(quantity)})",
            reported=f"{facts.reported} {by}, {tau(REPORTED)})",
            cost="simulated seconds" if self.charges_seconds else "evaluations",
            optimum=None,
            digest=self._surrogate.digest,
            citation=facts.citation,
            licence=facts.licence,
        )

    def _check(self, epochs: int) -> None:
        if epochs not in self._surrogate.epochs:
            raise UsageError(
                f"the surrogate of {self.name} predicts no validation accuracy after {epochs} epochs; it"
                f" predicts it after {', '.join(map(str, self._surrogate.epochs))}"
            )

    def _predict(self, architecture: Architecture, epochs: int | None) -> tuple[Evaluation, float]:
        if not self.space.is_valid(architecture):
            raise ValueError(f"{architecture!r} is not an architecture of {self.space.name}")
        after = self.epochs if epochs is None else epochs
        self._check(after)
        features = self.space.features([architecture])
        quantity = valid_accuracy_after(after)
        accuracy = float(self._surrogate.mean(quantity, features)[0])
        noise = float(self._surrogate.seed_noise(quantity, features)[0]) if self.seed == "random" else 0.0
        seconds = 0.0
        if seconds_after(after) in self._surrogate.predictors:
            seconds = float(self._surrogate.mean(seconds_after(after), features)[0])
        evaluation = Evaluation(
            valid_accuracy=accuracy,
            seconds=seconds,
            epochs=after,
            source=OUTSIDE_OF_FIT if self._surrogate.seen.outside(features)[0] else "surrogate",
            training=f"{after} epochs",
        )
        self._known[architecture, epochs] = evaluation, noise
        return evaluation, noise
