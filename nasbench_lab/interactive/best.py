"""The best architectures that the runs of a comparison ended with: how often, by whom, as pictures."""

from collections.abc import Mapping, Sequence
from typing import Any, overload

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nasbench_lab.comparison.results import Results
from nasbench_lab.errors import UsageError
from nasbench_lab.interactive.markup import note, table
from nasbench_lab.interactive.selection import chosen_tasks
from nasbench_lab.report.best import Found, best_of, row_of
from nasbench_lab.report.plots.architecture import architecture_svg
from nasbench_lab.report.plots.architectures import draw_found, draw_found_on, title_of
from nasbench_lab.report.tables import COLUMNS, rows_of
from nasbench_lab.report.wording import names_of
from nasbench_lab.settings import checked

ROWS = 20
"""The most architectures that are shown at once; in a notebook each has a picture, which takes a moment."""
PICTURE = (2.8, 1.7)
"""The width and height of a picture in the table, in inches."""
TEXT = Markup('<code style="display:block;max-width:36em;overflow-wrap:anywhere">{}</code>')


class BestArchitectures:
    """The best architectures found, best first. A notebook shows them as a table with pictures.

        best = results.best(3)
        best.frame
        best.draw()

    Attributes:
        frame: one row per architecture, with the columns of `architectures` in
            `nasbench_lab.report.tables.Tables`.
        found_by: the same runs as numbers, one row per architecture and algorithm. Its columns are `task`,
            `rank`, `architecture`, `algorithm` and `runs`.
    """

    def __init__(self, found: Sequence[Found], names: Mapping[str, str]) -> None:
        self._found = tuple(found)
        self._names = names
        self.frame = pd.DataFrame(
            [row_of(each, names) for each in found], columns=COLUMNS["architectures"].split()
        )
        self.found_by = pd.DataFrame(
            [
                (each.card.name, each.rank, each.text, label, runs)
                for each in found
                for label, runs in each.runs.most_common()
            ],
            columns=["task", "rank", "architecture", "algorithm", "runs"],
        )

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        lines = [
            f"{title_of(each, of_several_tasks=self._of_several_tasks).replace(chr(10), ', ')}"
            f" ({row['found_by']}): {row['architecture']}"
            for each, row in zip(self._found[:ROWS], rows_of(self.frame), strict=False)
        ]
        left = len(self._found) - ROWS
        return "\n".join([*lines, f"and {left} more in its attribute frame"] if left > 0 else lines)

    @overload
    def draw(self, ax: None = None) -> Figure: ...

    @overload
    def draw(self, ax: Axes | Sequence[Axes] | NDArray[Any]) -> list[Axes]: ...

    def draw(self, ax: Axes | Sequence[Axes] | NDArray[Any] | None = None) -> Figure | list[Axes]:
        """Draw each architecture in a panel of its own, with its rank, accuracy and runs in a line.

            results.best(2).draw(plt.subplots(1, 2)[1])

        Args:
            ax: axes of your own, as many as architectures; by default a new figure is made.

        Returns:
            The figure, or the list of the axes if they were given.

        Raises:
            UsageError: there is no architecture, since every run failed; or another number of axes.
        """
        if not self._found:
            raise UsageError("there is no architecture to draw: no run gave a result")
        if ax is None:
            return draw_found(self._found)
        own = list(np.ravel(np.array(ax, dtype=object)))
        if len(own) != len(self._found) or not all(isinstance(each, Axes) for each in own):
            raise UsageError(
                f"ax is one Axes of Matplotlib for each of {len(self._found)} architectures; received"
                f" {ax!r:.80}"
            )
        draw_found_on(own, self._found)
        return own

    def _repr_html_(self) -> str:
        titles = ["Task"] * self._of_several_tasks + [
            "",
            "Accuracy",
            "Regret",
            "Runs",
            "Found by",
            "Architecture",
        ]
        rows = []
        for found in self._found[:ROWS]:
            row = row_of(found, self._names)
            numbers = (found.card.number(float(row[name])) for name in ("accuracy", "regret"))
            rows.append(
                [
                    *[found.card.title] * self._of_several_tasks,
                    f"{found.rank}.",
                    *numbers,
                    str(row["runs"]),
                    str(row["found_by"]),
                    _picture(found) + TEXT.format(found.text),
                ]
            )
        shown = table(titles, rows, numbers=("", "Accuracy", "Regret", "Runs"))
        left = len(self._found) - ROWS
        return str(shown + note(f"{left} more are in its attribute frame.") if left > 0 else shown)

    @property
    def _of_several_tasks(self) -> bool:
        return len({found.card.name for found in self._found}) > 1


def best(results: Results, n: int = 10, task: str | None = None) -> BestArchitectures:
    """The `n` best architectures of each task; see `ComparisonResults.best`."""
    n = checked("n", n, int)
    if n < 1:
        raise UsageError(f"n is the number of architectures, 1 or more; received {n}")
    shown = [found for card in chosen_tasks(results, task) for found in best_of(results, card)[:n]]
    return BestArchitectures(shown, names_of(results))


def _picture(found: Found) -> Markup:
    """The picture inside the page, on white, since its lines are dark."""
    if found.space is None:
        return Markup()
    width, height = PICTURE
    graphs = found.space.graphs(found.architecture)
    if not any(graph.edges for graph in graphs):
        # A list of decisions needs a row for every three of them, about.
        height = min(height, 0.2 + 0.2 * sum(len(graph.nodes) for graph in graphs))
    picture = Markup(architecture_svg(found.space, found.architecture, width, height))
    return Markup('<div style="background:white;display:inline-block">{}</div>').format(picture)
