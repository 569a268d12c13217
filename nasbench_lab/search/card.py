"""What a comparison says about a task."""

import math
from dataclasses import dataclass


def in_percent(metric: str) -> bool:
    """Whether a metric, such as `accuracy (%)` or `SSIM`, is given in percent; the others have no unit."""
    return metric.endswith("(%)")


def decimals(metric: str) -> int:
    """How many decimals of a metric are shown."""
    return 2 if in_percent(metric) else 4


@dataclass(frozen=True)
class TaskCard:
    """What tables and figures say about a task.

    Attributes:
        name: `benchmark/data set`, as on the command line.
        title: for a heading, such as `NAS-Bench-201, CIFAR-10`.
        metric: what is measured, with its unit where it has one, such as `accuracy (%)` or `SSIM`; higher
            is better.
        searched: what the search saw, such as `validation accuracy after 12 epochs, one random seed`.
        reported: what is reported of the incumbent, such as `mean test accuracy after 200 epochs`.
        cost: the unit of the cost axis: `simulated seconds` or `evaluations`.
        optimum: the best reported value of any architecture, in the metric's unit; None where unknown.
        digest: of the table behind the task; of a chain of sources all digests, joined by `+`.
        citation, licence: of the benchmark.
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

    @property
    def in_percent(self) -> bool:
        """Whether the metric is given in percent; otherwise it is a number without a unit."""
        return in_percent(self.metric)

    @property
    def quantity(self) -> str:
        """The metric without its unit, such as `accuracy`."""
        return self.metric.partition(" (")[0]

    @property
    def regret_unit(self) -> str:
        """What a difference is counted in: `percentage points`, or the metric itself."""
        return "percentage points" if self.in_percent else self.metric

    @property
    def decimals(self) -> int:
        """How many decimals of the metric are shown."""
        return decimals(self.metric)

    def number(self, value: float) -> str:
        """A value of the metric to be read, without its unit: `94.37`, `−0.5938`; a dash for NaN."""
        if math.isnan(value):
            return "–"
        return f"{value:.{self.decimals}f}".replace("-", "−")

    def shown(self, value: float) -> str:
        """A value of the metric to be read: `94.37 %`, `−0.5938`."""
        return self.number(value) + " %" * self.in_percent
