"""Rules that only the size space of NATS-Bench has; the conformance tests check the rest."""

import itertools

import pytest

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import find_space

space = find_space("nats_sss")


def test_size_and_order_are_the_official_ones():
    """The official order comes from nested loops over the stages, with the last stage innermost."""
    channels = [8 * times for times in range(1, 9)]
    official = [":".join(map(str, choice)) for choice in itertools.product(channels, repeat=5)]
    assert len(official) == 32_768
    assert [space.format(space.architecture(index)) for index in range(space.size)] == official


@pytest.mark.parametrize(
    "text", ["8:8:8:8", "8:8:8:8:8:8", "8:8:8:8:72", "08:8:8:8:8", "8:8:8:8:8 ", "8:8:8:8:0"]
)
def test_other_channels_are_refused(text):
    with pytest.raises(UsageError, match="is not an architecture of nats_sss; one would be"):
        space.parse(text)
