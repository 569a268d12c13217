"""The contract between algorithm and harness, and the loop that runs one search.

`contract` is the page to read for an algorithm, `task` the one for a source of evaluations.
"""

from nasbench_lab.search.budget import Budget
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.contract import (
    Algorithm,
    Evaluation,
    Finished,
    Metric,
    Previous,
    Query,
    Request,
    SearchProcess,
    Share,
    Shared,
    Start,
    TaskInfo,
)
from nasbench_lab.search.differential import DifferentialEvolution
from nasbench_lab.search.halving import brackets, rungs
from nasbench_lab.search.loop import search
from nasbench_lab.search.observations import Observations
from nasbench_lab.search.run import Run
from nasbench_lab.search.task import Scores, SharedNetwork, Task, TaskDefaults

__all__ = [
    "Algorithm",
    "Budget",
    "DifferentialEvolution",
    "Evaluation",
    "Finished",
    "Metric",
    "Observations",
    "Previous",
    "Query",
    "Request",
    "Run",
    "Scores",
    "SearchProcess",
    "Share",
    "Shared",
    "SharedNetwork",
    "Start",
    "Task",
    "TaskCard",
    "TaskDefaults",
    "TaskInfo",
    "brackets",
    "rungs",
    "search",
]
