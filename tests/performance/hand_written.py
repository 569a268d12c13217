"""The loop against searches written by hand: `python -m tests.performance.hand_written`.

Both run in turn in one process. The hand-written ones draw, look up, and keep the best. They have no budget,
no record and no reported accuracy.
"""

import time
from collections import deque
from collections.abc import Callable

import numpy as np

from nasbench_lab.comparison.contestants import find_algorithm
from nasbench_lab.search import Budget, Task, search
from tests.tables import open_task

EVALUATIONS, REPEATS = 5000, 30


def random_search(task: Task, rng: np.random.Generator) -> float:
    best = 0.0
    for _ in range(EVALUATIONS):
        best = max(best, task.evaluate(task.space.sample(rng), None, rng).valid_accuracy)
    return best


def regularized_evolution(task: Task, rng: np.random.Generator) -> float:
    population: deque[tuple[float, tuple[int, ...]]] = deque(maxlen=100)
    best = 0.0
    for _ in range(EVALUATIONS):
        if len(population) < 100:
            candidate = task.space.sample(rng)
        else:
            drawn = rng.integers(100, size=10).tolist()
            parent = max((population[i] for i in drawn), key=lambda member: member[0])[1]
            candidate = task.space.mutate(parent, rng)
        accuracy = task.evaluate(candidate, None, rng).valid_accuracy
        population.append((accuracy, candidate))
        best = max(best, accuracy)
    return best


def by_hand(name: str) -> Callable[[Task, np.random.Generator], float]:
    """The generator of an algorithm, driven by hand."""
    algorithm = find_algorithm(name).function

    def driven(task: Task, rng: np.random.Generator) -> float:
        process = algorithm(task.space, rng)
        request, best = next(process), 0.0
        for _ in range(EVALUATIONS):
            evaluation = task.evaluate(request, None, rng)  # type: ignore[arg-type]
            best = max(best, evaluation.valid_accuracy)
            request = process.send(evaluation)
        return best

    return driven


WRITTEN = {
    "random_search": random_search,
    "regularized_evolution": regularized_evolution,
    "reinforce": by_hand("reinforce"),
}


def main() -> None:
    task = open_task("cifar10-mini/cifar10")
    for name, written in WRITTEN.items():
        algorithm = find_algorithm(name).function
        times: dict[str, list[float]] = {"loop": [], "by hand": []}
        for repeat in range(REPEATS):
            start = time.perf_counter()
            search(algorithm, task, Budget(evaluations=EVALUATIONS), np.random.SeedSequence(repeat))
            middle = time.perf_counter()
            written(task, np.random.default_rng(repeat))
            times["loop"].append(middle - start)
            times["by hand"].append(time.perf_counter() - middle)
        loop, hand = (1e6 * min(each) / EVALUATIONS for each in times.values())
        ratios = np.divide(times["loop"], times["by hand"])
        low, high = np.quantile(ratios, [0.1, 0.9])
        print(
            f"{name:<22} {loop:6.2f} us, by hand {hand:6.2f} us; ratio {np.median(ratios):.2f} (median of"
            f" {REPEATS}, 80 % from {low:.2f} to {high:.2f})"
        )


if __name__ == "__main__":
    main()
