"""The scikit-learn models that a surrogate can be made of, as forests of plain arrays.

Only this file uses scikit-learn. It is imported only when a surrogate is fitted.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.surrogates.forest import Forest, join
from nasbench_lab.errors import UsageError, unknown_name

Samples = NDArray[np.float32]
Values = NDArray[np.float64]


def gradient_boosting(samples: Samples, values: Values, seed: int) -> Forest:
    """Histogram gradient boosting: 150 small trees, each fitted to the remaining error of those before it."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingRegressor(
        max_iter=150,
        learning_rate=0.1,
        max_leaf_nodes=15,
        min_samples_leaf=5,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )
    # Its threads wait for each other at every split. On a busy machine they take ten times as long as one.
    with threadpool_limits(1):
        return boosted(model.fit(samples, values))


def extra_trees(samples: Samples, values: Values, seed: int) -> Forest:
    """Extremely randomised trees: the mean of 20 large ones, each with random thresholds."""
    from sklearn.ensemble import ExtraTreesRegressor

    model = ExtraTreesRegressor(20, min_samples_leaf=2, max_leaf_nodes=2048, random_state=seed)
    return averaged(model.fit(samples, values))


def both(samples: Samples, values: Values, seed: int) -> Forest:
    """The mean of gradient boosting and extra trees."""
    return join([gradient_boosting(samples, values, seed), extra_trees(samples, values, seed)], 0.5)


def smooth(samples: Samples, values: Values, seed: int) -> Forest:
    """A model for noisy values such as squared errors: extra trees with many samples in each leaf."""
    from sklearn.ensemble import ExtraTreesRegressor

    leaf = max(10, len(samples) // 200)
    model = ExtraTreesRegressor(60, min_samples_leaf=leaf, max_leaf_nodes=256, random_state=seed)
    return averaged(model.fit(samples, values))


MODELS: dict[str, Callable[[Samples, Values, int], Forest]] = {
    "gradient_boosting": gradient_boosting,
    "extra_trees": extra_trees,
    "both": both,
}


def find_model(name: str) -> Callable[[Samples, Values, int], Forest]:
    """The model called `name`; raises `UsageError` if it is unknown or scikit-learn is not installed."""
    if name not in MODELS:
        raise unknown_name("model of surrogates", name, MODELS)
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise UsageError(
            "fitting a surrogate needs scikit-learn; install it with: pip install 'nasbench-lab[predictors]'"
        ) from None
    return MODELS[name]


def boosted(model: Any) -> Forest:
    """A fitted `HistGradientBoostingRegressor` (squared error, numbers only) as a forest."""
    trees = [_boosted_tree(predictor.nodes) for (predictor,) in model._predictors]
    constant = _forest_of_constant(float(model._baseline_prediction.item()))
    return join([constant, *trees], 1.0)


def averaged(model: Any) -> Forest:
    """A fitted `ExtraTreesRegressor` (or random forest) as a forest."""
    return join([_tree(each.tree_) for each in model.estimators_], 1 / len(model.estimators_))


def _boosted_tree(nodes: Any) -> Forest:
    leaf = nodes["is_leaf"].astype(bool)
    return _forest(
        leaf, nodes["feature_idx"], nodes["num_threshold"], nodes["left"], nodes["right"], nodes["value"]
    )


def _tree(tree: Any) -> Forest:
    leaf = tree.children_left < 0
    return _forest(
        leaf, tree.feature, tree.threshold, tree.children_left, tree.children_right, tree.value[:, 0, 0]
    )


def _forest(leaf: Any, feature: Any, threshold: Any, left: Any, right: Any, value: Any) -> Forest:
    """One tree; the unused fields of each node are set to the values that `Forest` requires."""
    nodes = np.arange(len(leaf))
    return Forest(
        feature=np.where(leaf, 0, feature).astype(np.int32),
        threshold=np.where(leaf, 0.0, threshold).astype(np.float64),
        left=np.where(leaf, nodes, left).astype(np.int32),
        right=np.where(leaf, nodes, right).astype(np.int32),
        value=np.where(leaf, value, 0.0).astype(np.float64),
        roots=np.zeros(1, dtype=np.int32),
        constant=np.asarray(0.0),
    )


def _forest_of_constant(constant: float) -> Forest:
    none, numbers = np.empty(0, dtype=np.int32), np.empty(0)
    return Forest(none, numbers, none, none, numbers, none, np.asarray(constant))
