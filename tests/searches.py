"""What tests of algorithms share: spaces, searches on a landscape, the facts about a task."""

from typing import Any

import numpy as np

from nasbench_lab.search import Budget, Metric, Query, TaskInfo, search
from nasbench_lab.spaces import find_space
from nasbench_lab.spaces.decisions import Categorical, Ordered
from nasbench_lab.spaces.declared import DeclaredSpace

SPACE = find_space("nasbench201")
SEED = np.random.SeedSequence(8)
# Valid if both are the same, so that no single change of a valid architecture is valid.
SAME = DeclaredSpace(
    "same",
    {"one": Categorical(*"abc"), "two": Categorical(*"abc"), "three": Ordered(1, 2)},
    valid=lambda values: values["one"] == values["two"],
)


def task_info(*fidelities: int) -> TaskInfo:
    """The facts about a task with these fidelities, all of one training."""
    return TaskInfo(
        epochs=fidelities[-1],
        fidelities=fidelities,
        resumable=True,
        charges_seconds=True,
        metrics={"valid_accuracy": Metric("higher", "%")},
        objectives=("valid_accuracy",),
        workers=1,
        budget=Budget(evaluations=1),
    )


def queries_of(algorithm, answer, *fidelities: int, count, seed=0, **hyperparameters) -> list[Query]:
    """The first queries of an algorithm that yields lists of them; `answer` gives the evaluation of one."""
    process: Any = algorithm(
        SPACE, np.random.default_rng(seed), task=task_info(*fidelities), **hyperparameters
    )
    request: list[Query] = next(process)
    seen: list[Query] = []
    while len(seen) < count:
        seen += request
        request = process.send([answer(query) for query in request])
    process.close()
    return seen[:count]


def rng_of(seed=SEED):
    """The generator that an algorithm is given in a search with this seed."""
    return np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=(0,)))


def asked(algorithm, task, evaluations=40, **settings):
    run = search(algorithm, task, Budget(evaluations=evaluations), SEED, **settings)
    return [tuple(row) for row in run.architectures.tolist()]
