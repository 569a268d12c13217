"""Checks that a search space, an algorithm or a task keeps its contract, for your own tests and notebooks.

    from nasbench_lab.conformance import check_algorithm, check_space, check_task

    check_space(my_space)
    check_algorithm(my_algorithm)
    check_task(my_task)

Each returns nothing, or raises `ConformanceError`: one line with the rule that is broken and an example. That
is an `AssertionError`, too. `Landscape` is a task on any space, to try an algorithm out.
"""

from nasbench_lab.conformance.algorithms import check_algorithm
from nasbench_lab.conformance.landscape import Landscape
from nasbench_lab.conformance.spaces import check_space
from nasbench_lab.conformance.tasks import check_task

__all__ = ["Landscape", "check_algorithm", "check_space", "check_task"]
