"""Does the harness give NATS-Bench's published results? `python -m tests.performance.reproduction`.

The protocol has 500 runs. More are made here to reduce chance: the standard error of a mean is up to 0.04
percentage points over 500 runs, and up to 0.02 over 3,000. The table `nasbench201` is needed. The published
means are from Dong et al., "NATS-Bench", TPAMI 2021.
"""

import argparse

import numpy as np

from nasbench_lab.benchmarks.view import View
from nasbench_lab.comparison.contestants import find_algorithm
from nasbench_lab.comparison.protocols import find_protocol
from nasbench_lab.search.budget import Budget
from nasbench_lab.search.loop import search
from tests.tables import open_task

PUBLISHED = {
    "regularized_evolution:population_size=10,sample_size=3": (94.02, 72.23, 45.77),
    "reinforce": (93.90, 71.86, 45.64),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3000)
    parser.add_argument("--root-seed", type=int, default=99)
    settings = parser.parse_args()
    protocol = find_protocol("nats-bench")
    for name, published in PUBLISHED.items():
        function = find_algorithm(name).function
        for task_name, seconds, expected in zip(
            protocol.benchmark, protocol.budget_seconds, published, strict=True
        ):
            task = open_task(task_name, View(epochs=protocol.epochs, training_seed=protocol.training_seed))
            seeds = np.random.SeedSequence(settings.root_seed).spawn(settings.runs)
            runs = (search(function, task, Budget(seconds=seconds), seed) for seed in seeds)
            finals = np.array([run.test_accuracy[~np.isnan(run.test_accuracy)][-1] for run in runs])
            error = finals.std(ddof=1) / np.sqrt(len(finals))
            print(
                f"{name:<55} {task_name:<28} {finals.mean():.3f} (standard error {error:.3f}),"
                f" published {expected:.2f}, difference {finals.mean() - expected:+.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
