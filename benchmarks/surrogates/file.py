"""A surrogate in one HDF5 file: models of a table that also answer for unlisted architectures.

    /                        format_version, table, table_digest, data_set, title, space, metric, citation,
                             licence, reported, model, fraction, seed, rows_fitted, rows_held_out,
                             size, features_sha256, created_by, digest
    /seen/                   the arrays of `SeenValues`: the features of the rows it was fitted on
    /<quantity>/             the attributes of a `Quality`
        mean, spread, seed_variance
                             groups with the arrays of a `Forest`

The quantities are `reported` and, for the end of each training in the table, `valid_accuracy after E epochs`.
If the table has times, there is also `seconds after E epochs`. Nothing in the file is ever executed.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.formats.hdf5 import (
    DAMAGE,
    check_digest,
    created,
    digest_of,
    opened,
    read_array,
)
from nasbench_lab.benchmarks.surrogates.forest import Forest
from nasbench_lab.benchmarks.surrogates.seen import SeenValues
from nasbench_lab.benchmarks.tables.contents import LEAST, MOST
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.files import replacing
from nasbench_lab.spaces import SearchSpace, find_space
from nasbench_lab.version import __version__

FORMAT_VERSION = 2
REPORTED = "reported"
SEEN = "seen"


def valid_accuracy_after(epochs: int) -> str:
    """The name of the quantity: validation accuracy after `epochs`."""
    return f"valid_accuracy after {epochs} epochs"


def seconds_after(epochs: int) -> str:
    """The name of the quantity: seconds after `epochs`."""
    return f"seconds after {epochs} epochs"


@dataclass(frozen=True)
class Quality:
    """How well a quantity is predicted on the held-out rows, which the surrogate was not fitted on.

    These rows are drawn at random, and so lie among those that it was fitted on. Predictions of larger
    architectures are measured apart: the same model is fitted on the smaller half of all architectures, and
    predicts the larger half.

    Attributes:
        r2: coefficient of determination of the mean over seeds; 1 is perfect.
        kendall_tau: rank correlation (tau-b) with the mean over seeds; 1 is perfect.
        coverage: share of single values within the predicted 95 % interval, mean +- 1.96 spread.
        seed_coverage: share of pairs of seeds of one architecture that differ by no more than the bound that
            the predicted seed noise sets for 95 % of pairs. NaN if there is no `seed_variance`, or no row
            has two seeds.
        rows: number of held-out rows with a value.
        larger_r2, larger_kendall_tau: the same of the larger half, predicted from the smaller; NaN if the
            architectures cannot be parted into two halves.
    """

    r2: float
    kendall_tau: float
    coverage: float
    seed_coverage: float
    rows: int
    larger_r2: float
    larger_kendall_tau: float


@dataclass(frozen=True)
class Predictor:
    """The models of one quantity.

    Attributes:
        mean: over training seeds.
        spread: standard deviation of one unseen value around the predicted mean; it covers both the error
            of the prediction and the seed.
        seed_variance: variance of one training seed around the mean over seeds; None if too few rows of the
            table have two seeds.
        quality: on the held-out rows.
    """

    mean: Forest
    spread: Forest
    seed_variance: Forest | None
    quality: Quality


@dataclass(frozen=True, kw_only=True)
class SurrogateFacts:
    """The facts that a surrogate stores about itself.

    Attributes:
        table, table_digest, data_set: the source of the rows it was fitted on.
        title, space, metric, citation, licence: as in the table.
        reported: description of the quantity `reported`, as text.
        model: name of the model.
        fraction: share of the distinct architectures that it was fitted on.
        seed: of the draw of these architectures, and of the model.
        rows_fitted, rows_held_out: numbers of rows of the table.
        size: the measure by which architectures are smaller or larger, in words.
        least, most: range of the table's metric. A file without them predicts an accuracy in percent.
    """

    table: str
    table_digest: str
    data_set: str
    title: str
    space: str
    metric: str
    citation: str
    licence: str
    reported: str
    model: str
    fraction: float
    seed: int
    rows_fitted: int
    rows_held_out: int
    size: str
    least: float = LEAST
    most: float = MOST


class Surrogate:
    """Models of one data set of a table, by quantity.

    Attributes:
        facts: how it was fitted, and from which table.
        predictors: by name of the quantity.
        seen: the values of features among the fitted rows.
        path: the file it was read from, or None.
        digest: of that file's content, or empty.
    """

    def __init__(
        self,
        facts: SurrogateFacts,
        predictors: Mapping[str, Predictor],
        seen: SeenValues,
        path: Path | None = None,
        digest: str = "",
    ) -> None:
        self.facts = facts
        self.predictors = dict(sorted(predictors.items()))
        self.seen = seen
        self.path = path
        self.digest = digest

    @property
    def space(self) -> SearchSpace:
        """The search space that it answers for."""
        return find_space(self.facts.space)

    @cached_property
    def epochs(self) -> tuple[int, ...]:
        """The numbers of epochs after which it predicts validation accuracy, ascending."""
        known = (name.split() for name in self.predictors)
        return tuple(sorted(int(words[2]) for words in known if words[0] == "valid_accuracy"))

    def mean(self, quantity: str, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Predicted mean over seeds, in the metric's unit or seconds, shape `(n,)`.

        Args:
            quantity: its name.
            features: from `space.features`, shape `(n, k)`.
        """
        # One tree stays within the values it was fitted on; a sum of trees may slightly leave their range.
        seconds = quantity.startswith("seconds")
        least, most = (0.0, math.inf) if seconds else (self.facts.least, self.facts.most)
        return np.clip(self.predictors[quantity].mean.predict(features), least, most)

    def spread(self, quantity: str, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Standard deviation of one unseen value around the predicted mean, shape `(n,)`."""
        return self.predictors[quantity].spread.predict(features)

    def seed_noise(self, quantity: str, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Standard deviation of single training seeds, shape `(n,)`; 0 if it is unknown."""
        variance = self.predictors[quantity].seed_variance
        if variance is None:
            return np.zeros(len(features))
        return np.sqrt(np.maximum(variance.predict(features), 0.0))

    def verify(self) -> None:
        """Compare the content with the stored digest; raises `TableError` if they differ or reading fails."""
        if self.path is None:
            return
        check_digest(self.path, self.digest, partial(damaged, self.path))


def features_digest(space: SearchSpace) -> str:
    """SHA-256 of the features of some architectures; it changes if `SearchSpace.features` changes."""
    rng = np.random.default_rng(0)
    features = space.features([space.sample(rng) for _ in range(32)])
    return hashlib.sha256(repr(features.shape).encode() + features.astype("<f4").tobytes()).hexdigest()


def write_surrogate(surrogate: Surrogate, path: Path) -> None:
    """Write a surrogate; an existing file is replaced only once the new one is complete."""
    with replacing(path) as temporary, created(temporary) as file:
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["created_by"] = f"nasbench_lab {__version__}"
        file.attrs["features_sha256"] = features_digest(surrogate.space)
        for field in fields(SurrogateFacts):
            # As in a table, default values are left out.
            if getattr(surrogate.facts, field.name) != field.default:
                file.attrs[field.name] = getattr(surrogate.facts, field.name)
        for field in fields(SeenValues):
            file[f"{SEEN}/{field.name}"] = getattr(surrogate.seen, field.name)
        for name, predictor in surrogate.predictors.items():
            group = file.create_group(name)
            for field in fields(Quality):
                group.attrs[field.name] = getattr(predictor.quality, field.name)
            for part in ("mean", "spread", "seed_variance"):
                forest = getattr(predictor, part)
                if forest is not None:
                    write_forest(forest, group.create_group(part))
        file.attrs["digest"] = digest_of(file)


def read_surrogate(path: Path) -> Surrogate:
    """Read and check a surrogate; raises `TableError` if it is missing, damaged or of another version."""
    try:
        with opened(path) as file:
            version = file.attrs.get("format_version")
            if version != FORMAT_VERSION:
                raise TableError(
                    f"{path} has surrogate format version {version}; this version of nasbench_lab reads"
                    f" {FORMAT_VERSION}. Fit it again: {fit_command(path)}"
                )
            facts = SurrogateFacts(
                **{
                    field.name: _attribute(file.attrs, field.name, field.type)
                    for field in fields(SurrogateFacts)
                    if field.name in file.attrs or field.default is MISSING
                }
            )
            space = find_space(facts.space)
            if _attribute(file.attrs, "features_sha256", str) != features_digest(space):
                raise TableError(
                    f"{path} was fitted on other features of {space.name} than this version of nasbench_lab"
                    f" has; fit it again: {fit_command(path)}"
                )
            width = space.features([]).shape[1]
            predictors = {name: _read_predictor(group, width) for name, group in file.items() if name != SEEN}
            seen = SeenValues(
                **{field.name: read_array(file[SEEN][field.name]) for field in fields(SeenValues)}
            )
            seen.check(width)
            digest = _attribute(file.attrs, "digest", str)
            surrogate = Surrogate(facts, predictors, seen, path, digest)
            if REPORTED not in predictors or not surrogate.epochs:
                raise ValueError("it predicts no accuracy")
    except FileNotFoundError:
        raise TableError(f"there is no surrogate at {path}; fit it with: {fit_command(path)}") from None
    except TableError:
        raise
    except (*DAMAGE, UsageError) as error:
        raise damaged(path, error) from None
    return surrogate


def fit_command(path: Path) -> str:
    """The command that writes a surrogate to this path, which ends in `<table>/<data set>.h5`."""
    return f"python -m nasbench_lab.data fit {path.parent.name} --data-set {path.stem}"


def damaged(path: Path, reason: str | BaseException) -> TableError:
    """The error for a damaged file."""
    if isinstance(reason, BaseException):
        reason = f"{type(reason).__name__}: {reason}"
    return TableError(
        f"the surrogate {path} is damaged ({' '.join(reason.split())}); fit it again: {fit_command(path)}"
    )


def _attribute(attributes: Any, name: str, kind: Any) -> Any:
    value = attributes[name]
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, (float, int) if kind is float else kind):
        raise ValueError(f"attribute {name} is {value!r}")
    return value


def _read_predictor(group: h5py.Group, width: int) -> Predictor:
    quality = Quality(
        **{field.name: _attribute(group.attrs, field.name, field.type) for field in fields(Quality)}
    )
    mean, spread = (read_forest(group[name], width) for name in ("mean", "spread"))
    noise = read_forest(group["seed_variance"], width) if "seed_variance" in group else None
    return Predictor(mean, spread, noise, quality)


def write_forest(forest: Forest, group: h5py.Group) -> None:
    """Write the arrays of a forest into an empty group."""
    for field in fields(Forest):
        group[field.name] = getattr(forest, field.name)


def read_forest(group: h5py.Group, width: int) -> Forest:
    """Read a forest for features `(n, width)`; raises one of `hdf5.DAMAGE` if it is damaged."""
    arrays = {field.name: read_array(group[field.name]) for field in fields(Forest)}
    for name, kind in {"threshold": "f8", "value": "f8", "constant": "f8"}.items():
        arrays[name] = np.asarray(arrays[name])
        if arrays[name].dtype != np.dtype(kind):
            raise ValueError(f"{name} has type {arrays[name].dtype}")
    for name in ("feature", "left", "right", "roots"):
        if arrays[name].dtype != np.int32:
            raise ValueError(f"{name} has type {arrays[name].dtype}")
    forest = Forest(**arrays)
    forest.check(width)
    return forest
