"""A task that trains keeps the rules of a task."""

from nasbench_lab.conformance import check_task
from tests.live_task import GOOD, OTHER, live_task


def test_a_task_that_trains_passes(tmp_path):
    check_task(live_task(tmp_path), [GOOD, OTHER])
