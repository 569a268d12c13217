"""A published claim: its number, where it stands, and how it is run here."""

from dataclasses import dataclass

from nasbench_lab.comparison.contestants import find_algorithm
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.reproduction.readings import Reading


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One published number, and the runs that answer it.

    Attributes:
        name: `paper/algorithm/data set`, unique.
        paper: the source, with its year.
        place: the table or section in it.
        claimed: the claim in one sentence.
        value: the published mean, in `unit`.
        spread: the published standard deviation over runs; None if none is known here.
        runs: the published number of runs.
        runs_known: whether the paper's number of runs is known; otherwise `runs` is that of its protocol.
        unit: of the value, such as `test accuracy in percent`.
        first_hand: whether the number was read in its source, and not in a quotation of it.
        data_set: its title in the picture.
        comparison: one algorithm on one task.
        reading: how the number is read from the runs; the claim is judged by it.
        beside: another reading, shown beside the first one.
        note: known differences, and reasons that were measured.
    """

    name: str
    paper: str
    place: str
    claimed: str
    value: float
    spread: float | None = None
    runs: int
    runs_known: bool = True
    unit: str
    first_hand: bool
    data_set: str
    comparison: Comparison
    reading: Reading
    beside: Reading | None = None
    note: str = ""

    @property
    def task(self) -> str:
        """The task as it is asked for, `benchmark/data set`."""
        return self.comparison.benchmark[0]

    @property
    def label(self) -> str:
        """The label of the algorithm in the stored results."""
        return find_algorithm(self.comparison.algorithms[0]).label

    @property
    def store(self) -> str:
        """The name of the stored comparison, which claims of one paper on one task share."""
        return f"{self.name.partition('/')[0]}-{self.task.rpartition('/')[2]}"
