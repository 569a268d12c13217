"""The values of features that a surrogate has seen, and the architectures that lie outside of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SeenValues:
    """The different values of each of k features among the rows that a surrogate was fitted on.

    Attributes:
        values: those of one feature after the other, shape `(sum(counts),)`.
        counts: the number of values of each feature, shape `(k,)`.
    """

    values: NDArray[np.float32]
    counts: NDArray[np.int32]

    @classmethod
    def among(cls, features: NDArray[np.float32]) -> "SeenValues":
        """The values among rows of features, shape `(n, k)`."""
        distinct = [np.unique(column) for column in features.T]
        counts = np.array([len(each) for each in distinct], dtype=np.int32)
        return cls(np.concatenate(distinct).astype(np.float32), counts)

    def check(self, features: int) -> None:
        """Raise `ValueError` if the arrays do not describe so many features."""
        if self.values.dtype != np.float32 or self.counts.dtype != np.int32:
            raise ValueError(f"seen values have types {self.values.dtype} and {self.counts.dtype}")
        if self.counts.shape != (features,) or (self.counts < 1).any():
            raise ValueError(f"seen values are not those of {features} features")
        if self.values.shape != (int(self.counts.sum(dtype=np.int64)),):
            raise ValueError("seen values are more or fewer than counted")

    @cached_property
    def _by_feature(self) -> Sequence[frozenset[float]]:
        parts = np.split(self.values, np.cumsum(self.counts)[:-1])
        return [frozenset(part.tolist()) for part in parts]

    def outside(self, features: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether each row, shape `(n, k)`, has a value that no fitted row has in that feature, `(n,)`."""
        rows = features.tolist()
        return np.array(
            [
                any(value not in seen for value, seen in zip(row, self._by_feature, strict=True))
                for row in rows
            ],
            dtype=np.bool_,
        )
