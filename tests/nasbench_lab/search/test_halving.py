"""The brackets of Hyperband, against the paper's table and the requests of the algorithm."""

from typing import Any

import numpy as np
import pytest

from nasbench_lab.algorithms.hyperband import hyperband
from nasbench_lab.search import Evaluation, brackets
from nasbench_lab.spaces import find_space
from tests.searches import task_info


def test_brackets_are_those_of_the_paper():
    """R = 81 and eta = 3; n = ceil((s_max + 1) / (s + 1) eta^s)."""
    assert brackets((1, 3, 9, 27, 81), 3) == [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        [(34, 3), (11, 9), (3, 27), (1, 81)],
        [(15, 9), (5, 27), (1, 81)],
        [(8, 27), (2, 81)],
        [(5, 81)],
    ]


@pytest.mark.parametrize("eta", [2, 3, 4])
@pytest.mark.parametrize(
    "fidelities", [(1, 2, 3, 4), (4, 12, 36, 108), (12, 200), (100,), tuple(range(1, 201)), (1, 243)]
)
def test_brackets_are_those_that_hyperband_asks_for(fidelities, eta):
    expected = [rung for bracket in brackets(fidelities, eta) for rung in bracket]
    process: Any = hyperband(
        find_space("nasbench201"), np.random.default_rng(0), task=task_info(*fidelities), eta=eta
    )
    request = next(process)
    for size, epochs in expected:
        assert (len(request), request[0].epochs) == (size, epochs)
        request = process.send([Evaluation(float(i)) for i in range(len(request))])


@pytest.mark.parametrize("eta", [1, 0, -3])
def test_an_eta_below_two_is_refused(eta):
    with pytest.raises(ValueError, match=f"eta is 2 or more; received {eta}"):
        brackets((1, 3), eta)
