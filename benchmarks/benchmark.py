"""The interface of a benchmark: a table, a published surrogate, or live training."""

from collections.abc import Mapping
from typing import Protocol

from nasbench_lab.benchmarks.tables.contents import DataSet
from nasbench_lab.benchmarks.view import View
from nasbench_lab.search.task import Task


class Benchmark(Protocol):
    """A search space with one or more data sets, and answers for its architectures."""

    @property
    def name(self) -> str:
        """The name on the command line."""

    @property
    def title(self) -> str:
        """The title in papers."""

    @property
    def licence(self) -> str:
        """The licence of the data."""

    @property
    def digest(self) -> str:
        """SHA-256 of the stored content; empty if nothing is stored."""

    @property
    def data_set_names(self) -> tuple[str, ...]:
        """The data sets that a comparison on the whole benchmark uses."""

    @property
    def answers_everything(self) -> bool:
        """Whether every architecture of the space has an answer. If so, no fallback is ever asked."""

    def check_data_set(self, data_set: str) -> None:
        """Raise `UsageError` if there is no such data set."""

    def task(self, data_set: str, view: View) -> Task:
        """One data set as a search sees it; raises `UsageError` or `TableError` if that is impossible."""

    def listed(self) -> Mapping[str, DataSet]:
        """The contents of its table, by data set; empty if it has no table."""

    def facts(self) -> Mapping[str, str]:
        """Facts for a reader, each under a short label."""

    def verify(self) -> None:
        """Compare the stored content with its digest; raises `TableError` if they differ."""
