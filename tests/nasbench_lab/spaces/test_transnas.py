"""The spaces of TransNAS-Bench-101, against published facts and against networks worked out by hand."""

from collections import Counter
from itertools import product

import numpy as np
import pytest

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces.transnas import SPACES

micro, macro = SPACES


def test_published_forms():
    assert micro.parse("64-41414-1_02_333") == (1, 0, 2, 3, 3, 3)
    assert micro.format((3, 3, 3, 2, 1, 2)) == "64-41414-3_33_212"
    for text in ("64-1234-basic", "64-4111-basic", "64-43243-basic", "64-2311-basic", "64-111234-basic"):
        assert macro.format(macro.parse(text)) == text
    assert macro.parse("64-1234-basic") == (0, 1, 2, 3, 0, 0)
    assert macro.parse("64-43243-basic") == (3, 2, 1, 3, 3, 0)


def test_as_many_are_valid_as_published():
    assert micro.size == 4_096
    valid = [a for a in map(macro.architecture, range(macro.size)) if macro.is_valid(a)]
    assert len(valid) == 3_256
    assert len({macro.format(architecture) for architecture in valid}) == 3_256
    assert Counter(len(macro.modules(architecture)) for architecture in valid) == {4: 210, 5: 750, 6: 2_296}


def test_every_skeleton_is_reached_by_single_changes():
    start = macro.parse("64-1234-basic")
    reached, border = {start}, [start]
    while border:
        border = [other for one in border for other in macro.neighbors(one) if other not in reached]
        border = list(dict.fromkeys(border))
        reached.update(border)
    assert len(reached) == 3_256


@pytest.mark.parametrize(
    "text",
    [
        "64-1111-basic",  # halves nothing and doubles nothing
        "64-3333-basic",  # doubles nothing
        "64-2111-basic",  # halves nothing
        "64-4444-basic",  # doubles four times
        "64-333334-basic",  # halves six times
        "64-411-basic",
        "64-4111111-basic",
        "64-11112111-basic",
        "64-4110-basic",
        "64-4115-basic",
        "32-4111-basic",
        "64-4111",
        "64-4111-basic\n",
        "64-٤111-basic",
    ],
)
def test_other_skeletons_are_refused(text):
    with pytest.raises(UsageError, match="is not an architecture of transnas_macro; one would be '64-"):
        macro.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "64-41414-1_02_334",
        "64-41414-1_02_33",
        "64-41414-102333",
        "64-41414-1-02-333",
        "64-1234-1_02_333",
        "3_33_333",
    ],
)
def test_other_cells_are_refused(text):
    with pytest.raises(UsageError, match="is not an architecture of transnas_micro; one would be '64-41414-"):
        micro.parse(text)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("3_33_330", "0_30_303"),  # node 2 leads nowhere; then nodes 1 and 2 swapped
        ("3_30_302", "0_30_302"),  # node 1 leads nowhere
        ("3_33_300", "0_00_300"),  # both lead nowhere
        ("0_10_013", "0_10_003"),  # nothing to skip
        ("0_01_001", "0_00_000"),  # one skip loses its input, then the other
        ("0_02_001", "0_02_001"),  # a convolution of zeros gives its bias
        ("3_20_012", "2_30_021"),  # nodes 1 and 2 swapped
        ("2_30_021", "2_30_021"),
        ("1_02_333", "1_02_333"),
    ],
)
def test_equal_cells_have_one_form(written, canonical):
    cell = micro.canonical(micro.parse(f"64-41414-{written}"))
    assert micro.format(cell) == f"64-41414-{canonical}"


def outputs(cell, weights, biases):
    """A cell on numbers; each edge is a different function, and so is a skip from the input.

    `weights` and `biases` have a random value for each pair of nodes and operation. Two cells that differ
    only by a swap of nodes 1 and 2 are equal, so the result is summed over both numberings of these nodes.
    """
    total = 0.0
    for names in ((0, 1, 2, 3), (0, 2, 1, 3)):
        nodes = [1.7, 0.0, 0.0, 0.0]
        for (source, target), operation in zip(
            ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)), cell, strict=True
        ):
            key = names[source], names[target], operation
            if operation >= 2 or (operation == 1 and source == 0):
                nodes[target] += np.tanh(nodes[source] * weights[key]) + biases[key]
            elif operation == 1:
                nodes[target] += nodes[source]
        total += nodes[3] ** 2
    return total


def test_only_cells_that_compute_the_same_are_held_to_be_the_same():
    rng = np.random.default_rng(0)
    keys = list(product(range(4), range(4), range(4)))
    weights, biases = ({key: rng.normal() for key in keys} for _ in range(2))
    for index in range(micro.size):
        cell = micro.architecture(index)
        assert micro.canonical(micro.canonical(cell)) == micro.canonical(cell)
        assert outputs(micro.canonical(cell), weights, biases) == pytest.approx(
            outputs(cell, weights, biases)
        )
    assert len({micro.canonical(micro.architecture(i)) for i in range(micro.size)}) == 2_328
