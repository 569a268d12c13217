"""The help of every command: whole, in groups, and within the width of the terminal."""

import subprocess
import sys
from dataclasses import fields

import pytest

from nasbench_lab.commands.groups import COMPARE
from nasbench_lab.commands.help import Group, Line, paragraphs, print_help
from nasbench_lab.compare import Command
from nasbench_lab.comparison.specification import Comparison

COMMANDS = [
    ["compare"],
    ["figures"],
    ["reproduce"],
    ["data"],
    *(["data", name] for name in ("list", "import", "fetch", "info", "verify", "export", "query", "pack")),
    ["data", "measure"],
    ["data", "fit"],
    ["algorithms"],
    ["benchmarks"],
    ["protocols"],
    ["recipes"],
]


def shown(*command, columns):
    module, *arguments = command
    outcome = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"nasbench_lab.{module}", *arguments, "--help"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
        env={"PYTHONIOENCODING": "utf-8", "COLUMNS": str(columns)},
    )
    assert (outcome.returncode, outcome.stderr) == (0, "")
    return outcome.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_80_columns_and_shows_no_types(command):
    text = shown(*command, columns=80)
    assert text.startswith(f"usage: python -m nasbench_lab.{' '.join(command)}")
    assert max(map(len, text.splitlines())) <= 80
    for noise in ("None", "STR", "INT", "FLOAT", "default: ]", "{", "()", "False"):
        assert noise not in text
    assert text.count("\n\n\n") == 0


def test_every_option_of_a_comparison_is_in_one_group_with_its_text():
    text = shown("compare", columns=100)
    names = [name for group in COMPARE.values() for name in group]
    expected = [each.name for each in (*fields(Comparison), *fields(Command)) if each.name != "comparison"]
    assert sorted(names) == sorted(expected)
    titles = [line[:-1] for line in text.splitlines() if line and line[0] != " " and line.endswith(":")]
    assert titles == [*COMPARE, "General"]
    for name in names:
        flag = "--[no-]only-listed" if name == "only_listed" else f"--{name.replace('_', '-')}"
        assert text.count(f"\n  {flag} ") == 1
    first = [line.split()[0] for line in text.splitlines() if line.startswith("  --")][:4]
    assert first == ["--benchmark", "--algorithms", "--seeds", "--out"]


def test_defaults_are_shown_if_there_is_one():
    text = " ".join(shown("compare", columns=100).split())
    assert "--seeds N independent runs of each algorithm on each task. [default: 50]" in text
    assert "--over-budget include|discard whether" in text
    assert "all random draws come from. [default: 0]" in text
    assert "[default: random_search local_search regularized_evolution genetic_algorithm reinforce]" in text
    assert "--budget-evaluations N evaluations of a run; 200 if no budget is given at all. --" in text


def test_the_help_of_a_protocol_shows_its_settings():
    module = [sys.executable, "-W", "ignore", "-m", "nasbench_lab.compare"]
    outcome = subprocess.run(
        [*module, "--protocol", "nats-bench", "--help"],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    assert "[default: 500]" in " ".join(outcome.stdout.split())


def test_a_form_without_room_has_a_line_of_its_own(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    wide = Line("--a-form-that-is-rather-long NAME", "its text is below, and not beside")
    print_help("do", "Do it.", [Group("", [Line("FILE", "a file.")]), Group("More", [wide, Line("-x", "y")])])
    assert capsys.readouterr().out == (
        "usage: do FILE [OPTIONS]\n"
        "\n"
        "Do it.\n"
        "\n"
        "  FILE                      a file.\n"
        "\n"
        "More:\n"
        "  --a-form-that-is-rather-long NAME\n"
        "                            its text is below, and not\n"
        "                            beside\n"
        "  -x                        y\n"
    )


def test_code_in_a_text_keeps_its_lines(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert paragraphs("one\ntwo\n\n    a = 1\n    b = 2\n\nthree") == (
        "one two\n\n    a = 1\n    b = 2\n\nthree"
    )
