"""Made-up results of any shape for the figures, and their tables."""

from collections.abc import Callable

import numpy as np
import pytest

from nasbench_lab.comparison.results import Results, Runs
from nasbench_lab.report.tables import Tables, compute_tables
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.incumbents import incumbents
from nasbench_lab.search.run import Run

Make = Callable[..., tuple[Results, Tables]]

ALGORITHMS = (
    "random_search",
    "local_search",
    "regularized_evolution",
    "genetic_algorithm",
    "reinforce",
    "regularized_evolution:population_size=10,sample_size=3",
    "hyperband",
    "bohb",
    "simulated_annealing",
    "tpe",
)
TITLES = (
    "NAS-Bench-201, CIFAR-10",
    "NAS-Bench-201, CIFAR-100",
    "NAS-Bench-201, ImageNet16-120",
    "NAS-Bench-Graph, Cora",
    "NAS-Bench-Graph, Citeseer",
    "NAS-Bench-Graph, PubMed",
    "NAS-Bench-Graph, Coauthor-CS",
    "NAS-Bench-Graph, Amazon-Photo",
    "NAS-Bench-Graph, ogbn-arxiv",
)
OPTIMUM = 94.37


def synthetic(
    tasks: int = 3,
    algorithms: int = 5,
    runs: int = 12,
    *,
    regret: float | None = None,
    optimum: float | None = OPTIMUM,
    failed: int = 0,
    steps: int = 60,
) -> tuple[Results, Tables]:
    """Runs that improve with their steps, later algorithms more; `regret`, if given, is constant."""
    cards = tuple(
        TaskCard(
            name=f"benchmark/{number}",
            title=TITLES[number],
            metric="accuracy (%)",
            searched="validation accuracy after 12 epochs, one random seed",
            reported="mean test accuracy after 200 epochs",
            cost="evaluations" if number == 3 else "simulated seconds",
            optimum=optimum,
            digest="0" * 64,
            citation="Dong & Yang 2020",
            licence="MIT",
        )
        for number in range(tasks)
    )
    rng = np.random.default_rng(0)
    stored = {}
    for number, card in enumerate(cards):
        for place, label in enumerate(ALGORITHMS[:algorithms]):
            scale = 2.5 * 0.8**place * (1 + 0.3 * np.sin(7 * number + 3 * place))
            stored[card.name, label] = Runs.of(
                [_run(rng, steps, scale, regret, fails=run < failed) for run in range(runs)]
            )
    results = Results(
        name="example",
        protocol="",
        tasks=cards,
        algorithms=ALGORITHMS[:algorithms],
        settings=dict.fromkeys(ALGORITHMS, "f()"),
        runs=stored,
        specification={},
        environment={},
    )
    return results, compute_tables(results)


def _run(rng: np.random.Generator, steps: int, scale: float, regret: float | None, *, fails: bool) -> Run:
    progress = 1 + 8 * np.arange(steps) / steps
    regrets = rng.gamma(1.2, scale, steps) / progress if regret is None else np.full(steps, regret)
    accuracy = np.round(OPTIMUM - regrets, 2)
    epochs = np.full(steps, 12, dtype=np.int32)
    valid_accuracy = np.full(steps, np.nan) if fails else accuracy + rng.normal(0, 0.3, steps)
    test_accuracy = np.full(steps, np.nan)
    if not fails:
        for step, reported in incumbents(
            valid_accuracy.tolist(), epochs.tolist(), "best", accuracy.__getitem__
        ):
            test_accuracy[step] = reported
    return Run(
        architectures=np.zeros((steps, 6), dtype=np.uint16),
        valid_accuracy=valid_accuracy,
        seconds=rng.uniform(60, 300, steps),
        epochs=epochs,
        source=np.zeros(steps, dtype=np.uint8),
        test_accuracy=test_accuracy,
    )


@pytest.fixture(scope="session")
def make() -> Make:
    return synthetic
