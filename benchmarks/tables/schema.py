"""The TOML file that describes your own table; `own_table` has an example."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from msgspec import Meta

from nasbench_lab.benchmarks.formats.limits import read_text
from nasbench_lab.benchmarks.tables.contents import LEAST, MOST
from nasbench_lab.errors import TableError, UsageError, unknown_name
from nasbench_lab.settings import from_mapping
from nasbench_lab.spaces import find_space

MOST_SCHEMA_BYTES = 2**20
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
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
MEASURED = ("valid_accuracy", "test_accuracy", "train_seconds", "valid_seconds")
ON_DEVICE = ("latency", "energy")
ACCURACIES = ("valid_accuracy", "test_accuracy")

Epochs = Annotated[int, Meta(ge=0, le=2**31 - 1)]


@dataclass(frozen=True, kw_only=True)
class Column:
    """The settings of one column.

    Attributes:
        quantity, unit: of `UNITS`.
        epochs: after which the values were recorded, and `training`: how many epochs that training had; the
            same if it is not given.
        seed: the label of the training seed.
        device: on which a latency or an energy was measured.
    """

    quantity: str
    unit: str
    epochs: Epochs | None = None
    training: Epochs | None = None
    seed: str | int | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        if self.quantity not in UNITS:
            raise unknown_name("quantity", self.quantity, UNITS)
        if self.unit not in UNITS[self.quantity]:
            raise unknown_name("unit", self.unit, UNITS[self.quantity])
        measured, on_device = self.quantity in MEASURED, self.quantity in ON_DEVICE
        for name, wanted in {"epochs": measured, "seed": measured, "device": on_device}.items():
            if wanted and getattr(self, name) in (None, ""):
                raise UsageError(f"the setting {name!r} is missing")
        for name, allowed in {
            "epochs": measured,
            "training": measured,
            "seed": measured,
            "device": on_device,
        }.items():
            if not allowed and getattr(self, name) is not None:
                raise UsageError(f"{self.quantity} has no {name}")
        if measured:
            self._check_epochs()
        if self.device and ("/" in self.device or self.device in (".", "..")):
            raise UsageError(f"a device is a name without '/'; received {self.device!r:.80}")

    def _check_epochs(self) -> None:
        epochs = self.epochs or 0
        training = epochs if self.training is None else self.training
        if not 0 <= epochs <= training or training < 1:
            raise UsageError(f"epochs are between 0 and those of the training, {training}; received {epochs}")
        object.__setattr__(self, "training", training)

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
    """The settings of a table; `data_sets` are settings of data sets by name."""

    title: str
    citation: str
    licence: str
    space: str
    architecture: str
    data_sets: dict[str, Any]

    def __post_init__(self) -> None:
        _check_texts(self, ("title", "citation", "licence", "architecture"))
        find_space(self.space)
        if not self.data_sets:
            raise UsageError("there is no data set; write one as [data_sets.NAME]")


def _check_texts(settings: Any, names: Iterable[str]) -> None:
    for name in names:
        if not getattr(settings, name):
            raise UsageError(f"{name} takes a text; received ''")


Described = Mapping[str, tuple[OwnDataSet, Mapping[str, Column]]]


def read_schema(path: Path) -> tuple[Schema, Described]:
    """The schema in a TOML file, and its data sets with their columns.

    Raises `TableError` that names the file and the place of the setting in it.
    """
    try:
        content = tomllib.loads(read_text(path, MOST_SCHEMA_BYTES))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise TableError(f"{path} is not TOML: {' '.join(str(error).split())}") from None
    schema = _settings(Schema, content, str(path))
    described = {}
    for name, settings in schema.data_sets.items():
        where = f"{path}: data_sets.{name}"
        if not NAME.fullmatch(name):
            raise TableError(f"{where[:120]}: a name is made of letters, digits, '_', '.' and '-'")
        data_set = _settings(OwnDataSet, settings, where)
        columns = {
            column: _settings(Column, each, f"{where}.columns.{column}")
            for column, each in data_set.columns.items()
        }
        _check_columns(columns, where)
        described[name] = data_set, columns
    return schema, described


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
        held = (column.quantity, column.training, column.epochs, column.seed_label, column.device)
        if held in taken:
            raise TableError(f"{where}: the columns {taken[held]!r} and {name!r} hold the same quantity")
        taken[held] = name
    if not any(column.quantity in ACCURACIES for column in columns.values()):
        raise TableError(f"{where}: no column holds valid_accuracy or test_accuracy")
