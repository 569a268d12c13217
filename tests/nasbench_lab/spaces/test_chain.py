"""Rules that only plain chains have; the conformance tests check the rest."""

import numpy as np
import pytest

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import Architecture
from nasbench_lab.spaces.chain import SPACES, Conv, Dense, Dropout, Layers, Pool

(space,) = SPACES
CONV, DENSE = (0,) * 7, (0,) * 4


def test_decisions_and_layers():
    conv, dense = (1, 0, 1, 1, 0, 1, 0), (1, 1, 2, 1)
    architecture = (*conv, *CONV * 4, *dense, *DENSE)
    assert space.format(architecture) == "conv3x3-32-s2-relu|pool|fc-128-tanh|dropout-0.25"
    assert space.layers(architecture) == (Conv(3, 32, 2, "relu"), Pool(), Dense(128, "tanh"), Dropout(0.25))
    assert len(space.cardinalities) == 5 * 7 + 2 * 4


def test_absent_layers_are_in_parentheses_and_make_no_difference():
    written = "(conv5x5-64-s2-tanh|pool)|conv3x3-16-s1-relu|(fc-64-relu)|fc-64-tanh"
    architecture = space.parse(written)
    assert space.layers(architecture) == (Conv(3, 16, 1, "relu"), Dense(64, "tanh"))
    assert space.format(space.canonical(architecture)) == "conv3x3-16-s1-relu|fc-64-tanh"


def test_canonical_texts_have_no_parentheses_and_the_same_layers():
    rng = np.random.default_rng(0)
    for _ in range(300):
        architecture = space.sample(rng)
        canonical = space.canonical(architecture)
        assert space.layers(canonical) == space.layers(architecture)
        assert space.format(canonical) == "|".join(map(str, space.layers(architecture)))
        assert space.parse(space.format(canonical)) == canonical


def test_equal_layers_are_one_canonical_architecture():
    rng = np.random.default_rng(1)
    canonical: dict[Layers, Architecture] = {}
    for _ in range(2000):
        architecture = space.sample(rng)
        layers = space.layers(architecture)
        assert canonical.setdefault(layers, space.canonical(architecture)) == space.canonical(architecture)
    assert len(canonical) > 1000


def test_without_layers_it_is_no_architecture():
    assert not space.is_valid((0,) * len(space.cardinalities))
    assert space.is_valid((*CONV * 5, *DENSE, 1, 0, 0, 0))
    with pytest.raises(UsageError, match="is not an architecture of chain"):
        space.parse("(conv3x3-32-s1-relu)")


def test_resolution_is_halved_at_most_three_times():
    space.parse("conv3x3-16-s2-relu|pool|conv3x3-16-s2-relu")
    # An absent layer halves nothing.
    space.parse("conv3x3-16-s2-relu|pool|(conv3x3-16-s2-relu|pool)|conv3x3-16-s2-relu")
    with pytest.raises(UsageError, match="is not an architecture of chain"):
        space.parse("conv3x3-16-s2-relu|pool|conv3x3-16-s2-relu|pool")


@pytest.mark.parametrize(
    "text",
    [
        "pool",
        "dropout-0.25",
        "fc-64-relu|conv3x3-16-s1-relu",
        "fc-64-relu|pool",
        "conv3x3-16-s1-relu|dropout-0.25|pool",
        "conv3x3-16-s1-relu|pool|pool",
        "conv3x5-16-s1-relu",
        "conv3x3-17-s1-relu",
        "conv3x3-16-s1-relu|",
        "conv3x3-16-s1-relu|(conv3x3-16-s1-relu)",
        "|".join(["conv3x3-16-s1-relu"] * 6),
        "|".join(["fc-64-relu"] * 3),
        "fc-64-relu|dropout-0.250",
        "fc-064-relu",
        "FC-64-relu",
    ],
)
def test_other_chains_are_refused(text):
    with pytest.raises(UsageError, match="is not an architecture of chain; one would be"):
        space.parse(text)
