"""Search spaces, one file per space.

A file `nasbench_lab/spaces/<name>.py` defines `SPACES`, a tuple of the spaces that it offers. A benchmark
may use one space for most of its data sets and another for the rest. `nasbench_lab.spaces.declared` makes a
space of a list of decisions. An installed package adds a space by an entry point in the group
`nasbench_lab.spaces`: a `SearchSpace`, or a function or class that makes one without arguments.
"""

import pkgutil
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from nasbench_lab.errors import UsageError, unknown_name
from nasbench_lab.installed import find_installed, installed_names, load_installed
from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.declared import DeclaredSpace, space_from_definition

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["Architecture", "SearchSpace", "all_spaces", "find_space", "space_names"]


@cache
def all_spaces() -> dict[str, SearchSpace]:
    """Every space of this package by its name."""
    others = ("base", "decisions", "declared", "graphs", "listed")
    files = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in others)
    modules = (import_module(f"{__name__}.{file}") for file in files)
    return {space.name: space for module in modules for space in module.SPACES}


def space_names() -> list[str]:
    """The names of all spaces, those of installed packages included; these are not loaded."""
    return sorted({*all_spaces(), *installed_names("spaces")})


def find_space(name: str) -> SearchSpace:
    """The space called `name`, or the declared space with this definition.

    The same name or definition gives the same object. Raises `UsageError` with the nearest names if there is
    none, and if an installed package has a space of a name that is taken.
    """
    if name.startswith("{"):
        return _declared_space(name)
    installed = find_installed("spaces", name, ours=name in all_spaces())
    if installed is not None:
        return _installed_space(installed)
    if name not in all_spaces():
        raise unknown_name("search space", name, space_names())
    return all_spaces()[name]


@cache
def _installed_space(entry_point: "EntryPoint") -> SearchSpace:
    space = load_installed("spaces", entry_point)
    if callable(space):
        space = space()
    if not isinstance(space, SearchSpace):
        raise UsageError(f"{entry_point.value} is no SearchSpace; received {space!r:.80}")
    if space.name != entry_point.name:
        raise UsageError(
            f"the search space {entry_point.value} is named {space.name!r}, and its entry point"
            f" {entry_point.name!r}; give both the same name"
        )
    return space


@lru_cache(maxsize=100)
def _declared_space(definition: str) -> DeclaredSpace:
    space = space_from_definition(definition)
    if space.name in all_spaces():
        raise UsageError(
            f"{space.name} is a search space of nasbench_lab already; give the declared one another name"
        )
    return space
