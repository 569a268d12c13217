"""A task that asks an evaluation function of one's own."""

from nasbench_lab.benchmarks.functions.task import DATA_FOLDER, FunctionTask

__all__ = ["DATA_FOLDER", "FunctionTask"]
