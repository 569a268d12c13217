"""Size of a network, and cost of one forward pass."""

from copy import deepcopy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nasbench_lab.benchmarks.training.networks.shape import Shape

COUNTED = (nn.Conv2d, nn.Linear)


class Count(NamedTuple):
    """Size and cost of a network.

    Attributes:
        parameters: trained parameters, in millions.
        flops: multiply-adds of a forward pass of one image, in millions; the tables call them FLOPs.
    """

    parameters: float
    flops: float


def count(network: nn.Module, shape: Shape, device: str = "meta") -> Count:
    """Count trained parameters and the multiply-adds for one image, both in millions.

    Only the multiply-adds of convolutions and dense layers count, without their biases: the convention of
    NAS-Bench-Macro. Normalisation, activations, pooling and additions count as zero. The network itself is
    not changed.

    Args:
        network: the network.
        shape: the size of its images.
        device: on `meta`, PyTorch computes shapes alone; not every network can be computed there.
    """
    # Batch normalisation accepts a batch of one image in evaluation mode, but not in training mode.
    copy = deepcopy(network).to(device).eval()
    multiply_adds = 0

    def add(layer: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal multiply_adds
        assert isinstance(layer, COUNTED)
        multiply_adds += output.numel() * layer.weight[0].numel()

    for layer in copy.modules():
        if isinstance(layer, COUNTED):
            layer.register_forward_hook(add)
    with torch.no_grad():
        copy(torch.zeros(1, shape.image_channels, shape.image_size, shape.image_size, device=device))
    parameters = sum(weights.numel() for weights in copy.parameters() if weights.requires_grad)
    return Count(parameters / 1e6, multiply_adds / 1e6)
