import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nasbench_lab.benchmarks.surrogates.seen import SeenValues

numbers = st.sampled_from([0.0, 0.1, 1 / 3, 1.0, 7.0])


@given(
    fitted=arrays(np.float32, (5, 3), elements=numbers.map(np.float32)),
    asked=arrays(np.float32, (8, 3), elements=numbers.map(np.float32)),
)
def test_a_row_is_outside_if_one_of_its_values_was_never_seen(fitted, asked):
    seen = SeenValues.among(fitted)
    seen.check(3)
    expected = [any(row[j] not in fitted[:, j] for j in range(3)) for row in asked]
    assert seen.outside(asked).tolist() == expected
    assert not seen.outside(fitted).any()


def test_nothing_asked_is_nothing_outside():
    assert SeenValues.among(np.zeros((2, 3), dtype=np.float32)).outside(
        np.zeros((0, 3), dtype=np.float32)
    ).shape == (0,)
