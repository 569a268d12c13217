"""A plan that draws a chain, or nodes without edges, in rows that are read like text."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from nasbench_lab.report.layout.curves import ARROW
from nasbench_lab.report.layout.drawing import STATES, Box, Curve, Drawing, Measure, Point, broken, size
from nasbench_lab.spaces.graphs import Graph

GAP, GAP_WITH_ARROW = 0.6, 1.4
BETWEEN, BETWEEN_WITH_RETURN = 0.5, 1.5
MARGIN = 1.1  # at both ends of a row, for the line that leads to the next
MOST_SPREAD = 2.0


def order_of(graph: Graph) -> list[int] | None:
    """The nodes of a chain in order, those of a graph without edges as they are, and None for others."""
    if not graph.edges:
        return list(range(len(graph.nodes)))
    after = {edge.source: edge.target for edge in graph.edges}
    starts = set(range(len(graph.nodes))) - set(after.values())
    if (
        any(edge.label for edge in graph.edges)
        or len(graph.edges) != len(graph.nodes) - 1
        or len(starts) != 1
    ):
        return None
    order = list(starts)
    while order[-1] in after:
        order.append(after[order[-1]])
    return order if len(order) == len(graph.nodes) else None


@dataclass(frozen=True)
class Rows:
    """Nodes in rows, the first of them at most one node longer than the last.

    Attributes:
        graph: a chain, or a graph without edges.
        order: its nodes in reading order.
        rows: the number of rows, at most that of the nodes.
        lines: the most lines on which a label is broken.
        measure: measures texts.
    """

    graph: Graph
    order: Sequence[int]
    rows: int
    lines: int
    measure: Measure

    @cached_property
    def _labels(self) -> list[tuple[tuple[str, ...], str]]:
        nodes = [self.graph.nodes[node] for node in self.order]
        return [(broken(node.label, self.lines), node.kind) for node in nodes]

    @cached_property
    def _sizes(self) -> list[tuple[float, float]]:
        return [size(*label, self.measure) for label in self._labels]

    @cached_property
    def _cells(self) -> list[tuple[int, int]]:
        """The row and the column of each node."""
        length, longer = divmod(len(self.order), self.rows)
        return [(row, column) for row in range(self.rows) for column in range(length + (row < longer))]

    @cached_property
    def _widths(self) -> list[float]:
        """The width of each column."""
        widths = [0.0] * (1 + max(column for _, column in self._cells))
        for (_, column), (width, _) in zip(self._cells, self._sizes, strict=True):
            widths[column] = max(widths[column], width)
        return widths

    @cached_property
    def _heights(self) -> list[float]:
        """The height of each row."""
        heights = [0.0] * self.rows
        for (row, _), (_, height) in zip(self._cells, self._sizes, strict=True):
            heights[row] = max(heights[row], height)
        return heights

    @property
    def _returns(self) -> bool:
        return bool(self.graph.edges) and self.rows > 1

    @property
    def _gap(self) -> float:
        return GAP_WITH_ARROW if self.graph.edges else GAP

    @property
    def _between(self) -> float:
        return BETWEEN_WITH_RETURN if self.graph.edges else BETWEEN

    @property
    def width(self) -> float:
        """The least width."""
        return sum(self._widths) + self._gap * (len(self._widths) - 1) + 2 * MARGIN * self._returns

    @property
    def height(self) -> float:
        """The least height."""
        return sum(self._heights) + self._between * (self.rows - 1)

    def drawing(self, width: float, height: float) -> Drawing:
        """The rows spread over a rectangle, in its middle; see `Plan`."""
        gap = self._gap * _spread(self._gap * (len(self._widths) - 1), width - self.width)
        between = self._between * _spread(self._between * (self.rows - 1), height - self.height)
        length = sum(self._widths) + gap * (len(self._widths) - 1)
        depth = sum(self._heights) + between * (self.rows - 1)
        left, top = (width - length) / 2, (height + depth) / 2
        x = [
            left + sum(self._widths[:column]) + gap * column + own / 2
            for column, own in enumerate(self._widths)
        ]
        y = [
            top - sum(self._heights[:row]) - between * row - own / 2 for row, own in enumerate(self._heights)
        ]
        boxes = []
        for place, ((lines, kind), own) in enumerate(zip(self._labels, self._sizes, strict=True)):
            row, column = self._cells[place]
            wide, high = own if kind in STATES else (self._widths[column], self._heights[row])
            # The ends of a chain stand close to their neighbours.
            aside = (self._widths[column] - wide) / 2 * {"input": 1, "output": -1}.get(kind, 0)
            boxes.append(Box(x[column] + aside, y[row], wide, high, lines, kind))
        curves = []
        for place in range(1, len(boxes) if self.graph.edges else 0):
            row, column = self._cells[place]
            lane = y[row] + (self._heights[row] + between) / 2
            corners = _return(left, left + length, lane, boxes[place - 1 : place + 1]) if column == 0 else ()
            tip = (boxes[place].left, boxes[place].y)
            base = (tip[0] - ARROW, tip[1])
            start = (boxes[place - 1].right, boxes[place - 1].y)
            curves.append(Curve((start, *corners, base), smooth=False, tip=(tip, base)))
        return Drawing(tuple(boxes), tuple(curves))


def _spread(least: float, room: float) -> float:
    """The factor by which distances grow that are `least` together, if there is room to spare."""
    return min(1 + room / least, MOST_SPREAD) if least else 1.0


def _return(left: float, right: float, lane: float, boxes: Sequence[Box]) -> tuple[Point, ...]:
    """The corners of the line from the last box of a row to the first of the next, between the two rows."""
    one, other = boxes
    right, left = right + MARGIN * 0.5, left - MARGIN * 0.9
    return (right, one.y), (right, lane), (left, lane), (left, other.y)
