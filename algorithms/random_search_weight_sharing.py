"""Random search with weight sharing (Li & Talwalkar 2019)."""

import math

import numpy as np

from nasbench_lab.search import Evaluation, Query, SearchProcess, Share
from nasbench_lab.spaces import SearchSpace

CHUNK = 50  # steps that are asked for at once


def random_search_weight_sharing(
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    steps: int = 2000,
    candidates: int = 100,
    evaluate: int = 1,
) -> SearchProcess:
    """Train one network, on a random path at each step; then rank random architectures by its weights.

    Li & Talwalkar, "Random Search and Reproducibility for Neural Architecture Search", UAI 2019, section 3.
    The best of all that are trained from scratch is recommended, and the search ends.

    The paper first ranks 1,000 candidates on a few validation images, and the best 10 of them on all; here
    all images rank all candidates. NAS-Bench-201 ranks 100 candidates, and recommends the best without
    training it.

    Args:
        space, rng: as for every algorithm.
        steps: steps of the shared network, each on another architecture.
        candidates: architectures that are ranked; one that is drawn twice is ranked once.
        evaluate: the number of best candidates that are trained from scratch.
    """
    if min(steps, candidates, evaluate) < 1:
        raise ValueError(
            "steps, candidates and evaluate are whole numbers above 0;"
            f" received {steps}, {candidates} and {evaluate}"
        )
    for start in range(0, steps, CHUNK):
        yield Share([space.sample(rng) for _ in range(min(CHUNK, steps - start))])
    drawn = list(dict.fromkeys(space.sample(rng) for _ in range(candidates)))
    ranked = yield [Query(architecture, metrics=("shared_accuracy",)) for architecture in drawn]
    best = sorted(range(len(drawn)), key=lambda i: _value(ranked[i], "shared_accuracy"), reverse=True)
    finalists = [drawn[i] for i in best[:evaluate]]
    trained = yield finalists
    return finalists[max(range(len(finalists)), key=lambda i: _value(trained[i], "valid_accuracy"))]


def _value(evaluation: Evaluation, metric: str) -> float:
    """The value of an accuracy; the lowest if it is unknown or failed."""
    value = evaluation.value(metric)
    return -math.inf if math.isnan(value) else value
