"""The script for completion, in a real shell."""

import shutil
import subprocess

import pytest

from nasbench_lab import __main__ as console_script

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


@pytest.fixture
def script(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["nasbench-lab", "completion", "bash"])
    assert console_script.main() == 0
    return capsys.readouterr().out


@needs_bash
def test_the_script_is_valid(script):
    outcome = subprocess.run(
        ["bash", "-n"], input=script, text=True, capture_output=True, timeout=100, check=False
    )
    assert (outcome.returncode, outcome.stderr) == (0, "")


@needs_bash
@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["comp"], ["compare", "completion"]),
        (["compare", "--see"], ["--seeds"]),
        (["compare", "--algorithms", "reinforce", "--only"], ["--only-listed"]),
        (["compare", "--only-listed", "--see"], ["--seeds"]),
        (["compare", "--over-budget", ""], ["include", "discard"]),
        (["compare", "--over-budget", "d"], ["discard"]),
        (["compare", "--out", ""], []),  # bash then completes files
        (["figures", "res"], []),
        (["data", "f"], ["fetch", "fit"]),
        (["data", "fit", "cifar10-mini", "--fr"], ["--fraction"]),
        (["completion", ""], ["bash", "zsh", "--help", "--version"]),
        (["nothing", "--see"], []),
    ],
)
def test_words_are_completed(script, words, completed):
    line = " ".join(f"'{word}'" for word in ["nasbench-lab", *words])
    test = (
        f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; _nasbench_lab; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    outcome = subprocess.run(
        ["bash"], input=f"{script}\n{test}\n", text=True, capture_output=True, timeout=100, check=False
    )
    assert outcome.stderr == ""
    assert outcome.stdout.split() == completed


def test_zsh_gets_the_same_script_with_one_more_line(script, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["nasbench-lab", "completion", "zsh"])
    assert console_script.main() == 0
    first, rest = capsys.readouterr().out.split("\n", 1)
    assert "bashcompinit" in first
    assert rest == script


def test_another_shell_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["nasbench-lab", "completion", "fish"])
    assert console_script.main() == 2
    assert capsys.readouterr().err == "error: SHELL takes 'bash' or 'zsh'; received 'fish'\n"
