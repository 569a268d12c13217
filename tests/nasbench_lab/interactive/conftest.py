"""One real comparison, on a table and on a problem of one's own, for all tests of this folder."""

from pathlib import Path

import pytest

import nasbench_lab
from nasbench_lab import ComparisonResults, Evaluation
from tests.own_problems import Toy

ALGORITHMS = ("random_search", "regularized_evolution", "reinforce")


class NoisyToy(Toy):
    """So much noise that the runs end with different architectures."""

    def evaluate(self, architecture, epochs, rng):
        """The accuracy and its noise."""
        return Evaluation(self.test_accuracy(architecture) + 30 * rng.normal())


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a comparison of three algorithms on two tasks, six runs each, with its report."""
    path = tmp_path_factory.mktemp("compared") / "three"
    nasbench_lab.compare(
        tasks=["cifar10-mini", NoisyToy()],
        algorithms=list(ALGORITHMS),
        seeds=6,
        budget_evaluations=25,
        out=path,
        jobs=1,
        progress=False,
    )
    return path


@pytest.fixture
def results(folder: Path) -> ComparisonResults:
    """That comparison, read from its folder."""
    return nasbench_lab.load(folder)
