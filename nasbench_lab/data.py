"""`python -m nasbench_lab.data`: get, list, describe, verify, export, make and measure tables."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from nasbench_lab.commands.arguments import Argument
from nasbench_lab.commands.console import console
from nasbench_lab.commands.program import Programs
from nasbench_lab.commands.running import INTERRUPTED, USAGE_ERROR, given_arguments, run_command
from nasbench_lab.errors import TableError, UsageError, unknown_name

if TYPE_CHECKING:
    from nasbench_lab.benchmarks.benchmark import Benchmark

PROGRAM = Programs(
    "python -m nasbench_lab.data",
    "Bring, list, describe, verify, export, make and measure tables, and fit surrogates.",
)
Name = Annotated[
    str, Argument(help="name of the benchmark, as `list` prints it.", metavar="NAME", positional=True)
]
DataSetName = Annotated[
    str, Argument(help="a benchmark, or one data set of it.", metavar="NAME[/DATA_SET]", positional=True)
]
Files = Annotated[
    tuple[Path, ...],
    Argument(help="its official files; `list` says which.", metavar="FILE", positional=True),
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(lambda: PROGRAM.read(given_arguments(arguments)))


@PROGRAM.command("list")
def list_tables() -> int:
    """List every benchmark, whether its table is here, and the command that gets it."""
    from nasbench_lab.commands.listing import print_benchmarks

    print_benchmarks()
    return 0


@PROGRAM.command("import")
def import_files(
    name: Name,
    files: Files = (),
    own: Annotated[
        str | None,
        Argument(
            name="as", help="import your own table under this name: --as NAME TABLE SCHEMA.", metavar="NAME"
        ),
    ] = None,
) -> int:
    """Convert a benchmark's official files to its table, and keep it in the data folder.

    A table of your own is a CSV or Parquet file and a TOML file that describes it, as in
    `import --as my-table table.csv schema.toml`. The module nasbench_lab.benchmarks.tables.own_table has
    an example.
    """
    from nasbench_lab.benchmarks.library import import_benchmark, import_own_table

    if own is None:
        if len(files) == 2 and files[1].suffix == ".toml":
            raise UsageError(
                f"a table of your own is imported with: import --as {name} {files[0]} {files[1]}"
            )
        if len(files) == 1 and files[0].suffix == ".toml":
            raise UsageError(
                f"a table of your own needs a name; import it with: import --as NAME {name} {files[0]}"
            )
        _print_kept(import_benchmark(name, files))
    else:
        _print_kept(import_own_table(own, [Path(name), *files]))
    return 0


@PROGRAM.command("fetch")
def fetch(
    name: Annotated[
        str,
        Argument(
            help="name of a benchmark, or cifar10: the images for live training.",
            metavar="NAME",
            positional=True,
        ),
    ],
    file: str | None = None,
) -> int:
    """Fetch a benchmark's official file and import it, or fetch images.

    Run the command again to resume a broken download. The checksum is verified. A benchmark's file is
    removed once its table is written.

    Args:
        file: one of the benchmark's files if it has several, such as nasbench_only108.tfrecord; by default
            the first.
    """
    from nasbench_lab.benchmarks.catalog import find_download, find_source
    from nasbench_lab.benchmarks.fetch import fetch as fetch_file
    from nasbench_lab.benchmarks.folders import data_folder
    from nasbench_lab.benchmarks.library import fetch_benchmark, import_benchmark
    from nasbench_lab.benchmarks.training.images import DOWNLOADS
    from nasbench_lab.commands.progress import bytes_bar

    if name in DOWNLOADS:
        if file is not None:
            raise UsageError(f"{name} has one file; leave out --file")
        download = DOWNLOADS[name]
        with bytes_bar(f"fetching {download.file}", download.size) as progress:
            path = fetch_file(download, data_folder(), progress)
        console().print(f"{name}: {path}", soft_wrap=True)
        return 0
    if find_source(name).packaged:
        _print_kept(import_benchmark(name, []))
        return 0
    download = find_download(name, file)
    with bytes_bar(f"fetching {download.file}", download.size) as progress:
        benchmark = fetch_benchmark(name, download, progress)
    _print_kept(benchmark)
    return 0


def _print_kept(benchmark: "Benchmark") -> None:
    from nasbench_lab.benchmarks.folders import table_path
    from nasbench_lab.benchmarks.tables.own_rows import LEFT_OUT

    path = table_path(benchmark.name)
    console().print(f"{benchmark.title}: {path}\ndigest {benchmark.digest}", soft_wrap=True)
    left_out = benchmark.facts().get(LEFT_OUT)
    if left_out:
        console().print(f"{LEFT_OUT}: {left_out}", soft_wrap=True)


@PROGRAM.command("info")
def info(name: Name) -> int:
    """Describe a benchmark's table and its surrogates: origin, contents and quality."""
    from nasbench_lab.commands.description import print_description

    print_description(name)
    return 0


@PROGRAM.command("verify")
def verify(name: Name) -> int:
    """Check a benchmark's table: its digest, its rows and the published optima."""
    from nasbench_lab.commands.verification import print_checks

    return 0 if print_checks(name) else USAGE_ERROR


@PROGRAM.command("export")
def export(name: DataSetName, csv: Path | None = None, parquet: Path | None = None) -> int:
    """Write a table, or one data set of it, as CSV or Parquet, with the schema that `import --as` reads.

    Args:
        csv: the CSV file to write; its schema is written beside it, as a .toml file.
        parquet: the Parquet file to write, with its schema beside it.
    """
    from nasbench_lab.benchmarks.library import open_table
    from nasbench_lab.benchmarks.tables.export import export_table

    path = csv if parquet is None else parquet
    if path is None or (csv is not None and parquet is not None):
        raise UsageError("export needs one of --csv PATH and --parquet PATH")
    benchmark, _, data_set = name.partition("/")
    for written in export_table(
        open_table(benchmark), data_set or None, path, "csv" if parquet is None else "parquet"
    ):
        console().print(str(written), soft_wrap=True)
    return 0


@PROGRAM.command("query")
def query(
    name: DataSetName,
    architecture: Annotated[
        str, Argument(help="as the benchmark writes it.", metavar="ARCHITECTURE", positional=True)
    ],
    epochs: int | None = None,
    seed: str | None = None,
) -> int:
    """Print all entries of an architecture in a table.

    Args:
        epochs: print only values recorded after this many epochs.
        seed: print only values of this training seed.
    """
    from nasbench_lab.commands.lookup import print_entries

    print_entries(name, architecture, epochs, seed)
    return 0


@PROGRAM.command("pack")
def pack(
    cache: Annotated[Path, Argument(help="folder of finished trainings.", metavar="CACHE", positional=True)],
    name: Annotated[str, Argument(help="name of the table.", metavar="NAME", positional=True)],
    recipe: str | None = None,
) -> int:
    """Make a table of the trainings in an evaluation cache, and keep it in the data folder.

    Args:
        recipe: take only the trainings of this recipe, if there are several; written as it was for training.
    """
    from nasbench_lab.benchmarks.library import keep_packed

    _print_kept(keep_packed(cache, name, recipe))
    return 0


@PROGRAM.command("measure")
def measure(
    name: Annotated[str, Argument(help="the embedded table: cifar10-mini.", metavar="NAME", positional=True)],
    jobs: int | None = None,
    seeds: int = 3,
    data_dir: Path | None = None,
    cache: Path | None = None,
    device: str | None = None,
    pixels: str = "",
    out: Path | None = None,
) -> int:
    """Measure the embedded table: train all 6,466 distinct cells of NAS-Bench-201.

    This takes some hours for each seed. To continue after a stop, run the same command again. Finished
    trainings are written to the table. Those of an incomplete seed go to a table in the folder `unfinished`
    beside it.

    Args:
        jobs: trainings at the same time; by default one per core.
        seeds: number of training seeds.
        data_dir: folder or archive of the CIFAR-10 images; by default the ones that `fetch cifar10` fetched.
        cache: folder of finished trainings, which several machines may share; by default a folder in the
            data folder.
        device: cuda, mps or cpu; by default the fastest one available.
        pixels: a description of the images for the table, if they are not the official ones.
        out: the table to write; by default cifar10-mini.h5 in the current folder.
    """
    from contextlib import closing

    from joblib import cpu_count

    from nasbench_lab.benchmarks.folders import cache_folder
    from nasbench_lab.benchmarks.live import measure as measuring
    from nasbench_lab.benchmarks.tables.embedded import unfinished_path
    from nasbench_lab.benchmarks.tables.file import write_table
    from nasbench_lab.commands.progress import count_bar

    if name != measuring.NAME:
        raise unknown_name("embedded table", name, [measuring.NAME])
    # Absolute paths: a worker process that joblib reuses may be in another folder.
    place = measuring.Workplace(
        images=data_dir and data_dir.absolute(), cache=(cache or cache_folder()).absolute(), device=device
    )
    done, total, interrupted = 0, 0, False
    try:
        with (
            count_bar(f"measuring {name}") as progress,
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
    console().print(f"{name}, {done:,} of {total:,} trainings: {path}", soft_wrap=True)
    return INTERRUPTED if interrupted else 0


@PROGRAM.command("fit")
def fit(
    name: Name,
    data_set: str | None = None,
    model: str = "gradient_boosting",
    fraction: float = 0.8,
    seed: int = 0,
) -> int:
    """Fit a surrogate for architectures that a table does not list, for `compare --fallback surrogate`.

    Args:
        data_set: one data set; by default all of them.
        model: gradient_boosting, extra_trees or both.
        fraction: share of the distinct architectures to fit on; the surrogate is measured on the others.
        seed: random seed for the draw of these architectures and for the model.
    """
    from nasbench_lab.benchmarks.folders import surrogate_path
    from nasbench_lab.benchmarks.library import open_table
    from nasbench_lab.benchmarks.surrogates.file import write_surrogate
    from nasbench_lab.benchmarks.surrogates.fit import fit_surrogate
    from nasbench_lab.commands.description import print_surrogate

    table = open_table(name)
    for each in table.data_set_names if data_set is None else (data_set,):
        surrogate = fit_surrogate(table, each, model=model, fraction=fraction, seed=seed)
        path = surrogate_path(table.name, each)
        try:
            write_surrogate(surrogate, path)
        except OSError as error:
            raise TableError(f"the surrogate {path} cannot be written: {error}") from None
        print_surrogate(surrogate, path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
