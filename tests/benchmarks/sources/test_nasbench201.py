import gzip

import numpy as np
import pytest

from nasbench_lab.benchmarks.sources.nasbench201 import PUBLISHED, SOURCE
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.spaces import find_space

space = find_space("nasbench201")
COLUMNS = ["arch", "arch_str", "params_c10", "n_seeds_200"]
COLUMNS += [f"c10_e200_valid_s{seed}" for seed in range(3)]
COLUMNS += ["c10_e200_valtest_s0", "c10_e12_test"]
COLUMNS += [
    f"{prefix}_{quantity}"
    for prefix in ("c10", "c100", "in16")
    for quantity in ("e12_valid", "e200_valid_mean", "e200_test_mean", "e200_train_time_s")
]


def published_row(index: int) -> dict[str, str]:
    """A made-up row in the published form; the test columns that must not be read hold 99."""
    row = dict.fromkeys(COLUMNS, "50.0")
    row |= {"arch": str(index), "arch_str": space.format(space.architecture(index)), "params_c10": "73306"}
    row |= {
        "n_seeds_200": "2",
        "c10_e200_valid_s0": "49.0",
        "c10_e200_valid_s1": "51.0",
        "c10_e200_valid_s2": "",
    }
    return row | {"c10_e200_valtest_s0": "99", "c10_e12_test": "99", "c10_e200_train_time_s": "2000"}


ROWS = [list(published_row(i).values()) for i in range(space.size)]
HEADER = list(published_row(0))


def csv_text(header=HEADER, rows=ROWS) -> str:
    return "\n".join(",".join(row) for row in [header, *rows]) + "\n"


def with_field(line: int, column: str, value: str) -> str:
    rows = list(ROWS)
    rows[line - 2] = [
        value if name == column else old for name, old in zip(HEADER, rows[line - 2], strict=True)
    ]
    return csv_text(rows=rows)


@pytest.fixture(scope="module")
def published(published_data):
    return SOURCE.convert([published_data / "nasbench201" / "nb201_combined.csv.gz"])


def final(measurement):
    return np.nanmean(measurement.values[:, -1, :], axis=1)


def test_published_optima(published):
    for (name, split), optimum in SOURCE.optima.items():
        accuracy = final(getattr(published.data_sets[name].trainings[200], f"{split}_accuracy"))
        assert accuracy.max() == pytest.approx(optimum, abs=5e-5)
    best = {
        (name, split): int(
            final(getattr(published.data_sets[name].trainings[200], f"{split}_accuracy")).argmax()
        )
        for name, split in SOURCE.optima
    }
    assert best[("cifar10", "test")] == 6111
    assert best[("cifar100", "test")] == 9930
    assert best[("imagenet16-120", "valid")] == 10676
    assert best[("imagenet16-120", "test")] == 857


def test_published_values_of_two_cells(published):
    cifar10 = published.data_sets["cifar10"]
    short, long = cifar10.trainings[12], cifar10.trainings[200]
    assert short.valid_accuracy.seeds == ("mean of 111 and 777",)
    assert short.valid_accuracy.values[0, 0, 0] == pytest.approx((64.016 + 62.712) / 2)
    assert short.valid_accuracy.values[11, 0, 0] == pytest.approx((62.58 + 63.976) / 2)
    # The published cost of a query is this time plus one validation pass of 2.55 seconds.
    assert short.train_seconds.values[0, 0, 0] == pytest.approx(86.653116, abs=1e-5)
    assert long.train_seconds.values[0, 0, 0] == pytest.approx(1444.2186)
    assert long.valid_accuracy.values[0, 0].tolist() == [82.092, 81.616, 82.24]
    for name, test in (("cifar10", 85.8633), ("cifar100", 52.9133), ("imagenet16-120", 26.6333)):
        assert published.data_sets[name].trainings[200].test_accuracy.values[0] == pytest.approx(
            test, abs=1e-4
        )
    assert published.data_sets["cifar100"].trainings[12].valid_accuracy.values[0] == pytest.approx(31.84)


OFFICIAL = {
    0: ({"111": 64.016, "777": 62.712}, (89.2021, 173.8160, 526.1170)),
    11: ({"111": 62.58, "777": 63.976}, (153.6959, 299.9196, 907.9353)),
}


@pytest.fixture(scope="module")
def official(published_data, tmp_path_factory):
    folder = published_data / "nasbench201" / "NATS-tss-v1_0-3ffb9-simple"
    path = tmp_path_factory.mktemp("official") / "nasbench201.h5"
    write_table(SOURCE.convert([folder]), path)
    return Table(path)


@pytest.mark.parametrize("index", OFFICIAL)
def test_official_files_give_published_accuracies_and_costs(official, index):
    by_seed, costs = OFFICIAL[index]
    cell = space.architecture(index)
    rng = np.random.default_rng(0)
    for name, seconds in zip(PUBLISHED, costs, strict=True):
        task = TabularTask(official, name, epochs=12)
        seen = {task.evaluate(cell, None, rng) for _ in range(20)}
        assert {round(evaluation.seconds, 4) for evaluation in seen} == {seconds}
        if name == "cifar10":
            assert sorted(round(evaluation.valid_accuracy, 4) for evaluation in seen) == sorted(
                by_seed.values()
            )
    for seed, accuracy in by_seed.items():
        task = TabularTask(official, "cifar10", epochs=12, seed=seed)
        assert task.evaluate(cell, None, rng).valid_accuracy == pytest.approx(accuracy, abs=1e-4)


def test_official_files_give_published_means_after_200_epochs(official):
    tests = {"cifar10": 85.8633, "cifar100": 52.9133, "imagenet16-120": 26.6333}
    for name, test in tests.items():
        task = TabularTask(official, name)
        assert task.test_accuracy(space.architecture(0)) == pytest.approx(test, abs=5e-5)
        assert task.epochs == 200


def test_official_files_and_joined_results_agree(official, published):
    for name in PUBLISHED:
        data_set, joined = official.data_set(name), published.data_sets[name]
        for index in OFFICIAL:
            row = data_set.row(space.architecture(index))
            for length, training in joined.trainings.items():
                measured = data_set.trainings[length]
                ours = np.nanmean(measured.valid_accuracy.values[row, -1])
                assert ours == pytest.approx(np.nanmean(training.valid_accuracy.values[index]), abs=1e-3)
                ours = measured.train_seconds.values[row, -1]
                assert ours == pytest.approx(training.train_seconds.values[index, 0, 0], rel=1e-6)
            assert data_set.flops[row] > 3
    row = official.data_set("cifar10").row(space.architecture(0))
    assert official.data_set("cifar10").parameters[row] == published.data_sets["cifar10"].parameters[0]


def test_official_files_hold_every_epoch_and_seed(official):
    cifar10 = official.data_set("cifar10").trainings
    assert cifar10[12].valid_accuracy.values.shape == (2, 12, 2)
    assert cifar10[200].valid_accuracy.values.shape == (2, 200, 3)
    assert cifar10[200].test_accuracy.values.shape == (2, 200, 3)
    assert cifar10[200].valid_accuracy.seeds == ("777", "888", "999")
    for name in ("cifar100", "imagenet16-120"):
        trainings = official.data_set(name).trainings
        assert trainings[200].valid_accuracy.epochs == (200,)
        assert trainings[200].test_accuracy.epochs == (200,)
        assert trainings[12].valid_accuracy.seeds == ("111",)


def test_missing_seeds_stay_missing(published):
    valid = published.data_sets["cifar10"].trainings[200].valid_accuracy
    assert valid.seeds == ("s0", "s1", "s2")
    assert np.isnan(valid.values).sum(axis=(0, 1)).tolist() == [0, 0, 7456]


def test_parameters_follow_the_published_formula(published):
    cells = np.array([space.architecture(i) for i in range(space.size)])
    expected = 73_306 + 28_000 * (cells == 2).sum(axis=1) + 243_040 * (cells == 3).sum(axis=1)
    assert published.data_sets["cifar10"].parameters * 1e6 == pytest.approx(expected)
    assert published.data_sets["cifar100"].parameters is None


def test_accuracies_are_float64(published):
    for data_set in published.data_sets.values():
        for training in data_set.trainings.values():
            assert training.valid_accuracy.values.dtype == np.float64


def test_what_holds_test_images_is_not_read(tmp_path):
    path = tmp_path / "made_up.csv"
    path.write_text(csv_text())
    contents = SOURCE.convert([path])
    assert list(contents.data_sets) == list(PUBLISHED)
    for data_set in contents.data_sets.values():
        for training in data_set.trainings.values():
            for measured in (training.valid_accuracy, training.test_accuracy):
                assert measured is None or not (measured.values == 99).any()
        assert data_set.trainings[12].test_accuracy is None
    assert contents.data_sets["cifar10"].trainings[12].train_seconds.values[5, 0, 0] == 120


def without(column):
    kept = [i for i, name in enumerate(HEADER) if name != column]
    return csv_text([HEADER[i] for i in kept], [[row[i] for i in kept] for row in ROWS])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lambda: "", "has no column 'arch'|has 0 cells"),
        (lambda: "a,b\n1,2\n", "has 1 cells; all 15,625 are needed"),
        (lambda: without("c10_e200_test_mean"), "has no column 'c10_e200_test_mean'"),
        (lambda: without("arch_str"), "has no column 'arch_str'"),
        (lambda: csv_text([*HEADER[:-1], "arch"]), "line 1: names a column twice"),
        (lambda: csv_text(rows=ROWS[:-1]), "has 15,624 cells; all 15,625 are needed"),
        (lambda: csv_text(rows=[*ROWS, ROWS[0]]), "has 15,626 cells"),
        (lambda: csv_text(rows=[*ROWS[:4], ROWS[3], *ROWS[5:]]), "line 6: column 'arch' is '3'; .* it is 4"),
        (lambda: csv_text(rows=[ROWS[1], ROWS[0], *ROWS[2:]]), "line 2: column 'arch' is '1'"),
        (lambda: with_field(9, "arch_str", "|none~0|"), r"line 9: column 'arch_str' is '\|none~0\|'; in the"),
        (lambda: csv_text(rows=[ROWS[0][:-1], *ROWS[1:]]), "line 2: has 20 fields; the header has 21"),
        (
            lambda: with_field(7, "c100_e12_valid", "good"),
            "line 7: column 'c100_e12_valid' is 'good'; expected a number",
        ),
        (lambda: with_field(7, "c100_e12_valid", "nan"), "line 7: column 'c100_e12_valid' is 'nan'"),
        (lambda: with_field(7, "c100_e12_valid", "inf"), "line 7: column 'c100_e12_valid' is 'inf'"),
        (lambda: with_field(7, "c100_e12_valid", ""), "line 7: column 'c100_e12_valid' is ''"),
        (lambda: with_field(8, "in16_e200_test_mean", "100.1"), "line 8: .* between 0 and 100"),
        (lambda: with_field(8, "in16_e200_test_mean", "-1"), "line 8: .* between 0 and 100"),
        (lambda: with_field(8, "c10_e200_valid_s1", ""), "line 8: column 'n_seeds_200' differs"),
        (
            lambda: with_field(8, "c10_e200_valid_mean", "50.1"),
            "line 8: .*_mean' is not the mean of the seeds",
        ),
        (lambda: with_field(8, "params_c10", '"1'), "cannot be read as CSV|fields"),
        (lambda: with_field(8, "params_c10", "1" * 200_000), "cannot be read as CSV"),
    ],
)
def test_a_changed_file_is_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "changed.csv"
    path.write_text(text())
    with pytest.raises(TableError, match=message) as raised:
        SOURCE.convert([path])
    assert str(path) in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_unreadable_files_are_refused(tmp_path):
    packed = gzip.compress(csv_text().encode())
    for name, content in {
        "cut.csv.gz": packed[: len(packed) // 2],
        "noise.csv.gz": packed[:20] + b"\0" * 50 + packed[70:],
        "image.csv": b"\xff\xd8\xff\xe0",
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(TableError, match=r"cannot be read|is not text"):
            SOURCE.convert([path])
    with pytest.raises(TableError, match="there is no file"):
        SOURCE.convert([tmp_path / "nothing.csv"])
    with pytest.raises(TableError, match="has no files such as"):
        SOURCE.convert([tmp_path])


def test_a_file_that_unpacks_without_end_is_refused(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        for _ in range(80):
            file.write(b"0" * 2**20)
    assert path.stat().st_size < 200_000
    with pytest.raises(TableError, match="holds more than 67,108,864 bytes"):
        SOURCE.convert([path])


@pytest.mark.parametrize("number", [0, 2])
def test_one_file_is_expected(tmp_path, number):
    with pytest.raises(UsageError, match=f"nasbench201 is imported from one file.*received {number}"):
        SOURCE.convert([tmp_path / "a.csv"] * number)
