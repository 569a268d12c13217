"""The TOML file that describes your own table; `own_table` has an example."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from msgspec import Meta

from nasbench_lab.benchmarks.formats.limits import read_limited
from nasbench_lab.benchmarks.formats.text import decoded
from nasbench_lab.benchmarks.tables.contents import LEAST, MOST, FloatArray
from nasbench_lab.benchmarks.tables.own_file import ADVICE, on_one_line
from nasbench_lab.errors import TableError, UsageError, unknown_name
from nasbench_lab.search.contract import SHARED_ACCURACY, VALID_ACCURACY, Metric
from nasbench_lab.settings import from_mapping
from nasbench_lab.spaces import SearchSpace, find_space
from nasbench_lab.spaces.declared import DecisionSettings, DeclaredSpace, space_from_settings

MOST_SCHEMA_BYTES = 2**20
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
METRIC_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
ACCURACY = {"percent": 1.0, "fraction": 100.0, "metric": 1.0}
TIME = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0}
COUNT = {"count": 1e-6, "thousands": 1e-3, "millions": 1.0}
# By quantity: the value of each unit in the table's own unit.
UNITS: dict[str, dict[str, float]] = {
    "valid_accuracy": ACCURACY,
    "test_accuracy": ACCURACY,
    "train_seconds": TIME,
    "valid_seconds": TIME,
    "parameters": COUNT,
    "flops": COUNT,
    "latency": {"seconds": 1000.0, "milliseconds": 1.0},
    "energy": {"joules": 1000.0, "millijoules": 1.0},
}
QUOTES = (
    "a name with anything but letters, digits, '_' and '-' is written in quotes, such as"
    ' "acc.top1 (%)" = { ... }, and one with a double quote in single quotes'
)
MEASURED = ("valid_accuracy", "test_accuracy", "train_seconds", "valid_seconds")
ON_DEVICE = ("latency", "energy")
ACCURACIES = ("valid_accuracy", "test_accuracy")
METRIC = "metric"
# The settings that a column of each quantity needs, and those that it may have.
NEEDED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(MEASURED, ("unit", "epochs", "seed")),
    **dict.fromkeys(("parameters", "flops"), ("unit",)),
    **dict.fromkeys(ON_DEVICE, ("unit", "device")),
    METRIC: ("name", "direction"),
}
POSSIBLE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(MEASURED, ("training",)),
    **dict.fromkeys(ACCURACIES, ("training", "small")),
    METRIC: ("unit", "seconds", "seconds_column"),
}
# Names of metrics that have a quantity of their own, or another meaning for a search.
TAKEN = {VALID_ACCURACY, SHARED_ACCURACY, "accuracy", "parameters", "flops", "seconds", "epochs", *ON_DEVICE}

Epochs = Annotated[int, Meta(ge=0, le=2**31 - 1)]


@dataclass(frozen=True, kw_only=True)
class Column:
    """The settings of one column.

    Attributes:
        quantity, unit: of `UNITS`; the unit of a `metric` is any text, or none.
        epochs: the epoch after which the values were recorded.
        training: all epochs of that training; `epochs` if it is not given.
        seed: the label of the training seed.
        device: on which a latency or an energy was measured.
        name, direction: of a `metric`, and whether `higher` or `lower` values of it are better.
        seconds: the time that each value of a `metric` takes to compute.
        seconds_column: the column with this time for each row, in place of `seconds`.
        small: whether a column in percent may have no value above 1, such as tiny errors. Without it such a
            column is taken for fractions by mistake, and refused.
    """

    quantity: str
    unit: str | None = None
    epochs: Epochs | None = None
    training: Epochs | None = None
    seed: str | int | None = None
    device: str | None = None
    name: str | None = None
    direction: Literal["higher", "lower"] | None = None
    seconds: float | None = None
    seconds_column: str | None = None
    small: bool = False

    def __post_init__(self) -> None:
        if self.quantity not in NEEDED:
            raise unknown_name("quantity", self.quantity, NEEDED)
        needed, possible = NEEDED[self.quantity], POSSIBLE.get(self.quantity, ())
        for name in needed:
            if getattr(self, name) in (None, ""):
                raise UsageError(f"the setting {name!r} is missing")
        for field in fields(self)[1:]:
            if field.name not in (*needed, *possible) and getattr(self, field.name) != field.default:
                raise UsageError(f"{self.quantity} has no {field.name}")
        if self.quantity == METRIC:
            self._check_metric()
        elif self.unit not in UNITS[self.quantity]:
            raise unknown_name("unit", self.unit or "", UNITS[self.quantity])
        if self.small and self.unit != "percent":
            raise UsageError(f"small = true is for the unit percent; the unit is {self.unit}")
        if self.quantity in MEASURED:
            self._check_epochs()
        if self.device and ("/" in self.device or self.device in (".", "..")):
            raise UsageError(f"a device is a name without '/'; received {self.device!r:.80}")

    def _check_epochs(self) -> None:
        epochs = self.epochs or 0
        training = epochs if self.training is None else self.training
        if not 0 <= epochs <= training or training < 1:
            raise UsageError(f"epochs are between 0 and those of the training, {training}; received {epochs}")
        object.__setattr__(self, "training", training)

    def _check_metric(self) -> None:
        name = self.name or ""
        taken = name in TAKEN or name.startswith(tuple(f"{quantity}:" for quantity in ON_DEVICE))
        if taken or not METRIC_NAME.fullmatch(name):
            raise UsageError(
                "the name of a metric is made of letters, digits, '_', '.', ':' and '-', such as proxy:zen,"
                f" and is not that of another quantity; received {name!r:.80}"
            )
        if "test" in re.split("[_.:-]", name.lower()):
            raise UsageError(
                f"a search sees every metric, and must not see a test value such as {name}; leave it out, or"
                ' give it as quantity = "test_accuracy"'
            )
        if self.seconds is not None and self.seconds_column is not None:
            raise UsageError(
                "seconds is one number for all rows, seconds_column one for each; give one of them"
            )
        if self.seconds is not None and not 0 < self.seconds < float("inf"):
            raise UsageError(
                f"seconds is above 0; received {self.seconds:g}. Leave it out if the metric costs nothing"
            )

    @property
    def metric(self) -> Metric:
        """The direction and the unit of a `metric`, and whether it costs seconds of its own."""
        on_request = self.seconds is not None or self.seconds_column is not None
        return Metric(self.direction or "higher", self.unit or "", on_request)

    @property
    def seed_label(self) -> str:
        """The seed as the table has it."""
        return str(self.seed)


@dataclass(frozen=True, kw_only=True)
class OwnDataSet:
    """The settings of one data set; `columns` are settings of columns by the name that the file has."""

    title: str
    metric: str = "accuracy (%)"
    least: float = LEAST
    most: float = MOST
    columns: dict[str, Any]

    def __post_init__(self) -> None:
        if not self.least < self.most:
            raise UsageError(f"least is below most; received {self.least:g} and {self.most:g}")
        _check_texts(self, ("title", "metric"))


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The settings of a table; `data_sets` are settings of data sets by name.

    Attributes:
        space: the name of a search space, or the settings of a declared one.
        architecture: the column with architectures; None if a declared space has a column for each decision.
    """

    title: str
    citation: str
    licence: str
    space: str | dict[str, Any]
    architecture: str | None = None
    data_sets: dict[str, Any]

    def __post_init__(self) -> None:
        _check_texts(self, ("title", "citation", "licence"))
        if self.architecture is None and not isinstance(self.search_space, DeclaredSpace):
            raise UsageError("the setting 'architecture' is missing")
        if self.architecture == "":
            raise UsageError("architecture takes a text; received ''")
        if not self.data_sets:
            raise UsageError("there is no data set; write one as [data_sets.NAME]")

    @property
    def search_space(self) -> SearchSpace:
        """The space itself."""
        if isinstance(self.space, str):
            return find_space(self.space)
        try:
            return find_space(space_from_settings(self.space).definition)
        except UsageError as error:
            raise UsageError(f"space: {error}") from None


def is_small(numbers: FloatArray) -> bool:
    """Whether percentages look like fractions: there are some, and none is above 1."""
    present = numbers[~np.isnan(numbers)]
    return present.size > 0 and bool(present.max() <= 1)


def _check_texts(settings: Any, names: Iterable[str]) -> None:
    for name in names:
        if not getattr(settings, name):
            raise UsageError(f"{name} takes a text; received ''")


Described = Mapping[str, tuple[OwnDataSet, Mapping[str, Column]]]


def read_schema(path: Path) -> tuple[Schema, Described]:
    """The schema in a TOML file, and its data sets with their columns.

    Raises `TableError` that names the file and the place of the setting in it.
    """
    content = _read_toml(path)
    space = content.get("space")
    decisions = space.get("decisions") if isinstance(space, dict) else None
    for name, settings in decisions.items() if isinstance(decisions, dict) else ():
        _check_quotes(name, settings, DecisionSettings, f"{path}: space.decisions")
    schema = _settings(Schema, content, str(path))
    described = {}
    for name, settings in schema.data_sets.items():
        where = f"{path}: data_sets.{name}"
        _check_quotes(name, settings, OwnDataSet, f"{path}: data_sets")
        if not NAME.fullmatch(name):
            raise TableError(f"{where[:120]}: a name is made of letters, digits, '_', '.' and '-'")
        data_set = _settings(OwnDataSet, settings, where)
        for column, each in data_set.columns.items():
            _check_quotes(column, each, Column, f"{where}.columns")
        columns = {
            column: _settings(Column, each, f"{where}.columns.{on_one_line(column)}")
            for column, each in data_set.columns.items()
        }
        _check_columns(columns, where)
        described[name] = data_set, columns
    return schema, described


def _read_toml(path: Path) -> dict[str, Any]:
    text = decoded(read_limited(path, MOST_SCHEMA_BYTES, ADVICE), path)
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        if any(word in reason for word in ("key", "statement", "namespace")):
            reason += "; " + QUOTES
        raise TableError(f"{path} is not TOML: {reason}") from None


def _check_quotes(name: str, settings: Any, kind: type[Any], where: str) -> None:
    """Raise `TableError` if a name with a dot was written without quotes, which makes tables in tables."""
    if not isinstance(settings, dict) or set(settings) & {field.name for field in fields(kind)}:
        return
    inner = next(((key, value) for key, value in settings.items() if isinstance(value, dict)), None)
    if inner is not None:
        raise TableError(
            f"{where}.{on_one_line(name)} has no settings of its own but a part {inner[0]!r}; {QUOTES}"
        )


Kind = TypeVar("Kind")


def _settings(kind: type[Kind], content: Any, where: str) -> Kind:
    """A table of the TOML file as a dataclass; raises `TableError` that names its place."""
    if not isinstance(content, dict):
        raise TableError(f"{where} is {content!r:.80}; it is a table of settings")
    try:
        return from_mapping(kind, content)
    except UsageError as error:
        raise TableError(f"{where}: {error}") from None


def _check_columns(columns: Mapping[str, Column], where: str) -> None:
    """Raise `TableError` if two columns hold the same, or none holds an accuracy."""
    taken: dict[tuple[object, ...], str] = {}
    for name, column in columns.items():
        held = (
            column.quantity,
            column.training,
            column.epochs,
            column.seed_label,
            column.device,
            column.name,
        )
        if held in taken:
            raise TableError(f"{where}: the columns {taken[held]!r} and {name!r} hold the same quantity")
        taken[held] = name
    if not any(column.quantity in ACCURACIES for column in columns.values()):
        raise TableError(f"{where}: no column holds valid_accuracy or test_accuracy")
