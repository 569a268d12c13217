"""Arguments and errors, the same for every command: one line, an exit code, no traceback."""

import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from nasbench_lab.commands.console import print_anything_on
from nasbench_lab.errors import NasbenchLabError, NasbenchLabWarning

USAGE_ERROR = 2
INTERRUPTED = 130
PIPE_CLOSED = 141


def given_arguments(arguments: Sequence[str] | None) -> list[str]:
    """The arguments of a command, those of the process if none are given, with `~` as the home folder.

    A shell does not replace `~` in quotes or after an equals sign.
    """
    given = sys.argv[1:] if arguments is None else arguments
    return [re.sub(r"(^|=)~(?=/|$)", lambda match: match[1] + str(Path.home()), each) for each in given]


def run_command(command: Callable[[], int]) -> int:
    """Run a command and return its exit code.

    A `NasbenchLabError` is printed as `error: <message>` on standard error, and the code is 2. An error of
    the system, such as a full disk, is treated the same. Ctrl-C gives 130, as a shell expects. Output that
    nobody reads any more, as after `| head`, gives 141 without a word.
    A `NasbenchLabWarning` is printed as `note: <message>` on standard error.
    """
    for stream in (sys.stdout, sys.stderr):
        print_anything_on(stream)
    try:
        with _notes_on_one_line():
            code = command()
            sys.stdout.flush()
            return code
    except BrokenPipeError:
        # Python writes the rest of its buffer when it ends, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except NasbenchLabError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE_ERROR
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED


@contextmanager
def _notes_on_one_line() -> Iterator[None]:
    """Print warnings of this package as notes, and leave all others as they are."""
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, NasbenchLabWarning):
                print(f"note: {message}", file=sys.stderr)
            else:
                usual(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield
