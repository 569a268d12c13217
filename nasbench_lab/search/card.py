"""The description of a task in a comparison."""

import math
from dataclasses import dataclass


def in_percent(metric: str) -> bool:
    """Tell whether a metric is in percent, as `accuracy (%)` is; others, such as `SSIM`, have no unit."""
    return metric.endswith("(%)")


def unit_of(metric: str) -> str:
    """Return the unit of a metric, `%` for `accuracy (%)`; empty if it has none."""
    return metric.partition(" (")[2].removesuffix(")")


def decimals(metric: str) -> int:
    """Return the number of decimals to show for a metric."""
    return 2 if in_percent(metric) else 4


@dataclass(frozen=True)
class Objective:
    """An objective: the name of the metric, whether higher is better, and its unit, empty if it has none."""

    name: str
    higher: bool
    unit: str

    @property
    def title(self) -> str:
        """The name with the unit: `latency:raspi4 (ms)`."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True)
class TaskCard:
    """The description of a task in tables and figures.

    Attributes:
        name: `benchmark/data set`, as on the command line.
        title: for a heading, such as `NAS-Bench-201, CIFAR-10`.
        metric: the measured quantity, with its unit if it has one, such as `accuracy (%)` or `SSIM`; higher
            is better.
        searched: the value that the search saw, such as `validation accuracy after 12 epochs, one random
            seed`.
        reported: the value reported for the incumbent, such as `mean test accuracy after 200 epochs`.
        cost: the unit of the cost axis: `simulated seconds` or `evaluations`.
        optimum: the best reported value of any architecture, in the metric's unit; None if unknown.
        digest: digest of the table behind the task; for a chain of sources, all digests joined by `+`.
        citation, licence: of the benchmark.
        objectives: of the searches, if there are several; the first m values of a point are theirs.
        front: the points that no architecture of the space dominates; empty if they are unknown.
        worst: the worst value of each objective of any architecture; empty if unknown.
        space: the notation of the search space, see `SearchSpace.notation`; empty in comparisons that were
            stored before it was kept.
    """

    name: str
    title: str
    metric: str
    searched: str
    reported: str
    cost: str
    optimum: float | None
    digest: str
    citation: str
    licence: str
    objectives: tuple[Objective, ...] = ()
    front: tuple[tuple[float, ...], ...] = ()
    worst: tuple[float, ...] = ()
    space: str = ""

    @property
    def in_percent(self) -> bool:
        """Whether the metric is in percent; otherwise it is a number without a unit."""
        return in_percent(self.metric)

    @property
    def quantity(self) -> str:
        """The metric without its unit, such as `accuracy`."""
        return self.metric.partition(" (")[0]

    @property
    def regret_unit(self) -> str:
        """The unit of a difference: `percentage points`, or the metric itself."""
        return "percentage points" if self.in_percent else self.metric

    @property
    def decimals(self) -> int:
        """The number of decimals to show for the metric."""
        return decimals(self.metric)

    def number(self, value: float) -> str:
        """Format a value of the metric for reading, without its unit: `94.37`, `−0.5938`; a dash for NaN."""
        if math.isnan(value):
            return "–"
        return f"{value:.{self.decimals}f}".replace("-", "−")

    def shown(self, value: float) -> str:
        """Format a value of the metric for reading, with its unit: `94.37 %`, `−0.5938`."""
        return self.number(value) + " %" * self.in_percent
