import numpy as np
import pytest

from nasbench_lab.benchmarks.surrogates.models import MODELS, averaged, boosted, find_model, smooth
from nasbench_lab.errors import UsageError

rng = np.random.default_rng(0)
SAMPLES = rng.integers(0, 4, size=(300, 7)).astype(np.float32) + rng.random((300, 7), dtype=np.float32)
VALUES = SAMPLES[:, 0] * SAMPLES[:, 1] + np.sin(SAMPLES[:, 2]) + rng.normal(size=300)
OTHERS = rng.normal(size=(500, 7)).astype(np.float32) * 3


def test_gradient_boosting_predicts_what_scikit_learn_does():
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(max_iter=50, random_state=1).fit(SAMPLES, VALUES)
    forest = boosted(model)
    forest.check(7)
    for samples in (SAMPLES, OTHERS):
        np.testing.assert_allclose(forest.predict(samples), model.predict(samples), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["ExtraTreesRegressor", "RandomForestRegressor"])
def test_averaged_trees_predict_what_scikit_learn_does(kind):
    import sklearn.ensemble

    model = getattr(sklearn.ensemble, kind)(20, random_state=1).fit(SAMPLES, VALUES)
    forest = averaged(model)
    forest.check(7)
    for samples in (SAMPLES, OTHERS):
        np.testing.assert_allclose(forest.predict(samples), model.predict(samples), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("fit", [*MODELS.values(), smooth], ids=[*MODELS, "smooth"])
def test_every_model_learns_and_follows_its_seed(fit):
    one, again = (fit(SAMPLES, VALUES, 3).predict(SAMPLES) for _ in range(2))
    assert (one == again).all()
    assert np.corrcoef(one, VALUES)[0, 1] > 0.7


def test_both_is_the_mean_of_the_two():
    first, second, mean = (
        MODELS[name](SAMPLES, VALUES, 3).predict(OTHERS)
        for name in ("gradient_boosting", "extra_trees", "both")
    )
    np.testing.assert_allclose(mean, (first + second) / 2)


def test_an_unknown_model_is_named():
    with pytest.raises(UsageError, match="unknown model of surrogates 'boosting'; did you mean"):
        find_model("boosting")


def test_without_scikit_learn_it_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(UsageError, match=r"pip install 'nasbench-lab\[predictors\]'"):
        find_model("extra_trees")
