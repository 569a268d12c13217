"""Synaptic flow (Tanaka et al. 2020), summed over a network (Abdelfattah et al. 2021)."""

import math

import torch
from torch import Tensor, nn

from nasbench_lab.benchmarks.training.networks.count import COUNTED

NORMALISATION = (nn.BatchNorm1d, nn.BatchNorm2d)


def score(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Logarithm of 1 plus the sum of `weight * gradient` over all convolutions and dense layers.

    Every weight is replaced by its absolute value, and batch normalisation is removed. The gradient is that
    of the sum of all outputs for one image of ones, so images and labels are not looked at.

    The sum grows exponentially with depth; NAS-Bench-Suite-Zero publishes its logarithm as well. With the 1,
    a network that passes nothing on has the score 0. Computed in double precision, on the CPU.
    """
    network.to("cpu", torch.float64)
    _remove_normalisation(network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    network(torch.ones(1, *images.shape[1:], dtype=torch.float64)).sum().backward()
    weights = [layer.weight for layer in network.modules() if isinstance(layer, COUNTED)]
    flow = sum(float((each.detach() * each.grad).sum()) for each in weights if each.grad is not None)
    return math.log1p(flow)


def _remove_normalisation(network: nn.Module) -> None:
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, NORMALISATION):
                setattr(parent, name, nn.Identity())
