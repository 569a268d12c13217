"""Listed parts of search spaces for tests: of one with its own text form, and of a declared one."""

import numpy as np

from nasbench_lab.spaces import SearchSpace, find_space
from nasbench_lab.spaces.listed import ListedSpace
from tests.declared_spaces import CONDITIONS


def listed_part(space: SearchSpace, share: float, seed: int = 0) -> ListedSpace:
    """A share of the valid tuples of a small space, drawn at random, each a row of its own."""
    valid = [i for i in range(space.size) if space.is_valid(space.architecture(i))]
    rows = np.sort(np.random.default_rng(seed).choice(valid, round(share * len(valid)), replace=False))
    known = set(rows.tolist())
    return ListedSpace(space, rows, lambda architecture: space.index(architecture) in known)


LISTED = {
    f"listed part of {space.name}": listed_part(space, share)
    for space, share in (
        (find_space("nasbench_macro"), 0.5),
        (find_space("nasbench201"), 0.6),
        (find_space(CONDITIONS.definition), 0.8),
    )
}
