"""The rules of a search space."""

import numpy as np

from nasbench_lab.conformance.rules import Rule, check_rule
from nasbench_lab.conformance.spaces import changing, drawing, features, graphs, indices, text, validity
from nasbench_lab.spaces.base import SearchSpace

SPACE_RULES: tuple[Rule, ...] = (
    *validity.RULES,
    *changing.RULES,
    *drawing.RULES,
    *indices.RULES,
    *text.RULES,
    *features.RULES,
    *graphs.RULES,
)


def check_space(space: SearchSpace, rng: np.random.Generator | None = None) -> None:
    """Check that a search space keeps its contract: a few seconds, for spaces of any size.

    Args:
        space: a space of your own, or a declared one.
        rng: draws the architectures to look at; always the same ones by default.

    Raises `ConformanceError` at the first rule that is broken.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    for rule in SPACE_RULES:
        check_rule(rule, str(space.name), space, rng)
