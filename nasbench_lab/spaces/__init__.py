"""Search spaces, one file per space.

A file `nasbench_lab/spaces/<name>.py` defines `SPACES`, a tuple of the spaces that it offers. A benchmark
may use one space for most of its data sets and another for the rest.
"""

import pkgutil
from functools import cache
from importlib import import_module

from nasbench_lab.errors import unknown_name
from nasbench_lab.spaces.base import Architecture, SearchSpace

__all__ = ["Architecture", "SearchSpace", "all_spaces", "find_space"]


@cache
def all_spaces() -> dict[str, SearchSpace]:
    """Every space by its name."""
    files = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base")
    modules = (import_module(f"{__name__}.{file}") for file in files)
    return {space.name: space for module in modules for space in module.SPACES}


def find_space(name: str) -> SearchSpace:
    """The space called `name`; raises `UsageError` with the nearest names if there is none."""
    if name not in all_spaces():
        raise unknown_name("search space", name, all_spaces())
    return all_spaces()[name]
