"""Names that installed packages add: their entry points in the groups `nasbench_lab.KIND`.

A package offers a benchmark by these lines in its `pyproject.toml`:

    [project.entry-points."nasbench_lab.benchmarks"]
    my-problem = "my_package.my_module:my_problem"
"""

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from nasbench_lab.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Kind = Literal["algorithms", "benchmarks", "recipes", "spaces"]
IN_WORDS = {
    "algorithms": "algorithm",
    "benchmarks": "benchmark",
    "recipes": "recipe",
    "spaces": "search space",
}


def installed_names(kind: Kind) -> list[str]:
    """The names that installed packages add to a kind."""
    return sorted(_entry_points()[kind])


def find_installed(kind: Kind, name: str, *, ours: bool) -> "EntryPoint | None":
    """The entry point of this name; None if no package has one.

    Raises `UsageError` if two packages have this name, or if one has it and it is one of `ours`.
    """
    found = _entry_points()[kind].get(name, [])
    owners = ["nasbench-lab"] * ours + [_package(each) for each in found]
    if len(owners) > 1:
        raise UsageError(
            f"the {IN_WORDS[kind]} {name!r} is in two packages, {' and '.join(owners)}; uninstall one of them"
        )
    return found[0] if found else None


def load_installed(kind: Kind, entry_point: "EntryPoint") -> Any:
    """The object of an entry point; raises `UsageError` if it cannot be loaded."""
    try:
        return entry_point.load()
    except Exception as error:
        raise UsageError(
            f"the {IN_WORDS[kind]} {entry_point.name!r} of the package {_package(entry_point)} cannot be"
            f" loaded from {entry_point.value}: {type(error).__name__}: {error}"
        ) from error


def _package(entry_point: "EntryPoint") -> str:
    return entry_point.dist.name if entry_point.dist is not None else entry_point.value


@cache
def _entry_points() -> dict[str, dict[str, list["EntryPoint"]]]:
    """All entry points by kind and name; those of a hundred packages take a hundredth of a second."""
    from importlib.metadata import entry_points

    found: dict[str, dict[str, list[EntryPoint]]] = {kind: defaultdict(list) for kind in IN_WORDS}
    for kind in IN_WORDS:
        for each in entry_points(group=f"nasbench_lab.{kind}"):
            found[kind][each.name].append(each)
    return found
