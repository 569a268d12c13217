"""Output of `data info` and `data fit`: the contents of a benchmark and its surrogates."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nasbench_lab.benchmarks.catalog import all_sources
from nasbench_lab.benchmarks.folders import surrogate_path
from nasbench_lab.benchmarks.library import open_benchmark, open_surrogate, open_table
from nasbench_lab.benchmarks.surrogates.file import Surrogate
from nasbench_lab.benchmarks.tables.contents import MEASUREMENTS, DataSet, FloatArray
from nasbench_lab.commands.console import console, grid

SHORT = 11  # characters; the label of a fact is padded to this width


def print_description(name: str) -> None:
    """Print the origin and the contents of a benchmark, and the quality of its surrogates."""
    benchmark = open_benchmark(name)
    source = all_sources().get(name)
    out = console()
    facts = dict(benchmark.facts()) | ({"homepage": source.homepage} if source else {})
    for label, fact in facts.items():
        for line in fact.splitlines():
            out.print(f"{label:<{SHORT}}{line}" if len(label) < SHORT else f"{label}: {line}", soft_wrap=True)
    listed = benchmark.listed()
    if not listed:
        return
    _print_contents(listed)
    for data_set in listed:
        path = surrogate_path(name, data_set)
        if path.exists():
            out.print()
            print_surrogate(open_surrogate(open_table(name), data_set), path)


def _print_contents(listed: Mapping[str, DataSet]) -> None:
    overview = grid("Data set", "Title", "Rows", "Metric", "Best\nvalid", "Best\ntest")
    contents = grid("Data set", "Training", "Quantity", "Epochs", "Seeds", "Missing")
    for name, data_set in listed.items():
        best = [shown(best_accuracy(data_set, split)) for split in ("valid", "test")]
        overview.add_row(name, data_set.title, f"{len(data_set):,}", data_set.metric, *best)
        for length, training in data_set.trainings.items():
            for quantity in MEASUREMENTS:
                measured = getattr(training, quantity)
                if measured is not None:
                    at = ", ".join(map(str, measured.epochs))
                    if len(measured.epochs) > 3:
                        at = f"{len(measured.epochs)} of them"
                    seeds, missing = ", ".join(measured.seeds), _missing(measured.values)
                    if measured.failed is not None:
                        missing += f" ({int(measured.failed.sum()):,} failed)"
                    contents.add_row(name, f"{length} epochs", quantity, at, seeds, missing)
        for metric, column in data_set.columns.items():
            contents.add_row(name, "", metric, "", "", _missing(column.values))
    out = console()
    for part in (overview, contents):
        out.print()
        out.print(part)


def print_surrogate(surrogate: Surrogate, path: Path) -> None:
    """Print the quality of a surrogate on the held-out architectures."""
    facts = surrogate.facts
    out = console()
    out.print(
        f"{facts.title}: {path}\n{facts.model}, fitted on {facts.rows_fitted:,} rows (fraction"
        f" {facts.fraction:g} of the distinct architectures, seed {facts.seed}); on the"
        f" {facts.rows_held_out:,} others:",
        soft_wrap=True,
    )
    qualities = grid("Quantity", "R2", "Kendall\ntau", "In 95 %\ninterval", "Seeds in\ninterval")
    larger = grid("Quantity", "R2", "Kendall\ntau")
    for quantity, predictor in surrogate.predictors.items():
        quality = predictor.quality
        shares = (quality.coverage, quality.seed_coverage)
        inside = ["-" if math.isnan(share) else f"{100 * share:.1f} %" for share in shares]
        agreement = map(_three_decimals, (quality.r2, quality.kendall_tau))
        qualities.add_row(quantity, *agreement, *inside)
        larger.add_row(quantity, *map(_three_decimals, (quality.larger_r2, quality.larger_kendall_tau)))
    out.print(qualities)
    out.print(
        f"\nThe larger half of all architectures ({facts.size}), predicted from the smaller half:",
        soft_wrap=True,
    )
    out.print(larger)


def _three_decimals(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def best_accuracy(data_set: DataSet, split: str) -> float | None:
    """Return the best mean over seeds at the end of the longest training; None if not listed."""
    for epochs in sorted(data_set.trainings, reverse=True):
        measured = getattr(data_set.trainings[epochs], f"{split}_accuracy")
        if measured is not None:
            final = measured.values[:, -1, :]
            present = ~np.isnan(final)
            means = np.where(present, final, 0).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
            return float(means.max(where=present.any(axis=1), initial=-np.inf))
    return None


def shown(accuracy: float | None) -> str:
    """Format an accuracy for reading; a dash for None."""
    return "-" if accuracy is None else f"{accuracy:.4f}"


def _missing(values: FloatArray) -> str:
    return f"{int(np.isnan(values).sum()):,}"
