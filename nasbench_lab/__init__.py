"""nasbench_lab: honest comparisons of neural architecture search algorithms."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_lab.version import __version__

if TYPE_CHECKING:
    from nasbench_lab.comparison.execution import compare
    from nasbench_lab.comparison.specification import Comparison

__all__ = ["Comparison", "__version__", "compare"]

# In a source tree, `benchmarks` and `algorithms` are links to folders beside this one. If the links are
# missing (Windows does not create them by default), Python also looks beside this folder.
if not (Path(__file__).parent / "benchmarks" / "__init__.py").exists():
    __path__.append(str(Path(__file__).parent.parent))


def __getattr__(name: str) -> Any:
    # Imported at first use: `--help` must not wait for numpy.
    if name == "Comparison":
        from nasbench_lab.comparison.specification import Comparison

        return Comparison
    if name == "compare":
        from nasbench_lab.comparison.execution import compare

        return compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
