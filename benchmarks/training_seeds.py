"""The training seeds of a task that trains, and the ones that a search sees."""

import numpy as np

from nasbench_lab.errors import UsageError


class TrainingSeeds:
    """All training seeds of a task, and the ones behind an evaluation.

    Args:
        count: number of seeds, counted from 0.
        shown: the seed a search sees: `random` (drawn anew at each evaluation), `mean` (over all seeds), or
            any whole number, which is then the only seed.

    Attributes:
        all: the seeds, over whose mean a task reports.

    Raises `UsageError` for anything else.
    """

    def __init__(self, count: int, shown: str) -> None:
        if type(count) is not int or count < 1:
            raise UsageError(f"seeds is the number of training seeds, 1 or more; received {count!r:.80}")
        if not isinstance(shown, str) or (shown not in ("random", "mean") and not shown.isdecimal()):
            raise UsageError(
                f"the training seed must be random, mean or a whole number; received {shown!r:.80}"
            )
        self._count = count
        self.all = tuple(range(count)) if shown in ("random", "mean") else (int(shown),)
        self._drawn = shown == "random" and count > 1

    def showing(self, shown: str) -> "TrainingSeeds":
        """As many seeds, of which a search sees others."""
        return TrainingSeeds(self._count, shown)

    def draw(self, rng: np.random.Generator) -> tuple[int, ...]:
        """The seeds behind one evaluation."""
        return (self.all[int(rng.random() * len(self.all))],) if self._drawn else self.all

    @property
    def searched(self) -> str:
        """The seeds behind an evaluation, in words."""
        return (
            f"one of {len(self.all)} training seeds, drawn at random each time"
            if self._drawn
            else self.reported
        )

    @property
    def reported(self) -> str:
        """The seeds behind a reported value, in words."""
        count = len(self.all)
        return f"mean over {count} training seeds" if count > 1 else f"training seed {self.all[0]}"
