"""Arguments become a dataclass or the parameters of a function; each mistake is one line."""

import platform
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest

from nasbench_lab.commands.arguments import Argument, documented
from nasbench_lab.commands.program import Program, Programs
from nasbench_lab.commands.versions import version_line
from nasbench_lab.errors import UsageError
from nasbench_lab.version import __version__


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Settings.

    Attributes:
        names: some names.
        limits: some numbers.
        kind: one of two.
    """

    names: tuple[str, ...] = ("a", "b")
    limits: tuple[float, ...] = ()
    kind: Literal["plain", "fancy"] = "plain"
    most: int | None = None
    loud: bool = False


@dataclass(frozen=True, kw_only=True)
class Outer:
    """Do it.

    Attributes:
        inner: spread out.
        out: a folder.
    """

    inner: Inner = field(default_factory=Inner)
    out: Path | None = None


PROGRAM = Program("do", Outer)


def move(
    source: Annotated[str, Argument(metavar="FROM", positional=True)],
    others: Annotated[tuple[Path, ...], Argument(metavar="FILE", positional=True)] = (),
    target: Annotated[str, Argument(name="as")] = "x",
) -> int:
    """Move something."""
    print(repr((source, others, target)))
    return 7


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", Outer()),
        ("--names x y --loud", Outer(inner=Inner(names=("x", "y"), loud=True))),
        ("--names x --names y", Outer(inner=Inner(names=("x", "y")))),
        ("--names --no-loud", Outer(inner=Inner(names=()))),
        ("--limits 1 2.5 --most=3", Outer(inner=Inner(limits=(1.0, 2.5), most=3))),
        ("--limits -1 -2.5", Outer(inner=Inner(limits=(-1.0, -2.5)))),
        ("--most None --kind fancy", Outer(inner=Inner(kind="fancy"))),
        ("--most 3 --most 4", Outer(inner=Inner(most=4))),
        ("--out a/b", Outer(out=Path("a/b"))),
    ],
)
def test_arguments_fill_a_dataclass_and_the_one_in_it(arguments, expected):
    assert PROGRAM.read(arguments.split()) == expected


def test_a_default_has_the_values_of_what_is_not_given():
    default = Outer(inner=Inner(names=("z",), most=9), out=Path("there"))
    assert PROGRAM.read(["--limits", "1"], default) == Outer(
        inner=Inner(names=("z",), most=9, limits=(1.0,)), out=Path("there")
    )
    assert PROGRAM.read(["--most", "none"], default) == Outer(inner=Inner(names=("z",)), out=Path("there"))


def test_hyphens_and_underscores_are_the_same():
    @dataclass
    class Long:
        """Long."""

        long_name: str = ""

    assert Program("long", Long).read(["--long_name=a_b"]) == Long("a_b")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["a"], "('a', (), 'x')"),
        (["a", "--as", "b", "c", "d"], f"('a', {(Path('c'), Path('d'))!r}, 'b')"),
        (["--as=b", "--", "--as", "-c"], f"('--as', {(Path('-c'),)!r}, 'b')"),
    ],
)
def test_values_without_a_name_go_by_their_place(arguments, shown, capsys):
    assert Program("move", move).read(arguments) == 7
    assert capsys.readouterr().out == f"{shown}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--nam x", "unknown option --nam; did you mean --names? See do --help"),
        ("--zzz", "unknown option --zzz; see do --help"),
        ("-x", "unknown option -x; see do --help"),
        ("--most three", "--most takes a whole number or none; received 'three'"),
        ("--limits 1 two", "--limits takes a number; received 'two'"),
        ("--kind odd", "--kind takes 'plain' or 'fancy'; received 'odd'"),
        ("--most", "--most: expected one argument; see do --help"),
        ("--loud=3", "--loud/--no-loud: ignored explicit argument '3'; see do --help"),
        ("here", "unexpected 'here'; see do --help"),
    ],
)
def test_a_mistake_is_one_line(arguments, message):
    with pytest.raises(UsageError) as error:
        PROGRAM.read(arguments.split())
    assert str(error.value) == message


def test_a_value_that_has_to_be_given(capsys):
    with pytest.raises(UsageError, match=r"^FROM is missing; see move --help$"):
        Program("move", move).read([])


def test_commands_of_a_command(capsys):
    programs = Programs("files", "Work with files.")
    programs.command("mv")(move)
    assert programs.read(["mv", "a"]) == 7
    with pytest.raises(UsageError, match=r"unknown command 'mw'; did you mean 'mv'\?"):
        programs.read(["mw"])
    with pytest.raises(UsageError, match="a command is missing: mv; see files --help"):
        programs.read([])
    with pytest.raises(UsageError, match="unknown option --at; did you mean --as"):
        programs.read(["mv", "a", "--at", "b"])


@pytest.mark.parametrize("arguments", [["--version"], ["--most", "3", "--version"]])
def test_the_versions_are_one_line(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        PROGRAM.read(arguments)
    assert not ended.value.code
    shown = capsys.readouterr().out
    assert re.fullmatch(
        rf"nasbench_lab {re.escape(__version__)}, Python {re.escape(platform.python_version())}, "
        r"numpy \d+\.\d+\S*, torch (none|\d+\.\d+\S*)\n",
        shown,
    )


def test_a_library_that_is_not_installed_has_no_version(monkeypatch):
    from importlib import metadata

    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    assert version_line().endswith(", numpy none, torch none")


@pytest.mark.parametrize("module", ["nasbench_lab", "nasbench_lab.compare", "nasbench_lab.data"])
def test_versions_are_printed_without_importing_the_libraries(module):
    code = (
        "import runpy, sys\nsys.argv = ['x', '--version']\n"
        f"try:\n    runpy.run_module({module!r}, run_name='__main__')\nexcept SystemExit as end:\n"
        "    assert not end.code\nassert not {'numpy', 'torch'} & set(sys.modules)"
    )
    outcome = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=100, check=False
    )
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout == f"{version_line()}\n"


def test_the_texts_of_a_docstring():
    summary, texts = documented(
        """Do this.

        At once.

        Args:
            a, b: two of
                them, and `c: d` too.
            c: one.

        Returns:
            d: nothing.
        """
    )
    assert summary == "Do this.\n\nAt once."
    assert texts["a"] == texts["b"] == "two of them, and `c: d` too."
    assert texts["c"] == "one."
