import dataclasses
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pandas as pd

from nasbench_lab.report.plots import ranks

Make = Callable[..., Any]


def with_ranks(make: Make, p_values: list[float]) -> tuple[Any, Any]:
    """Four algorithms of ranks 1 to 4, and Nemenyi's p-values of the pairs 12, 13, 14, 23, 24, 34."""
    results, tables = make(algorithms=4)
    pairs = pd.DataFrame(combinations(results.algorithms, 2), columns=["first", "second"])
    return results, dataclasses.replace(
        tables,
        ranks=tables.ranks.assign(mean_rank=[1.0, 2.0, 3.0, 4.0], critical_difference=2.5),
        rank_pairs=pairs.assign(p_nemenyi=p_values),
    )


def test_bars_join_the_longest_stretches_not_shown_to_differ(make: Make) -> None:
    results, tables = with_ranks(make, [0.5, 0.2, 0.01, 0.5, 0.2, 0.5])
    one, two, three, four = results.algorithms
    assert ranks.cliques([one, two, three, four], tables) == [(one, three), (two, four)]
    lines = ranks.draw(results, tables).axes[0].lines
    bars = [line for line in lines if str(line.get_gid()).startswith("not-shown")]
    assert len(bars) == 2


def test_no_bar_where_all_differ(make: Make) -> None:
    results, tables = with_ranks(make, [0.01] * 6)
    assert ranks.cliques(list(results.algorithms), tables) == []


def test_every_algorithm_is_named_with_its_rank(make: Make) -> None:
    texts = [text.get_text() for text in ranks.draw(*with_ranks(make, [0.5] * 6)).axes[0].texts]
    assert {"Random search  1.00", "4.00  Genetic algorithm", "Critical difference 2.50"} <= set(texts)


def test_not_computable_with_two_algorithms(make: Make) -> None:
    assert not ranks.computable(make(algorithms=2)[1])
    assert ranks.computable(make(algorithms=3)[1])
