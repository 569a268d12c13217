"""How often an algorithm is called different from itself: `python -m tests.performance.calibration`.

Each comparison takes two sets of 30 runs of one algorithm, under two names, on a real task. The verdict is
computed as in the reports. The two sets differ only by chance, so at most 5 % may be called different.
"""

import argparse

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from nasbench_lab.benchmarks.view import View
from nasbench_lab.comparison.blocks import run_seed
from nasbench_lab.comparison.contestants import algorithm_names, find_algorithm
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.loop import search
from nasbench_lab.statistics.pairwise import holm, mann_whitney, vargha_delaney, verdict
from tests.tables import open_task

NEEDS_TRAINING = "random_search_weight_sharing"  # no table has a network with shared weights


def finals(algorithm: str, task: str, label: str, seeds: int, budget: Budget) -> np.ndarray:
    """The final test accuracy of each run of one contestant, shape `(seeds,)`."""
    opened, function = open_task(task, View()), find_algorithm(algorithm).function
    runs = (search(function, opened, budget, run_seed(0, task, label, run)) for run in range(seeds))
    return np.array([run.test_accuracy[~np.isnan(run.test_accuracy)][-1] for run in runs])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", default="nasbench_graph/arxiv")
    parser.add_argument("--comparisons", type=int, default=400, help="of each algorithm")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--evaluations", type=int, default=100)
    settings = parser.parse_args()
    budget = Budget(evaluations=settings.evaluations)
    print(f"{settings.task}, {settings.seeds} seeds a side, {settings.evaluations} evaluations a run")
    called_in_all = 0
    names = [name for name in algorithm_names() if name != NEEDS_TRAINING]
    for name in names:
        called = 0
        for comparison in range(settings.comparisons):
            first, second = (
                finals(name, settings.task, f"{name} {comparison}{side}", settings.seeds, budget)
                for side in "ab"
            )
            (p_holm,) = holm(np.array([mann_whitney(first, second).p_value]))
            called += verdict(vargha_delaney(first, second), p_holm) != "no difference shown"
        report(name, called, settings.comparisons)
        called_in_all += called
    report("all", called_in_all, settings.comparisons * len(names))


def report(name: str, called: int, comparisons: int) -> None:
    low, high = proportion_confint(called, comparisons, method="wilson")
    print(
        f"{name:<22} called different {called} of {comparisons}: {called / comparisons:.1%}"
        f" (95 % interval {low:.1%} to {high:.1%})",
        flush=True,
    )


if __name__ == "__main__":
    main()
