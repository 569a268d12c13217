"""The contract between algorithm and harness, and the loop that runs one search.

An algorithm is a generator function `algorithm(space, rng, **hyperparameters)`. It yields an
architecture to evaluate and receives an `Evaluation`, which holds everything a search may learn. The harness
owns the budget, the stopping and the test accuracy.
"""

from nasbench_lab.search.budget import Budget
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.contract import (
    Algorithm,
    Evaluation,
    Query,
    Request,
    SearchProcess,
    Task,
    TaskInfo,
)
from nasbench_lab.search.loop import search
from nasbench_lab.search.run import Run

__all__ = [
    "Algorithm",
    "Budget",
    "Evaluation",
    "Query",
    "Request",
    "Run",
    "SearchProcess",
    "Task",
    "TaskCard",
    "TaskInfo",
    "search",
]
