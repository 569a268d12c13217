from dataclasses import replace

import numpy as np
import pytest

from nasbench_lab.benchmarks.surrogates.forest import Forest, join

# x0 <= 1 ? (x1 <= 5 ? 10 : 20) : 30
TREE = Forest(
    feature=np.array([0, 1, 0, 0, 0], dtype=np.int32),
    threshold=np.array([1.0, 5.0, 0.0, 0.0, 0.0]),
    left=np.array([1, 2, 2, 3, 4], dtype=np.int32),
    right=np.array([4, 3, 2, 3, 4], dtype=np.int32),
    value=np.array([0.0, 0.0, 10.0, 20.0, 30.0]),
    roots=np.array([0], dtype=np.int32),
    constant=np.asarray(0.5),
)
SAMPLES = np.array([[1.0, 5.0], [1.0, 5.1], [1.1, 0.0]])


def test_a_tree_by_hand():
    TREE.check(2)
    assert TREE.predict(SAMPLES).tolist() == [10.5, 20.5, 30.5]
    assert TREE.predict(np.empty((0, 2))).shape == (0,)


def test_a_join_is_the_weighted_sum():
    forest = join([TREE, TREE, join([TREE], 3.0)], 0.5)
    forest.check(2)
    assert forest.predict(SAMPLES).tolist() == (2.5 * TREE.predict(SAMPLES)).tolist()


def test_many_samples_are_predicted_as_few_are():
    forest = join([TREE] * 3000, 1 / 3000)
    samples = np.random.default_rng(0).random((1000, 2)) * 6
    assert forest.predict(samples).tolist() == [forest.predict(each[None])[0] for each in samples]


def nodes(name, position, value):
    changed = getattr(TREE, name).copy()
    changed[position] = value
    return replace(TREE, **{name: changed})


@pytest.mark.parametrize(
    ("forest", "message"),
    [
        (nodes("left", 1, 0), "do not form trees"),  # a circle
        (nodes("left", 1, 1), "do not form trees"),  # half a leaf
        (nodes("left", 0, 4), "do not form trees"),  # one child of two
        (nodes("right", 0, 5), "do not form trees"),
        (nodes("left", 0, -1), "do not form trees"),
        (nodes("roots", 0, 7), "do not form trees"),
        (nodes("feature", 1, 2), "more than 2 features"),
        (nodes("feature", 1, -1), "more than 2 features"),
        (nodes("threshold", 0, np.nan), "not finite"),
        (nodes("value", 2, np.inf), "not finite"),
        (replace(TREE, constant=np.asarray(np.nan)), "not finite"),
        (replace(TREE, constant=np.zeros(2)), "wrong shapes"),
        (replace(TREE, value=TREE.value[:-1]), "another shape"),
    ],
)
def test_what_is_no_forest_is_refused(forest, message):
    with pytest.raises(ValueError, match=message):
        forest.check(2)
