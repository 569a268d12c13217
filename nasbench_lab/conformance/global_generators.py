"""Find out whether code uses the global random generators of NumPy and Python."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from nasbench_lab.conformance.rules import require

UNUSUAL = 1_939_393


@contextmanager
def left_alone() -> Iterator[None]:
    """Raise `ConformanceError` if the code in the block uses or seeds a global generator.

    For the block, their states are unusual ones, so that a state that the code sets itself is a change.
    """
    kept = _states()
    np.random.seed(UNUSUAL)  # noqa: NPY002
    random.seed(UNUSUAL)
    before = _states()
    try:
        yield
        after = _states()
    finally:
        np.random.set_state(kept[0])  # noqa: NPY002
        random.setstate(kept[1])
    for name, one, other in zip(("NumPy", "Python"), before, after, strict=True):
        require(str(one) == str(other), f"the global random generator of {name} was used or seeded")


def _states() -> tuple[Any, Any]:
    return np.random.get_state(), random.getstate()  # noqa: NPY002
