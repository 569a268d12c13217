"""`python -m nasbench_lab.data`: bring, list, describe, verify, export, make and measure tables."""

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg
from tyro.extras import SubcommandApp

from nasbench_lab.command_line import INTERRUPTED, USAGE_ERROR, run_command
from nasbench_lab.errors import TableError, UnlistedArchitecture, UsageError, unknown_name

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as Grid

    from benchmarks.fetch import Download
    from benchmarks.fetch import Progress as Received
    from benchmarks.nasbench301 import Ensembles
    from benchmarks.surrogate import Surrogate
    from benchmarks.table import DataSet, FloatArray, Table

app = SubcommandApp()
Name = Annotated[Positional[str], arg(help="Name of the benchmark, as `list` prints it.", metavar="NAME")]
DataSetName = Annotated[
    Positional[str], arg(help="A benchmark, or one data set of it.", metavar="NAME[/DATA_SET]")
]
Files = Annotated[
    Positional[tuple[Path, ...]], arg(help="Its official files; `list` says which.", metavar="FILE")
]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command(lambda: _run(given))


def _run(arguments: list[str]) -> int:
    code: int = app.cli(
        args=arguments,
        prog="python -m nasbench_lab.data",
        description="Bring, list, describe, verify, export, make and measure tables, and fit surrogates.",
    )
    return code


@app.command(name="list")
def list_tables() -> int:
    """List every benchmark, whether its table is here, and the command that brings it."""
    from benchmarks.catalog import all_sources, data_folder, fetch_command, import_command, table_path
    from benchmarks.embedded import embedded_names, embedded_path

    console = _console()
    grid = _grid("Name", "Title", "Data\nsets", "Rows", "Size", "Licence", "Digest")
    sources = all_sources()
    for name in embedded_names():
        grid.add_row(*_described(embedded_path(name)))
    for name, source in sources.items():
        if table_path(name).exists():
            grid.add_row(*_described(table_path(name)))
        else:
            grid.add_row(name, source.title, "-", "-", "not here", source.licence, "-")
    for path in sorted(data_folder().glob("*.h5")):
        if path.stem not in {*sources, *embedded_names()}:
            grid.add_row(*_described(path))
    console.print(grid)
    console.print(
        f"\nTables are kept in {data_folder()} ($NASBENCH_LAB_DATA).\nCite, where you use them:",
        soft_wrap=True,
    )
    for name, source in sources.items():
        console.print(f"  {name}: {source.citation}", soft_wrap=True)
    for name, source in sources.items():
        if not table_path(name).exists():
            command = import_command(name)
            if fetched := fetch_command(name):
                command = f"{fetched}\n  or with: {command}"
            console.print(f"\nBring {name} with: {command}", soft_wrap=True)
            how = f"where FILE is {source.files} ({source.homepage})"
            if source.packaged:
                how = "or just use it: it is read from an installed package at first use"
            console.print(f"  {how}", soft_wrap=True)
    console.print(
        "\nFetch the images for live training with: python -m nasbench_lab.data fetch cifar10", soft_wrap=True
    )
    return 0


def _described(path: Path) -> tuple[str, ...]:
    """The row of the list for a table that is here; its rows are those of its largest data set."""
    from benchmarks.catalog import open_benchmark
    from benchmarks.nasbench301 import Ensembles

    size = f"{path.stat().st_size / 1e6:.1f} MB"
    try:
        table = open_benchmark(path.stem)
        if isinstance(table, Ensembles):
            return path.stem, table.title, "1", "surrogate", size, table.licence, table.digest[:8]
        data_sets = [data_set for _, data_set in _data_sets(table)]
    except TableError:
        return path.stem, "damaged", "-", "-", size, "-", "-"
    rows = f"{max(map(len, data_sets)):,}"
    return path.stem, table.title, str(len(data_sets)), rows, size, table.licence, table.digest[:8]


@app.command(name="import")
def import_files(
    name: Name,
    files: Files = (),
    own: Annotated[
        str | None,
        arg(name="as", help="Import your own table under this name: --as NAME TABLE SCHEMA.", metavar="NAME"),
    ] = None,
) -> int:
    """Convert a benchmark's official files to its table, and keep it in the data folder.

    A table of your own is a CSV or Parquet file and a TOML file that says what is in it, as in
    `import --as my-table table.csv schema.toml`; the module benchmarks.own_table has an example.
    """
    from benchmarks.catalog import import_own_table, import_table

    table = import_table(name, files) if own is None else import_own_table(own, [Path(name), *files])
    _console().print(f"{table.title}: {table.path}\ndigest {table.digest}", soft_wrap=True)
    return 0


@app.command
def fetch(
    name: Annotated[
        Positional[str],
        arg(help="Name of a benchmark, or cifar10: the images for live training.", metavar="NAME"),
    ],
    file: str | None = None,
) -> int:
    """Fetch a benchmark's official file and import it, or fetch images; run it again to go on after a cut.

    Checksums are compared. A benchmark's file is removed once its table is written.

    Args:
        file: which of the benchmark's files, where there are several, as nasbench_only108.tfrecord.
    """
    from benchmarks.catalog import data_folder, fetch_table, find_download, find_source, import_table
    from benchmarks.fetch import fetch as fetch_file
    from benchmarks.training.images import DOWNLOADS

    if name in DOWNLOADS:
        if file is not None:
            raise UsageError(f"{name} has one file; leave out --file")
        with _download_bar(DOWNLOADS[name]) as progress:
            path = fetch_file(DOWNLOADS[name], data_folder(), progress)
        _console().print(f"{name}: {path}", soft_wrap=True)
        return 0
    if find_source(name).packaged:
        table = import_table(name, [])
    else:
        download = find_download(name, file)
        with _download_bar(download) as progress:
            table = fetch_table(name, download, progress)
    _console().print(f"{table.title}: {table.path}\ndigest {table.digest}", soft_wrap=True)
    return 0


@contextmanager
def _download_bar(download: "Download") -> "Iterator[Received]":
    """Show on standard error how far it is, gone when it ends; silent where that is not a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"fetching {download.file}", total=download.size)
        yield lambda received, size: bar.update(task, completed=received, total=size)


@app.command
def info(name: Name) -> int:
    """Describe a benchmark's table and its surrogates: where it comes from, and what it lists."""
    from benchmarks.catalog import all_sources, open_benchmark, open_surrogate, surrogate_path
    from benchmarks.nasbench301 import Ensembles
    from benchmarks.table import MEASUREMENTS

    table = open_benchmark(name)
    source = all_sources().get(name)
    console = _console()
    if isinstance(table, Ensembles):
        for label, fact in table.facts().items():
            console.print(f"{label:<11}{fact}", soft_wrap=True)
        return 0
    facts = {
        "title": table.title,
        "citation": table.citation,
        "licence": table.licence,
        "homepage": source.homepage if source else "-",
        "table": str(table.path),
        "written by": table.created_by,
        "digest": table.digest,
    }
    for label, fact in facts.items():
        console.print(f"{label:<11}{fact}", soft_wrap=True)
    for line in table.source_sha256:
        console.print(f"{'read from':<11}{line}", soft_wrap=True)
    for label, fact in table.provenance.items():
        console.print(f"{label}: {fact}", soft_wrap=True)

    spaces = {data_set.space for _, data_set in _data_sets(table)}
    console.print(f"{'space':<11}{', '.join(sorted(spaces))}", soft_wrap=True)

    overview = _grid("Data set", "Title", "Rows", "Metric", "Best\nvalid", "Best\ntest")
    contents = _grid("Data set", "Training", "Quantity", "Epochs", "Seeds", "Missing")
    for data_set_name, data_set in _data_sets(table):
        best = [_shown(_best(data_set, split)) for split in ("valid", "test")]
        rows = f"{len(data_set):,}"
        overview.add_row(data_set_name, data_set.title, rows, data_set.metric, *best)
        for epochs, training in data_set.trainings.items():
            for quantity in MEASUREMENTS:
                measured = getattr(training, quantity)
                if measured is not None:
                    at = ", ".join(map(str, measured.epochs))
                    if len(measured.epochs) > 3:
                        at = f"{len(measured.epochs)} of them"
                    missing = f"{_missing(measured.values):,}"
                    seeds = ", ".join(measured.seeds)
                    contents.add_row(data_set_name, f"{epochs} epochs", quantity, at, seeds, missing)
        for quantity, values in _columns(data_set):
            contents.add_row(data_set_name, "", quantity, "", "", f"{_missing(values):,}")
    for grid in (overview, contents):
        console.print()
        console.print(grid)
    for data_set_name in table.data_set_names:
        path = surrogate_path(table.name, data_set_name)
        if path.exists():
            console.print()
            _print_surrogate(open_surrogate(table, data_set_name), path)
    return 0


@app.command
def verify(name: Name) -> int:
    """Check a benchmark's table: its digest, its rows and the published optima."""
    from benchmarks.catalog import open_benchmark

    table = open_benchmark(name)
    console = _console()
    failed = False
    for passed, check in _checks(table):
        failed = failed or not passed
        console.print(f"{'ok' if passed else 'FAILED':<8}{check}", soft_wrap=True)
    return USAGE_ERROR if failed else 0


def _checks(table: "Table | Ensembles") -> Iterator[tuple[bool, str]]:
    """Each check of a table: whether it passed, and what was checked."""
    from benchmarks.catalog import all_sources
    from benchmarks.nasbench301 import Ensembles

    try:
        table.verify()
        yield True, f"content has the digest it was written with, {table.digest[:12]}"
        if isinstance(table, Ensembles):
            return
        data_sets = dict(_data_sets(table))
    except TableError as error:
        yield False, str(error)
        return
    for name, data_set in data_sets.items():
        whole = data_set.keys is None
        what = "every architecture of" if whole else "distinct architectures of"
        yield True, f"{name}: {len(data_set):,} rows, {what} {data_set.space}"
    source = all_sources().get(table.name)
    for (name, split), published in (source.optima if source else {}).items():
        rows = len(data_sets[name]) if name in data_sets else 0
        if source and source.rows and 0 < rows < source.rows:
            yield (
                True,
                f"{name}: {rows:,} of {source.rows:,} rows, so not compared with the best {split} accuracy",
            )
            continue
        best = _best(data_sets[name], split) if name in data_sets else None
        if name in data_sets and data_sets[name].keys is not None and not (source and source.rows):
            # A part of the architectures need not hold the best one, but none may be better.
            passed = best is not None and best < published + 1e-3
            yield (
                passed,
                f"{name}: best {split} accuracy listed {_shown(best)}, published of all {published:.4f}",
            )
            continue
        passed = best is not None and abs(best - published) < 1e-3
        yield passed, f"{name}: best {split} accuracy {_shown(best)}, published {published:.4f}"


@app.command
def export(name: DataSetName, csv: Path | None = None, parquet: Path | None = None) -> int:
    """Write a table, or one data set of it, as CSV or Parquet, with the schema that `import --as` reads.

    Args:
        csv: the file to write; its schema is written beside it, ending in .toml.
        parquet: the same, as Parquet.
    """
    from benchmarks.catalog import open_table
    from benchmarks.export import export_table

    path = csv if parquet is None else parquet
    if path is None or (csv is not None and parquet is not None):
        raise UsageError("say where to with one of --csv PATH and --parquet PATH")
    benchmark, _, data_set = name.partition("/")
    for written in export_table(
        open_table(benchmark), data_set or None, path, "csv" if parquet is None else "parquet"
    ):
        _console().print(str(written), soft_wrap=True)
    return 0


@app.command
def query(
    name: DataSetName,
    architecture: Annotated[Positional[str], arg(help="As the benchmark writes it.")],
    epochs: int | None = None,
    seed: str | None = None,
) -> int:
    """Print what a table lists of an architecture.

    Args:
        epochs: only what was recorded after so many epochs.
        seed: only this training seed.
    """
    from benchmarks.catalog import open_table

    benchmark, _, chosen = name.partition("/")
    table = open_table(benchmark)
    grid = _grid("Data set", "Training", "After", "Quantity", "Seed", "Value")
    names = (chosen,) if chosen else table.data_set_names
    for data_set_name in names:
        data_set = table.data_set(data_set_name)
        space = data_set.search_space
        cell = space.parse(architecture)
        row = data_set.row(cell)
        if row is None:
            raise UnlistedArchitecture(f"{table.name}/{data_set_name} does not list {space.format(cell)}")
        for cells in _entries(data_set, row, epochs, seed):
            grid.add_row(data_set_name, *cells)
    if not grid.rows:
        asked = [f"after {epochs} epochs"] * (epochs is not None) + [f"with seed {seed}"] * (seed is not None)
        raise UsageError(f"{name} lists nothing of it {' '.join(asked)}; leave that out to see all it lists")
    _console().print(grid)
    return 0


def _entries(
    data_set: "DataSet", row: int, epochs: int | None, seed: str | None
) -> Iterator[tuple[str, ...]]:
    """The rows that `query` prints: training, epochs, quantity, seed and value."""
    from benchmarks.table import MEASUREMENTS

    for length, training in data_set.trainings.items():
        for quantity in MEASUREMENTS:
            measured = getattr(training, quantity)
            for i, after in enumerate(measured.epochs if measured else ()):
                for j, label in enumerate(measured.seeds):
                    value = float(measured.values[row, i, j])
                    if epochs in (None, after) and seed in (None, label):
                        unit = _unit(quantity, data_set.metric)
                        shown = "missing" if math.isnan(value) else f"{value:.4f} {unit}".rstrip()
                        yield f"{length} epochs", str(after), quantity, label, shown
    if epochs is None and seed is None:
        for quantity, values in _columns(data_set):
            yield "", "", quantity, "", f"{values[row]:.4f} {_unit(quantity, data_set.metric)}"


def _unit(quantity: str, metric: str) -> str:
    from nasbench_lab.results import in_percent

    if quantity.endswith("accuracy"):
        return "%" if in_percent(metric) else ""
    if quantity.endswith("_seconds"):
        return "s"
    return {"latency": "ms", "energy": "mJ"}.get(quantity.partition(",")[0], "M")


@app.command
def pack(
    cache: Annotated[Positional[Path], arg(help="Folder of finished trainings.", metavar="CACHE")],
    name: Annotated[Positional[str], arg(help="Name of the table.", metavar="NAME")],
    recipe: str | None = None,
) -> int:
    """Make a table of the trainings in an evaluation cache, and keep it in the data folder.

    Args:
        recipe: the recipe whose trainings are taken, where there are several, as it was given to train.
    """
    from benchmarks.catalog import keep_packed

    table = keep_packed(cache, name, recipe)
    _console().print(f"{table.title}: {table.path}\ndigest {table.digest}", soft_wrap=True)
    return 0


@app.command
def measure(
    name: Annotated[Positional[str], arg(help="The embedded table: cifar10-mini.", metavar="NAME")],
    jobs: int | None = None,
    seeds: int = 3,
    data_dir: Path | None = None,
    cache: Path | None = None,
    device: str | None = None,
    pixels: str = "",
    out: Path | None = None,
) -> int:
    """Measure the embedded table: train all 6,466 distinct cells of NAS-Bench-201, some hours for each seed.

    Stopped at any point, the same command goes on; what is measured so far is written to the table, and
    seeds that only some cells were trained with into the folder `unfinished` beside it.

    Args:
        jobs: trainings at once; one for each core where not given.
        seeds: training seeds.
        data_dir: folder or archive of the images of CIFAR-10; by default where `fetch cifar10` puts them.
        cache: folder of finished trainings, which several machines may share; by default in the data folder.
        device: cuda, mps or cpu; by default the fastest that is here.
        pixels: what the images are, in words for the table, where they are not the official ones.
        out: the table to write; by default cifar10-mini.h5 here.
    """
    from contextlib import closing

    from joblib import cpu_count

    from benchmarks import measure as measuring
    from benchmarks.catalog import cache_folder
    from benchmarks.embedded import unfinished_path
    from benchmarks.table import write_table

    if name != measuring.NAME:
        raise unknown_name("embedded table", name, [measuring.NAME])
    # Absolute: a process that joblib has kept from before may be in another folder.
    place = measuring.Workplace(
        images=data_dir and data_dir.absolute(), cache=(cache or cache_folder()).absolute(), device=device
    )
    done, total, interrupted = 0, 0, False
    try:
        with (
            _measuring_bar(name) as progress,
            closing(measuring.measure(place, seeds, jobs or cpu_count())) as steps,
        ):
            for done, total in steps:
                progress(done, total)
    except KeyboardInterrupt:
        interrupted = True
    path = out or Path(f"{name}.h5")
    table, rest = measuring.tables(place, pixels)
    write_table(table, path)
    if rest:
        write_table(rest, unfinished_path(path))
    else:
        unfinished_path(path).unlink(missing_ok=True)
    _console().print(f"{name}, {done:,} of {total:,} trainings: {path}", soft_wrap=True)
    return INTERRUPTED if interrupted else 0


@contextmanager
def _measuring_bar(name: str) -> "Iterator[Received]":
    """Show on standard error how far it is and how long it will take; silent where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"measuring {name}", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@app.command
def fit(
    name: Name,
    data_set: str | None = None,
    model: str = "gradient_boosting",
    fraction: float = 0.8,
    seed: int = 0,
) -> int:
    """Fit a surrogate that answers for what a table does not list: `compare --fallback surrogate`.

    Args:
        data_set: one data set; all of them where not given.
        model: gradient_boosting, extra_trees or both.
        fraction: of the distinct architectures to fit on; the surrogate is measured on the others.
        seed: of the draw of these architectures, and of the model.
    """
    from benchmarks.catalog import open_table, surrogate_path
    from benchmarks.fit import fit_surrogate
    from benchmarks.surrogate import write_surrogate

    table = open_table(name)
    for each in table.data_set_names if data_set is None else (data_set,):
        surrogate = fit_surrogate(table, each, model=model, fraction=fraction, seed=seed)
        path = surrogate_path(table.name, each)
        try:
            write_surrogate(surrogate, path)
        except OSError as error:
            raise TableError(f"the surrogate {path} cannot be written: {error}") from None
        _print_surrogate(surrogate, path)
    return 0


def _print_surrogate(surrogate: "Surrogate", path: Path) -> None:
    facts = surrogate.facts
    console = _console()
    console.print(
        f"{facts.title}: {path}\n{facts.model}, fitted on {facts.rows_fitted:,} rows (fraction"
        f" {facts.fraction:g} of the distinct architectures, seed {facts.seed}); on the"
        f" {facts.rows_held_out:,} others:",
        soft_wrap=True,
    )
    grid = _grid("Quantity", "R2", "Kendall\ntau", "In 95 %\ninterval", "Seeds in\ninterval")
    for quantity, predictor in surrogate.predictors.items():
        quality = predictor.quality
        shares = (quality.coverage, quality.seed_coverage)
        inside = ["-" if math.isnan(share) else f"{100 * share:.1f} %" for share in shares]
        grid.add_row(quantity, f"{quality.r2:.3f}", f"{quality.kendall_tau:.3f}", *inside)
    console.print(grid)


def _data_sets(table: "Table") -> "Iterator[tuple[str, DataSet]]":
    for name in table.data_set_names:
        yield name, table.data_set(name)


def _columns(data_set: "DataSet") -> "Iterator[tuple[str, FloatArray]]":
    for quantity, values in (("parameters", data_set.parameters), ("flops", data_set.flops)):
        if values is not None:
            yield quantity, values
    for device, values in data_set.latency.items():
        yield f"latency, {device}", values
    for device, values in data_set.energy.items():
        yield f"energy, {device}", values


def _best(data_set: "DataSet", split: str) -> float | None:
    """Best mean over seeds at the end of the longest training, None where not listed."""
    import numpy as np

    for epochs in sorted(data_set.trainings, reverse=True):
        measured = getattr(data_set.trainings[epochs], f"{split}_accuracy")
        if measured is not None:
            final = measured.values[:, -1, :]
            present = ~np.isnan(final)
            means = np.where(present, final, 0).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
            return float(means.max(where=present.any(axis=1), initial=-np.inf))
    return None


def _missing(values: "FloatArray") -> int:
    import numpy as np

    return int(np.isnan(values).sum())


def _shown(accuracy: float | None) -> str:
    return "-" if accuracy is None else f"{accuracy:.4f}"


def _grid(*headings: str) -> "Grid":
    from rich.table import Table as Grid

    return Grid(*headings, box=None, pad_edge=False, header_style="bold")


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


if __name__ == "__main__":
    sys.exit(main())
