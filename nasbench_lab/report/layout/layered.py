"""A plan that draws a graph in layers from left to right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from nasbench_lab.report.layout.curves import sampled, smooth, with_arrow
from nasbench_lab.report.layout.drawing import STATES, Box, Curve, Drawing, Measure, Point, broken, size
from nasbench_lab.report.layout.layers import Item, Layers
from nasbench_lab.spaces.graphs import Graph

GAP_BEFORE_NODES, GAP_BEFORE_LABELS = 1.4, 0.9
BETWEEN = 0.5  # between neighbours in a layer
PASSAGE = 0.2  # height of a place where an edge passes a layer
CLEAR = 0.15  # least distance of an edge from the boxes of others
# How far layers may be drawn apart, and how far their entries, as a factor.
MOST_SPREAD = 3.0
SPREADS = [1 + step / 50 for step in range(1, 91)]
ROUNDS = 40


@dataclass(frozen=True)
class Layered:
    """A graph in layers.

    Attributes:
        graph: the graph.
        layers: its layers.
        lines: the most lines on which a label is broken.
        measure: measures texts.
    """

    graph: Graph
    layers: Layers
    lines: int
    measure: Measure

    @cached_property
    def _labels(self) -> dict[Item, tuple[tuple[str, ...], str]]:
        """The lines and the kind of each item with a label."""
        labels = {}
        for items in self.layers.items:
            for item in items:
                if item.node >= 0 or item.labelled:
                    of = self.graph.nodes[item.node] if item.node >= 0 else self.graph.edges[item.edge]
                    labels[item] = (broken(of.label, self.lines), of.kind)
        return labels

    @cached_property
    def _sizes(self) -> dict[Item, tuple[float, float]]:
        return {
            item: size(*self._labels[item], self.measure) if item in self._labels else (0.0, PASSAGE)
            for items in self.layers.items
            for item in items
        }

    @cached_property
    def _widths(self) -> list[float]:
        return [max([self._sizes[item][0] for item in items], default=0.0) for items in self.layers.items]

    @cached_property
    def _gaps(self) -> list[float]:
        """The least distance between each layer and the next."""
        apart = self.layers.labels_apart
        return [
            GAP_BEFORE_LABELS if apart and rank % 2 else GAP_BEFORE_NODES
            for rank in range(1, len(self.layers.items))
        ]

    @cached_property
    def _levels(self) -> dict[Item, float]:
        """The y of each item, as close together as they may be."""
        return _balanced(self.layers, self._sizes)

    def _reach(self, spread: float) -> tuple[float, float]:
        """The lowest and the highest y that items reach if all levels are multiplied by `spread`."""
        levels = [(spread * y, self._sizes[item][1] / 2) for item, y in self._levels.items()]
        return min(y - half for y, half in levels), max(y + half for y, half in levels)

    @property
    def width(self) -> float:
        """The least width."""
        return sum(self._widths) + sum(self._gaps)

    @cached_property
    def height(self) -> float:
        """The least height."""
        low, high = self._reach(1.0)
        return high - low

    def drawing(self, width: float, height: float) -> Drawing:
        """The graph spread over a rectangle, in its middle; see `Plan`."""
        x, columns = self._columns(width)
        spread = 1.0
        for more in SPREADS:
            low, high = self._reach(more)
            if high - low <= height:
                spread = more
        low, high = self._reach(spread)
        above = (height - low - high) / 2
        places = {
            item: (x[rank], above + spread * self._levels[item])
            for rank, items in enumerate(self.layers.items)
            for item in items
        }
        boxes = {item: Box(*places[item], *self._sizes[item], *self._labels[item]) for item in self._labels}
        return Drawing(tuple(boxes.values()), tuple(self._curves(places, boxes, columns)))

    def _columns(self, width: float) -> tuple[list[float], list[tuple[float, float]]]:
        """The middle of each layer, and its left and right side."""
        spread = min((width - sum(self._widths)) / sum(self._gaps), MOST_SPREAD) if self._gaps else 1.0
        left = (width - sum(self._widths) - spread * sum(self._gaps)) / 2
        middles, sides = [], []
        for own, gap in zip(self._widths, [*self._gaps, 0.0], strict=True):
            middles.append(left + own / 2)
            sides.append((left, left + own))
            left += own + spread * gap
        return middles, sides

    def _curves(
        self,
        places: Mapping[Item, Point],
        boxes: Mapping[Item, Box],
        columns: Sequence[tuple[float, float]],
    ) -> list[Curve]:
        ports = _ports(self.layers, places, boxes)
        curves = []
        for edge, path in enumerate(self.layers.paths):
            own = [item for _, item in path]
            others = [box for item, box in boxes.items() if item not in own]
            level: set[int] = set()
            while True:
                stops = [
                    _stop(path, each, places, boxes, ports[edge], columns, level) for each in range(len(path))
                ]
                curve = smooth([point for stop in stops for point in stop])
                touched = _touched(sampled(curve), others, [columns[rank] for rank, _ in path])
                if touched <= level:
                    break
                level |= touched
            curves.append(with_arrow(curve, boxes[own[-1]]))
        return curves


def _stop(
    path: Sequence[tuple[int, Item]],
    place: int,
    places: Mapping[Item, Point],
    boxes: Mapping[Item, Box],
    port: float,
    columns: Sequence[tuple[float, float]],
    level: set[int],
) -> list[Point]:
    """The points of an edge in one layer; in a layer of `level` it runs level from side to side."""
    rank, item = path[place]
    x, y = places[item]
    left, right = columns[rank]
    if place == 0:
        start = x if _is_round(boxes[item]) else boxes[item].right
        return [(start, y), (right, y)] if place in level and right > start else [(start, y)]
    if place == len(path) - 1:
        end = x if _is_round(boxes[item]) else boxes[item].left
        y += port
        return [(left, y), (end, y)] if place in level and left < end else [(end, y)]
    if item in boxes and place not in level:
        left, right = boxes[item].left, boxes[item].right
    return [(left, y), (right, y)] if right > left and (item in boxes or place in level) else [(x, y)]


def _is_round(box: Box) -> bool:
    return box.kind in STATES and box.width == box.height


def _ports(layers: Layers, places: Mapping[Item, Point], boxes: Mapping[Item, Box]) -> list[float]:
    """For each edge the distance of its end from the middle of its target's left side."""
    ports = [0.0] * len(layers.paths)
    for node in {path[-1][1] for path in layers.paths}:
        box = boxes[node]
        edges = [edge for edge, path in enumerate(layers.paths) if path[-1][1] == node]
        if _is_round(box) or len(edges) == 1:
            continue
        edges.sort(key=lambda edge: places[layers.paths[edge][-2][1]][1])
        straight = box.height * 0.55 if box.kind not in STATES else box.height * 0.3
        step = min(straight / (len(edges) - 1), 0.5)
        for place, edge in enumerate(edges):
            ports[edge] = step * (place - (len(edges) - 1) / 2)
    return ports


def _touched(
    points: Sequence[Point], others: Sequence[Box], columns: Sequence[tuple[float, float]]
) -> set[int]:
    """The places on a path in whose layers it comes too close to the boxes of others."""
    touched = set()
    for point in points:
        for box in others:
            if box.holds(point, CLEAR):
                touched |= {
                    place for place, (left, right) in enumerate(columns) if left - 0.5 <= box.x <= right + 0.5
                }
    return touched


def _balanced(layers: Layers, sizes: Mapping[Item, tuple[float, float]]) -> dict[Item, float]:
    """Heights that keep the order and the distances of each layer and make the edges as level as possible.

    They minimise a weighted sum of squares over all pieces of edges, layer by layer, again and again.
    Pieces of long edges weigh more, so that long edges are straight.
    """
    near: dict[Item, list[tuple[Item, float]]] = {item: [] for items in layers.items for item in items}
    for path in layers.paths:
        for (_, one), (_, other) in pairwise(path):
            weight = 1.0 + 2.0 * ((one.node < 0) + (other.node < 0))
            near[one].append((other, weight))
            near[other].append((one, weight))
    y: dict[Item, float] = {}
    for items in layers.items:
        offsets = _offsets(items, sizes)
        y |= (
            {item: offsets[-1] / 2 - offset for item, offset in zip(items, offsets, strict=True)}
            if items
            else {}
        )
    ranks = range(len(layers.items))
    for _ in range(ROUNDS):
        for rank in (*ranks, *reversed(ranks)):
            _level(layers.items[rank], near, sizes, y)
    return y


def _offsets(items: Sequence[Item], sizes: Mapping[Item, tuple[float, float]]) -> list[float]:
    """The least distance of each item of a layer from the first."""
    offsets = [0.0] if items else []
    for one, other in pairwise(items):
        offsets.append(offsets[-1] + (sizes[one][1] + sizes[other][1]) / 2 + BETWEEN)
    return offsets


def _level(
    items: Sequence[Item],
    near: Mapping[Item, Sequence[tuple[Item, float]]],
    sizes: Mapping[Item, tuple[float, float]],
    y: dict[Item, float],
) -> None:
    """Move the items of one layer to their best heights for those of the others (isotonic regression)."""
    offsets = _offsets(items, sizes)
    blocks: list[list[float]] = []  # sum of wanted places, sum of weights, number of items
    for item, offset in zip(items, offsets, strict=True):
        weight = sum(each for _, each in near[item]) or 0.1
        wanted = sum(each * y[other] for other, each in near[item]) / weight if near[item] else y[item]
        blocks.append([weight * (wanted + offset), weight, 1])
        # The places fall from top to bottom.
        while len(blocks) > 1 and blocks[-1][0] / blocks[-1][1] > blocks[-2][0] / blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [one + other for one, other in zip(blocks[-1], last, strict=True)]
    places = [total / weight for total, weight, count in blocks for _ in range(int(count))]
    for item, place, offset in zip(items, places, offsets, strict=True):
        y[item] = place - offset
