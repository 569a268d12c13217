"""How well surrogates of NAS-Bench-201 rank what they were not fitted on.

    python -m tests.performance.surrogates --out results/surrogates

The cells to fit on are drawn in two ways, which answer different questions. `cells` draws from all 15,625,
as published figures do; some of the other cells are functionally equal to a fitted one. `distinct cells`
draws from the 6,466 distinct ones and takes all their equals, as `fit_surrogate` does; the surrogate has not
seen the other cells in any form. The table is needed: `python -m nasbench_lab.data import nasbench201 FILE`.
"""

import argparse
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from scipy.stats import kendalltau

from nasbench_lab import __version__
from nasbench_lab.benchmarks.library import open_table
from nasbench_lab.benchmarks.surrogates.fit import FOLDS
from nasbench_lab.benchmarks.surrogates.forest import join
from nasbench_lab.benchmarks.surrogates.models import MODELS

FRACTIONS = (0.01, 0.05, 0.2)
BAR = 0.75


def measured(models: list[str], draws: int) -> pd.DataFrame:
    """One row for each quantity of CIFAR-10, model, way of drawing, fraction and draw."""
    table = open_table("nasbench201")
    data = table.data_set("cifar10")
    space = data.search_space
    cells = [space.architecture(index) for index in range(space.size)]
    distinct = np.unique([space.index(space.canonical(cell)) for cell in cells], return_inverse=True)[1]
    features = space.features(cells)
    training = data.trainings[200]
    assert training.test_accuracy is not None
    assert training.valid_accuracy is not None
    quantities = {
        "test accuracy": np.nanmean(training.test_accuracy.values[:, -1], axis=1),  # noqa: PD011
        "validation accuracy": np.nanmean(training.valid_accuracy.values[:, -1], axis=1),  # noqa: PD011
    }
    rows = []
    for draw in range(draws):
        for drawn, kinds in (("cells", np.arange(len(cells))), ("distinct cells", distinct)):
            kind = np.random.default_rng(draw).permutation(kinds.max() + 1)[kinds]
            for fraction in FRACTIONS:
                fitted = np.flatnonzero(kind < round(fraction * (kinds.max() + 1)))
                rest = np.setdiff1d(np.arange(len(cells)), fitted)
                fold = kind[fitted] % FOLDS
                for quantity, values in quantities.items():
                    for model in models:
                        members = [
                            MODELS[model](
                                features[fitted][fold != each], values[fitted][fold != each], draw + each
                            )
                            for each in range(FOLDS)
                        ]
                        predicted = join(members, 1 / FOLDS).predict(features[rest])
                        rows.append(
                            {
                                "quantity": quantity,
                                "model": model,
                                "drawn": drawn,
                                "fraction": fraction,
                                "draw": draw,
                                "cells_fitted": len(fitted),
                                "distinct_cells_fitted": len(np.unique(distinct[fitted])),
                                "cells_held_out": len(rest),
                                "kendall_tau": kendalltau(predicted, values[rest]).statistic,
                                "r2": 1 - np.mean((predicted - values[rest]) ** 2) / values[rest].var(),
                            }
                        )
        print(f"draw {draw + 1} of {draws}", flush=True)
    return pd.DataFrame(rows).assign(table_digest=table.digest)


def draw(frame: pd.DataFrame, note: str, path: Path) -> None:
    """Plot the mean and standard deviation over the draws, and a line at `BAR`."""
    sns.set_theme(context="paper", style="ticks", palette="colorblind")
    figure, panels = plt.subplots(1, 2, figsize=(7.2, 3.3), sharey=True, layout="constrained")
    for panel, (quantity, part) in zip(panels, frame.groupby("quantity", sort=False), strict=True):
        sns.lineplot(
            part.assign(percent=100 * part["fraction"]),
            x="percent",
            y="kendall_tau",
            hue="model",
            style="drawn",
            errorbar="sd",
            err_style="bars",
            markers=True,
            ax=panel,
            legend=panel is panels[0],
        )
        panel.axhline(BAR, color="0.6", linewidth=0.8)
        panel.set(
            xscale="log", xlabel="Fitted on (%)", ylabel="Kendall τ on the rest", title=f"CIFAR-10 {quantity}"
        )
        panel.set_xticks([100 * fraction for fraction in FRACTIONS], [f"{100 * f:g}" for f in FRACTIONS])
        panel.minorticks_off()
    panels[0].legend(frameon=False, fontsize="x-small", loc="lower right")
    sns.despine(figure)
    figure.suptitle("Surrogates of NAS-Bench-201, 200 epochs", fontsize="medium")
    figure.supxlabel(note, fontsize=5.5, color="0.4")
    figure.savefig(path, dpi=200, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("results/surrogates"))
    parser.add_argument("--models", nargs="+", default=["gradient_boosting", "extra_trees"], choices=MODELS)
    parser.add_argument("--draws", type=int, default=5)
    settings = parser.parse_args()
    frame = measured(settings.models, settings.draws)
    settings.out.mkdir(parents=True, exist_ok=True)
    digest = frame["table_digest"].iloc[0]
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scikit-learn"))
    note = (
        f"mean ± standard deviation over {settings.draws} draws; nasbench_lab {__version__}, {versions},"
        f" {platform.machine()} {platform.system()}, {datetime.now(UTC):%Y-%m-%d}; table {digest[:12]}"
    )
    with (settings.out / "nasbench201.csv").open("w", encoding="utf-8") as file:
        file.write(f"# {note}\n")
        frame.to_csv(file, index=False, float_format="%.6g")
    draw(frame, note, settings.out / "nasbench201.png")
    groups = frame.groupby(["quantity", "drawn", "model", "fraction"], sort=False)["kendall_tau"]
    print(groups.agg(["count", "mean", "std", "min"]).round(3).to_string())


if __name__ == "__main__":
    main()
