"""Search spaces, one file per space.

A file `nasbench_lab/spaces/<name>.py` defines `SPACES`, a tuple of the spaces that it offers. A benchmark
may use one space for most of its data sets and another for the rest. `nasbench_lab.spaces.declared` makes a
space of a list of decisions.
"""

import pkgutil
from functools import cache, lru_cache
from importlib import import_module

from nasbench_lab.errors import UsageError, unknown_name
from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.declared import DeclaredSpace, space_from_definition

__all__ = ["Architecture", "SearchSpace", "all_spaces", "find_space"]


@cache
def all_spaces() -> dict[str, SearchSpace]:
    """Every space by its name."""
    others = ("base", "decisions", "declared")
    files = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in others)
    modules = (import_module(f"{__name__}.{file}") for file in files)
    return {space.name: space for module in modules for space in module.SPACES}


def find_space(name: str) -> SearchSpace:
    """The space called `name`, or the declared space with this definition.

    The same name or definition gives the same object. Raises `UsageError` with the nearest names if there is
    none.
    """
    if name.startswith("{"):
        return _declared_space(name)
    if name not in all_spaces():
        raise unknown_name("search space", name, all_spaces())
    return all_spaces()[name]


@lru_cache(maxsize=100)
def _declared_space(definition: str) -> DeclaredSpace:
    space = space_from_definition(definition)
    if space.name in all_spaces():
        raise UsageError(
            f"{space.name} is a search space of nasbench_lab already; give the declared one another name"
        )
    return space
