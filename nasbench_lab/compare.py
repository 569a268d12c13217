"""`python -m nasbench_lab.compare`: run a comparison and write its report.

In Python, `nasbench_lab.compare` is also a function: the module itself can be called.
"""

import signal
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from nasbench_lab.commands.groups import COMPARE
from nasbench_lab.commands.program import Program
from nasbench_lab.commands.running import INTERRUPTED, given_arguments, run_command
from nasbench_lab.comparison.protocols import find_protocol, on_fewer_tasks
from nasbench_lab.comparison.specification import Comparison, read_comparison, stored_comparison


@dataclass(frozen=True, kw_only=True)
class Command:
    """Compare search algorithms over many seeds: runs, statistics, figures and a report.

    Without arguments, it compares five algorithms on cifar10-mini, a table that ships with the package.
    Nothing needs to be downloaded.

    Attributes:
        comparison: the settings of the comparison.
        out: folder for the results; by default the folder of an unchanged config, or one under results/. If
            it holds a comparison, the seeds, algorithms and benchmarks that it lacks are added to it, and
            settings that are left out are its own.
        jobs: number of processes; by default one per core, or a single one if a GPU trains. The results do
            not depend on it.
        config: a stored comparison.json to run again, or to continue in its folder. Other settings override
            it.
        data_dir: folder or archive of the images for live training; by default the images that
            `python -m nasbench_lab.data fetch cifar10` fetched.
        device: of live training, cuda, mps or cpu; by default the fastest one available.
        cache: for live training: folder of finished trainings, which may be shared; by default a folder in
            the data folder.
    """

    comparison: Comparison
    out: Path | None = None
    jobs: int | None = None
    config: Path | None = None
    data_dir: Path | None = None
    device: str | None = None
    cache: Path | None = None


PROGRAM = Program("python -m nasbench_lab.compare", Command, COMPARE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    given = given_arguments(arguments)
    # Batch systems end a job with SIGTERM. Finished runs are then saved, as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return run_command(lambda: _run(given))


def _run(arguments: list[str]) -> int:
    defaults = _defaults(arguments)
    command = PROGRAM.read(arguments, default=None if defaults is None else Command(comparison=defaults))

    from nasbench_lab.benchmarks.view import LiveSettings
    from nasbench_lab.commands.outcome import print_interrupted, print_outcome
    from nasbench_lab.commands.progress import comparison_bar
    from nasbench_lab.comparison.execution import compare
    from nasbench_lab.report.writing import draw

    comparison = on_fewer_tasks(command.comparison)
    folder = command.out or _folder(comparison, command.config)
    live = LiveSettings(data_dir=command.data_dir, device=command.device, cache=command.cache)
    try:
        with comparison_bar(folder) as bar:
            results = compare(comparison, out=folder, jobs=command.jobs, live=live, progress=bar.advance)
            bar.drawing()
            tables = draw(results, folder)
    except KeyboardInterrupt:
        print_interrupted(folder, arguments)
        return INTERRUPTED
    print_outcome(results, tables, folder)
    return 0


def _defaults(arguments: list[str]) -> Comparison | None:
    """Return the settings of `--config`, `--protocol` or the comparison in `--out`; None without them.

    The other arguments override them.
    """
    early = ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    early.add_argument("--config", type=Path)
    early.add_argument("--protocol")
    early.add_argument("--out", type=Path)
    try:
        known, _ = early.parse_known_args(arguments)
    except Exception:  # an option lacks its value: the program reports it
        return None
    if known.config is not None:
        return read_comparison(known.config)
    if known.protocol:
        return find_protocol(known.protocol)
    return None if known.out is None else stored_comparison(known.out)


def _folder(comparison: Comparison, config: Path | None) -> Path:
    """Return the folder of the stored comparison if it is continued unchanged, otherwise the default."""
    from nasbench_lab.comparison.execution import default_folder

    if config is None:
        return default_folder(comparison)
    # A comparison.json without runs/ beside it was copied from elsewhere.
    stored = config.name == "comparison.json" and (config.parent / "runs").is_dir()
    same = stored and read_comparison(config) == comparison
    return config.parent if same else default_folder(comparison)


class _CallableModule(ModuleType):
    # Once imported, this module takes the place of the function `nasbench_lab.compare`.
    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        from nasbench_lab.interactive.calls import compare

        return compare(*arguments, **settings)


sys.modules[__name__].__class__ = _CallableModule

if __name__ == "__main__":
    sys.exit(main())
