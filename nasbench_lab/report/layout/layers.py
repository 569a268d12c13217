"""The layers of a graph, and the order of each layer that makes edges cross least (Sugiyama et al. 1981)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from nasbench_lab.spaces.graphs import Graph

SWEEPS = 8
WORTH_TRYING = 2  # crossings


class Item(NamedTuple):
    """An entry of a layer: a node, the label of an edge, or a place where an edge passes the layer.

    Attributes:
        node: the position of the node, or -1.
        edge: the position of the edge, or -1 for a node.
        layer: the layer of this piece of the edge, or -1 for a node.
        labelled: whether the item is the label of the edge.
    """

    node: int = -1
    edge: int = -1
    layer: int = -1
    labelled: bool = False


@dataclass(frozen=True)
class Layers:
    """The layers of a graph from left to right.

    Attributes:
        items: the entries of each layer from top to bottom.
        paths: the entries that each edge connects, from its source to its target, as (layer, item).
        labels_apart: whether every second layer holds the labels of edges, and no nodes.
    """

    items: tuple[tuple[Item, ...], ...]
    paths: tuple[tuple[tuple[int, Item], ...], ...]
    labels_apart: bool


Path = tuple[tuple[int, Item], ...]


def layers(graph: Graph) -> Layers:
    """Sort a graph into layers; every edge leads to the right."""
    step = 2 if any(edge.label for edge in graph.edges) else 1
    ranks = _ranks(graph, step)
    paths = _paths(graph, ranks, step)
    count = max(ranks) + 1
    unordered: list[list[Item]] = [[] for _ in range(count)]
    for node, rank in enumerate(ranks):
        unordered[rank].append(Item(node=node))
    for path in paths:
        for rank, item in path[1:-1]:
            unordered[rank].append(item)
    return Layers(tuple(map(tuple, _ordered(unordered, paths))), tuple(paths), step == 2)


def _ranks(graph: Graph, step: int) -> list[int]:
    """The layer of each node: by its longest path from the left; sources that are no input stand late."""
    count = len(graph.nodes)
    into = [{edge.source for edge in graph.edges if edge.target == node} for node in range(count)]
    out_of = [{edge.target for edge in graph.edges if edge.source == node} for node in range(count)]
    ranks = [0] * count
    # Nodes need not be numbered along the edges. No path is longer than the number of nodes.
    for _ in range(count):
        ranks = [max([ranks[source] + step for source in sources], default=0) for sources in into]
    last = max(ranks)
    for node, each in enumerate(graph.nodes):
        if each.kind == "output" and not out_of[node]:
            last = max(last, step if count > 1 and not into[node] else 0)
            ranks[node] = last
        elif each.kind != "input" and not into[node]:
            ranks[node] = min([ranks[target] for target in out_of[node]], default=last) - step
    # A node without any edge stands in the middle.
    for node, each in enumerate(graph.nodes):
        if each.kind not in ("input", "output") and not into[node] and not out_of[node]:
            ranks[node] = last // step // 2 * step
    return ranks


def _paths(graph: Graph, ranks: Sequence[int], step: int) -> list[Path]:
    """The items along each edge; the label of a long edge stands in a layer with few labels, if possible."""
    labels = [0] * (max(ranks) + 1)
    paths: list[Path] = [()] * len(graph.edges)
    by_length = sorted(
        range(len(graph.edges)),
        key=lambda edge: (ranks[graph.edges[edge].target] - ranks[graph.edges[edge].source], edge),
    )
    for edge in by_length:
        source, target = graph.edges[edge].source, graph.edges[edge].target
        first, last = ranks[source], ranks[target]
        place = -1
        if graph.edges[edge].label:
            middle = (first + last) / 2
            place = min(range(first + 1, last, step), key=lambda rank: (labels[rank], abs(rank - middle)))
            labels[place] += 1
        between = [
            (rank, Item(edge=edge, layer=rank, labelled=rank == place)) for rank in range(first + 1, last)
        ]
        paths[edge] = ((first, Item(node=source)), *between, (last, Item(node=target)))
    return paths


Order = list[list[Item]]
Links = Sequence[Sequence[tuple[Item, Item]]]
"""The pieces of edges between each layer and the next."""


def _ordered(unordered: Order, paths: Sequence[Path]) -> Order:
    """The best order that is found from two different starts."""
    links: list[list[tuple[Item, Item]]] = [[] for _ in unordered]
    for path in paths:
        for (rank, one), (_, other) in pairwise(path):
            links[rank].append((one, other))
    found = [_improved(start, links, paths) for start in (unordered, [items[::-1] for items in unordered])]
    return min(found, key=lambda order: _cost(order, links))


def _improved(start: Order, links: Links, paths: Sequence[Path]) -> Order:
    """The best order on the way from a start, then with edges moved around all others if that helps."""
    best, order, least = start, start, _cost(start, links)
    for sweep in range(SWEEPS):
        order = [list(items) for items in order]
        _sweep(order, links, to_the_right=sweep % 2 == 0)
        _exchange(order, links)
        if (cost := _cost(order, links)) < least:
            best, least = order, cost
    for path in paths:
        for top in (True, False):
            order = _moved(best, path, top=top)
            # An order that is much worse is not worth the exchanges.
            if _cost(order, links) < least + WORTH_TRYING:
                _exchange(order, links)
            if (cost := _cost(order, links)) < least:
                best, least = order, cost
    return best


def _moved(order: Order, path: Path, *, top: bool) -> Order:
    """The order with all of an edge but its ends at the top or the bottom of the layers."""
    moved = {item for _, item in path[1:-1]}
    result = []
    for items in order:
        rest, own = [each for each in items if each not in moved], [each for each in items if each in moved]
        result.append(own + rest if top else rest + own)
    return result


def _sweep(order: Order, links: Links, *, to_the_right: bool) -> None:
    """Sort each layer by the mean place of its neighbours in the layer before it."""
    ranks = range(1, len(order)) if to_the_right else range(len(order) - 2, -1, -1)
    for rank in ranks:
        before = rank - 1 if to_the_right else rank + 1
        places = _places(order[before])
        pairs = links[min(rank, before)]
        near: dict[Item, list[float]] = {item: [] for item in order[rank]}
        for one, other in pairs:
            here, there = (other, one) if to_the_right else (one, other)
            near[here].append(places[there])
        own = _places(order[rank])
        means = {item: sum(near[item]) / len(near[item]) if near[item] else own[item] for item in near}
        order[rank].sort(key=means.__getitem__)


def _exchange(order: Order, links: Links) -> None:
    """Exchange neighbours in a layer as long as this makes the order better."""
    for rank, items in enumerate(order):
        for place in range(len(items) - 1):
            before = _cost_around(order, links, rank)
            items[place], items[place + 1] = items[place + 1], items[place]
            if _cost_around(order, links, rank) >= before:
                items[place], items[place + 1] = items[place + 1], items[place]


def _cost_around(order: Order, links: Links, rank: int) -> float:
    return sum(_cost_between(order, links, each) for each in (rank - 1, rank) if 0 <= each < len(order) - 1)


def _cost(order: Order, links: Links) -> float:
    return sum(_cost_between(order, links, rank) for rank in range(len(order) - 1))


def _cost_between(order: Order, links: Links, rank: int) -> float:
    """The crossings between a layer and the next, and, as a tie-break, how steep the edges are."""
    left, right = _places(order[rank]), _places(order[rank + 1])
    ends = [(left[one], right[other]) for one, other in links[rank]]
    crossings = sum(
        (a[0] - b[0]) * (a[1] - b[1]) < 0 for place, a in enumerate(ends) for b in ends[place + 1 :]
    )
    return crossings + 1e-3 * sum((one - other) ** 2 for one, other in ends)


def _places(items: Sequence[Item]) -> dict[Item, float]:
    """The place of each item of a layer, from the middle of the layer on."""
    middle = (len(items) - 1) / 2
    return {item: place - middle for place, item in enumerate(items)}
