"""What every command does about errors: one line on the terminal, an exit code, no traceback."""

import sys
from collections.abc import Callable

from nasbench_lab.errors import NasbenchLabError

USAGE_ERROR = 2
INTERRUPTED = 130


def run_command(command: Callable[[], int]) -> int:
    """Run a command and return its exit code.

    A `NasbenchLabError` is printed as `error: <message>` on standard error and gives 2, and so does what
    the system refuses, such as a folder that cannot be written or a full disk; Ctrl-C gives 130, as a
    shell expects.
    """
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
