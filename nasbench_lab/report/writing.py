"""Write tables, figures and the report of stored results into one folder."""

from pathlib import Path

from nasbench_lab.comparison.results import Results
from nasbench_lab.report.html import write_report
from nasbench_lab.report.latex import write_tables
from nasbench_lab.report.plots.gallery import all_figures, save
from nasbench_lab.report.tables import Tables, compute_tables


def draw(results: Results, folder: Path, tables: Tables | None = None) -> Tables:
    """Write `tables/`, `figures/` and `report.html` into a folder, and return the tables.

    The same results give the same bytes.

    Args:
        results: the runs.
        folder: its path; it may be new.
        tables: those of the results, if they were computed before.
    """
    if tables is None:
        tables = compute_tables(results)
    write_tables(tables, folder / "tables")
    for name, figure in all_figures(results, tables).items():
        save(figure(), folder / "figures", name)
    write_report(results, tables, folder / "figures", folder / "report.html")
    return tables
