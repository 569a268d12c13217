"""`python -m nasbench_lab.benchmarks [NAME]`: list the benchmarks, or describe one."""

import sys
from collections.abc import Sequence
from typing import Annotated

from nasbench_lab.commands.arguments import Argument
from nasbench_lab.commands.program import Program
from nasbench_lab.commands.running import given_arguments, run_command


def benchmarks(
    name: Annotated[
        str | None,
        Argument(metavar="NAME", positional=True, help="a benchmark, as in `compare --benchmark`."),
    ] = None,
) -> int:
    """List the benchmarks that are here or can be brought, or describe one."""
    from nasbench_lab.commands.description import print_description
    from nasbench_lab.commands.listing import print_benchmarks

    if name is None:
        print_benchmarks()
    else:
        print_description(name)
    return 0


PROGRAM = Program("python -m nasbench_lab.benchmarks", benchmarks)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(lambda: PROGRAM.read(given_arguments(arguments)))


if __name__ == "__main__":
    sys.exit(main())
