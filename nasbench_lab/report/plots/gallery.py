"""All figures of a comparison, and how they are saved."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

# Only the functions import Matplotlib: names alone are needed far more often than figures.
if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nasbench_lab.comparison.results import Results
    from nasbench_lab.report.tables import Tables


def all_figures(results: "Results", tables: "Tables") -> "dict[str, Callable[[], Figure]]":
    """A function that draws each figure suited to this comparison, by file name, in reading order."""
    return {
        name: partial(module.draw, results, tables) for name, module in _applicable(results, tables).items()
    }


def captions(results: "Results", tables: "Tables") -> dict[str, str]:
    """The caption of each of `all_figures`."""
    return {name: module.caption(results, tables) for name, module in _applicable(results, tables).items()}


def save(figure: "Figure", folder: Path, name: str) -> tuple[Path, Path]:
    """Write `name.png` (150 dpi) and `name.svg` into `folder`; the same figure gives the same bytes."""
    from matplotlib import rc_context

    from nasbench_lab.files import replacing
    from nasbench_lab.report.plots.style import STYLE

    png, svg = folder / f"{name}.png", folder / f"{name}.svg"
    with rc_context(STYLE):
        with replacing(png) as temporary:
            figure.savefig(temporary, format="png", dpi=150, metadata={"Software": None})
        # Both files share one layout; computing it again would take as long as drawing.
        figure.set_layout_engine("none")
        with replacing(svg) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
    return png, svg


def _applicable(results: "Results", tables: "Tables") -> dict[str, ModuleType]:
    from nasbench_lab.report.plots import (
        anytime,
        architectures,
        final,
        improvement,
        pairwise,
        ranks,
        targets,
    )

    figures = {"anytime": anytime, "final": final}
    if len(results.algorithms) > 1:
        figures["pairwise"] = pairwise
    figures["targets"] = targets
    if ranks.computable(tables):
        figures["ranks"] = ranks
    if improvement.computable(tables):
        figures["improvement"] = improvement
    if architectures.computable(results):
        figures["architectures"] = architectures
    return figures
