"""Output of `data query`: the entries of one architecture in a table."""

import math
from collections.abc import Iterator

from nasbench_lab.benchmarks.library import open_table
from nasbench_lab.benchmarks.tables.contents import MEASUREMENTS, DataSet
from nasbench_lab.commands.console import console, grid
from nasbench_lab.errors import UnlistedArchitecture, UsageError
from nasbench_lab.search.card import in_percent


def print_entries(name: str, architecture: str, epochs: int | None, seed: str | None) -> None:
    """Print all entries of an architecture in a table, or in one data set if `name` has one."""
    benchmark, _, chosen = name.partition("/")
    table = open_table(benchmark)
    rows = grid("Data set", "Training", "After", "Quantity", "Seed", "Value")
    for data_set_name in (chosen,) if chosen else table.data_set_names:
        data_set = table.data_set(data_set_name)
        space = data_set.search_space
        cell = space.parse(architecture)
        row = data_set.row(cell)
        if row is None:
            raise UnlistedArchitecture(f"{table.name}/{data_set_name} does not list {space.format(cell)}")
        for cells in _entries(data_set, row, epochs, seed):
            rows.add_row(data_set_name, *cells)
    if not rows.rows:
        asked = [f"after {epochs} epochs"] * (epochs is not None) + [f"with seed {seed}"] * (seed is not None)
        raise UsageError(
            f"{name} has no entries of this architecture {' '.join(asked)}; leave that out to see all entries"
        )
    console().print(rows)


def _entries(data_set: DataSet, row: int, epochs: int | None, seed: str | None) -> Iterator[tuple[str, ...]]:
    """Yield the rows that `query` prints: training, epochs, quantity, seed and value."""
    for length, training in data_set.trainings.items():
        for quantity in MEASUREMENTS:
            measured = getattr(training, quantity)
            for i, after in enumerate(measured.epochs if measured else ()):
                for j, label in enumerate(measured.seeds):
                    value = float(measured.values[row, i, j])
                    if epochs in (None, after) and seed in (None, label):
                        unit = _unit(quantity, data_set.metric)
                        shown = f"{value:.4f} {unit}".rstrip()
                        if math.isnan(value):
                            failed = measured.failed is not None and measured.failed[row, i, j]
                            shown = "failed" if failed else "missing"
                        yield f"{length} epochs", str(after), quantity, label, shown
    if epochs is None and seed is None:
        for name, (metric, values, seconds) in data_set.columns.items():
            shown = "missing" if math.isnan(values[row]) else f"{values[row]:.6g} {metric.unit}".rstrip()
            yield "", "", name, "", shown + (f", in {seconds[row]:.6g} s" if seconds is not None else "")


def _unit(quantity: str, metric: str) -> str:
    if quantity.endswith("accuracy"):
        return "%" if in_percent(metric) else ""
    return "s"
