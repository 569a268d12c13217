"""The brackets of successive halving, in epochs that a task has (Li et al., JMLR 2018, Algorithm 1)."""

import math
from collections.abc import Sequence

Bracket = list[tuple[int, int]]
"""The rungs of a bracket: how many architectures are trained, and to how many epochs, ascending."""


def brackets(fidelities: Sequence[int], eta: int) -> list[Bracket]:
    """One round of Hyperband: a bracket for each s, from the most architectures to the fewest.

    The resource r of the paper is epochs, in units of the fewest that the task has. A rung takes the most
    epochs of the task that are at most r. Two rungs of the same epochs are one, which promotes one in eta².

    Args:
        fidelities: all epochs that a task has, ascending.
        eta: share of a rung, one in `eta`, that goes on to the next one.

    Returns:
        The brackets s_max to 0. The last rung of each has the most epochs of the task. Raises `ValueError` if
        `eta` is below 2.
    """
    if eta < 2:
        raise ValueError(f"eta is 2 or more; received {eta}")
    most = fidelities[-1]
    s_max = math.floor(math.log(most / fidelities[0], eta) + 1e-9)
    found = []
    for s in range(s_max, -1, -1):
        n = math.ceil((s_max + 1) / (s + 1) * eta**s)
        sizes: dict[int, int] = {}
        for i in range(s + 1):
            resource = most / eta ** (s - i) + 1e-9
            epochs = max((each for each in fidelities if each <= resource), default=fidelities[0])
            sizes.setdefault(epochs, n // eta**i)
        found.append([(size, epochs) for epochs, size in sizes.items()])
    return found
