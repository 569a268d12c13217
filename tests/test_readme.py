"""The README tells the truth: its tutorial runs, its links exist, its commands are there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from nasbench_lab.comparison.contestants import algorithm_names

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_tutorial_runs_in_a_comparison(tmp_path):
    section = README.partition("## 3. Add an algorithm")[2]
    name = re.search(r"Save this as `(\w+\.py)`", section)[1]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]
    command = re.search(r"```bash\npython (.*?)```", section, re.DOTALL)[1].split()
    assert len(code.strip().splitlines()) <= 10, "an algorithm takes ten lines"
    (tmp_path / name).write_text(code)
    outcome = subprocess.run(
        [sys.executable, *command, "--seeds", "4", "--out", "r", "--jobs", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "Threshold accepting" in outcome.stdout
    assert "Threshold accepting" in (tmp_path / "r" / "report.html").read_text(encoding="utf-8")


def test_there_are_exactly_two_set_up_commands_on_the_first_screen():
    first_screen = README.partition("\n## ")[0]
    (block,) = re.findall(r"```bash\n(.*?)```", first_screen, re.DOTALL)
    commands = [line for line in block.splitlines() if line and not line.startswith("#")]
    assert len(commands) == 2
    assert all(command.startswith("pip install") for command in commands)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_what_it_links_to_is_there(target):
    assert (ROOT / target).exists()


@pytest.mark.parametrize("name", algorithm_names())
def test_every_algorithm_is_in_the_table(name):
    assert f"| `{name}` |" in README
