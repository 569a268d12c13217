"""Write a ledger: `ledger.csv` with every number, `ledger.md` to read, and the picture."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from nasbench_lab.files import replacing
from nasbench_lab.report.plots.gallery import save
from nasbench_lab.report.wording import signed
from nasbench_lab.reproduction.judging import CONFIDENCE
from nasbench_lab.reproduction.ledger import Entry
from nasbench_lab.reproduction.picture import draw

HEADINGS = (
    "Claim",
    "Published",
    "Ours",
    "Difference",
    f"{CONFIDENCE:.0%} interval",
    "Holds",
    "Other reading",
)


def write(entries: Sequence[Entry], folder: Path) -> None:
    """Write the ledger into a folder; the same entries give the same bytes."""
    for name, text in (("ledger.csv", frame(entries).to_csv(index=False)), ("ledger.md", markdown(entries))):
        with replacing(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    save(draw(entries), folder, "ledger")


def frame(entries: Sequence[Entry]) -> pd.DataFrame:
    """One row per claim, with every number and every fact of it."""
    rows = []
    for entry in entries:
        claim, ours = entry.claim, entry.judgement
        rows.append(
            {
                "claim": claim.name,
                "paper": claim.paper,
                "place": claim.place,
                "claimed": claim.claimed,
                "unit": claim.unit,
                "data_set": claim.data_set,
                "first_hand": claim.first_hand,
                "published": claim.value,
                "published_std": math.nan if claim.spread is None else claim.spread,
                "published_runs": claim.runs,
                "published_runs_known": claim.runs_known,
                "mean": ours.ours,
                "std": ours.spread,
                "runs": ours.runs,
                "difference": ours.difference,
                "difference_low": ours.low,
                "difference_high": ours.high,
                "holds": ours.holds,
                "other_reading": entry.beside,
                "note": claim.note,
            }
        )
    return pd.DataFrame(rows)


def markdown(entries: Sequence[Entry]) -> str:
    """The ledger as a table and notes below it."""
    held = sum(entry.judgement.holds for entry in entries)
    lines = [
        "# Published claims, run here",
        "",
        f"{held} of {len(entries)} claims hold. A claim holds if 0 lies inside the {CONFIDENCE:.0%} interval"
        " of ours minus the published number. The interval has the standard errors of both sides (Welch's)."
        " If no published spread is known here (\\*), ours stands for it. If the published number of runs is"
        " not known (†), that of the paper's protocol stands for it. Numbers without ‡ were read in a"
        " quotation.",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "| --- |" + " ---: |" * 4 + " --- | ---: |",
        *(_row(entry) for entry in entries),
        "",
        "Other reading: the final incumbent's accuracy, if the claim is judged by the paper's own reading at"
        " the budget.",
    ]
    papers: dict[str, list[Entry]] = {}
    for entry in entries:
        papers.setdefault(f"{entry.claim.paper} ({entry.claim.place})", []).append(entry)
    for paper, of_paper in papers.items():
        lines += ["", f"## {paper}", "", f"n = {_runs(of_paper)}.", ""]
        lines += [f"- `{entry.claim.name}`: {entry.claim.claimed} {entry.claim.note}" for entry in of_paper]
    return "\n".join(lines) + "\n"


def _row(entry: Entry) -> str:
    claim, ours = entry.claim, entry.judgement
    marks = "\\*" * (claim.spread is None) + "†" * (not claim.runs_known) + "‡" * claim.first_hand
    published = f"{claim.value:.2f}" + ("" if claim.spread is None else f" ± {claim.spread:.2f}") + marks
    cells = (
        f"`{claim.name}`",
        published,
        f"{ours.ours:.2f} ± {ours.spread:.2f}",
        signed(ours.difference),
        f"{signed(ours.low)} to {signed(ours.high)}",
        "yes" if ours.holds else "**no**",
        "" if math.isnan(entry.beside) else f"{entry.beside:.2f}",
    )
    return "| " + " | ".join(cells) + " |"


def _runs(entries: Sequence[Entry]) -> str:
    """The numbers of runs of both sides."""
    both = {(entry.claim.runs, entry.claim.runs_known, entry.judgement.runs) for entry in entries}
    return "; ".join(
        f"{theirs:,} {'published' if known else 'assumed'} runs, {ours:,} of ours"
        for theirs, known, ours in sorted(both)
    )
