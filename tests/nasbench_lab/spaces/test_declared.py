import json

import numpy as np
import pytest

from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import find_space
from nasbench_lab.spaces.decisions import Categorical, Ordered
from nasbench_lab.spaces.declared import DeclaredSpace, space_from_settings
from tests.declared_spaces import CONDITIONS, LARGE, PLAIN

WHEN = {"values": ["a", "b"]}


def test_the_text_form_leaves_out_an_inactive_decision():
    text = "optimizer=sgd,momentum=0.9,nesterov=true,width=16,only=one"
    architecture = CONDITIONS.parse(text)
    assert CONDITIONS.values(architecture) == {
        "optimizer": "sgd",
        "momentum": 0.9,
        "nesterov": True,
        "width": 16,
        "only": "one",
    }
    other = (1, *architecture[1:])
    assert CONDITIONS.format(other) == "optimizer=adam,(momentum=0.9),(nesterov=true),width=16,only=one"
    assert CONDITIONS.format(CONDITIONS.canonical(other)) == "optimizer=adam,width=16,only=one"
    assert PLAIN.format((0, 0, 0, 0)) == "width=16,op=conv(3x3),rate=1e-05,bias=true"


def test_conditions_follow_each_other():
    for optimizer, momentum, expected in (
        (0, 0, [True, False]),
        (0, 1, [True, True]),
        (1, 1, [False, False]),
    ):
        assert CONDITIONS.active((optimizer, momentum, 0, 0, 0, 0))[1:3] == expected
    for optimizer, width, exists in ((1, 0, False), (1, 1, True), (1, 2, True), (0, 2, False)):
        assert CONDITIONS.active((optimizer, 0, 0, width, 0, 0))[4] == exists


def test_a_search_changes_active_decisions_only():
    rng = np.random.default_rng(0)
    for _ in range(300):
        architecture = CONDITIONS.sample(rng)
        for changed in (CONDITIONS.mutate(architecture, rng), *CONDITIONS.neighbors(architecture)):
            assert CONDITIONS.canonical(changed) != CONDITIONS.canonical(architecture)


def test_a_function_says_which_architectures_are_valid():
    space = DeclaredSpace(
        "valid",
        {
            "depth": Ordered(1, 2, 3),
            "width": Ordered(16, 32),
            "skip": Categorical(False, True, when={"depth": 3}),
        },
        valid=lambda values: values["width"] == 16 or "skip" in values,
    )
    rng = np.random.default_rng(0)
    assert not space.is_valid((0, 1, 0))
    assert space.is_valid((2, 1, 0))
    drawn = {space.sample(rng) for _ in range(500)}
    assert drawn == {(d, w, s) for d in range(3) for w in range(2) for s in range(2) if w == 0 or d == 2}
    assert all(space.is_valid(space.mutate(each, rng)) for each in drawn)
    assert all(map(space.is_valid, space.neighbors((2, 1, 0))))
    with pytest.raises(UsageError, match="is not an architecture of valid"):
        space.parse("depth=1,width=32")
    with pytest.raises(UsageError, match="a table cannot store a function; make the space a file"):
        _ = space.definition


def test_an_ordered_decision_is_one_number_for_a_model():
    features = PLAIN.features([(0, 0, 0, 0), (1, 1, 1, 1), (3, 3, 2, 0)])
    expected = [
        [0, 1, 0, 0, 0, 0, 1, 0],
        [1 / 3, 0, 1, 0, 0, 0.5, 0, 1],
        [1, 0, 0, 0, 1, 1, 1, 0],
    ]
    assert features == pytest.approx(np.array(expected, dtype=np.float64), rel=1e-6)


def test_a_definition_finds_the_same_space():
    space = find_space(CONDITIONS.definition)
    assert space is find_space(CONDITIONS.definition)
    assert space.definition == CONDITIONS.definition
    assert space.cardinalities == CONDITIONS.cardinalities
    rng = np.random.default_rng(0)
    for architecture in (LARGE.sample(rng) for _ in range(50)):
        assert find_space(LARGE.definition).format(architecture) == LARGE.format(architecture)


@pytest.mark.parametrize(
    ("value", "choice"),
    [
        ("16", 0), (" 32 ", 1), ("64.0", 2), (64.0, 2), (32, 1), ("sixteen", None), (True, None),
        (None, None), ([16], None), ("1e1", None), ("nan", None), ("true", None),
    ],
)  # fmt: skip
def test_a_value_is_found_as_the_number_it_is(value, choice):
    assert Ordered(16, 32, 64).find(value) == choice


def test_a_value_is_found_as_the_text_or_truth_value_it_is():
    decision = Categorical("relu", "1e1", 10, True)
    found = [decision.find(value) for value in ("relu", "1e1", "10", 10.0, "10.0", True, "TRUE", 1, False)]
    assert found == [0, 1, 2, 2, 2, 3, 3, None, None]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((), "a decision has 1 to 65,535 values; received 0"),
        (range(65_536), "a decision has 1 to 65,535 values; received 65,536"),
        (("a", "b", "a"), "each value is listed once; received 'a' twice"),
        ((16, "16"), "each value is listed once; received '16' twice"),
        ((16, 16.0), "each value is listed once; received '16' twice"),
        (("a,b",), "a text without a comma, a line break or blanks at its ends; received 'a,b'"),
        (("a\n",), r"blanks at its ends; received 'a\\n'"),
        (("",), "blanks at its ends; received ''"),
        ((float("nan"),), "a value is a finite number; received nan"),
        ((float("-inf"),), "a value is a finite number; received -inf"),
    ],
)
def test_values_that_make_no_decision_are_refused(values, message):
    with pytest.raises(UsageError, match=message):
        Categorical(*values)


@pytest.mark.parametrize(
    ("decisions", "message"),
    [
        ({}, "my-space has no decision with two or more values"),
        ({"a": {"values": ["x"]}}, "my-space has no decision with two or more values"),
        ({"a=b": WHEN}, r"without commas, line breaks, '=' and '\('; received 'a=b'"),
        ({"(a": WHEN}, r"without commas, line breaks, '=' and '\('; received '\(a'"),
        ({"a": 3}, r"decisions.a: a decision is written \{ values = \[...\] \}; received 3"),
        ({"a": {}}, "decisions.a: the setting 'values' is missing"),
        ({"a": {"values": 3}}, "decisions.a: values takes a list with .*; received 3"),
        ({"a": {"value": [3]}}, "decisions.a: unknown setting 'value'; did you mean 'values'"),
        ({"a": WHEN | {"ordered": "yes"}}, "decisions.a: ordered takes true or false; received 'yes'"),
        ({"a": WHEN | {"when": {"b": 1}}, "b": WHEN}, "condition of a 'b'. Known: none. Name it earlier"),
        ({"b": WHEN, "a": WHEN | {"when": {"b": "c"}}}, "condition of a takes values of b: a, b; received c"),
        (
            {"b": WHEN, "a": WHEN | {"when": {"b": []}}},
            "condition of a takes values of b: a, b; received none",
        ),
        ({f"d{i}": {"values": [1, 2]} for i in range(63)}, "has 9.2e.18 architectures; at most 9.2e.18 are"),
    ],
)
def test_settings_that_make_no_space_are_refused(decisions, message):
    with pytest.raises(UsageError, match=message):
        space_from_settings({"name": "my-space", "decisions": decisions})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "'{' does not define a search space"),
        ('{"a": ' * 100_000, "does not define a search space"),
        ("{}", "the setting 'name' is missing"),
        ('{"name": 3, "decisions": {}}', "name takes a text; received 3"),
        (json.dumps({"name": "nasbench201", "decisions": {"a": WHEN}}), "nasbench201 is a search space of"),
    ],
)
def test_a_wrong_definition_is_refused(text, message):
    with pytest.raises(UsageError, match=message) as raised:
        find_space(text)
    assert len(str(raised.value).splitlines()) == 1
