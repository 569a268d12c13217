"""A table as a benchmark."""

from collections.abc import Mapping
from pathlib import Path

from nasbench_lab.benchmarks.tables.contents import Contents, DataSet
from nasbench_lab.benchmarks.tables.file import Table, write_table
from nasbench_lab.benchmarks.tables.task import TabularTask
from nasbench_lab.benchmarks.view import View
from nasbench_lab.errors import TableError


class TableBenchmark:
    """A benchmark whose answers are looked up in a table."""

    answers_everything = False

    def __init__(self, table: Table) -> None:
        self.table = table
        self.name = table.name
        self.title = table.title
        self.licence = table.licence
        self.digest = table.digest
        self.data_set_names = table.data_set_names

    def check_data_set(self, data_set: str) -> None:
        """Raise `UsageError` if the table has no such data set."""
        self.table.data_set(data_set)

    def task(self, data_set: str, view: View) -> TabularTask:
        """Make the task of one data set in a view; raises `UsageError` if the table does not support it."""
        return TabularTask(
            self.table,
            data_set,
            epochs=view.epochs,
            seed=view.training_seed,
            cost=view.cost,
            only_listed=view.only_listed,
        )

    def listed(self) -> Mapping[str, DataSet]:
        """Every data set of the table."""
        return {name: self.table.data_set(name) for name in self.data_set_names}

    def facts(self) -> Mapping[str, str]:
        """Facts about the table for a reader, by label."""
        table = self.table
        return {
            "title": table.title,
            "citation": table.citation,
            "licence": table.licence,
            "table": str(table.path),
            "written by": table.created_by,
            "digest": table.digest,
            "read from": "\n".join(table.source_sha256),
            "space": ", ".join(sorted({data_set.search_space.name for data_set in self.listed().values()})),
            **table.provenance,
        }

    def verify(self) -> None:
        """Check the content against its stored digest; raises `TableError` if they differ."""
        self.table.verify()


def keep_table(contents: Contents, path: Path) -> TableBenchmark:
    """Write a table and open it; raises `TableError` if it cannot be written."""
    try:
        write_table(contents, path)
    except OSError as error:
        raise TableError(f"the table {path} cannot be written: {error}") from None
    return TableBenchmark(Table(path))
