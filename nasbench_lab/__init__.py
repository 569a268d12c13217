"""nasbench_lab: honest comparisons of neural architecture search algorithms."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_lab.version import __version__

if TYPE_CHECKING:
    from nasbench_lab.comparison.execution import compare
    from nasbench_lab.comparison.specification import Comparison

__all__ = ["Comparison", "__version__", "compare"]

# In a source tree the folders `benchmarks` and `algorithms` stand beside this one, and links lead to them.
# Where # the links are missing (Windows makes none unless told to), Python looks beside this folder.
if not (Path(__file__).parent / "benchmarks" / "__init__.py").exists():
    __path__.append(str(Path(__file__).parent.parent))


def __getattr__(name: str) -> Any:
    # Imported at first use, so that `--help` does not wait for numpy.
    if name == "Comparison":
        from nasbench_lab.comparison.specification import Comparison

        return Comparison
    if name == "compare":
        from nasbench_lab.comparison.execution import compare

        return compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
