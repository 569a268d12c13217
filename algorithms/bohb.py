"""BOHB, Hyperband with a model that proposes (Falkner et al., ICML 2018, arXiv 1807.01774), Algorithm 2."""

import math
from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.search import Query, SearchProcess, TaskInfo, brackets
from nasbench_lab.spaces import Architecture, SearchSpace

Floats = NDArray[np.float64]
Choices = NDArray[np.integer[Any]]


def bohb(
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    task: TaskInfo,
    eta: int = 3,
    random_fraction: float = 1 / 3,
    top_share: float = 0.15,
    samples: int = 64,
    bandwidth_factor: float = 3.0,
    min_bandwidth: float = 1e-3,
) -> SearchProcess:
    """Run Hyperband's brackets on architectures that a density model of the good ones proposes.

    Falkner, Klein & Hutter, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale", ICML 2018,
    Algorithm 2, equations 2 and 3. The defaults are those of HpBandSter, the authors' package. As in the
    paper, the model knows every evaluation at the epochs of the model, repeats and failures included.

    Each decision is a categorical variable, with the kernel of Aitchison & Aitken (1976). Its bandwidth is
    at most (c - 1) / c for c choices, a uniform kernel; HpBandSter has no such bound, and takes the choices
    seen for c. Samples that are no architectures of the space are left out. Several workers get as many
    proposals at a time.

    Args:
        space, rng: as for every algorithm.
        task: its `fidelities` and its `workers`.
        eta: share of a rung, one in `eta`, that goes on to the next one; 2 or more.
        random_fraction: probability rho of a random architecture instead of one from the model.
        top_share: share q of the evaluations that are the good ones.
        samples: number N_s of samples, of which the one with the best ratio is proposed.
        bandwidth_factor: b_w, by which the bandwidths are wider for the samples.
        min_bandwidth: the least bandwidth of a decision.
    """
    if not 0 <= random_fraction <= 1 or not 0 < top_share < 1:
        raise ValueError(
            "random_fraction lies in [0, 1] and top_share between 0 and 1;"
            f" received {random_fraction:g} and {top_share:g}"
        )
    if samples < 1 or not bandwidth_factor > 0 or not 0 < min_bandwidth < 1:
        raise ValueError(
            "samples is 1 or more, bandwidth_factor above 0, min_bandwidth between 0 and 1;"
            f" received {samples}, {bandwidth_factor:g} and {min_bandwidth:g}"
        )
    levels = np.array(space.cardinalities)
    n_min = len(levels) + 1
    observed: dict[int, list[tuple[float, Architecture]]] = defaultdict(list)

    def propose() -> Architecture:
        """Algorithm 2."""
        epochs = max((b for b, points in observed.items() if len(points) >= n_min + 2), default=None)
        if rng.random() < random_fraction or epochs is None:
            return space.sample(rng)
        losses = [loss for loss, _ in observed[epochs]]
        points = np.array([observed[epochs][i][1] for i in np.argsort(losses, kind="stable")])
        n_good = max(n_min, int(top_share * len(points)))
        good, bad = points[:n_good], points[-max(n_min, len(points) - n_good) :]
        narrow = bandwidths(good, levels, min_bandwidth)
        drawn = sample(good, np.minimum(bandwidth_factor * narrow, 1 - 1 / levels), levels, samples, rng)
        l = density(drawn, good, narrow, levels)  # noqa: E741, the paper's l(x) and g(x)
        g = density(drawn, bad, bandwidths(bad, levels, min_bandwidth), levels)
        ratio = np.log(np.maximum(l, 1e-32)) - np.log(np.maximum(g, 1e-32))
        # Rounded, so that the last bits of a machine decide no tie.
        for i in np.argsort(-np.round(ratio, 9), kind="stable"):
            candidate = tuple(drawn[i].tolist())
            if space.is_valid(candidate):
                return candidate
        return space.sample(rng)

    while True:
        for bracket in brackets(task.fidelities, eta):
            members: list[Architecture] = []
            for rung, (size, epochs) in enumerate(bracket):
                promoted, members = members[:size], []
                losses: list[float] = []
                while len(members) < size:
                    free = min(task.workers, size - len(members))
                    batch = promoted if rung else [propose() for _ in range(free)]
                    evaluations = yield [Query(member, epochs) for member in batch]
                    found = [math.inf if each.failed else -each.valid_accuracy for each in evaluations]
                    observed[epochs] += zip(found, batch, strict=True)
                    members, losses = members + batch, losses + found
                members = [members[i] for i in np.argsort(losses, kind="stable")]


def bandwidths(data: Choices, levels: Choices, least: float) -> Floats:
    """The normal-reference bandwidth of each decision, between `least` and that of a uniform kernel.

    Args:
        data: choices, shape `(n, d)`.
        levels: number of choices of each decision, shape `(d,)`.
        least: the least bandwidth.

    Returns:
        Shape `(d,)`.
    """
    n, d = data.shape
    reference: Floats = 1.06 * data.std(axis=0) * n ** (-1 / (4 + d))
    return np.minimum(np.maximum(reference, least), 1 - 1 / levels)


def density(points: Choices, data: Choices, bandwidth: Floats, levels: Choices) -> Floats:
    """The kernel density estimate of `data`, shape `(n, d)`, at `points`, shape `(m, d)`; shape `(m,)`.

    The kernel of a decision with c choices and bandwidth h is 1 - h at the same choice and h / (c - 1) at
    each other one.
    """
    same = points.T[:, :, None] == data.T[:, None, :]
    other = bandwidth / np.maximum(levels - 1, 1)
    kernels = np.where(same, (1 - bandwidth)[:, None, None], other[:, None, None])
    estimate: Floats = kernels.prod(axis=0).mean(axis=1)
    return estimate


def sample(
    data: Choices, bandwidth: Floats, levels: Choices, count: int, rng: np.random.Generator
) -> Choices:
    """Draw from the density estimate of `data`; shape `(count, d)`."""
    centres = data[(rng.random(count) * len(data)).astype(int)]
    others = (rng.random(centres.shape) * (levels - 1)).astype(int)
    others += others >= centres
    drawn: Choices = np.where(rng.random(centres.shape) < bandwidth, others, centres)
    return drawn
