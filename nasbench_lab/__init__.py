"""nasbench_lab: honest comparisons of neural architecture search algorithms."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Comparison", "__version__", "compare"]

if TYPE_CHECKING:
    from nasbench_lab.comparison import Comparison
    from nasbench_lab.experiment import compare


def _refuse_strangers() -> None:
    """`benchmarks` and `algorithms` are common names: make sure that Python found ours."""
    home = Path(__file__).resolve().parent.parent
    for name in ("benchmarks", "algorithms"):
        spec = find_spec(name)
        found = Path(spec.origin).resolve() if spec and spec.origin else None
        if found != home / name / "__init__.py":
            raise ImportError(
                f"nasbench_lab needs its own package {name!r} at {home / name}, but Python finds"
                f" {found or 'none'} first; run from another folder, or start Python with -P"
            )


_refuse_strangers()


def __getattr__(name: str) -> Any:
    # On first use, so that `--help` does not wait for numpy.
    if name == "Comparison":
        from nasbench_lab.comparison import Comparison

        return Comparison
    if name == "compare":
        from nasbench_lab.experiment import compare

        return compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
