"""The steps of a training: optimizer, learning rate, and the scaling of losses in half precision."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nasbench_lab.benchmarks.training.devices import precision
from nasbench_lab.benchmarks.training.recipes import Recipe
from nasbench_lab.benchmarks.training.rmsprop import TensorFlowRMSprop

# Half the fall of momentum while the learning rate rises, as in PyTorch (Smith & Topin 2018).
MOMENTUM_SWING = 0.05


class Steps:
    """Changes the weights of a network by the optimizer and the schedule of a recipe.

    Args:
        recipe: the settings of the optimizer and the schedule. The schedule ends after `recipe.steps` steps;
            the next step begins it again (a warm restart, Loshchilov & Hutter 2017).
        network: the network, on the device.
        device: the device.
    """

    def __init__(self, recipe: Recipe, network: nn.Module, device: torch.device) -> None:
        self._recipe, self._device = recipe, device
        self._optimizer = _optimizer(recipe, network, device)
        self._schedule = _schedule(recipe, self._optimizer)
        self._scaler = torch.amp.GradScaler(device.type, enabled=device.type == "cuda")

    def take(self, logits: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor) -> Tensor:
        """Take one step on a batch; returns the mean cross-entropy before the step, in nats, as a scalar."""
        if self._schedule.last_epoch == self._recipe.steps:
            self._begin_again()
        with precision(self._device):
            loss = cross_entropy(logits(images), labels)
        self._optimizer.zero_grad()
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._schedule.step()
        return loss.detach()

    @property
    def parts(self) -> tuple[Any, ...]:
        """All objects whose state changes from step to step, except the network."""
        return self._optimizer, self._schedule, self._scaler

    def _begin_again(self) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = self._recipe.learning_rate
        self._schedule = _schedule(self._recipe, self._optimizer)


def _optimizer(recipe: Recipe, network: nn.Module, device: torch.device) -> torch.optim.Optimizer:
    if recipe.optimizer == "rmsprop":
        return TensorFlowRMSprop(
            network.parameters(),
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
        )
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
        # MPS has the fused version only since PyTorch 2.5.
        fused=device.type != "mps",
    )
    if recipe.momentum:
        # The fused version fails if only some weights have moved before, as in a network with shared weights.
        for weights in network.parameters():
            optimizer.state[weights]["momentum_buffer"] = torch.zeros_like(weights)
    return optimizer


def _schedule(recipe: Recipe, optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
    if recipe.schedule == "one_cycle":
        swing = min(MOMENTUM_SWING, recipe.momentum, 1 - recipe.momentum)
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            recipe.learning_rate,
            total_steps=recipe.steps,
            # Rounded, so 0.9 becomes 0.95 and not the next larger float.
            base_momentum=round(recipe.momentum - swing, 6),
            max_momentum=round(recipe.momentum + swing, 6),
        )
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.steps)
