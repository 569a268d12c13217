from dataclasses import FrozenInstanceError, replace

import pytest

from tests.live_training import made_outcome


def test_outcomes_are_values():
    outcome = made_outcome(2)
    assert outcome == made_outcome(2)
    assert hash(outcome) == hash(made_outcome(2))
    assert outcome != replace(outcome, failure="diverged")
    with pytest.raises(FrozenInstanceError):
        outcome.failure = "diverged"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        outcome.epochs[0].valid_accuracy = 100.0  # type: ignore[misc]
