"""Export of a table as CSV or Parquet, with the schema that `tables.own_table` needs to read it back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasbench_lab.benchmarks.tables.contents import LEAST, MEASUREMENTS, MOST, DataSet, FloatArray
from nasbench_lab.benchmarks.tables.file import Table
from nasbench_lab.benchmarks.tables.own_file import FAILED
from nasbench_lab.benchmarks.tables.schema import METRIC, is_small
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.files import replacing
from nasbench_lab.spaces.decisions import Value
from nasbench_lab.spaces.declared import DeclaredSpace

UNITS = {
    "valid_accuracy": "percent",
    "test_accuracy": "percent",
    "train_seconds": "seconds",
    "valid_seconds": "seconds",
    "parameters": "millions",
    "flops": "millions",
    "latency": "milliseconds",
    "energy": "millijoules",
}


ACCURACIES = ("valid_accuracy", "test_accuracy")


def export_table(
    table: Table, data_set: str | None, path: Path, form: Literal["csv", "parquet"]
) -> tuple[Path, Path]:
    """Write a table, or one of its data sets, and a schema with the same name that ends in `.toml`.

    Returns:
        The paths of the table and of the schema.

    Raises:
        UsageError: there is no such data set; the data sets list different architectures and cannot
            share a file; `path` itself ends in `.toml`; or pyarrow is needed and not installed.
        TableError: the files cannot be written.
    """
    names = table.data_set_names if data_set is None else (data_set,)
    data_sets = {name: table.data_set(name) for name in names}
    first = next(iter(data_sets.values()))
    for name, other in data_sets.items():
        if other.space != first.space or not np.array_equal(_indices(first), _indices(other)):
            raise UsageError(
                f"the data sets of {table.name} list different architectures; export them one by one, such as"
                f" {table.name}/{name}"
            )
    schema = path.with_suffix(".toml")
    if schema == path:
        raise UsageError(f"the schema is written to {schema}; choose another ending for the table")
    space = first.search_space
    columns: dict[str, object] = {
        "architecture": [space.format(space.architecture(index)) for index in _indices(first).tolist()]
    }
    described = {name: dict(_columns(name, each)) for name, each in data_sets.items()}
    for each in described.values():
        columns |= {name: values for name, (values, _) in each.items()}
    for name, other in data_sets.items():
        columns |= _seconds_columns(name, other)
    frame = pd.DataFrame(columns)
    try:
        with replacing(path) as temporary:
            if form == "csv":
                frame.to_csv(temporary, index=False)
            else:
                _write_parquet(frame, temporary)
        with replacing(schema) as temporary:
            temporary.write_text(_schema(table, data_sets, described), encoding="utf-8")
    except OSError as error:
        raise TableError(f"{path} cannot be written: {error}") from None
    return path, schema


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    try:
        frame.to_parquet(path, engine="pyarrow", index=False)
    except ImportError:
        raise UsageError(
            "writing Parquet needs pyarrow; install it with: pip install 'nasbench-lab[parquet]'"
        ) from None


def _indices(data_set: DataSet) -> NDArray[np.int64]:
    return np.arange(len(data_set)) if data_set.keys is None else data_set.keys


Described = tuple[object, str]


def _columns(name: str, data_set: DataSet) -> Iterator[tuple[str, Described]]:
    """Each column of a data set: its name, its values, and its entry in the schema."""

    units = UNITS if _in_percent(data_set) else UNITS | dict.fromkeys(ACCURACIES, "metric")

    def of(quantity: str, **settings: str | int | bool) -> str:
        return _entry({"quantity": quantity, "unit": units[quantity], **settings})

    for length, training in data_set.trainings.items():
        for quantity in MEASUREMENTS:
            measured = getattr(training, quantity)
            if measured is None:
                continue
            for i, epochs in enumerate(measured.epochs):
                for j, seed in enumerate(measured.seeds):
                    each: FloatArray = measured.values[:, i, j]  # noqa: PD011 -- no pandas here
                    small = {"small": True} if units[quantity] == "percent" and is_small(each) else {}
                    text = of(quantity, epochs=int(epochs), training=int(length), seed=str(seed), **small)
                    failed = None if measured.failed is None else measured.failed[:, i, j]
                    yield f"{name}:{quantity}:{length}:{epochs}:{seed}", (_with_failed(each, failed), text)
    for quantity in ("parameters", "flops"):
        values = getattr(data_set, quantity)
        if values is not None:
            yield f"{name}:{quantity}", (values, of(quantity))
    for quantity in ("latency", "energy"):
        for device, values in getattr(data_set, quantity).items():
            yield f"{name}:{quantity}:{device}", (values, of(quantity, device=device))
    timed = _seconds_columns(name, data_set)
    for metric, column in data_set.other_metrics.items():
        settings = {"quantity": METRIC, "name": metric, **column.metric._asdict()}
        del settings["on_request"]
        seconds = _seconds_name(name, metric)
        if seconds in timed:
            settings["seconds_column"] = seconds
        scores: FloatArray = column.values  # noqa: PD011 -- no pandas here
        yield f"{name}:{METRIC}:{metric}", (scores, _entry(settings))


def _seconds_columns(name: str, data_set: DataSet) -> dict[str, FloatArray]:
    """The seconds of each metric that has them, shape `(A,)`, by the name of their column."""
    return {
        _seconds_name(name, metric): column.seconds
        for metric, column in data_set.other_metrics.items()
        if column.seconds is not None
    }


def _seconds_name(data_set: str, metric: str) -> str:
    return f"{data_set}:seconds:{metric}"


def _entry(settings: Mapping[str, Value]) -> str:
    return "{ " + ", ".join(f"{key} = {_toml(value)}" for key, value in settings.items()) + " }"


def _with_failed(values: FloatArray, failed: NDArray[np.bool_] | None) -> object:
    """Values with the word for each failed training, all as text; the values themselves if none failed."""
    if failed is None or not failed.any():
        return values
    return [
        FAILED if broke else None if np.isnan(value) else repr(value)
        for value, broke in zip(values.tolist(), failed.tolist(), strict=True)
    ]


def _schema(
    table: Table, data_sets: Mapping[str, DataSet], described: Mapping[str, Mapping[str, Described]]
) -> str:
    space = next(iter(data_sets.values())).search_space
    facts = {
        "title": table.title,
        "citation": table.citation,
        "licence": table.licence,
        "architecture": "architecture",
    }
    lines = [f"{name} = {_toml(value)}" for name, value in facts.items()]
    lines += _declaration(space) if isinstance(space, DeclaredSpace) else [f"space = {_toml(space.name)}"]
    for name, data_set in data_sets.items():
        lines += ["", f"[data_sets.{_toml(name)}]"]
        lines += [f"title = {_toml(data_set.title)}", f"metric = {_toml(data_set.metric)}"]
        if not _in_percent(data_set):
            lines += [f"least = {data_set.least}", f"most = {data_set.most}"]
        lines += ["", f"[data_sets.{_toml(name)}.columns]"]
        lines += [f"{_toml(column)} = {text}" for column, (_, text) in described[name].items()]
    return "\n".join(lines) + "\n"


def _declaration(space: DeclaredSpace) -> list[str]:
    lines = ["", "[space]", f"name = {_toml(space.name)}", "", "[space.decisions]"]
    for name, decision in space.decisions.items():
        said = [f"values = {_toml(decision.values)}"] + ["ordered = true"] * decision.ordered
        if decision.when:
            needed = [f"{_toml(other)} = {_toml(values)}" for other, values in decision.when.items()]
            said.append(f"when = {{ {', '.join(needed)} }}")
        lines.append(f"{_toml(name)} = {{ {', '.join(said)} }}")
    return lines


def _in_percent(data_set: DataSet) -> bool:
    return (data_set.least, data_set.most) == (LEAST, MOST)


def _toml(value: Value | Sequence[Value]) -> str:
    # Numbers, truth values and lists of them are the same in JSON and TOML. A JSON string is a valid TOML
    # string, except for the character DEL, which JSON does not escape.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
