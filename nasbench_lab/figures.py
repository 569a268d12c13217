"""`python -m nasbench_lab.figures RESULTS`: every table, figure and the report, from the store alone."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from nasbench_lab.command_line import run_command
from nasbench_lab.errors import UsageError

if TYPE_CHECKING:
    from nasbench_lab.results import Results
    from nasbench_lab.tables import Tables


@dataclass(frozen=True)
class Figures:
    """Draw every table, figure and the report of stored comparisons again, without searching.

    Attributes:
        results: folders that `python -m nasbench_lab.compare` wrote, such as results/default.
    """

    results: tyro.conf.Positional[tuple[Path, ...]]


def draw(results: "Results", folder: Path) -> "Tables":
    """Write `tables/`, `figures/` and `report.html` into a folder, and return the tables.

    The same results give the same bytes.
    """
    from nasbench_lab.plots import all_figures, save
    from nasbench_lab.report import write_report
    from nasbench_lab.tables import compute_tables, write_tables

    tables = compute_tables(results)
    write_tables(tables, folder / "tables")
    for name, figure in all_figures(results, tables).items():
        save(figure(), folder / "figures", name)
    write_report(results, tables, folder / "figures", folder / "report.html")
    return tables


def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    command = tyro.cli(Figures, args=arguments, prog="python -m nasbench_lab.figures")

    def run() -> int:
        if not command.results:
            raise UsageError("nothing to draw; name the folders of results to draw, such as results/default")

        from nasbench_lab.store import load_results
        from nasbench_lab.terminal import print_outcome

        for folder in command.results:
            results = load_results(folder)
            print_outcome(results, draw(results, folder), folder)
        return 0

    return run_command(run)


if __name__ == "__main__":
    sys.exit(main())
