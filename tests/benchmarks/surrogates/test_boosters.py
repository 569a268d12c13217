"""Trees taken out of boosters, against the predictions of the real libraries.

The models were made by XGBoost 1.2.1 and LightGBM 2.3.1; see `sources/nasbench301/make.py`.
"""

import collections
import json
import pickle
import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from nasbench_lab.benchmarks.formats.pickles import read_plain
from nasbench_lab.benchmarks.surrogates.boosters import lightgbm_forest, read_booster, xgboost_forest

FILES = Path(__file__).parents[1] / "sources" / "nasbench301"
EXPECTED = json.loads((FILES / "expected.json").read_text())
VECTORS = np.array(EXPECTED["vectors"], dtype=np.float32)
XGBOOST = [
    (FILES / f"nb_models/xgb_v1.0/ensemble_member_{i}/surrogate_model.model").read_bytes() for i in (0, 1)
]
LIGHTGBM = [
    (FILES / f"nb_models/lgb_runtime_v1.0/ensemble_member_{i}/surrogate_model.model").read_bytes()
    for i in (0, 1)
]


def handle(content):
    return read_plain(BytesIO(content), boosters=True).state["handle"]


@pytest.mark.parametrize("i", [0, 1])
def test_predicts_what_xgboost_predicted(i):
    """XGBoost adds in 32 bits; at 93, a unit in the last place is 8e-6."""
    forest = read_booster(BytesIO(XGBOOST[i]), 56)
    assert len(forest.roots) == 25
    assert len(forest.feature) > 400
    assert forest.predict(VECTORS) == pytest.approx(EXPECTED["valid_accuracy"][i], abs=5e-5)


@pytest.mark.parametrize("i", [0, 1])
def test_predicts_what_lightgbm_predicted(i):
    forest = read_booster(BytesIO(LIGHTGBM[i]), 56)
    assert len(forest.roots) > 3
    assert forest.predict(VECTORS) == pytest.approx(EXPECTED["seconds"][i], rel=1e-12)


def test_a_threshold_is_where_xgboost_has_it():
    """In XGBoost a sample below the threshold goes left; an equal one goes right."""
    forest = xgboost_forest(xgboost_model([(tree(1.5, -1.0, 1.0))]), 56)
    samples = np.zeros((3, 56), dtype=np.float32)
    samples[:, 7] = np.array([1.5, np.nextafter(np.float32(1.5), np.float32(0)), 1.6], dtype=np.float32)
    assert forest.predict(samples).tolist() == [1.5, -0.5, 1.5]


def test_the_form_before_version_one_is_read():
    model = xgboost_model([tree(1.5, -1.0, 1.0)], outputs=1, objective=b"reg:linear")
    samples = np.zeros((1, 56))
    assert xgboost_forest(model, 56).predict(samples) == xgboost_forest(b"binf" + model, 56).predict(samples)


NODE = struct.Struct("<iiiIf")


def tree(threshold, left, right, feature=7):
    """A split and two leaves, in the form of an XGBoost 1.2 file: one tuple for each node."""
    return [(-1, 1, 2, feature | 1 << 31, threshold), (0, -1, -1, 0, left), (0, -1, -1, 0, right)]


def xgboost_model(
    trees, *, outputs=0, objective=b"reg:squarederror", booster=b"gbtree", features=56, **counts
):
    """The binary form of a model, written independently of its reader: nodes, then a statistic of each."""

    def word(text):
        return struct.pack("<Q", len(text)) + text

    content = struct.pack("<fIi", 0.5, features, 0) + bytes(31 * 4) + word(objective) + word(booster)
    content += struct.pack("<iiiiqii", counts.get("tree_count", len(trees)), 1, 0, 0, 0, outputs, 0) + bytes(
        32 * 4
    )
    for nodes in trees:
        content += struct.pack("<iiiiii", 1, counts.get("node_count", len(nodes)), 0, 0, features, 0) + bytes(
            31 * 4
        )
        content += b"".join(NODE.pack(*node) for node in nodes) + bytes(16 * len(nodes))
    return content + bytes(4 * len(trees))


def changed(node, **fields):
    """A tree with one field of one node changed."""
    names = ("parent", "left", "right", "split", "value")
    nodes = tree(1.5, -1.0, 1.0)
    values = dict(zip(names, nodes[node], strict=True)) | fields
    return [*nodes[:node], tuple(values.values()), *nodes[node + 1 :]]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (b"", "cut off or damaged"),
        (b"CONFIG-offset:", "cut off or damaged"),
        (b"{L", "in JSON or UBJSON"),
        (b"CONFIG-offset:12345678{", "in JSON or UBJSON"),
        (xgboost_model([], tree_count=0), "has no trees"),
        (xgboost_model([], tree_count=-1), "has no trees"),
        (xgboost_model([], tree_count=2**31 - 1), "cut off or damaged"),
        (xgboost_model([tree(1.5, 0, 1)], node_count=2**31 - 1), "cut off or damaged"),
        (xgboost_model([tree(1.5, 0, 1)], node_count=0), "a tree without nodes, or with vectors"),
        (xgboost_model([tree(1.5, 0, 1)], features=55), "takes 55 features; 56 are expected"),
        (xgboost_model([tree(1.5, 0, 1)], booster=b"dart"), "not a sum of trees for a regression"),
        (
            xgboost_model([tree(1.5, 0, 1)], objective=b"binary:logistic"),
            "not a sum of trees for a regression",
        ),
        (xgboost_model([tree(1.5, 0, 1)], outputs=2), "more than one number"),
        (xgboost_model([tree(1.5, 0, 1, feature=56)]), "ask for more than 56 features"),
        (xgboost_model([changed(0, left=3)]), "children are not there"),
        (xgboost_model([changed(0, right=-1)]), "children are not there"),
        (xgboost_model([changed(1, left=-2)]), "children are not there"),
        (xgboost_model([changed(0, right=1)]), "do not form trees"),
        (xgboost_model([changed(2, left=0, right=1)]), "do not form trees of at most"),
        (xgboost_model([changed(2, left=2, right=1)]), "do not form trees"),
        (xgboost_model([tree(float("nan"), 0, 1)]), "not finite"),
        (xgboost_model([tree(1.5, float("nan"), 1)]), "not finite"),
        (xgboost_model([tree(1.5, 0, float("inf"))]), "not finite"),
    ],
)
def test_refuses_what_is_no_xgboost_regression(model, message):
    with pytest.raises(ValueError, match=message) as raised:
        xgboost_forest(model, 56)
    assert len(str(raised.value).splitlines()) == 1


def test_a_chain_deeper_than_any_published_tree_is_refused():
    chain = [(0, 1, 2, 7, 1.0)]
    for level in range(400):
        chain += [(0, -1, -1, 0, 1.0), (0, 2 * level + 3, 2 * level + 4, 7, 1.0)]
    chain += [(0, -1, -1, 0, 1.0), (0, -1, -1, 0, 1.0)]
    with pytest.raises(ValueError, match="do not form trees of at most 256 levels"):
        xgboost_forest(xgboost_model([chain]), 56)


HEAD = """tree
version=v3
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=55
objective=regression
feature_infos=[0:1]

"""
SPLIT = """Tree=0
num_leaves=3
num_cat=0
split_feature=7 8
threshold=1.5 2.5
decision_type=2 10
left_child=-1 -2
right_child=1 -3
leaf_value=1 2 3
shrinkage=1

"""
LEAF = "Tree=1\nnum_leaves=1\nnum_cat=0\nleaf_value=10\nshrinkage=1\n\n"
END = "end of trees\n\nfeature importances:\n"


def test_reads_lightgbm_by_hand():
    samples = np.zeros((4, 56), dtype=np.float32)
    samples[:, 7] = [1.5, 1.6, 1.6, 9]
    samples[:, 8] = [9, 2.5, 2.6, -1]
    assert lightgbm_forest(HEAD + SPLIT + LEAF + END, 56).predict(samples).tolist() == [11, 12, 13, 12]
    assert lightgbm_forest(HEAD + SPLIT + LEAF + END, 56, 1).predict(samples).tolist() == [1, 2, 3, 2]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tree\nversion", "forest\nversion", "cut off or damaged"),
        ("end of trees", "", "cut off or damaged"),
        ("Tree=0", "Tree=5", "has tree '5' where tree 0 is expected"),
        ("objective=regression", "objective=binary", "not a sum of trees for a regression"),
        ("objective=regression", "objective=regression sqrt", "not a sum of trees for a regression"),
        ("objective=regression", "objective=regression\naverage_output", "not a sum of trees"),
        ("num_class=1", "num_class=3", "not a sum of trees"),
        ("max_feature_idx=55", "max_feature_idx=54", "does not take 56 features"),
        ("num_cat=0", "num_cat=1", "categories or linear leaves"),
        ("num_cat=0", "num_cat=0\nis_linear=1", "categories or linear leaves"),
        ("decision_type=2 10", "decision_type=1 10", "not plain comparisons of numbers"),
        ("decision_type=2 10", "decision_type=6 10", "not plain comparisons of numbers"),
        ("num_leaves=3", "num_leaves=999999999999", "num_leaves does not match its leaf values"),
        ("leaf_value=1 2 3", "leaf_value=1 2", "num_leaves does not match its leaf values"),
        ("leaf_value=1 2 3", "leaf_value=1 2 x", "leaf_value are not numbers"),
        ("leaf_value=1 2 3", "leaf_value=1 2 nan", "not finite"),
        ("threshold=1.5 2.5", "threshold=1.5", "splits are not one fewer than its leaves"),
        ("threshold=1.5 2.5", "threshold=1.5 inf", "not finite"),
        ("split_feature=7 8", "split_feature=7 56", "more than 56 features"),
        ("split_feature=7 8", "split_feature=7 -1", "more than 56 features"),
        ("split_feature=7 8", f"split_feature=7 {10**30}", "split_feature are not numbers"),
        ("left_child=-1 -2", "left_child=-1 0", "do not form trees"),
        ("left_child=-1 -2", "left_child=-1 -4", "children are not there"),
        ("left_child=-1 -2", "left_child=2 -2", "children are not there"),
        ("left_child=-1 -2", "left_child=-2 -2", "do not form trees"),
    ],
)
def test_refuses_what_is_no_lightgbm_regression(old, new, message):
    model = HEAD + SPLIT + LEAF + END
    assert old in model
    with pytest.raises(ValueError, match=message) as raised:
        lightgbm_forest(model.replace(old, new, 1), 56)
    assert len(str(raised.value).splitlines()) == 1


def test_early_stopping_cannot_ask_for_more_trees_than_there_are():
    with pytest.raises(ValueError, match=r"has too few trees \(2\) for best_iteration 3"):
        lightgbm_forest(HEAD + SPLIT + LEAF + END, 56, 3)


@pytest.mark.parametrize("content", [XGBOOST[0], LIGHTGBM[1]], ids=["xgboost", "lightgbm"])
def test_a_truncated_pickle_is_refused(content):
    for length in [0, 1, 2, 30, 100, 1000, len(content) // 2, len(content) - 1]:
        with pytest.raises(ValueError, match=r"pickle|model"):
            read_booster(BytesIO(content[:length]), 56)


@pytest.mark.parametrize("content", [XGBOOST[0], LIGHTGBM[1]], ids=["xgboost", "lightgbm"])
def test_a_flipped_bit_is_refused_or_still_makes_a_forest(content):
    rng = np.random.default_rng(0)
    for _ in range(300):
        flipped = bytearray(content)
        flipped[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
        try:
            forest = read_booster(BytesIO(bytes(flipped)), 56)
        except ValueError:
            continue
        assert np.isfinite(forest.predict(VECTORS[:1])).all()


class Bomb:
    def __reduce__(self):
        return (eval, ("1 / 0",))


def booster_pickle(state, module=b"xgboost.core", name=b"Booster", arguments=b")"):
    """The pickle of an object of the given class, with protocol 3."""
    inner = pickle.dumps(state, protocol=3)[2:-1]
    return b"\x80\x03c" + module + b"\n" + name + b"\n" + arguments + b"\x81" + inner + b"b."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(Bomb()), "names 'builtins.eval'"),
        (booster_pickle({"handle": Bomb()}), "names 'builtins.eval'"),
        (booster_pickle({}, b"os", b"system"), "names 'os.system'"),
        (booster_pickle({}, b"xgboost.sklearn", b"XGBModel"), "names 'xgboost.sklearn.XGBModel'"),
        (booster_pickle({}, b"builtins", b"bytearray"), "an object that is no booster"),
        (booster_pickle({}, arguments=b"K\x01\x85"), "an object that is no booster"),
        (booster_pickle({}), "booster without its model"),
        (booster_pickle({"handle": "text"}), "XGBoost booster without its model"),
        (booster_pickle({}, b"lightgbm.basic"), "LightGBM booster without its model"),
        (
            booster_pickle({"handle": "tree", "best_iteration": "2"}, b"lightgbm.basic"),
            "best_iteration is not a whole number",
        ),
        (booster_pickle([]), "state of a booster"),
        (booster_pickle({})[:-1] + b"}b.", "state of a booster"),
        (pickle.dumps({"handle": b""}), "does not hold a booster"),
        (b"\x80\x03cxgboost.core\nBooster\n.", "does not hold a booster"),
        (b"\x80\x03cxgboost.core\nBooster\n)\x81.", "does not hold a booster"),
        (b"\x80\x03cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.", "something other than plain data"),
        (
            b"\x80\x03ccollections\ndefaultdict\ncbuiltins\nbytearray\n\x85R.",
            "something other than plain data",
        ),
        (b"\x80\x03X\xff\xff\xff\xff", "holds 4,294,967,295 bytes in one piece"),
        (b"\x80\x03X\xff\xff\xff\x0f", "cut off or damaged"),
    ],
)
def test_refuses_a_hostile_pickle(content, message):
    with pytest.raises(ValueError, match=message) as raised:
        read_booster(BytesIO(content), 56)
    assert len(str(raised.value).splitlines()) == 1


def test_scores_of_any_version_are_read():
    for kind in (dict, collections.OrderedDict):
        scores: dict[str, dict[str, float]] = collections.defaultdict(kind)
        scores["valid_0"]["rmse"] = 0.5
        content = booster_pickle({"best_score": scores}, b"lightgbm.basic")
        state = read_plain(BytesIO(content), boosters=True).state
        assert state == {"best_score": {"valid_0": {"rmse": 0.5}}}


def test_a_booster_is_read_only_where_it_is_expected():
    with pytest.raises(ValueError, match=r"names 'xgboost\.core\.Booster'"):
        read_plain(BytesIO(XGBOOST[0]))


def test_a_text_longer_than_a_piece_is_read_whole():
    text = "tree\n" + "é" * 400_000
    state = read_plain(BytesIO(booster_pickle({"handle": text}, b"lightgbm.basic")), boosters=True).state
    assert state == {"handle": text}
