"""Output of `data list`: all benchmarks."""

from pathlib import Path

from nasbench_lab.benchmarks.catalog import all_sources, fetch_command, import_command
from nasbench_lab.benchmarks.folders import data_folder, table_path
from nasbench_lab.benchmarks.library import open_benchmark
from nasbench_lab.benchmarks.tables.embedded import embedded_names, embedded_path
from nasbench_lab.commands.console import console, grid
from nasbench_lab.errors import RefusedError, TableError


def print_benchmarks() -> None:
    """Print every benchmark, whether its table is here, and the command that gets it."""
    out = console()
    complaints: list[str] = []
    rows = grid("Name", "Title", "Data\nsets", "Rows", "Size", "Licence", "Digest")
    sources = all_sources()
    for name in embedded_names():
        rows.add_row(*_described(embedded_path(name), complaints))
    for name, source in sources.items():
        if table_path(name).exists():
            rows.add_row(*_described(table_path(name), complaints))
        else:
            rows.add_row(name, source.title, "-", "-", "not here", source.licence, "-")
    for path in sorted(data_folder().glob("*.h5")):
        if path.stem not in {*sources, *embedded_names()}:
            rows.add_row(*_described(path, complaints))
    out.print(rows)
    for complaint in complaints:
        out.print(f"\n{complaint}", soft_wrap=True)
    out.print(
        f"\nTables are kept in {data_folder()} ($NASBENCH_LAB_DATA).\nCite, where you use them:",
        soft_wrap=True,
    )
    for name, source in sources.items():
        out.print(f"  {name}: {source.citation}", soft_wrap=True)
    for name, source in sources.items():
        if not table_path(name).exists():
            command = import_command(name)
            if fetched := fetch_command(name):
                command = f"{fetched}\n  or with: {command}"
            out.print(f"\nBring {name} with: {command}", soft_wrap=True)
            how = f"where FILE is {source.files} ({source.homepage})"
            if source.packaged:
                how = "or just use it: it is read from an installed package at first use"
            out.print(f"  {how}", soft_wrap=True)
    out.print(
        "\nFetch the images for live training with: python -m nasbench_lab.data fetch cifar10", soft_wrap=True
    )


def _described(path: Path, complaints: list[str]) -> tuple[str, ...]:
    """Return the line of a benchmark that is here; it shows the row count of the largest data set.

    If it cannot be read, the reason is added to the complaints.
    """
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    try:
        benchmark = open_benchmark(path.stem)
        data_sets = benchmark.listed()
    except (TableError, RefusedError) as error:
        complaints.append(str(error))
        state = "refused" if isinstance(error, RefusedError) else "damaged"
        return path.stem, state, "-", "-", size, "-", "-"
    rows = f"{max(map(len, data_sets.values())):,}" if data_sets else "surrogate"
    count = str(len(benchmark.data_set_names))
    return path.stem, benchmark.title, count, rows, size, benchmark.licence, benchmark.digest[:8]
