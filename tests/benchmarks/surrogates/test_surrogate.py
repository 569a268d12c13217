from dataclasses import replace

import h5py
import numpy as np
import pytest
from scipy import stats

from nasbench_lab.benchmarks.surrogates.file import Surrogate, read_surrogate, write_surrogate
from nasbench_lab.benchmarks.surrogates.fit import _sizes, fit_surrogate
from nasbench_lab.benchmarks.surrogates.models import extra_trees
from nasbench_lab.benchmarks.surrogates.task import SurrogateTask
from nasbench_lab.benchmarks.tables.contents import Training
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.report import cautions
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.loop import search
from nasbench_lab.spaces import find_space
from tests import tables
from tests.tables import SIZE, measurement, present, small_contents, small_table

SPACE = find_space(tables.SPACE)
RNG = np.random.default_rng(0)
CELL = SPACE.architecture(777)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return small_table(tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="module")
def fitted(table):
    return fit_surrogate(table, "one", model="extra_trees", fraction=0.2)


@pytest.fixture(scope="module")
def stored(fitted, tmp_path_factory):
    """The path of a surrogate's file, `toy/one.h5`."""
    path = tmp_path_factory.mktemp("surrogates") / "toy" / "one.h5"
    write_surrogate(fitted, path)
    return path


@pytest.fixture
def copy(stored, tmp_path):
    path = tmp_path / "toy" / "one.h5"
    path.parent.mkdir()
    path.write_bytes(stored.read_bytes())
    return path


@pytest.fixture(scope="module")
def surrogate(stored):
    return read_surrogate(stored)


def test_predicts_what_a_search_sees_its_cost_and_what_is_reported(surrogate, table):
    assert list(surrogate.predictors) == [
        "reported",
        "seconds after 12 epochs",
        "seconds after 200 epochs",
        "valid_accuracy after 12 epochs",
        "valid_accuracy after 200 epochs",
    ]
    for quantity, predictor in surrogate.predictors.items():
        assert predictor.quality.kendall_tau > 0.6
        # Equal cells of the toy differ in their seconds, which no model of distinct cells can know.
        assert "seconds" in quantity or 0.85 < predictor.quality.coverage <= 1
    facts = surrogate.facts
    assert facts.rows_fitted + facts.rows_held_out == SIZE
    assert facts.table_digest == table.digest
    assert surrogate.epochs == (12, 200)


def test_its_card_is_what_measuring_again_gives(surrogate, table):
    """The quality is measured on held-out rows: architectures with no equal among the fitted ones."""
    data = table.data_set("one")
    truth = np.nanmean(data.trainings[12].valid_accuracy.values[:, 0, :], axis=1)
    cells = [SPACE.architecture(index) for index in range(SIZE)]
    kinds = np.unique([SPACE.index(SPACE.canonical(cell)) for cell in cells], return_inverse=True)[1]
    order = np.random.default_rng(0).permutation(kinds.max() + 1)
    held_out = order[kinds] >= round(0.2 * len(order))
    predicted = surrogate.mean("valid_accuracy after 12 epochs", SPACE.features(cells))
    error = truth - predicted
    quality = surrogate.predictors["valid_accuracy after 12 epochs"].quality
    assert quality.rows == held_out.sum()
    assert quality.r2 == pytest.approx(1 - (error**2)[held_out].mean() / truth[held_out].var())


def test_the_larger_half_is_predicted_from_the_smaller(surrogate, table):
    """The parameters of the toy are the sum of the digits plus one; its accuracy grows with them."""
    data = table.data_set("one")
    size = data.parameters
    cells = [SPACE.architecture(index) for index in range(SIZE)]
    kinds = np.unique([SPACE.index(SPACE.canonical(cell)) for cell in cells], return_inverse=True)[1]
    order = np.random.default_rng(0).permutation(kinds.max() + 1)
    first = np.unique(order[kinds], return_index=True)[1]
    smaller = (size[first] <= np.median(size[first]))[order[kinds]]
    truth = np.nanmean(data.trainings[12].valid_accuracy.values[:, 0, :], axis=1)
    features = SPACE.features(cells)
    predicted = extra_trees(features[smaller], truth[smaller], 0).predict(features[~smaller])
    quality = surrogate.predictors["valid_accuracy after 12 epochs"].quality
    error = truth[~smaller] - predicted
    assert quality.larger_r2 == pytest.approx(1 - (error**2).mean() / truth[~smaller].var())
    assert quality.larger_kendall_tau == pytest.approx(stats.kendalltau(predicted, truth[~smaller]).statistic)
    assert quality.larger_r2 < quality.r2 - 0.3
    assert surrogate.facts.size == "parameters"


def test_without_parameters_the_size_is_the_number_of_decisions(tmp_path):
    table = small_table(tmp_path, parameters=None)
    size, measure = _sizes(table.data_set("one"))
    assert measure == "decisions other than the first choice"
    assert size[SPACE.index(SPACE.parse("00000000"))] == 0
    assert size[SPACE.index(SPACE.parse("01201201"))] == np.count_nonzero(
        SPACE.canonical(SPACE.parse("01201201"))
    )


def test_architectures_of_one_size_have_no_larger_half(tmp_path):
    trainings = small_contents().data_sets["one"].trainings
    only = Training(valid_accuracy=trainings[12].valid_accuracy)
    table = small_table(tmp_path, trainings={12: only}, parameters=np.ones(SIZE))
    quality = fit_surrogate(table, "one", model="extra_trees", fraction=0.05).predictors["reported"].quality
    assert np.isnan([quality.larger_r2, quality.larger_kendall_tau]).all()


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    """A surrogate of a table without any cell that has operation 2 in its first place."""
    keys = np.array(
        [key for key in np.unique(SPACE.canonical_indices(np.arange(SIZE))) if key < 2 * SIZE / 3]
    )
    valid = np.stack([keys / SIZE * 50, keys / SIZE * 50 + 1], axis=1)
    training = Training(valid_accuracy=measurement(valid, 200, ("a", "b")))
    table = small_table(
        tmp_path_factory.mktemp("narrow"), keys=keys, trainings={200: training}, parameters=None
    )
    return SurrogateTask(fit_surrogate(table, "one", model="extra_trees", fraction=0.5))


def test_an_answer_outside_of_the_fit_says_so(narrow):
    canonical = SPACE.canonical_indices(np.arange(SIZE))
    for index in range(0, SIZE, 7):
        evaluation = narrow.evaluate(SPACE.architecture(index), None, RNG)
        outside = canonical[index] >= 2 * SIZE / 3
        assert evaluation.source == ("surrogate outside of its fit" if outside else "surrogate")


def test_the_report_says_which_share_of_the_answers_lies_outside(narrow):
    def walk(space, rng):
        while True:
            yield space.sample(rng)

    runs = [search(walk, narrow, Budget(evaluations=50), np.random.SeedSequence(seed)) for seed in range(4)]
    results = Results(
        name="r",
        protocol="",
        tasks=(narrow.card,),
        algorithms=("walk",),
        settings={},
        runs={("toy/one", "walk"): Runs.of(runs)},
        specification={},
        environment={},
    )
    (sentence,) = cautions._outside_of_fit(results, narrow.card)
    canonical = SPACE.canonical_indices(SPACE.indices(np.concatenate([run.architectures for run in runs])))
    share = 100 * (canonical >= 2 * SIZE / 3).mean()
    assert f"{share:.1f} % of the surrogate's answers lie outside of its fit" in sentence


def test_the_seed_noise_is_that_of_the_table(surrogate, table):
    values = table.data_set("one").trainings[12].valid_accuracy.values[:, 0, :]
    noise = surrogate.seed_noise("valid_accuracy after 12 epochs", SPACE.features([CELL, CELL]))
    assert noise == pytest.approx(values.std(axis=1, ddof=1).mean(), rel=0.5)
    assert (surrogate.seed_noise("reported", SPACE.features([CELL])) == 0).all()
    assert 0.85 < surrogate.predictors["valid_accuracy after 12 epochs"].quality.seed_coverage <= 1


def test_reading_gives_what_was_written(fitted, surrogate):
    surrogate.verify()
    features = SPACE.features([SPACE.sample(RNG) for _ in range(100)])
    assert surrogate.facts == fitted.facts
    for quantity in fitted.predictors:
        assert (surrogate.mean(quantity, features) == fitted.mean(quantity, features)).all()
        assert (surrogate.spread(quantity, features) == fitted.spread(quantity, features)).all()


def test_follows_its_seed_to_the_digest(tmp_path):
    trainings = small_contents().data_sets["one"].trainings
    table = small_table(tmp_path, trainings={12: replace(trainings[12], train_seconds=None)})
    digests = []
    for run, seed in enumerate((3, 3, 4)):
        path = tmp_path / str(run) / "one.h5"
        write_surrogate(fit_surrogate(table, "one", model="extra_trees", fraction=0.03, seed=seed), path)
        digests.append(read_surrogate(path).digest)
    assert digests[0] == digests[1] != digests[2]


def test_the_task_draws_seed_noise_where_asked(surrogate):
    task = SurrogateTask(surrogate, epochs=12)
    mean = SurrogateTask(surrogate, epochs=12, seed="mean").evaluate(CELL, None, RNG)
    drawn = [task.evaluate(CELL, None, RNG) for _ in range(2000)]
    accuracies = np.array([evaluation.valid_accuracy for evaluation in drawn])
    noise = surrogate.seed_noise("valid_accuracy after 12 epochs", SPACE.features([CELL]))[0]
    assert accuracies.mean() == pytest.approx(mean.valid_accuracy, abs=4 * noise / 2000**0.5)
    assert accuracies.std() == pytest.approx(noise, rel=0.1)
    assert {evaluation.source for evaluation in drawn} == {"surrogate"}
    assert {evaluation.seconds for evaluation in drawn} == {mean.seconds}
    assert mean.seconds > 0
    assert mean.epochs == 12
    first, second = (
        [task.evaluate(CELL, None, np.random.default_rng(seed)) for seed in (1, 2)] for _ in range(2)
    )
    assert first == second


def test_other_fidelities_have_their_own_accuracy_and_cost(surrogate):
    task = SurrogateTask(surrogate, seed="mean")
    short, long = task.evaluate(CELL, 12, RNG), task.evaluate(CELL, None, RNG)
    assert short.valid_accuracy < long.valid_accuracy
    assert short.seconds < long.seconds
    with pytest.raises(
        UsageError, match="no validation accuracy after 5 epochs; it predicts it after 12, 200"
    ):
        task.evaluate(CELL, 5, RNG)
    with pytest.raises(UsageError, match="no validation accuracy after 7 epochs"):
        SurrogateTask(surrogate, epochs=7)


def test_what_is_reported_is_predicted_from_test_accuracies(surrogate, table):
    task = SurrogateTask(surrogate)
    truth = table.data_set("one").trainings[200].test_accuracy.values[777].mean()
    assert task.test_accuracy(CELL) == pytest.approx(truth, abs=8)
    assert task.optimum is None
    assert task.lists_every_architecture


def test_the_card_says_what_was_predicted_and_how_well(surrogate):
    card = SurrogateTask(surrogate, epochs=12).card
    assert card.searched.startswith(
        "validation accuracy after 12 epochs as predicted by a surrogate (extra_trees on 20 % of the table,"
        " with seed noise drawn each time, held-out Kendall tau 0."
    )
    assert " on the larger half, predicted from the smaller)" in card.searched
    assert card.reported.startswith(
        "test accuracy after 200 epochs (mean over the training seeds) as predicted by a surrogate"
    )
    assert card.digest == surrogate.digest
    assert card.cost == "simulated seconds"
    assert ", the mean," in SurrogateTask(surrogate, seed="mean").card.searched


def test_where_the_table_shows_one_seed_no_noise_is_made_up(tmp_path):
    trainings = small_contents().data_sets["one"].trainings
    valid = trainings[12].valid_accuracy
    one_seed = Training(valid_accuracy=measurement(present(valid).values[:, 0, :1], 12, ("a",)))
    task = SurrogateTask(
        fit_surrogate(
            small_table(tmp_path, trainings={12: one_seed}), "one", model="extra_trees", fraction=0.1
        )
    )
    assert len({task.evaluate(CELL, None, RNG) for _ in range(20)}) == 1
    assert not task.charges_seconds
    assert task.card.cost == "evaluations"
    assert "the mean; the table shows no seed noise" in task.card.searched


def test_a_partial_table_with_missing_values_is_enough(tmp_path):
    canonical = sorted({SPACE.index(SPACE.canonical(SPACE.architecture(i))) for i in range(SIZE)})
    keys = np.array(canonical[::4])
    values = np.stack([keys / SIZE * 50, keys / SIZE * 50 + 1], axis=1)
    values[::2, 1] = np.nan
    values[::7] = np.nan
    training = Training(valid_accuracy=measurement(values, 30, ("a", "b")))
    partial = small_table(tmp_path, keys=keys, trainings={30: training}, parameters=None)
    surrogate = fit_surrogate(partial, "one", model="extra_trees", fraction=0.7)
    assert surrogate.predictors["reported"].quality.kendall_tau > 0.7
    assert SurrogateTask(surrogate).evaluate(CELL, None, RNG).epochs == 30


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "gaussian"}, "unknown model of surrogates 'gaussian'"),
        ({"fraction": 0.0}, "the fraction to fit on must be above 0 and below 1; received 0"),
        ({"fraction": 1.0}, "above 0 and below 1; received 1"),
        ({"fraction": float("nan")}, "above 0 and below 1; received nan"),
        ({"fraction": 0.01}, "40 distinct architectures with a value are to fit on; 50 or more"),
        ({"fraction": 0.999}, "4 distinct architectures with a value are held out"),
        ({"seed": -1}, "the seed must be 0 or more"),
    ],
)
def test_says_what_cannot_be_fitted(table, settings, message):
    with pytest.raises(UsageError, match=message):
        fit_surrogate(table, "one", **settings)


def test_a_missing_surrogate_names_the_command(tmp_path):
    with pytest.raises(TableError, match=r"python -m nasbench_lab\.data fit toy --data-set one"):
        read_surrogate(tmp_path / "toy" / "one.h5")


def change(path, name, value, attribute=None):
    with h5py.File(path, "r+") as file:
        if attribute:
            file[name].attrs[attribute] = value
        else:
            del file[name]
            if value is not None:
                file[name] = value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("/", 1, "format_version"), "has surrogate format version 1; this version of nasbench_lab reads 2"),
        (("/", "0" * 64, "features_sha256"), "was fitted on other features of nasbench_macro"),
        (("/", "nowhere", "space"), "is damaged .*unknown search space 'nowhere'"),
        (("/", "much", "fraction"), "is damaged .*attribute fraction is 'much'"),
        (("reported", "good", "r2"), "is damaged .*attribute r2 is 'good'"),
        (("reported", None), "is damaged .*it predicts no accuracy"),
        (("reported/mean", None), "is damaged"),
        (("reported/mean/left", np.zeros(3, dtype=np.int32)), "is damaged .*another shape"),
        (("reported/mean/feature", np.zeros(3)), "is damaged .*type float64"),
        (("reported/spread/constant", np.nan), "is damaged .*not finite"),
        (("seen", None), "is damaged"),
        (("seen/counts", np.ones(3, dtype=np.int32)), "is damaged .*not those of 24 features"),
        (("seen/counts", np.zeros(24, dtype=np.int32)), "is damaged .*not those of 24 features"),
        (("seen/counts", np.ones(24, dtype=np.int32)), "is damaged .*more or fewer than counted"),
        (("seen/values", np.ones(3)), "is damaged .*types float64 and int32"),
    ],
)
def test_a_damaged_file_is_one_clear_line(copy, arguments, message):
    change(copy, *arguments)
    with pytest.raises(TableError, match=message) as raised:
        read_surrogate(copy)
    assert len(str(raised.value).splitlines()) == 1
    assert "data fit toy --data-set one" in str(raised.value)


def test_a_quantity_of_no_known_kind_is_damage(copy):
    with h5py.File(copy, "r+") as file:
        file.move("valid_accuracy after 12 epochs", "valid_accuracy soon")
    with pytest.raises(TableError, match="is damaged"):
        read_surrogate(copy)


def test_a_truncated_file_is_damaged(copy):
    content = copy.read_bytes()
    for length in (0, 8, 100, 2000, len(content) // 2, len(content) - 1):
        copy.write_bytes(content[:length])
        with pytest.raises(TableError, match="is damaged"):
            read_surrogate(copy)


def test_flipped_bytes_are_damage_or_found_by_verify(copy):
    content = bytearray(copy.read_bytes())
    rng = np.random.default_rng(0)
    features = SPACE.features([CELL])
    for place in rng.integers(len(content), size=30).tolist():
        flipped = content.copy()
        flipped[place] ^= 0xFF
        copy.write_bytes(flipped)
        try:
            surrogate = read_surrogate(copy)
            surrogate.mean("reported", features)
        except TableError:
            continue


def test_a_changed_value_is_found_by_verify(copy):
    with h5py.File(copy, "r+") as file:
        file["reported/mean/constant"][...] = 1.0
    with pytest.raises(TableError, match="its content has digest"):
        read_surrogate(copy).verify()


def test_five_percent_of_nasbench201_predict_the_rest(tmp_path, published_data):
    """Kendall's tau is at least 0.75; no held-out cell has an equal among the fitted ones."""
    from nasbench_lab.benchmarks.sources.nasbench201 import convert

    contents = convert([published_data / "nasbench201" / "nb201_combined.csv.gz"])
    data = contents.data_sets["cifar10"]
    alone = replace(data, trainings={200: replace(data.trainings[200], train_seconds=None)})
    write_table(replace(contents, data_sets={"cifar10": alone}), tmp_path / "nasbench201.h5")
    surrogate = fit_surrogate(Table(tmp_path / "nasbench201.h5"), "cifar10", fraction=0.05)
    for quantity in ("valid_accuracy after 200 epochs", "reported"):
        assert surrogate.predictors[quantity].quality.rows > 14_000
        assert surrogate.predictors[quantity].quality.kendall_tau >= 0.75


def test_predictions_stay_within_the_range_of_the_metric(fitted, tmp_path):
    """The toy's predictions are near 50; noise and mean are clipped to the range of the metric."""
    path = tmp_path / "toy" / "one.h5"
    facts = replace(fitted.facts, least=-1.0, most=1.0)
    write_surrogate(Surrogate(facts, fitted.predictors, fitted.seen), path)
    surrogate = read_surrogate(path)
    assert (surrogate.facts.least, surrogate.facts.most) == (-1.0, 1.0)
    task = SurrogateTask(surrogate, epochs=12)
    drawn = [task.evaluate(CELL, None, RNG).valid_accuracy for _ in range(20)]
    assert max(drawn) == 1.0
    assert min(drawn) >= -1.0
    assert task.test_accuracy(CELL) == 1.0
    assert task.evaluate(CELL, None, RNG).seconds > 0


def test_the_usual_range_is_not_written(stored):
    with h5py.File(stored, "r") as file:
        assert not {"least", "most"} & set(file.attrs)
