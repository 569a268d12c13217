"""The command line: its output, its exit codes, and its errors, each one clear line."""

import json
import shutil
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from nasbench_lab import __main__ as console_script
from nasbench_lab import compare as compare_module
from nasbench_lab import figures
from nasbench_lab.benchmarks.tables.file import write_table
from tests.tables import small_contents

SMALL = [
    "--benchmark",
    "toy/one",
    "--algorithms",
    "random_search",
    "reinforce",
    "--seeds",
    "4",
    "--jobs",
    "1",
]


@pytest.fixture(autouse=True)
def toy_benchmark(tmp_path, monkeypatch):
    write_table(small_contents(), tmp_path / "data" / "toy.h5")
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


def main(*arguments):
    from nasbench_lab.compare import main as command

    return command(list(arguments))


def content(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file() and path.suffix != ".json"
    }


def test_from_nothing_to_tables_figures_and_report(capsys):
    assert main(*SMALL, "--out", "r") == 0
    shown = capsys.readouterr().out
    assert "Toy benchmark, Toy data: 4 runs each, optimum" in shown
    assert "test accuracy after 200 epochs (mean over the training seeds), in percent" in shown
    assert "Random search" in shown
    assert "Report:  r/report.html" in shown
    assert max(map(len, shown.splitlines())) <= 80
    for name in ("report.html", "figures/anytime.png", "figures/final.svg", "tables/summary.csv"):
        assert (Path("r") / name).stat().st_size > 0
    assert (Path("r/tables/summary.tex")).exists()


def test_figures_are_drawn_again_from_the_store_alone(tmp_path, monkeypatch, capsys):
    assert main(*SMALL, "--out", "r") == 0
    before = content("r")
    for path in Path("r").rglob("*"):
        if path.is_file() and path.suffix not in (".json", ".h5") and path.name != ".lock":
            path.unlink()
    (tmp_path / "data" / "toy.h5").unlink()
    assert figures.main(["r"]) == 0
    assert content("r") == before


def test_a_stored_specification_runs_again(capsys):
    assert main(*SMALL, "--out", "r", "--epochs", "12", "--budget-seconds", "30") == 0
    assert main("--config", "r/comparison.json", "--out", "again", "--jobs", "1") == 0
    assert content("r/tables") == content("again/tables")
    assert main("--config", "r/comparison.json", "--seeds", "2", "--out", "fewer", "--jobs", "1") == 0
    stored = json.loads(Path("fewer/comparison.json").read_text())["comparison"]
    assert (stored["seeds"], stored["epochs"], stored["budget_seconds"]) == (2, 12, [30.0])


def test_a_stored_specification_goes_on_in_its_own_folder(capsys):
    assert main(*SMALL, "--out", "r") == 0
    before = content("r/tables")
    next(Path("r/runs").iterdir()).unlink()
    assert main("--config", "r/comparison.json", "--jobs", "1") == 0
    assert content("r/tables") == before
    assert len(list(Path("r/runs").iterdir())) == 2
    assert not Path("results").exists()


def test_a_specification_that_was_changed_or_copied_is_run_in_a_folder_of_its_own(capsys):
    assert main(*SMALL, "--out", "r") == 0
    before = content("r")
    assert main("--config", "r/comparison.json", "--seeds", "2", "--jobs", "1") == 0
    Path("copied").mkdir()
    Path("copied/comparison.json").write_bytes(Path("r/comparison.json").read_bytes())
    assert main("--config", "copied/comparison.json", "--jobs", "1") == 0
    assert content("r") == before
    assert [path.name for path in Path("copied").iterdir()] == ["comparison.json"]
    assert len(list(Path("results").iterdir())) == 2


def test_a_changed_protocol_is_labelled(capsys):
    assert main("--protocol", "nats-bench", *SMALL, "--budget-seconds", "30", "--out", "r") == 0
    protocol = json.loads(Path("r/comparison.json").read_text())["protocol"]
    assert protocol.startswith("nats-bench (changed: benchmark toy/one instead of nasbench201/cifar10,")
    assert "seeds 4 instead of 500" in protocol
    assert "seeds 4 instead of 500" in Path("r/report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--benchmark", "toi"], "unknown benchmark 'toi'; did you mean 'toy'?"),
        (["--benchmark", "toy/1"], "unknown data set of toy '1'"),
        (["--benchmark", "nasbench201/cifar10"], "python -m nasbench_lab.data import nasbench201"),
        (["--algorithms", "reinforc"], "unknown algorithm 'reinforc'; did you mean 'reinforce'?"),
        (["--algorithms", "reinforce:rate=1"], "unknown hyperparameter of reinforce 'rate'"),
        (["--algorithms", "reinforce:learning_rate=x"], "takes a number; received 'x'"),
        (["--algorithms", "reinforce:learning_rate=0"], "learning_rate is above 0"),
        (
            ["--budget-evaluations", "0"],
            "the budget of evaluations must be a finite number above 0; received 0",
        ),
        (["--seeds", "0"], "seeds is 1 or more; received 0"),
        (["--jobs", "0"], "jobs is the number of processes, 1 or more; received 0"),
        (["--protocol", "nats"], "unknown protocol 'nats'; did you mean 'nats-bench'?"),
        (["--protocol", "nats-bench"], "protocol nats-bench has no budget for toy/one, only for nasbench201"),
        (["--config", "nowhere.json"], "there is no file nowhere.json"),
        (["--out", "data/toy.h5"], "data/toy.h5 is a file; --out is a folder, which may be new"),
        (["--out", "data/toy.h5/r"], "data/toy.h5/r: Not a directory"),
        (["--out", "data"], "data is not empty and holds no comparison.json"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(capsys, arguments, message):
    before = content(".")
    assert main(*SMALL, *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert content(".") == before


def test_a_different_comparison_is_refused_and_kept(capsys):
    assert main(*SMALL, "--out", "r") == 0
    before = content("r")
    assert main(*SMALL, "--out", "r", "--root-seed", "5") == 2
    assert "r holds a different comparison: its root_seed is 0, this one's 5" in capsys.readouterr().err
    assert content("r") == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--nonsense", "3"], "unknown option --nonsense; see python -m nasbench_lab.compare --help"),
        (["--seed", "5"], "unknown option --seed; did you mean --seeds or --root-seed? See python -m"),
        (["--seed=5"], "unknown option --seed; did you mean --seeds or --root-seed? See python -m"),
        (["--seeds"], "--seeds: expected one argument; see python -m nasbench_lab.compare --help"),
        (["--seeds", "five"], "--seeds takes a whole number; received 'five'"),
        (["--over-budget", "maybe"], "--over-budget takes 'include' or 'discard'; received 'maybe'"),
        (["--budget-seconds", "1", "x"], "--budget-seconds takes a number; received 'x'"),
        (["cifar10-mini"], "unexpected 'cifar10-mini'; see python -m nasbench_lab.compare --help"),
        (["--", "--seeds"], "unexpected '--seeds'; see python -m nasbench_lab.compare --help"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(capsys, arguments, message):
    assert main(*arguments) == 2
    out, error = capsys.readouterr()
    assert error.startswith(f"error: {message}")
    assert (out, len(error.splitlines())) == ("", 1)


def test_none_takes_a_setting_of_a_protocol_back(capsys):
    arguments = ["--protocol", "nats-bench", *SMALL, "--budget-seconds", "30", "--epochs", "none"]
    assert main(*arguments, "--out", "r") == 0
    assert json.loads(Path("r/comparison.json").read_text())["comparison"]["epochs"] is None


def test_figures_of_nothing_is_an_error(capsys):
    assert figures.main(["nowhere"]) == 2
    assert "there is no stored comparison in nowhere" in capsys.readouterr().err


def test_figures_that_cannot_be_written_are_an_error(capsys):
    assert main(*SMALL, "--out", "r") == 0
    shutil.rmtree("r/tables")
    Path("r/tables").write_text("in the way")
    capsys.readouterr()
    assert figures.main(["r"]) == 2
    assert capsys.readouterr().err.startswith("error: r/tables: ")


def test_figures_of_no_folder_is_an_error(capsys):
    assert figures.main([]) == 2
    assert "name the folders of results to draw, such as results/default" in capsys.readouterr().err


def test_the_console_script_hands_over(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["nasbench-lab"])
    assert console_script.main() == 0
    assert "compare" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["nasbench-lab", "compair"])
    assert console_script.main() == 2
    assert "unknown command 'compair'" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["nasbench-lab", "figures", "nowhere"])
    assert console_script.main() == 2


@pytest.mark.parametrize("command", [["nasbench-lab", "compare"], ["compare.py"]])
def test_the_command_to_go_on_with_is_whole_however_it_was_started(command, capsys, monkeypatch):
    def interrupted(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("nasbench_lab.comparison.execution.compare", interrupted)
    monkeypatch.setattr("sys.argv", [*command, *SMALL, "--out", "my runs"])
    assert (console_script.main() if command[1:] else sys.modules["nasbench_lab.compare"].main()) == 130
    go_on = f"To go on: python -m nasbench_lab.compare {' '.join(SMALL)} --out 'my runs'\n"
    assert capsys.readouterr().err.endswith(go_on)


@pytest.mark.parametrize("name", [name for name in console_script.COMMANDS if name != "completion"])
def test_the_console_script_knows_every_command(name, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["nasbench-lab", name, "--help"])
    with pytest.raises(SystemExit) if name != "data" else nullcontext():
        console_script.main()
    assert capsys.readouterr().out.startswith(f"usage: python -m nasbench_lab.{name}")


def test_the_module_can_be_called():
    assert callable(compare_module)
