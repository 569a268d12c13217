"""`python -m nasbench_lab.recipes [NAME]`: list the recipes of live training, or show one."""

import sys
from collections.abc import Sequence
from typing import Annotated

from nasbench_lab.commands.arguments import Argument
from nasbench_lab.commands.program import Program
from nasbench_lab.commands.running import given_arguments, run_command


def recipes(
    name: Annotated[
        str | None, Argument(metavar="NAME", positional=True, help="a recipe, as in `compare --recipe`.")
    ] = None,
) -> int:
    """List the recipes of live training, or show the settings of one."""
    from nasbench_lab.commands.recipes import print_recipe, print_recipes

    if name is None:
        print_recipes()
    else:
        print_recipe(name)
    return 0


PROGRAM = Program("python -m nasbench_lab.recipes", recipes)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(lambda: PROGRAM.read(given_arguments(arguments)))


if __name__ == "__main__":
    sys.exit(main())
