"""`python -m nasbench_lab.protocols [NAME]`: list the published protocols, or show one."""

import sys
from collections.abc import Sequence
from typing import Annotated

from nasbench_lab.commands.arguments import Argument
from nasbench_lab.commands.program import Program
from nasbench_lab.commands.running import given_arguments, run_command


def protocols(
    name: Annotated[
        str | None, Argument(metavar="NAME", positional=True, help="a protocol, as in `compare --protocol`.")
    ] = None,
) -> int:
    """List the published protocols, or show the settings and the source of one."""
    from nasbench_lab.commands.protocols import print_protocol, print_protocols

    if name is None:
        print_protocols()
    else:
        print_protocol(name)
    return 0


PROGRAM = Program("python -m nasbench_lab.protocols", protocols)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(lambda: PROGRAM.read(given_arguments(arguments)))


if __name__ == "__main__":
    sys.exit(main())
