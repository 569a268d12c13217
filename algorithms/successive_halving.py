"""Successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943), Algorithm 1."""

import math

import numpy as np

from nasbench_lab.search import Query, SearchProcess, TaskInfo, brackets
from nasbench_lab.spaces import SearchSpace


def successive_halving(
    space: SearchSpace, rng: np.random.Generator, *, task: TaskInfo, eta: int = 3
) -> SearchProcess:
    """Train many architectures a little and the best of them longer; then begin again with new ones.

    Jamieson & Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization", AISTATS
    2016, Algorithm 1, in the form of `hyperband`: its bracket s_max, with eta^s_max architectures. The paper
    has eta = 2, and spends B / ceil(log2 n) on every rung of one run with n arms. Here the epochs themselves
    grow by eta, so that a rung costs about as much as the one before. The paper doubles B if the result is
    not good enough. A task's epochs end somewhere, so that here the bracket is run again. A failed training
    never goes on before one that did not fail. Of equally good ones, those that were drawn first go on.

    Args:
        space, rng: as for every algorithm.
        task: its `fidelities`.
        eta: share of a rung, one in `eta`, that goes on to the next one; 2 or more.
    """
    bracket = brackets(task.fidelities, eta)[0]
    while True:
        members = [space.sample(rng) for _ in range(bracket[0][0])]
        for size, epochs in bracket:
            members = members[:size]
            evaluations = yield [Query(member, epochs) for member in members]
            losses = [math.inf if each.failed else -each.valid_accuracy for each in evaluations]
            members = [members[i] for i in np.argsort(losses, kind="stable")]
