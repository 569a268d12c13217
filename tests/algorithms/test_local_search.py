import numpy as np

from nasbench_lab.algorithms.local_search import local_search
from nasbench_lab.search.contract import Evaluation
from nasbench_lab.spaces import find_space

SPACE = find_space("nasbench_macro")


def climb(accuracy, steps, **hyperparameters):
    process = local_search(SPACE, np.random.default_rng(0), **hyperparameters)
    asked = [next(process)]
    for _ in range(steps):
        asked.append(process.send(Evaluation(accuracy(asked[-1]), 1.0, 12, "table")))
    return asked


def test_evaluates_all_neighbors_then_moves_to_the_best():
    asked = climb(lambda architecture: float(sum(architecture)), 40)
    start, first_round = asked[0], asked[1:17]
    assert sorted(first_round) == sorted(SPACE.neighbors(start))
    best = max(first_round, key=sum)
    assert all(sum(a != b for a, b in zip(best, neighbor, strict=True)) <= 1 for neighbor in asked[17:20])


def test_reaches_the_top_of_a_hill_and_starts_again_elsewhere():
    asked = climb(lambda architecture: float(sum(architecture)), 200)
    assert (2,) * 8 in asked


def test_asks_for_a_neighbor_only_once():
    asked = climb(lambda architecture: float(sum(architecture)), 60)
    assert len(set(asked)) == len(asked)


def test_first_improvement_moves_at_once():
    asked = climb(lambda architecture: float(sum(architecture)), 30, first_improvement=True)
    better = next(step for step in range(1, 30) if sum(asked[step]) > sum(asked[0]))
    assert sum(a != b for a, b in zip(asked[better], asked[better + 1], strict=True)) == 1


def test_goes_on_once_everything_was_seen():
    asked = climb(lambda architecture: float(hash(architecture) % 97), 3 * SPACE.size)
    assert len(asked) == 3 * SPACE.size + 1
