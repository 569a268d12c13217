"""Differences between the activation patterns of images (Mellor et al. 2021, "NAS without training")."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

RECTIFIERS = (functional.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_)


@torch.no_grad()
def score(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Logarithm of the determinant of the kernel `K`; NaN for a network without rectifiers.

    `K[i, j]` is the number of rectified units that are on for both images `i` and `j`, or off for both
    (equation 2). The score is `-inf` if two images have the same pattern. The labels are not looked at.
    """
    with _Patterns(len(images)) as patterns:
        network(images)
    if not patterns.kernel.any():
        return float("nan")
    return float(np.linalg.slogdet(patterns.kernel).logabsdet)


class _Patterns(TorchFunctionMode):
    """Adds up the kernel of all rectifiers of a network, whether they are modules or functions."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.kernel: NDArray[np.float64] = np.zeros((count, count))

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        if function in RECTIFIERS:
            on = (result.flatten(1) > 0).float()
            off = 1 - on
            self.kernel += (on @ on.T + off @ off.T).cpu().double().numpy()
        return result
