"""`=`, `:` and `,` in the paths that the command line takes, all of them at once."""

import json
from pathlib import Path

import pytest

from nasbench_lab import figures
from tests.own_problems import FILE

ODD = "x=y:z,1"


@pytest.fixture
def odd(tmp_path, monkeypatch):
    """A folder with an odd name, which holds an algorithm and a problem; the data folder is in it, too."""
    folder = tmp_path / ODD
    folder.mkdir()
    (folder / "alg=1.py").write_text(
        "def walk(space, rng, *, cooling: float = 0.5, scheme: str = '', sizes: list[int] = []):\n"
        "    while True:\n        yield space.sample(rng)\n"
    )
    (folder / "problem.py").write_text(FILE)
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(folder / "d=a:t,a"))
    monkeypatch.chdir(tmp_path)
    return folder


def compare(*arguments):
    from nasbench_lab.compare import main

    return main([*arguments, "--jobs", "1"])


def test_a_comparison_takes_them_and_goes_on(odd, capsys, monkeypatch):
    algorithms = [
        f"{ODD}/alg=1.py",
        f"{ODD}/alg=1.py:cooling=0.25,scheme=a=b:c,sizes=[1,2]",
        f"L=./{ODD}/alg=1.py:walk:scheme='p,q=r'",
        f"M={odd}/alg=1.py",
    ]
    out = f"{ODD}/o=u:t,1"
    arguments = ["--seeds", "2", "--budget-evaluations", "3", "--cache", "c=d", "--data-dir", "i:j"]
    first = ["--benchmark", f"{ODD}/problem.py:my_problem", "--algorithms", *algorithms]
    assert compare(*first, *arguments, f"--out={out}") == 0
    stored = json.loads((Path(out) / "comparison.json").read_text())
    assert stored["comparison"]["benchmark"] == [f"{odd}/problem.py:my_problem"]
    assert stored["comparison"]["algorithms"] == [
        f"{odd}/alg=1.py",
        f"{odd}/alg=1.py:cooling=0.25,scheme=a=b:c,sizes=[1,2]",
        f"L={odd}/alg=1.py:walk:scheme='p,q=r'",
        f"M={odd}/alg=1.py",
    ]
    defaults = {"cooling": 0.5, "scheme": "", "sizes": []}
    assert [each["hyperparameters"] for each in stored["algorithms"]] == [
        defaults,
        {"cooling": 0.25, "scheme": "a=b:c", "sizes": [1, 2]},
        {**defaults, "scheme": "p,q=r"},
        defaults,
    ]
    before = {path: path.read_bytes() for path in (Path(out) / "tables").iterdir()}
    monkeypatch.chdir(odd)
    assert compare("--config", "o=u:t,1/comparison.json", "--cache", "c=d") == 0
    assert figures.main(["o=u:t,1"]) == 0
    monkeypatch.chdir(odd.parent)
    assert {path: path.read_bytes() for path in (Path(out) / "tables").iterdir()} == before
    assert {path.name for path in odd.iterdir()} >= {"o=u:t,1", "alg=1.py", "problem.py"}
    assert capsys.readouterr().err == ""
