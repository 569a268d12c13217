"""Make the files beside this one; this is not a test, and nothing runs it.

The files are small ensembles in the layout of the official `nasbench301_models_v1.0`. Real boosters of the
time pickled them (XGBoost 1.2.1, LightGBM 2.3.1, Python 3.8, numpy 1.21). They were fitted on vectors that
the real ConfigSpace 0.4.12 made from the published `configspace.json`. The file `expected.json` holds the
answers of ConfigSpace and of the boosters. To make the files again, run this with the same versions:

    PYTHONHASHSEED=0 python make.py GENOTYPES  # a file with one genotype a line

The accuracies and times that the boosters learn are made up.
"""

# mypy: disable-error-code="import-not-found"

import json
import pickle
import sys
from itertools import combinations
from pathlib import Path

import ConfigSpace
import lightgbm
import numpy as np
import xgboost
from ConfigSpace.hyperparameters import UniformFloatHyperparameter, UniformIntegerHyperparameter
from ConfigSpace.read_and_write.json import read

HERE = Path(__file__).parent
DARTS = "NetworkSelectorDatasetInfo:darts:"
COSINE = "SimpleLearningrateSchedulerSelector:cosine_annealing:"
CONVOLUTIONS = ["sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5"]
OPERATIONS = ["max_pool_3x3", "avg_pool_3x3", "skip_connect", *CONVOLUTIONS]
FIRST_EDGE = {2: 0, 3: 2, 4: 5, 5: 9}

# Settings that are not searched, as in `fixed_hyperparameters` of the official `api.py`.
FIXED = {
    "CreateImageDataLoader:batch_size": 96,
    "ImageAugmentation:augment": True,
    "ImageAugmentation:autoaugment": False,
    "ImageAugmentation:cutout": True,
    "ImageAugmentation:cutout_holes": 1,
    "ImageAugmentation:cutout_length": 16,
    "ImageAugmentation:fastautoaugment": False,
    "LossModuleSelectorIndices:loss_module": "cross_entropy",
    DARTS + "auxiliary": True,
    DARTS + "drop_path_prob": 0.2,
    DARTS + "init_channels": 32,
    DARTS + "layers": 8,
    "NetworkSelectorDatasetInfo:network": "darts",
    "OptimizerSelector:optimizer": "sgd",
    "OptimizerSelector:sgd:learning_rate": 0.025,
    "OptimizerSelector:sgd:momentum": 0.9,
    "OptimizerSelector:sgd:weight_decay": 0.0003,
    COSINE + "T_max": 100,
    COSINE + "eta_min": 1e-8,
    "SimpleLearningrateSchedulerSelector:lr_scheduler": "cosine_annealing",
    "SimpleTrainNode:batch_loss_computation_technique": "mixup",
    "SimpleTrainNode:mixup:alpha": 0.2,
}


def choice(name, choices, default=None):
    default = choices[0] if default is None else default
    return {"name": name, "type": "categorical", "choices": choices, "default": default}


def number(name, kind, lower, upper, default, log=False):
    return {"name": name, "type": kind, "log": log, "lower": lower, "upper": upper, "default": default}


def constant(name, value):
    return {"name": name, "type": "constant", "value": value}


def normal(name, mu, sigma):
    return {"name": name, "type": "normal_float", "log": True, "mu": mu, "sigma": sigma, "default": mu}


def pairs(node):
    return [f"{one}_{other}" for one, other in combinations(range(node), 2)]


def configuration_space():
    """The published `configspace.json` with the changes that the official code makes after reading it."""
    cells = ("normal", "reduce")
    hyperparameters = [
        number("CreateImageDataLoader:batch_size", "uniform_int", 64, 128, 96, log=True),
        choice("ImageAugmentation:augment", [True]),
        choice("ImageAugmentation:autoaugment", [False, True], True),
        choice("ImageAugmentation:cutout", [True]),
        number("ImageAugmentation:cutout_holes", "uniform_int", 1, 3, 1),
        number("ImageAugmentation:cutout_length", "uniform_int", 1, 50, 16),
        choice("ImageAugmentation:fastautoaugment", [False, True], False),
        choice("LossModuleSelectorIndices:loss_module", ["cross_entropy"]),
        choice(DARTS + "auxiliary", [True]),
        constant(DARTS + "drop_path_prob", 0.2),
        *[choice(f"{DARTS}edge_{cell}_{edge}", OPERATIONS) for cell in cells for edge in range(14)],
        constant(DARTS + "init_channels", 50),
        *[choice(f"{DARTS}inputs_node_{cell}_{node}", pairs(node)) for cell in cells for node in (3, 4, 5)],
        constant(DARTS + "layers", 20),
        choice("NetworkSelectorDatasetInfo:network", ["darts"]),
        choice("OptimizerSelector:optimizer", ["sgd"]),
        normal("OptimizerSelector:sgd:learning_rate", 0.025, 0.05),
        number("OptimizerSelector:sgd:momentum", "uniform_float", 0.1, 0.99, 0.9),
        normal("OptimizerSelector:sgd:weight_decay", 0.0003, 0.0006),
        number(COSINE + "T_max", "uniform_int", 10, 100, 55),
        number(COSINE + "eta_min", "uniform_float", 0.0, 2.0, 1e-8),
        choice("SimpleLearningrateSchedulerSelector:lr_scheduler", ["cosine_annealing"]),
        choice("SimpleTrainNode:batch_loss_computation_technique", ["mixup"]),
        number("SimpleTrainNode:mixup:alpha", "uniform_float", 0.01, 0.7, 0.2, log=True),
    ]
    conditions = [
        {
            "child": f"{DARTS}edge_{cell}_{FIRST_EDGE[node] + source}",
            "parent": f"{DARTS}inputs_node_{cell}_{node}",
            "type": "IN",
            "values": [pair for pair in pairs(node) if str(source) in pair.split("_")],
        }
        for cell in cells
        for node in (3, 4, 5)
        for source in range(node)
    ]
    content = {"hyperparameters": hyperparameters, "conditions": conditions, "forbiddens": []}
    space = read(json.dumps({**content, "python_module_version": "0.4.11", "json_format_version": 0.1}))
    others = [
        *[
            UniformIntegerHyperparameter(name, lower=1, upper=10000)
            for name in (DARTS + "layers", COSINE + "T_max", DARTS + "init_channels")
        ],
        UniformFloatHyperparameter(COSINE + "eta_min", lower=0, upper=10000),
    ]
    for other in others:
        space._hyperparameters.pop(other.name)
    space.add_hyperparameters(others)
    return space


def vector(space, edges):
    """ConfigSpace's vector of two cells of eight edges; -1 stands for a missing value."""
    values = dict(FIXED)
    for cell, cell_edges in zip(("normal", "reduce"), edges):  # noqa: B905 (as Python 3.8 has it)
        for node in (2, 3, 4, 5):
            into = cell_edges[2 * (node - 2) : 2 * (node - 1)]
            for operation, source in into:
                values[f"{DARTS}edge_{cell}_{FIRST_EDGE[node] + source}"] = operation
            if node > 2:
                sources = sorted(source for _, source in into)
                values[f"{DARTS}inputs_node_{cell}_{node}"] = "_".join(map(str, sources))
    array = ConfigSpace.Configuration(space, values=values).get_array().copy()
    array[np.isnan(array)] = -1
    return array


def draw(rng):
    return [
        [
            (OPERATIONS[rng.randint(7)], int(source))
            for node in (2, 3, 4, 5)
            for source in rng.choice(node, 2, replace=False)
        ]
        for _ in ("normal", "reduce")
    ]


def member(ensemble, model, booster, name, i):
    folder = HERE / "nb_models" / ensemble / f"ensemble_member_{i}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "surrogate_model.model").open("wb") as file:
        # By default, Python 3.6 and 3.7 write protocol 3 and Python 3.8 writes protocol 4.
        pickle.dump(booster, file, protocol=3 + i)
    (folder / "model_config.json").write_text(json.dumps({"model": name, **model}))
    (folder / "data_config.json").write_text(json.dumps({"seed": 6}))


def main():
    space = configuration_space()
    genotypes = Path(sys.argv[1]).read_text().splitlines()
    cells = [eval(line, {"Genotype": lambda normal, reduce, **_: (normal, reduce)}) for line in genotypes]
    vectors = np.array([vector(space, edges) for edges in cells])
    rng = np.random.RandomState(0)
    X = np.array([vector(space, draw(rng)) for _ in range(400)])  # noqa: N806
    separable = np.isin(X[:, 10:], (3, 4)).sum(axis=1)
    accuracy = 93 + 0.1 * separable - 0.2 * (X[:, 10:] == 2).sum(axis=1) + 0.2 * rng.randn(len(X))
    seconds = 4000 + 300 * separable + 100 * rng.randn(len(X))
    expected = {"vectors": vectors.tolist(), "valid_accuracy": [], "seconds": []}
    for i in range(2):
        parameters = {"max_depth": 4, "learning_rate": 0.4, "lambda": 2.0, "booster": "gbtree", "seed": i}
        parameters.update(objective="reg:squarederror", eval_metric="rmse", colsample_bytree=0.5)
        booster = xgboost.train(parameters, xgboost.DMatrix(X, label=accuracy), num_boost_round=25)
        settings = {"param:bananas_enc": False, **{f"param:{k}": v for k, v in parameters.items()}}
        member("xgb_v1.0", settings, booster, "xgb", i)
        expected["valid_accuracy"].append(booster.predict(xgboost.DMatrix(vectors)).tolist())

        parameters = {"objective": "regression", "metric": "rmse", "num_leaves": 6, "learning_rate": 0.7}
        parameters.update(feature_fraction=0.5, seed=i, verbose=-1)
        fresh = [lightgbm.Dataset(X[part], label=seconds[part]) for part in (slice(100, None), slice(100))]
        booster = lightgbm.train(
            parameters, fresh[0], 60, valid_sets=[fresh[1]], early_stopping_rounds=3, verbose_eval=False
        )
        settings = {"param:bananas_enc": False, **{f"param:{k}": v for k, v in parameters.items()}}
        member("lgb_runtime_v1.0", settings, booster, "lgb_time", i)
        expected["seconds"].append(booster.predict(vectors).tolist())
    expected["genotypes"] = genotypes
    (HERE / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main()
