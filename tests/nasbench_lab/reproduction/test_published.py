"""The list of claims: complete, unambiguous, and as the papers' protocols say."""

from dataclasses import replace

import pytest

from nasbench_lab.comparison.protocols import describe_protocol
from nasbench_lab.errors import UsageError
from nasbench_lab.reproduction.ledger import comparisons_of
from nasbench_lab.reproduction.published import all_claims, choose
from nasbench_lab.reproduction.reasons import REASONS

CLAIMS = {claim.name: claim for claim in all_claims()}


def test_names_are_unique():
    assert len(CLAIMS) == len(all_claims()) == 23


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_of_one_store_share_all_but_the_algorithm(name):
    claim = CLAIMS[name]
    for other in CLAIMS.values():
        if other.store == claim.store:
            assert replace(other.comparison, algorithms=claim.comparison.algorithms) == claim.comparison


@pytest.mark.parametrize("name", CLAIMS)
def test_no_root_seed_is_chosen(name):
    assert CLAIMS[name].comparison.root_seed == 0


@pytest.mark.parametrize("name", [name for name in CLAIMS if name.startswith("nats-bench/")])
def test_nats_bench_follows_its_protocol(name):
    comparison = CLAIMS[name].comparison
    seconds = {"cifar10": 20_000, "cifar100": 40_000, "imagenet16-120": 120_000}
    assert comparison.budget_seconds == (seconds[name.rpartition("/")[2]],)
    assert (comparison.seeds, comparison.epochs, comparison.over_budget) == (500, 12, "include")
    changed = describe_protocol(comparison)
    assert "epochs" not in changed
    assert "seeds" not in changed


def test_every_reason_is_one_of_a_claim():
    for name, reason in REASONS.items():
        assert CLAIMS[name].note.endswith(reason)


def test_claims_that_share_a_comparison_run_once():
    comparisons = comparisons_of(all_claims())
    assert len(comparisons) == 8
    assert comparisons["nasbench201-cifar10"].algorithms == (
        "random_search",
        "reinforce",
        "regularized_evolution:population_size=10,sample_size=3",
    )


@pytest.mark.parametrize(
    ("names", "count"),
    [([], 23), (["nats-bench"], 6), (["nats-bench/reinforce/"], 3), (["simulation/reinforce/cifar10"], 1)],
)
def test_claims_are_chosen_by_the_beginning_of_their_names(names, count):
    assert len(choose(all_claims(), names)) == count


@pytest.mark.parametrize("name", ["nats-ben", "nats-bench/rein", "simulation/reinforce/cifar1"])
def test_a_part_of_a_word_is_no_name(name):
    with pytest.raises(UsageError, match=f"unknown claim '{name}'; did you mean "):
        choose(all_claims(), [name])
