"""Ensembles of regression trees as plain arrays, stored without pickle and evaluated with numpy alone."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Forest:
    """The sum of many trees and a constant.

    The m nodes of all trees lie end to end. At an inner node, a sample goes left if its feature is at most
    the threshold, otherwise right. A leaf is its own child on both sides. Children lie after their parent.

    Attributes:
        feature: index of the feature that each node compares, shape `(m,)`; 0 at a leaf.
        threshold: shape `(m,)`.
        left, right: index of each child among all nodes, shape `(m,)`.
        value: the number that a leaf adds, shape `(m,)`; 0 at inner nodes.
        roots: first node of each tree, shape `(trees,)`.
        constant: added to every prediction, shape `()`.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    roots: NDArray[np.int32]
    constant: NDArray[np.float64]

    def predict(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Predictions of shape `(n,)` for samples of shape `(n, k)`."""
        # Predict in pieces, to keep the current nodes in the processor's caches.
        step = max(1, 2**20 // max(1, len(self.roots)))
        pieces = [self._predict(features[start : start + step]) for start in range(0, len(features), step)]
        return np.concatenate([np.empty(0), *pieces])

    def _predict(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        flat = np.ascontiguousarray(features).ravel()
        first = np.arange(0, flat.size, features.shape[1])[:, None]
        node = np.broadcast_to(self.roots, (len(features), len(self.roots)))
        for _ in range(self._depth):
            goes_left = flat.take(first + self.feature.take(node)) <= self.threshold.take(node)
            node = np.where(goes_left, self.left.take(node), self.right.take(node))
        total: NDArray[np.float64] = self.value.take(node).sum(axis=1) + self.constant
        return total

    @cached_property
    def _depth(self) -> int:
        """The largest number of steps from a root to a leaf."""
        steps = 0
        nodes = self.roots
        while len(nodes := nodes[self.left[nodes] != nodes]):
            nodes = np.concatenate([self.left[nodes], self.right[nodes]])
            steps += 1
        return steps

    def check(self, features: int) -> None:
        """Raise `ValueError` if the arrays do not form a forest that `predict` can walk to its leaves."""
        nodes = np.arange(len(self.feature))
        for field in fields(self)[:5]:
            if getattr(self, field.name).shape != nodes.shape:
                raise ValueError(f"{field.name} has another shape than feature")
        leaf = (self.left == nodes) & (self.right == nodes)
        ascends = (self.left > nodes) & (self.right > nodes)
        # Each node has at most one parent. Otherwise the walk could take exponential time.
        children = np.concatenate([self.left[~leaf], self.right[~leaf], self.roots])
        inside = ((children >= 0) & (children < len(nodes))).all()
        if not ((leaf | ascends).all() and inside and np.bincount(children, minlength=1).max() <= 1):
            raise ValueError("its nodes do not form trees")
        if not ((self.feature >= 0) & (self.feature < features)).all():
            raise ValueError(f"its nodes ask for more than {features} features")
        if self.roots.ndim != 1 or self.constant.shape != ():
            raise ValueError("its roots and its constant have wrong shapes")
        if not all(np.isfinite(values).all() for values in (self.threshold, self.value, self.constant)):
            raise ValueError("its numbers are not finite")


def join(forests: Sequence[Forest], weight: float) -> Forest:
    """One forest that predicts `weight` times the sum of the given ones."""
    nodes = np.cumsum([0, *(len(forest.feature) for forest in forests)]).astype(np.int32)

    def joined(name: str, shift: bool = False) -> NDArray:  # type: ignore[type-arg]
        parts = [getattr(forest, name) for forest in forests]
        return np.concatenate(
            [part + start if shift else part for part, start in zip(parts, nodes[:-1], strict=True)]
        )

    return Forest(
        feature=joined("feature"),
        threshold=joined("threshold"),
        left=joined("left", shift=True),
        right=joined("right", shift=True),
        value=joined("value") * weight,
        roots=joined("roots", shift=True),
        constant=np.asarray(sum(float(forest.constant) for forest in forests) * weight),
    )
