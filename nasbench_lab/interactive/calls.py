"""The two functions of the public interface that give results: run a comparison, read a stored one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nasbench_lab.benchmarks.view import LiveSettings
from nasbench_lab.commands.progress import comparison_bar
from nasbench_lab.comparison import execution, store
from nasbench_lab.comparison.execution import Progress, default_folder
from nasbench_lab.comparison.objects import read_call, read_folder
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.interactive.results import ComparisonResults
from nasbench_lab.lists import kept
from nasbench_lab.report.writing import draw


def compare(
    comparison: Comparison | None = None,
    *,
    tasks: Any = None,
    algorithms: Any = None,
    out: Path | str | None = None,
    jobs: int | None = None,
    live: LiveSettings | None = None,
    report: bool = True,
    progress: bool | Callable[[Progress], None] = True,
    **settings: Any,
) -> ComparisonResults:
    """Run a comparison, or the rest of it, write its report, and return its results.

        results = nasbench_lab.compare(tasks="nasbench_graph/cora", seeds=30, out="results/cora")
        results.summary

    Runs are stored as they finish. After a stop, the same call continues with the missing runs. The results
    are the same for any number of jobs, and the files are those that the command line writes.

    Args:
        comparison: the specification; the arguments below change it. By default it is made of them alone.
        tasks: one, or a list: names, paths, `Task` objects, `Benchmark` objects (all their data sets).
        algorithms: one, or a list: names, paths, generator functions, `functools.partial` of these with
            keyword values; or `{label: algorithm}`.
        out: folder for the results; by default one under `results/`, in the working folder. More seeds,
            algorithms and tasks are added to a comparison that is there.
        jobs: number of processes; by default one per core, or a single one if a GPU trains.
        live: images, device and cache for live training.
        report: whether tables, figures and the report are written beside the runs.
        progress: whether a bar is shown; or a function that is called after each block of runs.
        settings: other fields of `Comparison`, by name.

    Raises:
        UsageError, TableError: the specification asks for something that does not exist.
        StoreError: `out` holds a comparison of another protocol, or another process is working there.
        AlgorithmError: an algorithm fails; finished runs are kept.
    """
    tasks, algorithms = kept(tasks), kept(algorithms)
    settings = {name: kept(value) for name, value in settings.items()}
    folder = read_folder(out) or default_folder(read_call(comparison, tasks, algorithms, settings)[0])

    def run(advance: Callable[[Progress], None] | None, drawing: Callable[[], None]) -> ComparisonResults:
        stored = execution.compare(
            comparison,
            tasks=tasks,
            algorithms=algorithms,
            out=out,
            jobs=jobs,
            live=live,
            progress=advance,
            **settings,
        )
        if not report:
            return ComparisonResults(stored, folder)
        drawing()
        return ComparisonResults(stored, folder, draw(stored, folder))

    if progress is True:
        with comparison_bar(folder) as bar:
            return run(bar.advance, bar.drawing)
    return run(progress or None, lambda: None)


def load(folder: Path | str) -> ComparisonResults:
    """Read the stored comparison of a folder, whoever made it; nothing is run.

        results = nasbench_lab.load("results/default")

    Raises `StoreError` if the folder holds no comparison, or one that is unfinished or damaged.
    """
    folder = Path(folder).expanduser()
    return ComparisonResults(store.load_results(folder), folder)
