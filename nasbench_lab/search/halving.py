"""The brackets of successive halving, in epochs that a task has (Li et al., JMLR 2018, Algorithm 1)."""

import math
from collections.abc import Sequence

Bracket = list[tuple[int, int]]
"""The rungs of a bracket: how many architectures are trained, and to how many epochs, ascending."""


def rungs(fidelities: Sequence[int], eta: int) -> list[int]:
    """The epochs of every rung of the longest bracket, s = s_max to 0; rungs may have the same epochs.

    The resource r of the paper is epochs, in units of the fewest that the task has. A rung takes the most
    epochs of the task that are at most r = R / eta^s.

    Args:
        fidelities: all epochs that a task has, ascending.
        eta: share of a rung, one in `eta`, that goes on to the next one.

    Raises `ValueError` if `eta` is below 2.
    """
    if eta < 2:
        raise ValueError(f"eta is 2 or more; received {eta}")
    least, most = fidelities[0], fidelities[-1]
    s_max = math.floor(math.log(most / least, eta) + 1e-9)
    resources = [most / eta**s + 1e-9 for s in range(s_max, -1, -1)]
    return [max((each for each in fidelities if each <= r), default=least) for r in resources]


def brackets(fidelities: Sequence[int], eta: int) -> list[Bracket]:
    """One round of Hyperband: a bracket for each s, from the most architectures to the fewest.

    The rungs are those of `rungs`; two of the same epochs are one, which promotes one in eta².

    Args:
        fidelities, eta: as for `rungs`.

    Returns:
        The brackets s_max to 0. The last rung of each has the most epochs of the task.
    """
    epochs = rungs(fidelities, eta)
    s_max = len(epochs) - 1
    found = []
    for s in range(s_max, -1, -1):
        n = math.ceil((s_max + 1) / (s + 1) * eta**s)
        sizes: dict[int, int] = {}
        for i, of_rung in enumerate(epochs[s_max - s :]):
            sizes.setdefault(of_rung, n // eta**i)
        found.append([(size, of_rung) for of_rung, size in sizes.items()])
    return found
