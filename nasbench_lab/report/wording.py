"""Words and numbers for sentences in a report."""

import math
from collections.abc import Sequence

from nasbench_lab.comparison.results import Results
from nasbench_lab.report.names import display_names


def amount(value: float) -> str:
    """A readable large number: `12,400`, `3.5`, `unbounded` for infinity."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "unbounded"
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.1f}"


def four_digits(value: float) -> str:
    """A number with four significant digits: `0.9533`, `12.03`; a dash for NaN."""
    return "–" if math.isnan(value) else f"{value:.4g}"


def four_decimals(value: float) -> str:
    """A share or a distance, so that its spread has the same decimals: `0.9533`; a dash for NaN."""
    return "–" if math.isnan(value) else f"{value:.4f}"


def signed(difference: float, decimals: int = 2) -> str:
    """A difference with `decimals` decimals, or with more if these would show it as 0."""
    if math.isnan(difference):
        return "–"
    if abs(difference) < 1e-9:
        return f"{0:.{decimals}f}"
    if abs(difference) >= 0.5 * 10.0**-decimals:
        return f"{difference:.{decimals}f}".replace("-", "−")
    return f"{difference:.1g}".replace("-", "−")


def titled(titles: Sequence[str]) -> str:
    """Titles of tasks, naming each benchmark once: `NAS-Bench-201 (CIFAR-10 and CIFAR-100)`."""
    by_benchmark: dict[str, list[str]] = {}
    for title in titles:
        benchmark, _, data_set = title.partition(", ")
        by_benchmark.setdefault(benchmark, []).append(data_set)
    return listed(
        [
            f"{benchmark} ({listed(data_sets)})" if all(data_sets) else benchmark
            for benchmark, data_sets in by_benchmark.items()
        ]
    )


def names_of(results: Results) -> dict[str, str]:
    """The readable name of each algorithm, by its label."""
    return dict(zip(results.algorithms, display_names(results.algorithms), strict=True))


def within(name: str) -> str:
    """A name inside a sentence: lower case at the start, unless the name is all capitals."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def listed(items: Sequence[str]) -> str:
    """Join items by commas and `and`, or by semicolons if an item contains a comma."""
    if len(items) < 2:
        return "".join(items)
    mark = ";" if any("," in item for item in items) else ","
    start = f"{mark} ".join(items[:-1])
    return f"{start}{mark if mark == ';' else ''} and {items[-1]}"
