"""Fitting a surrogate to a table: models, their out-of-fold errors, and their quality on held-out rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.surrogates.file import (
    REPORTED,
    Predictor,
    Quality,
    Surrogate,
    SurrogateFacts,
    seconds_after,
    valid_accuracy_after,
)
from nasbench_lab.benchmarks.surrogates.forest import Forest, join
from nasbench_lab.benchmarks.surrogates.models import find_model, smooth
from nasbench_lab.benchmarks.surrogates.seen import SeenValues
from nasbench_lab.benchmarks.tables.contents import DataSet, Measurement, Training, mean_over_seeds
from nasbench_lab.benchmarks.tables.file import Table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import SearchSpace

FOLDS = 5
FEWEST = 50  # distinct architectures needed on either side
NORMAL_95 = 1.959964  # 95 % of a normal distribution lie within this many standard deviations

Model = Callable[[NDArray[np.float32], NDArray[np.float64], int], Forest]
Values = NDArray[np.float64]


def fit_surrogate(
    table: Table,
    data_set: str,
    *,
    model: str = "gradient_boosting",
    fraction: float = 0.8,
    seed: int = 0,
) -> Surrogate:
    """Fit a surrogate on a part of a table, and measure it on the rest.

    The model is an ensemble of five members. Each member is fitted without a fifth of the rows. Another
    model learns the spread from the errors on these fifths. Functionally equal architectures stay together:
    they are all fitted on or all held out. Once more, a model is fitted on the smaller half of all
    architectures and measured on the larger half, to tell how far it can be trusted beyond its fit.

    Args:
        table: an open table.
        data_set: one of its data sets.
        model: one of `nasbench_lab.benchmarks.surrogates.models.MODELS`.
        fraction: share of the distinct architectures to fit on, drawn at random; the others are held out.
        seed: of the draw and the models.

    Raises:
        UsageError: if the model or the data set is unknown, scikit-learn is not installed, the fraction is
            not between 0 and 1, the seed is negative, or too few architectures are left on either side.
    """
    learn = find_model(model)
    if not 0 < fraction < 1:
        raise UsageError(f"the fraction to fit on must be above 0 and below 1; received {fraction:g}")
    if seed < 0:
        raise UsageError(f"the seed must be 0 or more; received {seed}")
    task = TabularTask(table, data_set)
    data = table.data_set(data_set)
    rows = _Rows.split(data, fraction, seed)
    predictors = {
        quantity: _fit(learn, rows, values, f"{task.name}, {quantity}", seed)
        for quantity, values in _quantities(data, task.reported.astype(np.float64))
    }
    card = task.card
    facts = SurrogateFacts(
        table=table.name,
        table_digest=table.digest,
        data_set=data_set,
        title=card.title,
        space=data.space,
        metric=data.metric,
        citation=table.citation,
        licence=table.licence,
        reported=card.reported,
        model=model,
        fraction=float(fraction),
        seed=seed,
        rows_fitted=len(rows.fitted),
        rows_held_out=len(rows.held_out),
        size=_sizes(data)[1],
        least=data.least,
        most=data.most,
    )
    return Surrogate(facts, predictors, SeenValues.among(rows.features[rows.fitted]))


@dataclass(frozen=True)
class _Rows:
    """All rows of a table, split into those to fit on and those held out.

    Attributes:
        features: shape `(A, k)`.
        kind: the class of functionally equal architectures of each row, shape `(A,)`. The classes are
            numbered in random order.
        fitted, held_out: indices of rows.
        smaller: whether the class of each row belongs to the smaller half of the classes, shape `(A,)`.
    """

    features: NDArray[np.float32]
    kind: NDArray[np.int64]
    fitted: NDArray[np.int64]
    held_out: NDArray[np.int64]
    smaller: NDArray[np.bool_]

    @classmethod
    def split(cls, data: DataSet, fraction: float, seed: int) -> "_Rows":
        space = data.search_space
        indices = range(space.size) if data.keys is None else data.keys.tolist()
        architectures = [space.architecture(index) for index in indices]
        listed_once = data.keys is not None and not data.plain_keys
        distinct = np.arange(len(architectures)) if listed_once else _classes(space, architectures)
        order = np.random.default_rng(seed).permutation(distinct.max() + 1)
        kind = order[distinct]
        chosen = kind < round(fraction * len(order))
        size = _sizes(data)[0][np.unique(kind, return_index=True)[1]]
        return cls(
            space.features(architectures),
            kind,
            np.flatnonzero(chosen),
            np.flatnonzero(~chosen),
            (size <= np.median(size))[kind],
        )


def _sizes(data: DataSet) -> tuple[Values, str]:
    """The size of each row's architecture, shape `(A,)`, and its measure in words.

    It is what the table lists for every row: the parameters, or else the FLOPs. Otherwise it is the number of
    decisions of the canonical form that have another than their first choice, such as edges that are there.
    """
    for values, measure in ((data.parameters, "parameters"), (data.flops, "FLOPs")):
        if values is not None and not np.isnan(values).any():
            return values.astype(np.float64), measure
    space = data.search_space
    indices = range(space.size) if data.keys is None else data.keys.tolist()
    canonical = [space.canonical(space.architecture(index)) for index in indices]
    return np.count_nonzero(canonical, axis=1).astype(np.float64), "decisions other than the first choice"


def _classes(space: SearchSpace, architectures: list[tuple[int, ...]]) -> NDArray[np.int64]:
    """The class of functionally equal architectures of each row, numbered from 0 without gaps, `(A,)`."""
    keys = [space.index(space.canonical(architecture)) for architecture in architectures]
    classes: NDArray[np.int64] = np.unique(keys, return_inverse=True)[1]
    return classes


def _quantities(data: DataSet, reported: Values) -> Iterator[tuple[str, Values]]:
    """The quantities to predict, each with its values by row and seed, shape `(A, seeds)`."""
    for training in data.trainings.values():
        valid = training.valid_accuracy
        if valid is not None:
            epochs = valid.epochs[-1]
            yield valid_accuracy_after(epochs), valid.values[:, -1, :].astype(np.float64)
            seconds = _seconds(training, epochs)
            if seconds is not None:
                yield seconds_after(epochs), seconds
    yield REPORTED, reported[:, None]


def _seconds(training: Training, epochs: int) -> Values | None:
    """Mean seconds over seeds of one evaluation: the training and one validation pass, shape `(A, 1)`."""
    parts = [
        mean_over_seeds(measured.values[:, measured.epochs.index(epochs), :])
        for measured in (training.train_seconds, training.valid_seconds)
        if isinstance(measured, Measurement) and epochs in measured.epochs
    ]
    return np.sum(parts, axis=0)[:, None] if parts else None


def _fit(learn: Model, rows: _Rows, values: Values, what: str, seed: int) -> Predictor:
    """The models of one quantity, from values of shape `(A, seeds)`; missing values are NaN."""
    means = mean_over_seeds(values)
    fitted, held_out = (part[~np.isnan(means[part])] for part in (rows.fitted, rows.held_out))
    for part, side in ((fitted, "to fit on"), (held_out, "held out")):
        count = len(np.unique(rows.kind[part]))
        if count < FEWEST:
            raise UsageError(
                f"{what}: {count} distinct architectures with a value are {side}; {FEWEST} or more are"
                " needed. Choose another fraction or a larger table."
            )
    fold = rows.kind[fitted] % FOLDS
    features = rows.features[fitted]
    members = [
        learn(features[fold != each], means[fitted[fold != each]], seed + each) for each in range(FOLDS)
    ]
    mean = join(members, 1 / FOLDS)
    unseen = np.empty(len(fitted))
    for each, member in enumerate(members):
        unseen[fold == each] = member.predict(features[fold == each])
    once = np.unique(rows.kind[fitted], return_index=True)[1]
    return _measured(
        mean,
        # Use each distinct architecture once: many equals of a single one say little about the others.
        _spread(features[once], fold[once], np.abs(values[fitted] - unseen[:, None])[once], seed),
        _seed_variance(features, values[fitted], seed),
        rows.features[held_out],
        values[held_out],
        _of_the_larger(learn, rows, means, seed),
    )


def _of_the_larger(learn: Model, rows: _Rows, means: Values, seed: int) -> tuple[float, float]:
    """R2 and Kendall tau on the larger half of the architectures, by a model of the smaller half."""
    present = ~np.isnan(means)
    smaller, larger = np.flatnonzero(present & rows.smaller), np.flatnonzero(present & ~rows.smaller)
    if min(len(np.unique(rows.kind[part])) for part in (smaller, larger)) < FEWEST:
        return np.nan, np.nan
    model = learn(rows.features[smaller], means[smaller], seed)
    return _agreement(means[larger], model.predict(rows.features[larger]))


def _agreement(truth: Values, predicted: Values) -> tuple[float, float]:
    """R2 and Kendall tau of predictions, shape `(n,)`; NaN if they are not defined."""
    from scipy.stats import kendalltau

    scatter = ((truth - truth.mean()) ** 2).sum()
    varies = scatter > 0 and np.ptp(predicted) > 0
    r2 = float(1 - ((truth - predicted) ** 2).sum() / scatter) if scatter > 0 else np.nan
    return r2, float(kendalltau(predicted, truth).statistic) if varies else np.nan


def _spread(features: NDArray[np.float32], fold: NDArray[np.int64], errors: Values, seed: int) -> Forest:
    """A model of the standard deviation that makes the 95 % interval hold 95 % of errors `(A, seeds)`."""
    typical = mean_over_seeds(errors)
    # A floor: if nearly all errors are zero, the ratio of a larger one to its prediction has no bound.
    least = 0.1 * typical.mean()

    def model(rows: NDArray[np.bool_]) -> Forest:
        forest = smooth(features[rows], typical[rows], seed)
        return replace(forest, constant=forest.constant + least)

    expected = np.empty(len(errors))
    for each in range(FOLDS):
        inside = fold == each
        expected[inside] = model(~inside).predict(features[inside])
    ratios = errors / np.maximum(expected, np.finfo(np.float32).tiny)[:, None]
    return join([model(np.full(len(errors), True))], float(np.nanquantile(ratios, 0.95)) / NORMAL_95)


def _seed_variance(features: NDArray[np.float32], values: Values, seed: int) -> Forest | None:
    """A model of the variance of single seeds; None if fewer than `FEWEST` rows have two seeds."""
    counts = (~np.isnan(values)).sum(axis=1)
    several = counts >= 2
    if several.sum() < FEWEST:
        return None
    squares = (values[several] - mean_over_seeds(values[several])[:, None]) ** 2
    return smooth(features[several], np.nansum(squares, axis=1) / (counts[several] - 1), seed)


def _measured(
    mean: Forest,
    spread: Forest,
    seed_variance: Forest | None,
    features: NDArray[np.float32],
    values: Values,
    larger: tuple[float, float],
) -> Predictor:
    """A predictor with its quality on held-out rows, from values of shape `(A, seeds)`."""
    truth, predicted = mean_over_seeds(values), mean.predict(features)
    r2, kendall_tau = _agreement(truth, predicted)
    present = ~np.isnan(values)
    # A quantity that never varies has no spread and is predicted up to rounding: allow for the rounding.
    most = NORMAL_95 * spread.predict(features) + 1e-9 * np.abs(predicted)
    inside = np.abs(values - predicted[:, None]) <= most[:, None]
    quality = Quality(
        r2=r2,
        kendall_tau=kendall_tau,
        coverage=float(inside[present].mean()),
        seed_coverage=_seed_coverage(seed_variance, features, values),
        rows=len(truth),
        larger_r2=larger[0],
        larger_kendall_tau=larger[1],
    )
    return Predictor(mean, spread, seed_variance, quality)


def _seed_coverage(seed_variance: Forest | None, features: NDArray[np.float32], values: Values) -> float:
    """Share of pairs of seeds within the bound that the noise sets for 95 % of pairs; NaN if unknown."""
    if seed_variance is None:
        return np.nan
    # The difference of two seeds has twice the variance of one.
    most = NORMAL_95 * np.sqrt(2 * np.maximum(seed_variance.predict(features), 0.0))
    first, second = np.triu_indices(values.shape[1], 1)
    differences = np.abs(values[:, first] - values[:, second])
    present = ~np.isnan(differences)
    return float((differences <= most[:, None])[present].mean()) if present.any() else np.nan
