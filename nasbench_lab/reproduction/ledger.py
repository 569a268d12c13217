"""The ledger: claims in, comparisons to run out; stored runs in, a judgement of each claim out."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nasbench_lab.comparison.results import Results
from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.comparison.store import load_results
from nasbench_lab.errors import StoreError
from nasbench_lab.reproduction.claims import Claim
from nasbench_lab.reproduction.judging import Judgement, judge


@dataclass(frozen=True)
class Entry:
    """A claim and our answer.

    Attributes:
        claim: the claim.
        judgement: ours against it.
        beside: our mean by the claim's other reading; NaN if it has none.
    """

    claim: Claim
    judgement: Judgement
    beside: float


def place_of(folder: Path, store: str) -> Path:
    """The folder of a stored comparison."""
    return folder / "runs" / store


def comparisons_of(claims: Iterable[Claim]) -> dict[str, Comparison]:
    """The comparisons that answer claims, by the names of their stores.

    Claims that share everything but the algorithm are one comparison, and each algorithm is in it once.
    """
    comparisons: dict[str, Comparison] = {}
    for claim in claims:
        known = comparisons.setdefault(claim.store, claim.comparison)
        algorithms = dict.fromkeys((*known.algorithms, *claim.comparison.algorithms))
        comparisons[claim.store] = replace(known, algorithms=tuple(algorithms))
    return comparisons


def entries_of(claims: Sequence[Claim], folder: Path) -> list[Entry]:
    """Judge every claim whose runs are stored; the others are left out.

    Raises:
        TableError: a reading needs a table that is not here.
        UsageError: a claim has fewer than two runs with a value.
    """
    stored = {store: _stored(place_of(folder, store)) for store in {claim.store for claim in claims}}
    entries = []
    for claim in claims:
        results = stored[claim.store]
        runs = None if results is None else results.runs.get((results.tasks[0].name, claim.label))
        if runs is None:
            continue
        judgement = judge(claim.reading(runs, claim.comparison), claim.value, claim.spread, claim.runs)
        beside = math.nan
        if claim.beside is not None:
            beside = float(np.nanmean(claim.beside(runs, claim.comparison)))
        entries.append(Entry(claim, judgement, beside))
    return entries


def _stored(place: Path) -> Results | None:
    """A stored comparison; None if there is none, or an unfinished one."""
    if not (place / "comparison.json").exists():
        return None
    try:
        return load_results(place)
    except StoreError:
        return None
