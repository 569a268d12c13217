"""`python -m nasbench_lab.reproduce [NAME...]`: run published claims here, and keep a ledger of them."""

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from nasbench_lab.commands.arguments import Argument
from nasbench_lab.commands.program import Program
from nasbench_lab.commands.running import given_arguments, run_command


@dataclass(frozen=True)
class Reproduce:
    """Run published claims here, and say which of them hold within their sampling error.

    Runs are kept, and a second call makes only those that are missing. The ledger has every claim whose runs
    are stored in its folder.

    Attributes:
        names: claims, or the beginning of their names, such as nats-bench or nats-bench/reinforce; by default
            all of them.
        list: list the claims instead, and run nothing.
        out: folder of the ledger and its runs.
        jobs: number of processes; by default one per core. The results do not depend on it.
    """

    names: Annotated[tuple[str, ...], Argument(metavar="NAME", positional=True)] = ()
    list: bool = False
    out: Path = Path("results/reproductions")
    jobs: int | None = None


PROGRAM = Program("python -m nasbench_lab.reproduce", Reproduce)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    given = given_arguments(arguments)
    # Batch systems end a job with SIGTERM. Finished runs are then saved, as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return run_command(lambda: _run(given))


def _run(arguments: list[str]) -> int:
    command = PROGRAM.read(arguments)

    from nasbench_lab.commands.ledger import missing_tables, print_claims, print_ledger
    from nasbench_lab.commands.progress import comparison_bar
    from nasbench_lab.comparison.execution import compare
    from nasbench_lab.errors import TableError
    from nasbench_lab.reproduction.ledger import comparisons_of, entries_of, place_of
    from nasbench_lab.reproduction.published import all_claims, choose
    from nasbench_lab.reproduction.writing import write

    claims = all_claims()
    chosen = choose(claims, command.names)
    if command.list:
        print_claims(chosen)
        return 0
    if complaints := missing_tables(chosen):
        raise TableError(complaints[0])
    for store, comparison in comparisons_of(chosen).items():
        place = place_of(command.out, store)
        with comparison_bar(place) as bar:
            compare(comparison, out=place, jobs=command.jobs, progress=bar.advance)
    entries = entries_of(claims, command.out)
    write(entries, command.out)
    print_ledger(entries, command.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
