"""The size of the gradients of the loss (Abdelfattah et al. 2021, section 3.1)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nasbench_lab.benchmarks.training.networks.count import COUNTED


def score(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Sum of the Euclidean norms of the gradients of all convolutions and dense layers, without biases."""
    cross_entropy(network(images), labels).backward()  # type: ignore[no-untyped-call]
    weights = [layer.weight for layer in network.modules() if isinstance(layer, COUNTED)]
    norms = [each.grad.norm() for each in weights if each.grad is not None]
    return float(torch.stack(norms).sum()) if norms else 0.0
