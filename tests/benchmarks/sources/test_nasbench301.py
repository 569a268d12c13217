"""NAS-Bench-301 against the answers of ConfigSpace 0.4.12, XGBoost 1.2.1 and LightGBM 2.3.1.

The ensembles are small and in the official layout; see `nasbench301/make.py`.
"""

import json
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from nasbench_lab import Comparison
from nasbench_lab.benchmarks import library
from nasbench_lab.benchmarks.sources.nasbench301 import convert
from nasbench_lab.benchmarks.surrogates.configuration import configuration_vectors
from nasbench_lab.benchmarks.surrogates.ensembles import EnsemblesTask, read_ensembles, write_ensembles
from nasbench_lab.compare import main as compare_command
from nasbench_lab.comparison import tasks
from nasbench_lab.comparison.execution import compare
from nasbench_lab.data import main as data
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.spaces import find_space

FILES = Path(__file__).parent / "nasbench301"
EXPECTED = json.loads((FILES / "expected.json").read_text())
MODELS = FILES / "nb_models"
SPACE = find_space("darts")
CELLS = [SPACE.parse(genotype) for genotype in EXPECTED["genotypes"]]
ACCURACY, SECONDS = (np.array(EXPECTED[name]) for name in ("valid_accuracy", "seconds"))
RNG = np.random.default_rng(0)
XGB_0 = "xgb_v1.0/ensemble_member_0"


@pytest.fixture(scope="module")
def ensembles(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "nasbench301.h5"
    write_ensembles(convert([MODELS]), path)
    return read_ensembles(path)


@pytest.fixture
def copy(tmp_path):
    """A copy of the official folder, which a test may change."""
    return shutil.copytree(MODELS, tmp_path / "nb_models")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    def forget():
        tasks._benchmark.cache_clear()

    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    forget()
    yield tmp_path / "data"
    forget()


def packed(folder, path, **settings):
    with zipfile.ZipFile(path, "w", **settings) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder.parent))
    return path


def test_asks_what_configspace_asks():
    vectors = configuration_vectors(CELLS)
    assert vectors.dtype == np.float32
    assert (vectors == np.array(EXPECTED["vectors"]).astype(np.float32)).all()
    assert configuration_vectors([]).shape == (0, 56)


def test_answers_what_the_libraries_answered(ensembles):
    """XGBoost adds in 32 bits, so its tolerance is larger."""
    assert ensembles.predict("valid_accuracy", CELLS) == pytest.approx(ACCURACY, abs=5e-5)
    assert ensembles.predict("seconds", CELLS) == pytest.approx(SECONDS, rel=1e-12)


def test_the_task_gives_the_mean_and_draws_from_the_spread_of_the_members(ensembles):
    mean, noisy = (EnsemblesTask(ensembles, "cifar10", seed=seed) for seed in ("mean", "random"))
    for i, cell in enumerate(CELLS[:3]):
        evaluation = mean.evaluate(cell, None, RNG)
        assert evaluation.valid_accuracy == pytest.approx(ACCURACY[:, i].mean(), abs=5e-5)
        assert evaluation.seconds == pytest.approx(SECONDS[:, i].mean())
        assert (evaluation.epochs, evaluation.source) == (100, "surrogate")
        drawn = np.array([noisy.evaluate(cell, 100, RNG).valid_accuracy for _ in range(2000)])
        spread = ACCURACY[:, i].std()
        assert drawn.mean() == pytest.approx(evaluation.valid_accuracy, abs=4 * spread / 2000**0.5 + 1e-4)
        assert drawn.std() == pytest.approx(spread, rel=0.1)
        assert noisy.test_accuracy(cell) == evaluation.valid_accuracy
    first, second = (
        [noisy.evaluate(CELLS[0], None, np.random.default_rng(seed)) for seed in (1, 2)] for _ in range(2)
    )
    assert first == second
    with pytest.raises(ValueError, match="is not an architecture of darts"):
        noisy.evaluate((0,) * 21, None, RNG)


def test_the_card_says_that_there_is_no_test_accuracy(ensembles):
    card = EnsemblesTask(ensembles, "cifar10").card
    assert card.name == "nasbench301/cifar10"
    assert card.searched == (
        "validation accuracy after 100 epochs as predicted by the published surrogate (2 boosted forests,"
        " their mean, with noise of their spread each time)"
    )
    assert card.reported.startswith("validation accuracy after 100 epochs as predicted")
    assert "no surrogate of test accuracy was published" in card.reported
    assert card.optimum is None
    assert card.digest == ensembles.digest
    assert "noise" not in EnsemblesTask(ensembles, "cifar10", seed="mean").card.searched


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 12}, "predicts no validation accuracy after 12 epochs; it predicts it after 100"),
        ({"seed": "777"}, "nasbench301/cifar10 has no training seed '777'; it has 'random'"),
        ({"data_set": "cifar100"}, "unknown data set of nasbench301 'cifar100'"),
    ],
)
def test_the_task_says_what_it_has_not(ensembles, settings, message):
    with pytest.raises(UsageError, match=message):
        EnsemblesTask(ensembles, **{"data_set": "cifar10", **settings})


def test_an_archive_gives_what_its_folder_gives(tmp_path, ensembles):
    for i, compression in enumerate((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)):
        archive = packed(MODELS, tmp_path / f"{i}.zip", compression=compression)
        converted = convert([archive])
        assert len(converted.source_sha256) == 1
        assert (
            converted.predict("valid_accuracy", CELLS) == ensembles.predict("valid_accuracy", CELLS)
        ).all()


def test_is_imported_compared_and_described(capsys, folder, tmp_path):
    assert data(["import", "nasbench301", str(packed(MODELS, tmp_path / "models.zip"))]) == 0
    out = capsys.readouterr().out
    assert f"NAS-Bench-301: {folder / 'nasbench301.h5'}" in out
    digest = read_ensembles(folder / "nasbench301.h5").digest
    assert digest in out
    comparison = Comparison(
        benchmark=("nasbench301",), algorithms=("random_search",), seeds=3, budget_evaluations=5
    )
    results = compare(comparison, out=tmp_path / "results", jobs=1)
    (task,) = results.tasks
    assert task.name == "nasbench301/cifar10"
    assert (results.runs["nasbench301/cifar10", "random_search"].source == 1).all()
    for command, expected in (
        ("list", "NAS-Bench-301"),
        ("info", "2 of valid_accuracy, 2 of seconds"),
        ("verify", "content has the digest"),
    ):
        assert data([command] if command == "list" else [command, "nasbench301"]) == 0
        assert expected in capsys.readouterr().out
    assert data(["fit", "nasbench301"]) == 2
    assert "nasbench301 has no table, so there is nothing to look up" in capsys.readouterr().err


def test_where_nothing_was_imported_the_command_is_named(capsys, folder):
    assert compare_command(["--benchmark", "nasbench301/cifar10"]) == 2
    assert "python -m nasbench_lab.data import nasbench301 FILE where FILE is" in capsys.readouterr().err


def change(path, text):
    path.write_text(text)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda f: shutil.rmtree(f / "lgb_runtime_v1.0"),
            r"has 0 files lgb_runtime_v1\.0/\*/surrogate_model",
        ),
        (lambda f: (f / "xgb_v1.0").rename(f / "gnn_gin_v1.0"), "its graph networks are not"),
        (lambda f: (f / XGB_0 / "model_config.json").unlink(), "has no model_config.json beside it"),
        (lambda f: change(f / XGB_0 / "model_config.json", "{"), "is not JSON"),
        (lambda f: change(f / XGB_0 / "model_config.json", "[" * 50_000), "is not JSON"),
        (lambda f: change(f / XGB_0 / "model_config.json", "[]"), r"of kind \[\]; expected xgb or lgb"),
        (lambda f: change(f / XGB_0 / "model_config.json", '{"model": "gnn_gin"}'), "of kind 'gnn_gin'"),
        (lambda f: change(f / XGB_0 / "model_config.json", " " * 70_000), "holds more than 65,536 bytes"),
        (
            lambda f: change(f / XGB_0 / "model_config.json", '{"model": "xgb", "param:bananas_enc": true}'),
            "fitted on path encodings",
        ),
        (lambda f: change(f / XGB_0 / "surrogate_model.model", "cos\nsystem\n."), "names 'os.system'"),
        (lambda f: (f / XGB_0 / "surrogate_model.model").write_bytes(b""), "cut off or damaged"),
    ],
)
def test_says_what_is_wrong_with_a_folder_and_leaves_no_file(copy, folder, damage, message):
    damage(copy)
    with pytest.raises(TableError, match=message) as raised:
        library.import_benchmark("nasbench301", [copy])
    assert len(str(raised.value).splitlines()) == 1
    assert not folder.exists()


def test_says_what_is_wrong_with_an_archive(tmp_path):
    archive = packed(MODELS, tmp_path / "models.zip", compression=zipfile.ZIP_DEFLATED)
    content = archive.read_bytes()
    for length in (0, 10, 1000, len(content) // 2, len(content) - 1):
        archive.write_bytes(content[:length])
        with pytest.raises(TableError, match="fetch it again"):
            convert([archive])
    middle = len(content) // 3
    archive.write_bytes(content[:middle] + bytes(64) + content[middle + 64 :])
    with pytest.raises(TableError, match="fetch it again") as raised:
        convert([archive])
    assert len(str(raised.value).splitlines()) == 1
    with pytest.raises(TableError, match="there is no file"):
        convert([tmp_path / "nowhere.zip"])
    with pytest.raises(UsageError, match="is imported from one file"):
        convert([])


def test_a_damaged_file_is_one_clear_line(ensembles, tmp_path):
    path = tmp_path / "nasbench301.h5"
    content = ensembles.path.read_bytes()
    for length in (0, 8, 2000, len(content) // 2):
        path.write_bytes(content[:length])
        with pytest.raises(TableError, match="are damaged") as raised:
            read_ensembles(path)
        assert len(str(raised.value).splitlines()) == 1
    for change_file, message in (
        (lambda file: file.attrs.__setitem__("format_version", 2), "in format version 1; import"),
        (lambda file: file.attrs.__setitem__("benchmark", "other"), "holds no surrogates of NAS-Bench-301"),
        (lambda file: file["seconds"].__delitem__("0"), "are damaged"),
        (lambda file: file.__delitem__("valid_accuracy"), "are damaged"),
        (lambda file: file["seconds/0/value"].__setitem__(0, np.nan), "not finite"),
    ):
        path.write_bytes(content)
        with h5py.File(path, "r+") as file:
            change_file(file)
        with pytest.raises(TableError, match=message):
            read_ensembles(path)
    path.write_bytes(content)
    with h5py.File(path, "r+") as file:
        file["seconds/0/constant"][...] = 1.0
    with pytest.raises(TableError, match="its content has digest"):
        read_ensembles(path).verify()
