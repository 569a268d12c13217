"""Arguments and errors, the same for every command: one line, an exit code, no traceback."""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from nasbench_lab.commands.console import print_anything_on
from nasbench_lab.errors import NasbenchLabError

USAGE_ERROR = 2
INTERRUPTED = 130


def given_arguments(arguments: Sequence[str] | None) -> list[str]:
    """The arguments of a command, those of the process if none are given, with `~` as the home folder.

    A shell does not replace `~` in quotes or after an equals sign.
    """
    given = sys.argv[1:] if arguments is None else arguments
    return [re.sub(r"(^|=)~(?=/|$)", lambda match: match[1] + str(Path.home()), each) for each in given]


def run_command(command: Callable[[], int]) -> int:
    """Run a command and return its exit code.

    A `NasbenchLabError` is printed as `error: <message>` on standard error, and the code is 2. An error of
    the system, such as a full disk, is treated the same. Ctrl-C gives 130, as a shell expects.
    """
    for stream in (sys.stdout, sys.stderr):
        print_anything_on(stream)
    try:
        return command()
    except NasbenchLabError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE_ERROR
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
