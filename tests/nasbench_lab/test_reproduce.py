"""The command `reproduce`: its output, its files, and its errors."""

import pytest

from nasbench_lab import reproduce
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.reproduction import published
from nasbench_lab.reproduction.claims import Claim
from nasbench_lab.reproduction.readings import final


def claim(algorithm):
    return Claim(
        name=f"made-up/{algorithm}/mini",
        paper="Nobody, 2026",
        place="Table 1",
        claimed="Five evaluations are enough.",
        value=70.0,
        runs=12,
        unit="test accuracy in percent",
        first_hand=True,
        data_set="mini",
        comparison=Comparison(
            benchmark=("cifar10-mini",), algorithms=(algorithm,), seeds=6, budget_evaluations=5
        ),
        reading=final,
    )


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def two_claims(monkeypatch):
    monkeypatch.setattr(published, "all_claims", lambda: [claim("random_search"), claim("reinforce")])


@pytest.mark.usefixtures("two_claims")
def test_one_claim_then_all(tmp_path, capsys):
    assert reproduce.main(["made-up/random_search", "--jobs", "1"]) == 0
    out = capsys.readouterr().out
    assert "\nmade-up" in out
    assert "\n random_search/mini " in out
    assert "of 1 claims hold" in out
    assert "Picture: results/reproductions/ledger.png" in out
    assert max(map(len, out.splitlines())) <= 80
    assert reproduce.main(["made-up/reinforce", "--jobs", "1"]) == 0
    assert "of 2 claims hold" in capsys.readouterr().out
    folder = tmp_path / "results" / "reproductions"
    before = {path: path.stat().st_mtime_ns for path in (folder / "runs").rglob("*") if path.is_file()}
    assert reproduce.main(["--jobs", "1"]) == 0
    after = {path: path.stat().st_mtime_ns for path in (folder / "runs").rglob("*") if path.is_file()}
    assert after == before
    assert (folder / "ledger.svg").stat().st_size > 0


def test_the_list_has_every_claim_and_how_to_bring_the_table(capsys):
    assert reproduce.main(["--list"]) == 0
    out = capsys.readouterr().out
    for each in published.all_claims():
        assert f"\n{each.name} " in out
    assert "NAS-Bench-201 is not here; bring it with: python -m nasbench_lab.data import nasbench201" in out


def test_without_the_table_nothing_is_run(tmp_path, capsys):
    assert reproduce.main(["nats-bench"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(
        "error: NAS-Bench-201 is not here; bring it with: python -m nasbench_lab.data import nasbench201 FILE"
    )
    assert error.count("\n") == 1
    assert not (tmp_path / "results").exists()


@pytest.mark.usefixtures("two_claims")
def test_an_unknown_claim_is_an_error(capsys):
    assert reproduce.main(["made-up/random"]) == 2
    assert "error: unknown claim 'made-up/random'; did you mean 'made-up/random_search/mini'" in (
        capsys.readouterr().err
    )
