import subprocess
import sys
import warnings

import pytest

from nasbench_lab.commands.running import run_command
from nasbench_lab.errors import NasbenchLabWarning, TableError, UsageError


def raising(error: BaseException):
    def command() -> int:
        raise error

    return command


def test_a_command_that_works_gives_its_own_code(capsys):
    assert run_command(lambda: 0) == 0
    assert run_command(lambda: 7) == 7
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("error", [UsageError("no such thing"), TableError("no such thing")])
def test_an_error_of_ours_is_one_line_on_standard_error(error, capsys):
    assert run_command(raising(error)) == 2
    assert capsys.readouterr() == ("", "error: no such thing\n")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied", "r/tables"), "r/tables: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("cannot be drawn"), "cannot be drawn"),
    ],
)
def test_what_the_system_refuses_is_one_line_with_its_path(error, message, capsys):
    assert run_command(raising(error)) == 2
    assert capsys.readouterr() == ("", f"error: {message}\n")


def test_a_warning_of_ours_is_a_note_and_others_stay(capsys):
    def warning() -> int:
        warnings.simplefilter("default")
        for _ in range(2):
            warnings.warn("the file system has no file locks", NasbenchLabWarning, stacklevel=1)
        warnings.warn("of another package", UserWarning, stacklevel=1)
        return 0

    with pytest.warns(UserWarning, match="of another package") as others:
        assert run_command(warning) == 0
    assert [each.category for each in others] == [UserWarning]
    assert capsys.readouterr() == ("", "note: the file system has no file locks\n")


def test_an_interrupt_gives_the_code_shells_expect(capsys):
    assert run_command(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr() == ("", "")


def test_a_mistake_in_the_program_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_command(lambda: 1 // 0)


def test_output_that_nobody_reads_ends_without_a_word():
    command = [sys.executable, "-m", "nasbench_lab.algorithms"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141
