"""The largest type with which the graphs of an architecture fit a rectangle, one below the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from nasbench_lab.report.layout.drawing import LINE, Drawing, Measure, Plan
from nasbench_lab.report.layout.layered import Layered
from nasbench_lab.report.layout.layers import layers
from nasbench_lab.report.layout.rows import Rows, order_of
from nasbench_lab.spaces.graphs import Graph

LARGEST = 8.0  # points, in a rectangle of at most `FULL`
FULL = (360.0, 216.0)  # points; in larger rectangles the type grows with them
SMALLER = 0.98  # each size that is tried, relative to the one before
MARGIN = 0.25  # around everything
BETWEEN = 0.9  # between two graphs
MOST_LINES = 3


@dataclass(frozen=True)
class Panel:
    """The drawing of one graph, and the height of its lower edge above that of the page."""

    drawing: Drawing
    bottom: float
    title: str
    title_bottom: float


@dataclass(frozen=True)
class Page:
    """Drawings one below the other; all lengths are multiples of `type_size`, which is in points."""

    type_size: float
    panels: tuple[Panel, ...]


def fitted(graphs: Sequence[Graph], width: float, height: float, measure: Measure) -> Page:
    """The page that fills a rectangle; `width` and `height` are in points."""
    plans = [_plans(graph, measure) for graph in graphs]
    titles = [LINE * bool(graph.title) for graph in graphs]
    fixed = sum(titles) + BETWEEN * (len(graphs) - 1)
    type_size = LARGEST * max(1.0, min(width / FULL[0], height / FULL[1]))
    while True:
        across, down = width / type_size - 2 * MARGIN, height / type_size - 2 * MARGIN
        chosen = [_lowest(each, across) for each in plans]
        if all(chosen) and sum(plan.height for plan in chosen if plan) + fixed <= down:
            break
        type_size *= SMALLER
    spare = down - fixed - sum(plan.height for plan in chosen if plan)
    panels, top = [], down + MARGIN
    for graph, title, plan in zip(graphs, titles, chosen, strict=True):
        assert plan is not None
        room = plan.height + spare / len(graphs)
        bottom = top - title - room
        panels.append(Panel(plan.drawing(across, room), bottom, graph.title, top - title))
        top = bottom - BETWEEN
    return Page(type_size, tuple(panels))


def _plans(graph: Graph, measure: Measure) -> list[Plan]:
    """All ways to draw a graph, from the fewest lines of labels on."""
    order, lines = order_of(graph), range(1, MOST_LINES + 1)
    if order is None:
        inside = layers(graph)
        return [Layered(graph, inside, most, measure) for most in lines]
    # A chain has two nodes in a row, or it would not be read as one.
    most_rows = len(order) // 2 if graph.edges else len(order)
    return [Rows(graph, order, rows, most, measure) for most in lines for rows in range(1, most_rows + 1)]


def _lowest(plans: Sequence[Plan], width: float) -> Plan | None:
    """The least high of the plans that are not too wide; None if all are."""
    return min([plan for plan in plans if plan.width <= width], key=lambda plan: plan.height, default=None)
