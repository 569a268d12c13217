"""Monte Carlo tree search over the decisions, AlphaX without its network (Wang et al. 2020)."""

import math
from collections.abc import Sequence

import numpy as np

from nasbench_lab.search import SearchProcess
from nasbench_lab.spaces import Architecture, SearchSpace

MOST_REJECTED = 100


def monte_carlo_tree_search(
    space: SearchSpace, rng: np.random.Generator, *, exploration: float = 0.1
) -> SearchProcess:
    """Go down the tree by the highest bound, draw the remaining decisions, and pass the accuracy up.

    Wang, Zhao, Jinnai, Tian & Fonseca, "Neural Architecture Search Using Deep Neural Networks and Monte Carlo
    Tree Search", AAAI 2020 (AlphaX). A node is the choices of the first decisions, and its children add the
    next one; in the paper they add layers. There is no network that predicts accuracies, so the architecture
    that is drawn below a node is trained. A step adds one node. A repeated architecture is trained again.

    The accuracies are scaled to [0, 1] by the lowest and the highest so far; a failed training is 0. The
    paper's c is 2, on accuracies as fractions. With some hundreds of evaluations the tree then grows evenly,
    and the search is no better than random draws. The default is that of the authors' next algorithm, LaNAS
    (Wang et al. 2021), which has it as a share of the highest accuracy.

    Args:
        space, rng: as for every algorithm.
        exploration: c, the weight of the bound beside the mean.
    """
    if exploration < 0:
        raise ValueError(f"exploration is 0 or more; received {exploration:g}")
    tree = Tree(space.cardinalities)
    lowest, highest = math.inf, -math.inf
    while True:
        # A mean on the scale of accuracies and a bound times their range order the choices alike.
        prefix = tree.select(exploration * max(highest - lowest, 0.0), rng)
        drawn = rollout(prefix, space, rng)
        if drawn is None:
            tree.closed.add(prefix)
        candidate = drawn or space.sample(rng)
        evaluation = yield candidate
        accuracy = evaluation.valid_accuracy
        if evaluation.failed or not math.isfinite(accuracy):
            accuracy = lowest
        if math.isfinite(accuracy):
            lowest, highest = min(lowest, accuracy), max(highest, accuracy)
            tree.add(candidate, accuracy)


class Tree:
    """Visits N and total accuracy Q of each node; a node is the choices of the first decisions.

    Attributes:
        visits, totals: by node; the root is the empty tuple.
        closed: nodes below which no architecture was found.
    """

    def __init__(self, cardinalities: Sequence[int]) -> None:
        self.cardinalities = cardinalities
        self.visits: dict[Architecture, int] = {(): 0}
        self.totals: dict[Architecture, float] = {(): 0.0}
        self.closed: set[Architecture] = set()

    def select(self, exploration: float, rng: np.random.Generator) -> Architecture:
        """The first node on the way down that has no visits, or a whole architecture.

        Of several children without visits, one is drawn; otherwise the first of those with the highest
        UCB1 is taken: Q(s, a) / N(s, a) + 2 c √(2 ln N(s) / N(s, a)).
        """
        node: Architecture = ()
        for choices in self.cardinalities:
            children = [(*node, choice) for choice in range(choices) if (*node, choice) not in self.closed]
            if not children:
                break
            new = [child for child in children if child not in self.visits]
            if new:
                return new[int(rng.random() * len(new))]
            logarithm = 2 * math.log(self.visits[node])
            bounds = [
                self.totals[child] / self.visits[child]
                + 2 * exploration * math.sqrt(logarithm / self.visits[child])
                for child in children
            ]
            node = children[bounds.index(max(bounds))]
        return node

    def add(self, architecture: Architecture, accuracy: float) -> None:
        """Count an accuracy at each node of the way to an architecture, and add one node to the tree."""
        for depth in range(len(architecture) + 1):
            node = architecture[:depth]
            is_new = node not in self.visits
            self.visits[node] = self.visits.get(node, 0) + 1
            self.totals[node] = self.totals.get(node, 0.0) + accuracy
            if is_new:
                return


def rollout(prefix: Architecture, space: SearchSpace, rng: np.random.Generator) -> Architecture | None:
    """An architecture that begins with these choices, the others drawn; None if 100 draws are none."""
    rest = space.cardinalities[len(prefix) :]
    for _ in range(MOST_REJECTED):
        drawn = [int(draw * n) for draw, n in zip(rng.random(len(rest)).tolist(), rest, strict=True)]
        if space.is_valid((*prefix, *drawn)):
            return (*prefix, *drawn)
    return None
