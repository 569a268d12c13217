import math
from collections import Counter

import numpy as np
import pytest

from nasbench_lab.algorithms.random_search_weight_sharing import random_search_weight_sharing
from nasbench_lab.search import Evaluation, Query, Share, Shared
from nasbench_lab.spaces import find_space

SPACE = find_space("nasbench201")


def driven(process, shared, true):
    """The requests of a search, answered by two functions of an architecture, and its recommendation."""
    requests = []
    try:
        request = next(process)
        while True:
            requests.append(request)
            if isinstance(request, Share):
                request = process.send(Shared([1.0] * len(request.paths), 0.5))
            elif isinstance(request[0], Query):
                metrics = [{"shared_accuracy": shared(query.architecture)} for query in request]
                request = process.send([Evaluation(math.nan, 0.1, 0, metrics=each) for each in metrics])
            else:
                request = process.send([true(architecture) for architecture in request])
    except StopIteration as end:
        return requests, end.value


def run(shared=sum, true=lambda cell: Evaluation(float(sum(cell))), seed=0, **hyperparameters):
    process = random_search_weight_sharing(SPACE, np.random.default_rng(seed), **hyperparameters)
    return driven(process, shared, true)


def test_steps_then_ranking_then_training():
    requests, recommended = run(steps=120, candidates=30, evaluate=3)
    steps = [request for request in requests if isinstance(request, Share)]
    assert requests[: len(steps)] == steps
    assert sum(len(request.paths) for request in steps) == 120
    ranking, finalists = requests[len(steps) :]
    assert all(query.metrics == ("shared_accuracy",) for query in ranking)
    cells = [query.architecture for query in ranking]
    assert len(set(cells)) == len(cells) <= 30
    assert sorted(map(sum, finalists)) == sorted(map(sum, cells))[-3:]
    assert recommended == finalists[0]


def test_the_recommendation_is_the_best_by_its_own_training():
    requests, recommended = run(true=lambda cell: Evaluation(-float(sum(cell))), steps=1, evaluate=5)
    assert sum(recommended) == min(map(sum, requests[-1]))


def test_paths_are_drawn_uniformly():
    requests, _ = run(steps=6000)
    paths = [path for request in requests if isinstance(request, Share) for path in request.paths]
    for edge in zip(*paths, strict=True):
        # Five standard deviations of a count of 6,000 draws with probability 1/5.
        assert all(abs(count - 1200) < 155 for count in Counter(edge).values())


def test_an_unknown_shared_accuracy_is_the_lowest():
    requests, _ = run(shared=lambda cell: math.nan if cell[0] else -1.0, steps=1, candidates=60, evaluate=5)
    assert [cell[0] for cell in requests[-1]] == [0] * 5


def test_a_failed_training_is_not_recommended():
    def true(cell):
        return Evaluation(0.0, failed=True) if cell[0] else Evaluation(-1.0)

    requests, recommended = run(true=true, steps=1, candidates=60, evaluate=40)
    assert {bool(cell[0]) for cell in requests[-1]} == {True, False}
    assert recommended[0] == 0


def test_fewer_candidates_than_are_to_be_trained():
    requests, recommended = run(steps=1, candidates=2, evaluate=5)
    assert len(requests[-1]) == 2
    assert recommended in requests[-1]


@pytest.mark.parametrize("name", ["steps", "candidates", "evaluate"])
def test_numbers_below_one_are_refused(name):
    with pytest.raises(ValueError, match="whole numbers above 0; received"):
        run(**{name: 0})
