"""nasbench_lab: honest comparisons of neural architecture search algorithms."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_lab.version import __version__

if TYPE_CHECKING:
    from nasbench_lab.benchmarks.functions import FunctionTask
    from nasbench_lab.benchmarks.live.own_network import NetworkTask
    from nasbench_lab.comparison.specification import Comparison
    from nasbench_lab.conformance import check_algorithm, check_space, check_task
    from nasbench_lab.interactive.calls import compare, load
    from nasbench_lab.interactive.results import ComparisonResults
    from nasbench_lab.search.contract import Evaluation, Metric, Query
    from nasbench_lab.spaces.base import SearchSpace
    from nasbench_lab.spaces.decisions import Categorical, Ordered
    from nasbench_lab.spaces.declared import DeclaredSpace

__all__ = [
    "Categorical",
    "Comparison",
    "ComparisonResults",
    "DeclaredSpace",
    "Evaluation",
    "FunctionTask",
    "Metric",
    "NetworkTask",
    "Ordered",
    "Query",
    "SearchSpace",
    "__version__",
    "check_algorithm",
    "check_space",
    "check_task",
    "compare",
    "load",
]

# Imported at first use: `--help` must not wait for numpy.
_MODULES = {
    "Categorical": "nasbench_lab.spaces.decisions",
    "Comparison": "nasbench_lab.comparison.specification",
    "ComparisonResults": "nasbench_lab.interactive.results",
    "DeclaredSpace": "nasbench_lab.spaces.declared",
    "Evaluation": "nasbench_lab.search.contract",
    "FunctionTask": "nasbench_lab.benchmarks.functions",
    "Metric": "nasbench_lab.search.contract",
    "NetworkTask": "nasbench_lab.benchmarks.live.own_network",
    "Ordered": "nasbench_lab.spaces.decisions",
    "Query": "nasbench_lab.search.contract",
    "SearchSpace": "nasbench_lab.spaces.base",
    "check_algorithm": "nasbench_lab.conformance",
    "check_space": "nasbench_lab.conformance",
    "check_task": "nasbench_lab.conformance",
    "compare": "nasbench_lab.interactive.calls",
    "load": "nasbench_lab.interactive.calls",
}

# In a source tree, `benchmarks` and `algorithms` are links to folders beside this one. If the links are
# missing (Windows does not create them by default), Python also looks beside this folder.
if not (Path(__file__).parent / "benchmarks" / "__init__.py").exists():
    __path__.append(str(Path(__file__).parent.parent))


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
