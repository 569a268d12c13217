"""Takes the trees out of pickled XGBoost and LightGBM boosters, without either library.

Nothing in a pickle is run, see `nasbench_lab.benchmarks.formats.pickles`. XGBoost's binary form is read as
versions 0.90 to 1.2 pickle it; these were current when the published models were made. LightGBM's text form
is read as versions 2.2 to 4 pickle it.
"""

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.formats.pickles import Booster, Readable, read_plain
from nasbench_lab.benchmarks.surrogates.forest import Forest

DEEPEST = 256
MOST_NODES = 2**26

# The layout of XGBoost's binary form. Unnamed fields are unused here or reserved.
SNAPSHOT = b"CONFIG-offset:"  # then an int64 (the model's size in bytes), the model, and JSON
MODEL = b"binf"
LEARNER = struct.Struct("<f I i 124x")  # base score, features, classes
GBTREE = struct.Struct("<i 20x i i 128x")  # trees, outputs, size of vectors in leaves
TREE = struct.Struct("<4x i 8x i i 124x")  # nodes, features, size of vectors in leaves
NODE = np.dtype([("parent", "<i4"), ("left", "<i4"), ("right", "<i4"), ("split", "<u4"), ("value", "<f4")])
STATISTICS = 16  # bytes for each node, after all nodes of a tree
NO_CHILD = -1
FEATURE = 0x7FFFFFFF  # a split's highest bit is for missing values; there are none here


def read_booster(file: Readable, features: int) -> Forest:
    """The trees of a pickled booster; the forest predicts as the library does.

    Args:
        file: the pickle.
        features: number of features that the booster must have been fitted on. No feature may be missing
            (NaN) in a prediction.

    Returns:
        A forest for 32-bit features. XGBoost adds in 32 bits, a forest in 64 bits. Their predictions differ
        only by this rounding, by about 1e-4 at 93 % after 300 trees.

    Raises:
        ValueError: if the pickle is damaged, holds no booster, or its booster is not a plain sum of trees
            for a regression.
    """
    booster = read_plain(file, boosters=True)
    if type(booster) is not Booster or booster.state is None:
        raise ValueError("the pickle does not hold a booster")
    # LightGBM 4 renamed `handle` to `_handle`.
    handle = booster.state.get("handle", booster.state.get("_handle"))
    if booster.library == "xgboost":
        if type(handle) is not bytes:
            raise ValueError("the pickle holds an XGBoost booster without its model")
        return xgboost_forest(handle, features)
    if type(handle) is not str:
        raise ValueError("the pickle holds a LightGBM booster without its model")
    best = booster.state.get("best_iteration", -1)
    if type(best) is not int:
        raise ValueError("the pickle holds a LightGBM booster whose best_iteration is not a whole number")
    return lightgbm_forest(handle, features, best)


@dataclass
class _Bytes:
    """Reads pieces of known size from the front of some bytes."""

    data: bytes
    at: int = 0

    def take(self, length: int) -> int:
        """Step over a piece and return its start."""
        start = self.at
        if not 0 <= length <= len(self.data) - start:
            raise ValueError("the XGBoost model is cut off or damaged")
        self.at += length
        return start

    def unpack(self, layout: struct.Struct) -> tuple[Any, ...]:
        return layout.unpack_from(self.data, self.take(layout.size))

    def word(self) -> bytes:
        (length,) = self.unpack(struct.Struct("<Q"))
        start = self.take(length)
        return self.data[start : start + length]


def xgboost_forest(model: bytes, features: int) -> Forest:
    """The trees of an XGBoost model in its binary form; raises `ValueError`, see `read_booster`."""
    reader = _Bytes(model)
    if model.startswith(SNAPSHOT):
        reader.take(len(SNAPSHOT))
        reader.take(8)
    if model.startswith(MODEL, reader.at):
        reader.take(len(MODEL))
    elif model.startswith(b"{", reader.at):
        raise ValueError(
            "the XGBoost model is in JSON or UBJSON, which later versions write; only the binary form of the"
            " published files is read"
        )
    base_score, fitted_on, classes = reader.unpack(LEARNER)
    objective, booster = reader.word(), reader.word()
    if booster != b"gbtree" or objective not in (b"reg:squarederror", b"reg:linear") or classes > 1:
        raise ValueError("the XGBoost model is not a sum of trees for a regression")
    trees, outputs, vectors = reader.unpack(GBTREE)
    if outputs > 1 or vectors:  # version 1.0 and later do not write the outputs
        raise ValueError("the XGBoost model predicts more than one number")
    if fitted_on != features:
        raise ValueError(f"the XGBoost model takes {fitted_on} features; {features} are expected")
    if trees < 1:
        raise ValueError("the XGBoost model has no trees")
    pieces, roots, total = [], [], 0
    for _ in range(trees):
        nodes, _, vectors = reader.unpack(TREE)
        if nodes < 1 or vectors:
            raise ValueError("the XGBoost model has a tree without nodes, or with vectors in its leaves")
        start = reader.take(nodes * (NODE.itemsize + STATISTICS))
        piece = np.frombuffer(model, NODE, nodes, start).copy()
        inside = (
            (piece["left"] >= 0) & (piece["left"] < nodes) & (piece["right"] >= 0) & (piece["right"] < nodes)
        )
        leaf = piece["left"] == NO_CHILD
        if not (inside | leaf).all():
            raise ValueError("the XGBoost model has nodes whose children are not there")
        itself = np.arange(nodes)
        piece["left"] = np.where(leaf, itself, piece["left"]) + total
        piece["right"] = np.where(leaf, itself, piece["right"]) + total
        pieces.append(piece)
        roots.append(total)
        total += nodes
    nodes = np.concatenate(pieces)
    leaf = nodes["left"] == np.arange(total)
    # XGBoost sends a sample left if it is below the threshold, a forest if it is at most the threshold.
    with np.errstate(all="ignore"):
        below = np.nextafter(nodes["value"], np.float32(-np.inf)).astype(np.float64)
    return _forest(
        feature=np.where(leaf, 0, nodes["split"] & FEATURE),
        threshold=np.where(leaf, 0.0, below),
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        value=np.where(leaf, nodes["value"].astype(np.float64), 0.0),
        roots=np.array(roots),
        constant=base_score,
        features=features,
    )


# Required values in the head of a LightGBM model and in its trees. An entry may also be missing.
PLAIN_MODEL = {"num_class": "1", "num_tree_per_iteration": "1"}
PLAIN_TREE = {"num_cat": "0", "is_linear": "0"}
MISSING_IS_ZERO, CATEGORICAL = 4, 1  # bits of a LightGBM decision


def lightgbm_forest(model: str, features: int, best_iteration: int = -1) -> Forest:
    """The trees of a LightGBM model in its text form; raises `ValueError`, see `read_booster`.

    Args:
        model: the text.
        features: number of features that the model must have been fitted on.
        best_iteration: number of trees to keep, as found by early stopping; all if it is 0 or less.
    """
    head, *blocks = model.partition("\nend of trees")[0].split("\nTree=")
    if not head.startswith("tree\n") or "\nend of trees" not in model:
        raise ValueError("the LightGBM model is cut off or damaged")
    facts = _facts(head)
    if facts.get("objective") != "regression" or "average_output" in facts or not _has(facts, PLAIN_MODEL):
        raise ValueError("the LightGBM model is not a sum of trees for a regression")
    if facts.get("max_feature_idx") != str(features - 1):
        raise ValueError(f"the LightGBM model does not take {features} features")
    if not blocks or best_iteration > len(blocks):
        raise ValueError(
            f"the LightGBM model has too few trees ({len(blocks)}) for best_iteration {best_iteration}"
        )
    if best_iteration > 0:
        blocks = blocks[:best_iteration]
    parts: list[dict[str, NDArray[Any]]] = []
    total = 0
    for number, block in enumerate(blocks):
        name, _, rest = block.partition("\n")
        if name != str(number):
            raise ValueError(f"the LightGBM model has tree {name[:20]!r} where tree {number} is expected")
        part = _lightgbm_tree(_facts(rest))
        for side in ("left", "right"):
            part[side] += total
        part["root"] = np.array([total])
        total += len(part["feature"])
        parts.append(part)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    roots = columns.pop("root")
    return _forest(**columns, roots=roots, constant=0.0, features=features)


def _facts(block: str) -> dict[str, str]:
    """The `name=value` lines of one part of a LightGBM model."""
    return {name: value for name, _, value in (line.partition("=") for line in block.split("\n"))}


def _has(facts: dict[str, str], expected: dict[str, str]) -> bool:
    return all(facts.get(name, value) == value for name, value in expected.items())


def _lightgbm_tree(facts: dict[str, str]) -> dict[str, NDArray[Any]]:
    """The nodes of one tree: its splits, then its leaves."""
    if not _has(facts, PLAIN_TREE):
        raise ValueError("the LightGBM model has trees with categories or linear leaves")
    leaves = _column(facts, "leaf_value", np.float64)
    count = len(leaves)
    if facts.get("num_leaves") != str(count) or not count:
        raise ValueError("the LightGBM model has a tree whose num_leaves does not match its leaf values")
    splits = count - 1
    feature, left, right, decision = (
        _column(facts, name, np.int64) if splits else np.zeros(0, np.int64)
        for name in ("split_feature", "left_child", "right_child", "decision_type")
    )
    threshold = _column(facts, "threshold", np.float64) if splits else np.zeros(0)
    if any(len(column) != splits for column in (feature, left, right, decision, threshold)):
        raise ValueError("the LightGBM model has a tree whose splits are not one fewer than its leaves")
    if (decision & (MISSING_IS_ZERO | CATEGORICAL)).any():
        raise ValueError("the LightGBM model has splits that are not plain comparisons of numbers")
    itself = np.arange(splits, splits + count)
    sides = []
    for side in (left, right):
        # A leaf is written as the bitwise complement of its number.
        if not ((side >= -count) & (side < splits)).all():
            raise ValueError("the LightGBM model has nodes whose children are not there")
        sides.append(np.concatenate([np.where(side < 0, splits + ~side, side), itself]))
    none = np.zeros(count)
    return {
        "feature": np.concatenate([feature, none.astype(np.int64)]),
        "threshold": np.concatenate([threshold, none]),
        "left": sides[0],
        "right": sides[1],
        "value": np.concatenate([np.zeros(splits), leaves]),
    }


def _column(facts: dict[str, str], name: str, kind: Any) -> NDArray[Any]:
    try:
        return np.array(facts.get(name, "").split(), dtype=kind)
    except (ValueError, OverflowError):
        raise ValueError(f"the LightGBM model has a tree whose {name} are not numbers") from None


def _forest(
    *,
    feature: NDArray[Any],
    threshold: NDArray[np.float64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    value: NDArray[np.float64],
    roots: NDArray[np.int64],
    constant: float,
    features: int,
) -> Forest:
    """A forest of the reachable nodes, level by level; children lie after their parents."""
    if len(feature) > MOST_NODES:
        raise ValueError(f"the model has {len(feature):,} nodes, more than any published one")
    levels = [roots]
    reached = len(roots)
    while len(inner := levels[-1][left[levels[-1]] != levels[-1]]):
        levels.append(np.concatenate([left[inner], right[inner]]))
        reached += len(levels[-1])
        # The walk around a cycle would never end.
        if reached > len(feature) or len(levels) > DEEPEST:
            raise ValueError(f"the nodes of the model do not form trees of at most {DEEPEST} levels")
    order = np.concatenate(levels)
    place = np.full(len(feature), -1)
    place[order] = np.arange(len(order))
    if not math.isfinite(constant):
        raise ValueError("the numbers of the model are not finite")
    if ((feature < 0) | (feature >= features)).any():
        raise ValueError(f"the nodes of the model ask for more than {features} features")
    forest = Forest(
        feature=feature[order].astype(np.int32),
        threshold=threshold[order],
        left=place[left[order]].astype(np.int32),
        right=place[right[order]].astype(np.int32),
        value=value[order],
        roots=place[roots].astype(np.int32),
        constant=np.asarray(float(constant)),
    )
    forest.check(features)
    return forest
