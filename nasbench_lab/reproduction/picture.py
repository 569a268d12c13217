"""The ledger as a picture: each published number against the interval of ours, by data set."""

from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nasbench_lab.report.names import display_name
from nasbench_lab.report.plots.style import COLOURS, STYLE, ShownFigure, plain
from nasbench_lab.reproduction.judging import CONFIDENCE
from nasbench_lab.reproduction.ledger import Entry

HELD, NOT_HELD = COLOURS[0], COLOURS[1]
ROW, MARGIN, WIDTH = 0.2, 0.75, 7.2  # inches


@matplotlib.rc_context(STYLE)
def draw(entries: Sequence[Entry]) -> Figure:
    """One panel per data set and unit, one row per claim.

    A bar is the interval of the difference, laid around the mean of ours. So a claim holds if its published
    number lies on the bar. Held claims have a filled circle, others an empty square and a bold name.
    """
    panels: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        panels.setdefault((entry.claim.data_set, entry.claim.unit), []).append(entry)
    rows = [len(of_panel) for of_panel in panels.values()]
    height = ROW * sum(rows) + MARGIN * len(panels) + 0.3
    figure = ShownFigure(figsize=(WIDTH, height), layout="constrained")
    ratios = [ROW * count + MARGIN - 0.25 for count in rows]
    grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=ratios).ravel()
    for axes, ((data_set, unit), of_panel) in zip(grid, panels.items(), strict=True):
        _draw_panel(axes, of_panel)
        axes.set_title(plain(data_set), loc="left")
        axes.set_xlabel(plain(unit[:1].upper() + unit[1:]))
    figure.legend(handles=_legend(), loc="outside lower center", ncols=3)
    return figure


def _draw_panel(axes: Axes, entries: Sequence[Entry]) -> None:
    axes.grid(True, axis="x")
    for row, entry in enumerate(entries):
        ours, published = entry.judgement, entry.claim.value
        colour = HELD if ours.holds else NOT_HELD
        axes.plot(
            [published + ours.low, published + ours.high],
            [row, row],
            color=colour,
            linewidth=2.2,
            solid_capstyle="butt",
        )
        axes.plot(
            ours.ours,
            row,
            marker="o" if ours.holds else "s",
            color=colour,
            markerfacecolor=colour if ours.holds else "white",
            markersize=4.5,
        )
        axes.plot(published, row, marker="D", color="black", markerfacecolor="none", markersize=6.5)
    axes.set_ylim(len(entries) - 0.4, -0.6)
    axes.set_yticks(range(len(entries)), [plain(_name(entry)) for entry in entries])
    for label, entry in zip(axes.get_yticklabels(), entries, strict=True):
        label.set_fontweight("normal" if entry.judgement.holds else "bold")


def _name(entry: Entry) -> str:
    paper, algorithm, *_ = entry.claim.name.split("/")
    return f"{display_name(algorithm)}, {paper}"


def _legend() -> list[Line2D]:
    interval = f"{CONFIDENCE:.0%} interval"
    return [
        Line2D([], [], color="black", marker="D", markerfacecolor="none", linestyle="", label="published"),
        Line2D([], [], color=HELD, marker="o", linewidth=2.2, label=f"ours, {interval}: holds"),
        Line2D(
            [],
            [],
            color=NOT_HELD,
            marker="s",
            markerfacecolor="white",
            linewidth=2.2,
            label=f"ours, {interval}: does not hold",
        ),
    ]
