"""The console script: `nasbench-lab compare`, `nasbench-lab figures` and the other commands."""

import sys
from importlib import import_module
from typing import Annotated, Literal

from nasbench_lab.commands.arguments import Argument
from nasbench_lab.commands.completion import completion_script
from nasbench_lab.commands.help import print_commands
from nasbench_lab.commands.program import Program
from nasbench_lab.commands.running import given_arguments, run_command
from nasbench_lab.commands.versions import version_line
from nasbench_lab.errors import unknown_name

SUMMARY = "Honest comparisons of neural architecture search algorithms."
# The module of each command, and its text in the help.
COMMANDS = {
    "compare": ("nasbench_lab.compare", "Run a comparison to its report."),
    "figures": ("nasbench_lab.figures", "Draw every table, figure and report again from stored runs."),
    "reproduce": ("nasbench_lab.reproduce", "Run published claims here, and keep a ledger of them."),
    "data": ("nasbench_lab.data", "Fetch, list, describe and verify the benchmarks' tables."),
    "algorithms": ("nasbench_lab.algorithms.__main__", "List the algorithms, or describe one."),
    "benchmarks": ("nasbench_lab.benchmarks.__main__", "List the benchmarks, or describe one."),
    "protocols": ("nasbench_lab.protocols", "List the published protocols, or show one."),
    "recipes": ("nasbench_lab.recipes", "List the recipes of live training, or show one."),
    "completion": ("nasbench_lab.__main__", "Print the script for completion in bash or zsh."),
}


def main() -> int:
    """Run the command that the first argument names, with the other arguments."""
    return run_command(lambda: _run(given_arguments(None)))


def _run(arguments: list[str]) -> int:
    first = arguments[0] if arguments else "--help"
    if first in ("-h", "--help"):
        print_commands("nasbench-lab", SUMMARY, {name: text for name, (_, text) in COMMANDS.items()})
        return 0
    if first == "--version":
        print(version_line())
        return 0
    if first not in COMMANDS:
        raise unknown_name("command", first, COMMANDS)
    if first == "completion":
        return PROGRAM.read(arguments[1:])
    code: int = import_module(COMMANDS[first][0]).main(arguments[1:])
    return code


def completion(
    shell: Annotated[Literal["bash", "zsh"], Argument(metavar="SHELL", positional=True, help="bash or zsh.")],
) -> int:
    """Print the script that lets a shell complete the commands and options of nasbench-lab.

    The line eval "$(nasbench-lab completion bash)" in ~/.bashrc turns it on, or in ~/.zshrc the line
    eval "$(nasbench-lab completion zsh)".
    """
    programs = {name: import_module(module).PROGRAM for name, (module, _) in COMMANDS.items()}
    print(completion_script(shell, programs), end="")
    return 0


PROGRAM = Program("nasbench-lab completion", completion)

if __name__ == "__main__":
    sys.exit(main())
