"""`python -m nasbench_lab.algorithms [NAME]`: list the algorithms, or describe one."""

import sys
from collections.abc import Sequence
from typing import Annotated

from nasbench_lab.commands.arguments import Argument
from nasbench_lab.commands.program import Program
from nasbench_lab.commands.running import given_arguments, run_command


def algorithms(
    name: Annotated[
        str | None,
        Argument(metavar="NAME", positional=True, help="an algorithm, as in `compare --algorithms`."),
    ] = None,
) -> int:
    """List the search algorithms, or describe one with its hyperparameters."""
    from nasbench_lab.commands.algorithms import print_algorithm, print_algorithms

    if name is None:
        print_algorithms()
    else:
        print_algorithm(name)
    return 0


PROGRAM = Program("python -m nasbench_lab.algorithms", algorithms)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(lambda: PROGRAM.read(given_arguments(arguments)))


if __name__ == "__main__":
    sys.exit(main())
