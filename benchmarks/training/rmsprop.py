"""TensorFlow's RMSProp, the optimizer of NAS-Bench-101."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class TensorFlowRMSprop(torch.optim.Optimizer):
    """RMSProp with epsilon under the root and a mean square that starts at 1.

    PyTorch's RMSProp adds epsilon to the root, and starts at 0. With NAS-Bench-101's epsilon of 1 they are
    two different optimizers: both divide a small gradient by 1, but this one divides a large one by less.
    Momentum accumulates steps, learning rate included. Weight decay is added to the gradient.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        *,
        lr: float,
        momentum: float,
        weight_decay: float,
        decay: float = 0.9,
        epsilon: float = 1.0,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "decay": decay,
            "epsilon": epsilon,
        }
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update the weights once; `closure` is ignored."""
        for group in self.param_groups:
            for weights in group["params"]:
                if weights.grad is None:
                    continue
                state = self.state[weights]
                if not state:
                    state["mean_square"] = torch.ones_like(weights)
                    state["velocity"] = torch.zeros_like(weights)
                gradient = weights.grad.add(weights, alpha=group["weight_decay"])
                mean_square, velocity = state["mean_square"], state["velocity"]
                mean_square.lerp_(gradient.square(), 1 - group["decay"])
                scale = mean_square.add(group["epsilon"]).rsqrt_()
                velocity.mul_(group["momentum"]).addcmul_(gradient, scale, value=group["lr"])
                weights.sub_(velocity)
