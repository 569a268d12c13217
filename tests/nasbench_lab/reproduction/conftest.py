"""A made-up claim on the embedded table."""

from collections.abc import Callable

import pytest

from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.reproduction.claims import Claim
from nasbench_lab.reproduction.readings import final


@pytest.fixture
def made_up() -> Callable[..., Claim]:
    """A function that makes a claim on a few short searches of `cifar10-mini`; it takes other fields."""

    def make(algorithm: str = "random_search", seeds: int = 12, **changes: object) -> Claim:
        fields: dict = {
            "name": f"made-up/{algorithm}/mini",
            "paper": "Nobody, 2026",
            "place": "Table 1",
            "claimed": "Five evaluations are enough.",
            "value": 70.0,
            "runs": 12,
            "unit": "test accuracy in percent",
            "first_hand": True,
            "data_set": "mini",
            "comparison": Comparison(
                benchmark=("cifar10-mini",), algorithms=(algorithm,), seeds=seeds, budget_evaluations=5
            ),
            "reading": final,
        }
        return Claim(**{**fields, **changes})

    return make
