"""`python -m nasbench_lab.figures RESULTS`: draw tables, figures and the report from stored runs."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from nasbench_lab.commands.arguments import Argument
from nasbench_lab.commands.program import Program
from nasbench_lab.commands.running import given_arguments, run_command
from nasbench_lab.errors import UsageError


@dataclass(frozen=True)
class Figures:
    """Draw every table, figure and the report of stored comparisons again, without searching.

    Attributes:
        results: folders that `python -m nasbench_lab.compare` wrote, such as results/default.
        out: merge comparisons of one protocol into this folder, and draw it; they may differ in their
            benchmarks and algorithms, or hold the same.
    """

    results: Annotated[tuple[Path, ...], Argument(metavar="FOLDER", positional=True)]
    out: Path | None = None


PROGRAM = Program("python -m nasbench_lab.figures", Figures)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(lambda: _run(given_arguments(arguments)))


def _run(arguments: list[str]) -> int:
    command = PROGRAM.read(arguments)
    if not command.results:
        raise UsageError("nothing to draw; name the folders of results to draw, such as results/default")

    from nasbench_lab.commands.outcome import print_outcome
    from nasbench_lab.comparison.merging import merge
    from nasbench_lab.comparison.store import load_results
    from nasbench_lab.report.writing import draw

    if command.out is not None:
        merge(command.results, command.out)
    for folder in command.results if command.out is None else (command.out,):
        results = load_results(folder)
        print_outcome(results, draw(results, folder), folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
