"""Correlation of the Jacobians of images (Mellor et al. 2020, first version; Abdelfattah et al. 2021)."""

import numpy as np
import torch
from torch import Tensor, nn

SMALL = 1e-5


def score(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Minus the sum of `log(v + k) + 1 / (v + k)` over the eigenvalues `v`, with `k = 1e-5`.

    They are those of the matrix of correlations between images. Compared are the gradients of the sum of an
    image's outputs with respect to its pixels. The score is highest if nothing is correlated; NaN if an image
    has no gradient. The labels are not looked at.
    """
    images = images.detach().requires_grad_()
    # Zeros for a network whose outputs do not depend on the images.
    (gradients,) = torch.autograd.grad(
        network(images).sum(), images, allow_unused=True, materialize_grads=True
    )
    rows = gradients.flatten(1).double().cpu().numpy()
    if not rows.std(axis=1).all():
        return float("nan")
    values = np.linalg.eigvalsh(np.corrcoef(rows)) + SMALL
    return -float(np.sum(np.log(values) + 1 / values))
