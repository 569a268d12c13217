import json
from typing import Any

import pytest

from nasbench_lab.comparison.specification import DEFAULT_EVALUATIONS, Comparison, read_comparison
from nasbench_lab.errors import UsageError


def test_survives_json():
    comparison = Comparison(benchmark=("a/b",), budget_seconds=(1.5, 2), seeds=3, training_seed="777")
    text = json.dumps(comparison.to_json())
    assert Comparison.from_json(json.loads(text), "here") == comparison


def test_lists_and_single_values_are_welcome():
    settings: dict[str, Any] = {"benchmark": ["a/b"], "budget_seconds": 5}
    assert Comparison(**settings).budget_seconds == (5,)
    assert Comparison(benchmark="a/b").benchmark == ("a/b",)  # type: ignore[arg-type]


def test_without_any_budget_it_is_a_number_of_evaluations():
    assert Comparison().budget_evaluations == DEFAULT_EVALUATIONS
    assert Comparison(budget_seconds=(5,)).budget_evaluations is None
    assert Comparison(budget_real_seconds=5).budget_evaluations is None


def test_a_setting_for_each_task_or_one_for_all():
    assert Comparison(budget_seconds=(5,)).per_task("budget_seconds", 3) == [5, 5, 5]
    assert Comparison(budget_seconds=(5, 6)).per_task("budget_seconds", 2) == [5, 6]
    assert Comparison().per_task("budget_seconds", 2) == [None, None]
    with pytest.raises(
        UsageError, match="one number for all tasks or one for each; received 2 numbers for 3"
    ):
        Comparison(budget_seconds=(5, 6)).per_task("budget_seconds", 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"benchmark": ()}, "at least one benchmark and one algorithm"),
        ({"algorithms": ()}, "at least one benchmark and one algorithm"),
        ({"seeds": 0}, "seeds is 1 or more; received 0"),
        (
            {"only_listed": True, "fallback": ("live",)},
            "no fallback is ever asked; leave one of the two out; received fallback live",
        ),
        ({"root_seed": -1}, "root_seed is 0 or more; received -1"),
        ({"epochs": 0}, "epochs is 1 or more; received 0"),
        ({"over_budget": "maybe"}, "over_budget takes 'include' or 'discard'; received 'maybe'"),
        ({"budget_evaluations": 5.5}, "budget_evaluations takes a whole number or none; received 5.5"),
        ({"seeds": "3"}, "seeds takes a whole number; received '3'"),
        ({"algorithms": (3,)}, r"algorithms takes a list with a text in each place; received \(3,\)"),
    ],
)
def test_refuses_what_makes_no_sense(settings, message):
    with pytest.raises(UsageError, match=message):
        Comparison(**settings)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not a comparison.json: it is empty"),
        ("{", "is not a comparison.json: Expecting property name"),
        ("[]", "has no 'comparison' in it"),
        ('{"comparison": 3}', "has no 'comparison' in it"),
        ('{"comparison": {"seed": 3}}', "comparison.json: unknown setting 'seed'; did you mean 'seeds'"),
        ('{"comparison": {"seeds": "many"}}', "comparison.json: seeds takes a whole number; received 'many'"),
        ('{"comparison": {"seeds": true}}', "seeds takes a whole number; received True"),
        (
            '{"comparison": {"benchmark": [3]}}',
            r"benchmark takes a list with a text in each place; received \[3\]",
        ),
        (
            '{"comparison": {"budget_seconds": ["x"]}}',
            r"budget_seconds takes a list with a number in each place; received \['x'\]",
        ),
        (
            '{"comparison": {"budget_real_seconds": "x"}}',
            "budget_real_seconds takes a number or none; received 'x'",
        ),
        (
            '{"comparison": {"over_budget": "maybe"}}',
            "over_budget takes 'include' or 'discard'; received 'maybe'",
        ),
        ('{"comparison": {"protocol": null}}', "protocol takes a text; received None"),
    ],
)
def test_says_what_is_wrong_with_a_stored_one(tmp_path, content, message):
    path = tmp_path / "comparison.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=message):
        read_comparison(path)


def test_says_that_a_stored_one_is_absent(tmp_path):
    with pytest.raises(UsageError, match=r"there is no file .*comparison.json"):
        read_comparison(tmp_path / "comparison.json")
