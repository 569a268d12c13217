"""Output of `reproduce`: the list of claims, and the ledger."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from nasbench_lab.commands.console import console, grid
from nasbench_lab.comparison.tasks import TaskFinder
from nasbench_lab.errors import TableError
from nasbench_lab.report.wording import signed
from nasbench_lab.reproduction.claims import Claim
from nasbench_lab.reproduction.judging import CONFIDENCE
from nasbench_lab.reproduction.ledger import Entry


def print_claims(claims: Sequence[Claim]) -> None:
    """Print every claim with its published number, and the command for each table that is missing."""
    out = console()
    table = grid("Name", "Published", "Runs")
    for claim in claims:
        spread = "" if claim.spread is None else f" ± {claim.spread:.2f}"
        table.add_row(claim.name, f"{claim.value:.2f}{spread}", str(claim.runs))
    out.print(table)
    for complaint in missing_tables(claims):
        out.print(f"\n{complaint}", soft_wrap=True)


def missing_tables(claims: Iterable[Claim]) -> list[str]:
    """A line for each table that the claims need and that is not here, with the command that brings it."""
    complaints = []
    for benchmark in dict.fromkeys(claim.task.partition("/")[0] for claim in claims):
        try:
            TaskFinder().expand([benchmark])
        except TableError as error:
            complaints.append(str(error))
    return complaints


def print_ledger(entries: Sequence[Entry], folder: Path) -> None:
    """Print the ledger, by paper, and the place of its files."""
    out = console()
    table = grid("Claim", "Published", "Ours", "Difference", "Holds")
    for column in table.columns[1:4]:
        column.justify = "right"
    table.columns[0].overflow = "fold"
    for paper, of_paper in groupby(entries, key=lambda entry: entry.claim.name.partition("/")[0]):
        table.add_row(paper)
        for entry in of_paper:
            table.add_row(*_cells(entry))
    out.print(table)
    held = sum(entry.judgement.holds for entry in entries)
    out.print(
        f"\n{held} of {len(entries)} claims hold. Difference: the {CONFIDENCE:.0%} interval of ours minus"
        " published; a claim holds if 0 is in it."
    )
    for what, name in (("Notes", "ledger.md"), ("Numbers", "ledger.csv"), ("Picture", "ledger.png")):
        out.print(f"{what + ':':<9}{folder / name}", soft_wrap=True)


def _cells(entry: Entry) -> tuple[str, ...]:
    ours = entry.judgement
    return (
        f" {entry.claim.name.partition('/')[2]}",
        f"{entry.claim.value:.2f}",
        f"{ours.ours:.2f}",
        f"{signed(ours.low)} to {signed(ours.high)}",
        "yes" if ours.holds else "NO",
    )
