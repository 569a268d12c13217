"""The incumbents of a search: the evaluations that are the best so far."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

IncumbentRule = Literal["best", "most-epochs"]
"""The rule by which an evaluation becomes the incumbent.

`best`: it has the highest validation accuracy so far, after however many epochs.

`most-epochs`: it has the highest validation accuracy among those with the most epochs so far, since
accuracies after different epochs are not compared. One bad long training then replaces any number of good
short ones.
"""


def incumbents(
    valid_accuracy: Sequence[float],
    epochs: Sequence[int],
    rule: IncumbentRule,
    report: Callable[[int], float],
) -> Iterator[tuple[int, float]]:
    """Yield each step at which the incumbent changes, in order, with the accuracy reported for it.

    The first of equal ones stays. A failed evaluation (NaN) never becomes the incumbent. Neither does an
    architecture whose full training failed, for which `report` gives NaN.
    """
    best = (0, -math.inf)
    compared = epochs if rule == "most-epochs" else [0] * len(epochs)
    for step, reached in enumerate(zip(compared, valid_accuracy, strict=True)):
        if reached > best and not math.isnan(reached[1]) and not math.isnan(accuracy := report(step)):
            best = reached
            yield step, accuracy
