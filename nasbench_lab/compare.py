"""`python -m nasbench_lab.compare`: run a comparison to its report.

`nasbench_lab.compare` is also the function of that name: the module can be called.
"""

import signal
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import tyro

from nasbench_lab.commands.running import INTERRUPTED, given_arguments, run_command
from nasbench_lab.comparison.protocols import find_protocol, on_fewer_tasks
from nasbench_lab.comparison.specification import Comparison, read_comparison


@dataclass(frozen=True, kw_only=True)
class Command:
    """Compare search algorithms over many seeds: runs, statistics, figures and a report.

    With no arguments: five algorithms on cifar10-mini, the table that ships with the package, nothing to
    download.

    Attributes:
        comparison: what is compared.
        out: folder for the results; where not given, that of an unchanged config, or one under results/.
        jobs: processes; where not given, one for each core, or one alone where a GPU trains. The results
            do not depend on it.
        config: a stored comparison.json to run again, or to go on with in its folder; the other settings
            change it.
        data_dir: for live training: folder or archive of the images; by default where
            `python -m nasbench_lab.data fetch cifar10` puts them.
        device: for live training: cuda, mps or cpu; by default the fastest that is here.
        cache: for live training: folder of finished trainings, which may be shared; by default in the
            data folder.
    """

    comparison: Annotated[Comparison, tyro.conf.arg(name="")]
    out: Path | None = None
    jobs: int | None = None
    config: Path | None = None
    data_dir: Path | None = None
    device: str | None = None
    cache: Path | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    given = given_arguments(arguments)
    # With SIGTERM, which batch systems end a job with, what was finished is saved as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return run_command(lambda: _run(given))


def _run(arguments: list[str]) -> int:
    defaults = _defaults(arguments)
    if defaults is None:
        command = tyro.cli(Command, args=arguments, prog="python -m nasbench_lab.compare")
    else:
        default = Command(comparison=defaults)
        command = tyro.cli(Command, args=arguments, default=default, prog="python -m nasbench_lab.compare")

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
    """The settings that `--config` or `--protocol` start from; the other arguments change them."""
    early = ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    early.add_argument("--config", type=Path)
    early.add_argument("--protocol")
    try:
        known, _ = early.parse_known_args(arguments)
    except Exception:  # an option without its value: tyro says so, with its usage
        return None
    if known.config is not None:
        return read_comparison(known.config)
    if known.protocol:
        return find_protocol(known.protocol)
    return None


def _folder(comparison: Comparison, config: Path | None) -> Path:
    """Where the stored comparison lies that is gone on with; otherwise the default."""
    from nasbench_lab.comparison.execution import default_folder

    if config is None:
        return default_folder(comparison)
    # A comparison.json without runs/ beside it was copied from elsewhere.
    stored = config.name == "comparison.json" and (config.parent / "runs").is_dir()
    same = stored and read_comparison(config) == comparison
    return config.parent if same else default_folder(comparison)


class _CallableModule(ModuleType):
    # Importing this module binds it to `nasbench_lab.compare`, over the function of that name.
    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        from nasbench_lab.comparison.execution import compare

        return compare(*arguments, **settings)


sys.modules[__name__].__class__ = _CallableModule

if __name__ == "__main__":
    sys.exit(main())
