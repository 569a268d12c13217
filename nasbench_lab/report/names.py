"""Readable names of algorithms."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

# Names in capitals, as in their papers.
CAPITALS = frozenset(
    {"asha", "bananas", "bohb", "cmaes", "dehb", "moead", "nsga2", "ppo", "reinforce", "smac", "tpe"}
)


def display_name(label: str) -> str:
    """An algorithm's label as a readable name.

    >>> display_name("regularized_evolution:population_size=10,sample_size=3")
    'Regularized evolution (population size 10, sample size 3)'
    """
    # A value may have colons and equals signs in it: the settings begin at the first `:key=`.
    name, *values = re.split(r"(?<=.):(?=\s*\w+=)", label, maxsplit=1)
    settings = "".join(values)
    # `path/to/file.py` and `package.module:function` are named by their last part.
    name = PurePosixPath(name.rpartition(":")[2]).name.removesuffix(".py").replace("_", " ").strip()
    name = name.upper() if name in CAPITALS else name[:1].upper() + name[1:]
    if settings:
        readable = re.sub(r"(^|,)\s*(\w+)=", lambda key: f"{key[1]}{key[2]} ", settings)
        name += " (" + readable.replace("_", " ").replace(",", ", ") + ")"
    return name or label


def display_names(labels: Sequence[str]) -> list[str]:
    """The display name of each label, as short as possible while all names differ.

    A name that no other algorithm has is shown without its settings (the report lists them all). If two
    names are equal even with their settings, the labels themselves are shown.
    """
    full = [display_name(label) for label in labels]
    short = [name.partition(" (")[0] for name in full]
    return [
        brief if short.count(brief) == 1 else name if full.count(name) == 1 else label
        for label, name, brief in zip(labels, full, short, strict=True)
    ]
