"""The card of the embedded table: how well it agrees with the published one, and with itself.

    python -m tests.performance.embedded_table --out results/cifar10-mini

It needs the published table: `python -m nasbench_lab.data import nasbench201 FILE`.
"""

import argparse
import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from scipy.stats import spearmanr

from nasbench_lab.benchmarks.library import open_table
from nasbench_lab.benchmarks.live.measure import IMAGES, NAME
from nasbench_lab.benchmarks.tables.contents import DataSet
from nasbench_lab.benchmarks.tables.file import Table
from nasbench_lab.report.plots.architecture import draw_architecture
from nasbench_lab.report.plots.style import STYLE

LENGTH = 200  # epochs of the published training


def tested(data_set: DataSet, length: int) -> np.ndarray:
    """Test accuracies at the end of a training, in percent, shape `(cells, seeds)`."""
    test = data_set.trainings[length].test_accuracy
    assert test is not None
    return test.values[:, -1].astype(float)  # noqa: PD011


def rows(ours: np.ndarray, published: np.ndarray, distinct: np.ndarray) -> Iterator[dict[str, object]]:
    """Rank correlations, over all measured cells and over the better half of them."""
    seeds = range(ours.shape[1])
    pairs = {"mean of the seeds with the published table": (ours.mean(axis=1), published)}
    pairs |= {f"seed {seed} with the published table": (ours[:, seed], published) for seed in seeds}
    pairs |= {
        f"seed {first} with seed {second}": (ours[:, first], ours[:, second])
        for first, second in combinations(seeds, 2)
    }
    for which, chosen in (("every cell", np.ones(len(ours), bool)), ("distinct cells", distinct)):
        for compared, (one, other) in pairs.items():
            listed = chosen & np.isfinite(one + other)
            better = listed & (published >= np.median(published[listed]))
            for part, kept in (("all", listed), ("better half", better)):
                yield {
                    "cells": which,
                    "part": part,
                    "compared": compared,
                    "n": int(kept.sum()),
                    "spearman": spearmanr(one[kept], other[kept]).statistic,
                }


def scatter(ours: np.ndarray, published: np.ndarray, note: str, path: Path) -> None:
    """Plot the accuracy of each distinct cell in this table against its accuracy in the published table."""
    sns.set_theme(context="paper", style="ticks")
    figure, panels = plt.subplots(1, 2, figsize=(7.2, 3.4), layout="constrained")
    mean = np.nanmean(ours, axis=1)
    for panel, least, title in zip(
        panels, (0.0, float(np.median(published))), ("Distinct cells", "Better half"), strict=True
    ):
        kept = published >= least
        panel.scatter(published[kept], mean[kept], s=4, alpha=0.35, color="#0072B2", linewidths=0)
        correlation = spearmanr(published[kept], mean[kept]).statistic
        panel.set_title(f"{title}: Spearman {correlation:.2f} (n = {kept.sum():,})", fontsize=9)
        panel.grid(color="#E2E2E2", linewidth=0.6)
        panel.set_axisbelow(True)
    panels[0].set_ylabel("cifar10-mini: test accuracy (%)")
    sns.despine(figure)
    figure.supxlabel("NAS-Bench-201: CIFAR-10 test accuracy after 200 epochs (%)", fontsize=9)
    figure.text(0.995, 0.995, note, fontsize=5, color="0.4", ha="right", va="top")
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(rect=(0, 0, 1, 0.97))
    figure.savefig(path, dpi=150, metadata={"Software": None})
    plt.close(figure)


def draw_cell(table: Table, index: int, accuracies: tuple[float, float], path: Path) -> None:
    """Draw a cell with its accuracy here and as published."""
    space = table.data_set(IMAGES).search_space
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 2.5), layout="constrained")
        panel = figure.subplots()
        draw_architecture(panel, space, space.architecture(index))
        panel.set_title(
            "Best mean test accuracy of cifar10-mini: {:.2f} %\n(NAS-Bench-201, 200 epochs: {:.2f} %)".format(
                *accuracies
            ),
            fontweight="normal",
        )
        figure.savefig(path, dpi=150, metadata={"Software": None})


def main() -> None:
    """Print the card, and write it with its pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("results") / NAME)
    parser.add_argument("--table", type=Path, help="the table; by default the embedded one")
    settings = parser.parse_args()
    table = Table(settings.table) if settings.table else open_table(NAME)
    data_set = table.data_set(IMAGES)
    length = max(data_set.trainings)
    ours = tested(data_set, length)
    published = np.nanmean(tested(open_table("nasbench201").data_set("cifar10"), LENGTH), axis=1)
    space = data_set.search_space
    every = np.arange(space.size)
    distinct = space.canonical_indices(every) == every
    settings.out.mkdir(parents=True, exist_ok=True)
    card = pd.DataFrame(rows(ours, published, distinct))
    seconds = data_set.trainings[length].train_seconds
    assert seconds is not None
    measured = distinct & np.isfinite(ours).any(axis=1)
    repeated = distinct & np.isfinite(ours).all(axis=1) & (ours.shape[1] > 1)
    spent = seconds.values[measured, -1]  # noqa: PD011
    facts = {
        "title": table.title,
        "digest": table.digest,
        "trainings": int(np.isfinite(ours[distinct]).sum()),
        "seconds of a training, median": float(np.nanmedian(spent)),
        "seconds of a training, 5 % and 95 %": np.nanpercentile(spent, [5, 95]).round(2).tolist(),
        "standard deviation between seeds, root mean square (points)": float(
            np.sqrt(np.var(ours[repeated], axis=1, ddof=1).mean())
        )
        if repeated.any()
        else None,
        **table.provenance,
    }
    card.to_csv(settings.out / "card.csv", index=False, float_format="%.4f")
    (settings.out / "card.json").write_text(json.dumps(facts, indent=1) + "\n")
    note = f"table {table.digest[:12]}; {facts['trainings']:,} trainings; {table.provenance['devices']}"
    scatter(ours[measured], published[measured], note, settings.out / "scatter.png")
    best = int(np.flatnonzero(measured)[np.nanargmax(np.nanmean(ours[measured], axis=1))])
    accuracies = (float(np.nanmean(ours[best])), float(published[best]))
    draw_cell(table, best, accuracies, settings.out / "best_cell.png")
    print(card.to_string(index=False))
    print(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
