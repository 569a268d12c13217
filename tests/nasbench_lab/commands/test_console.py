"""Text on any terminal: every encoding, every file name, nothing taken for markup."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nasbench_lab.commands.console import console, print_anything_on
from nasbench_lab.commands.running import given_arguments
from nasbench_lab.files import readable

LABEL = "进化"


def python(*arguments, encoding, cwd):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", *arguments],
        cwd=cwd,
        capture_output=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )


def small(*algorithms, out):
    """The arguments of a comparison of a second."""
    return [
        *("--seeds", "2", "--budget-evaluations", "5", "--jobs", "1"),
        *("--algorithms", *algorithms, "--out", out),
    ]


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252", "utf-8"])
def test_benchmarks_are_listed_on_any_terminal(encoding, tmp_path):
    outcome = python("nasbench_lab.data", "list", encoding=encoding, cwd=tmp_path)
    assert (outcome.returncode, outcome.stderr) == (0, b"")
    assert b"cifar10-mini" in outcome.stdout


def test_a_label_that_the_encoding_lacks_is_printed_by_its_codes(tmp_path):
    arguments = small(f"{LABEL}=random_search", out="r")
    outcome = python("nasbench_lab.compare", *arguments, encoding="cp1252", cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    assert b"\\u8fdb\\u5316" in outcome.stdout
    assert LABEL in (tmp_path / "r" / "report.html").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a file name is text")
def test_a_folder_whose_name_is_not_text_holds_results(tmp_path):
    name = os.fsdecode(b"caf\xe9 [v2]")
    outcome = python(
        "nasbench_lab.compare", *small("random_search", out=name), encoding="utf-8", cwd=tmp_path
    )
    assert outcome.returncode == 0, outcome.stderr
    assert rb"caf\xe9 [v2]/report.html" in outcome.stdout
    assert (tmp_path / name / "report.html").exists()
    again = python("nasbench_lab.figures", name, encoding="utf-8", cwd=tmp_path)
    assert again.returncode == 0, again.stderr


def test_nothing_is_taken_for_markup(capsys):
    console().print("a [bold]path[/] [v2] :smile:", soft_wrap=True)
    assert capsys.readouterr().out == "a [bold]path[/] [v2] :smile:\n"


def test_signs_become_their_nearest_plain_character():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="")
    print_anything_on(stream)
    stream.write("−0.5 ± 1 … \udcff")
    stream.flush()
    assert stream.buffer.getvalue() == rb"-0.5 +- 1 ... \xff"


def test_a_stream_without_an_encoding_is_left_alone():
    print_anything_on(io.StringIO())


def test_home_is_found_after_an_equals_sign_too():
    home = str(Path.home())
    given = ["--out=~/r", "~/own.py:size=3", "a~b", "LABEL=~/own.py", "~", "~other/x"]
    assert given_arguments(given) == [
        f"--out={home}/r",
        f"{home}/own.py:size=3",
        "a~b",
        f"LABEL={home}/own.py",
        home,
        "~other/x",
    ]


def test_a_name_that_is_not_text_becomes_readable():
    assert readable(os.fsdecode(b"caf\xe9") if sys.platform == "linux" else "caf\udce9") == "caf\\xe9"
    assert readable("café") == "café"
