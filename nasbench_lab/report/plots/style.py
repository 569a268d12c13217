"""The shared style of all figures: looks of algorithms, type sizes, panels, readable axes."""

import io
import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import ArrayLike, NDArray

from nasbench_lab.comparison.results import Results
from nasbench_lab.report.names import display_names
from nasbench_lab.search.card import TaskCard

# The palette of Okabe & Ito (2008) without black (used for axes) and yellow (too pale on white paper), then
# four more colours that differ in lightness.
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00",
    "#56B4E9", "#6A3D9A", "#8C8C8C", "#7A4B1F", "#9A9A00",
)  # fmt: skip
# Line styles keep a figure readable in grey. With more algorithms than colours, the markers tell them apart.
LineStyle = Literal["solid"] | tuple[float, tuple[float, ...]]
LINE_STYLES: tuple[LineStyle, ...] = (
    "solid", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.2, 1.2, 1.2)), (0, (5, 1.2, 1.2, 1.2, 1.2, 1.2)),
)  # fmt: skip
MARKERS = "osD^vXP<>ph"

# The type is loose because a newer Matplotlib knows more names than an older one.
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.labelsize": 8.0,
    "figure.labelsize": 8.0,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.edgecolor": "#444444",
    "axes.axisbelow": True,
    "grid.color": "#E2E2E2",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "path",
    "svg.hashsalt": "nasbench_lab",
}
LEGEND_HEIGHT = 0.45  # inches
# Regret below this many percentage points is shown as 0; tables round far more coarsely.
ZERO = 1e-6


@dataclass(frozen=True)
class Look:
    """The look of an algorithm, the same in every figure."""

    name: str
    colour: str
    line_style: LineStyle
    marker: str


class ShownFigure(Figure):
    """A figure that a notebook shows where it is the value of a cell; pyplot does not know it."""

    def _repr_png_(self) -> bytes:
        with matplotlib.rc_context(STYLE), io.BytesIO() as png:
            self.savefig(png, format="png", dpi=150)
            return png.getvalue()


def looks(results: Results) -> dict[str, Look]:
    """The look of each algorithm, fixed by its position in `results.algorithms`."""
    named = zip(results.algorithms, display_names(results.algorithms), strict=True)
    return {
        label: Look(
            name=name,
            colour=COLOURS[position % len(COLOURS)],
            line_style=LINE_STYLES[position % len(LINE_STYLES)],
            marker=MARKERS[position % len(MARKERS)],
        )
        for position, (label, name) in enumerate(named)
    }


def plain(text: str) -> str:
    """Escape text for Matplotlib, which reads a pair of dollar signs as mathematics."""
    return text.replace("$", r"\$")


def wrapped(text: str, width: int) -> str:
    """Break text into lines of about `width` characters; an opening bracket starts a new line."""
    if len(text) <= width:
        return plain(text)
    name, bracket, settings = text.partition(" (")
    parts = [name, bracket.lstrip() + settings] if bracket else [text]
    return plain("\n".join(line for part in parts for line in textwrap.wrap(part, width)))


def width_of(names: Iterable[str]) -> float:
    """The approximate width of the longest line of these names, in inches."""
    return 0.063 * max(len(line) for name in names for line in name.split("\n"))


def columns_for(count: int) -> int:
    """The number of columns for `count` panels."""
    return 2 if count == 4 else min(3, count)


def panels(
    tasks: Sequence[TaskCard], width: float, height: float, *, names: Sequence[str] = ()
) -> tuple[Figure, list[Axes]]:
    """A figure with one titled panel per task, each of `width` x `height` inches.

    With `names`, all panels share a vertical axis that has room for them.
    """
    columns = columns_for(len(tasks))
    rows = math.ceil(len(tasks) / columns)
    figure = ShownFigure(
        figsize=(width * columns + (width_of(names) if names else 0.0), height * rows + LEGEND_HEIGHT),
        layout="constrained",
    )
    grid = figure.subplots(rows, columns, squeeze=False, sharey=bool(names)).ravel()
    room = max(12, int(13 * (width - (0.2 if names else 0.5))))
    titles = [task.title for task in tasks]
    if max(map(len, titles)) > room:
        # All titles break at the same place, after the benchmark's name.
        titles = [title.replace(", ", ",\n", 1) for title in titles]
    for axes, title in zip(grid, titles, strict=False):
        axes.set_title("\n".join(wrapped(line, max(room, 16)) for line in title.split("\n")))
    for axes in grid[len(tasks) :]:
        axes.remove()
    return figure, list(grid[: len(tasks)])


def label_axes(figure: Figure, axes: Sequence[Axes], x: Sequence[str], y: Sequence[str]) -> None:
    """Label all panels: at the figure's edges if the labels agree, otherwise on each panel."""
    columns = columns_for(len(axes))
    for position, panel in enumerate(axes):
        if len(set(x)) > 1 or position + columns >= len(axes):
            panel.set_xlabel(plain(x[position]))
        if len(set(y)) > 1 or (position == 0 and len(axes) <= columns):
            # Panels are too low for a label on one line.
            panel.set_ylabel(plain(y[position]).replace(" (", "\n("))
    if len(set(y)) == 1 and len(axes) > columns:
        figure.supylabel(plain(y[0]))


def label_own_axes(axes: Axes, x: str, y: str, title: str) -> None:
    """Label axes that stand alone, in the type sizes of whoever made them; an empty text is left out."""
    for text, write in ((x, axes.set_xlabel), (y, axes.set_ylabel), (title, axes.set_title)):
        if text:
            write(plain(text))


def axes_legend(axes: Axes, shown: Mapping[str, Look]) -> None:
    """Draw a legend inside axes that stand alone."""
    axes.legend(_handles(shown.values()), [plain(look.name) for look in shown.values()], handlelength=3.2)


def _handles(entries: Iterable[Look]) -> list[Artist]:
    return [
        Line2D(
            [],
            [],
            color=look.colour,
            linestyle=look.line_style,
            marker=look.marker,
            markersize=4.5,
        )
        for look in entries
    ]


def figure_legend(figure: Figure, entries: Iterable[Look]) -> None:
    """Draw one legend below all panels, with as many columns as fit its longest name."""
    entries = list(entries)
    names = [wrapped(look.name, 40) for look in entries]
    columns = int(figure.get_figwidth() / (width_of(names) + 0.65))
    figure.legend(
        _handles(entries),
        names,
        loc="outside lower center",
        ncols=max(1, min(columns, len(entries))),
        handlelength=3.2,
        columnspacing=1.5,
    )


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers between two positive limits: decades, or finer steps if there are few decades.

    >>> log_ticks(30, 700)
    [50.0, 100.0, 200.0, 500.0]
    """
    decades = math.log10(high / low)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for steps, most in (
        ((1.0,), 99.0),
        ((1.0, 3.0), 2.6),
        ((1.0, 2.0, 5.0), 1.7),
        ((1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0), 0.7),
    ):
        if decades <= most:
            ticks = [step * 10.0**power for power in range(first, last + 1) for step in steps]
    ticks = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
    if len(ticks) > 6:
        ticks = ticks[:: math.ceil(len(ticks) / 6)]
    if len(ticks) < 2:
        ticks = [float(f"{value:.2g}") for value in np.geomspace(low * 1.02, high * 0.98, 3)]
        ticks = sorted({tick for tick in ticks if low <= tick <= high} or {low})
    return ticks


def number(value: float) -> str:
    """A tick's number, written out: `0.01`, `1`, `20,000`; powers of ten beyond that."""
    if value != 0 and not 1e-4 <= abs(value) < 1e6:
        power = math.floor(math.log10(abs(value)) + 1e-9)
        factor = value / 10.0**power
        return f"$10^{{{power}}}$" if abs(factor - 1) < 1e-6 else f"${factor:.2g}\\times10^{{{power}}}$"
    if abs(value) >= 1:
        return f"{value:,.6g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.4f}".rstrip("0")


def log_axis(axis: Axis, values: ArrayLike) -> Callable[[ArrayLike], NDArray[np.float64]]:
    """Make `axis` logarithmic over `values`; return a function that maps values to places on it.

    A logarithmic axis has no 0, but a regret of exactly 0 is the goal of a search. Zeros therefore get
    their own tick, labelled 0, set apart below the smallest positive value. NaN and infinity do not affect
    the limits.
    """
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    positive = finite[finite > ZERO]
    low, high = (float(positive.min()), float(positive.max())) if len(positive) else (0.1, 1.0)
    if high / low < 1.5:
        low, high = low / 2, high * 2
    has_zeros = bool((finite <= ZERO).any())
    margin = (high / low) ** 0.05
    # Far enough from the other ticks to leave room for its label.
    zero = low / max(1.8, (high / low) ** 0.18)
    ticks = log_ticks(low / margin**0.5, high * margin)
    labels = {tick: number(tick) for tick in ticks}
    if has_zeros:
        labels[zero] = "0" if finite.min() > -ZERO else "≤ 0"
    name = "x" if isinstance(axis, XAxis) else "y"
    axis.axes.set(
        **{
            f"{name}scale": "log",
            f"{name}lim": ((zero if has_zeros else low) / margin, high * margin),
        }
    )
    if has_zeros:
        separate = axis.axes.axvline if name == "x" else axis.axes.axhline
        separate(math.sqrt(zero * low), color="#999999", linewidth=0.7, linestyle=(0, (1, 2)), zorder=0.5)
    axis.set_major_locator(FixedLocator(sorted(labels)))
    axis.set_major_formatter(FuncFormatter(lambda tick, _: labels.get(tick, "")))
    axis.set_minor_locator(NullLocator())

    def place(values: ArrayLike) -> NDArray[np.float64]:
        values = np.asarray(values, dtype=np.float64)
        return np.where(values <= ZERO, zero, values)

    return place


def message(axes: Axes, text: str) -> None:
    """Say in the middle of a panel why it shows nothing."""
    axes.text(
        0.5, 0.5, wrapped(text, 30), transform=axes.transAxes, ha="center", va="center", color="#555555"
    )


def count(numbers: ArrayLike) -> str:
    """A count, or the range of several: `500`, `480 to 500`."""
    numbers = np.asarray(numbers)
    low, high = (f"{value:,.0f}" for value in (numbers.min(), numbers.max()))
    return low if low == high else f"{low} to {high}"
