"""Settings from Python, from files and from the command line, checked against their types."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
from msgspec import Meta

from nasbench_lab.errors import UsageError
from nasbench_lab.settings import check_fields, checked, from_mapping, keyword_parameters, read_settings


@dataclass(frozen=True, kw_only=True)
class Example:
    name: str
    mode: Literal["fast", "slow"] = "fast"
    sizes: tuple[int, ...] = ()
    rate: float | None = None
    share: Annotated[float, Meta(ge=0, le=1)] = 0.5
    rest: dict[str, int] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("value", "kind", "converted"),
    [
        ([1, 2], tuple[int, ...], (1, 2)),
        (3, float, 3.0),
        (None, int | None, None),
        ("fast", Literal["fast", "slow"], "fast"),
    ],
)
def test_a_value_of_its_type_is_converted(value, kind, converted):
    found = checked("it", value, kind)
    assert (found, type(found)) == (converted, type(converted))


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (True, int, "it takes a whole number; received True"),
        (1.5, int, "it takes a whole number; received 1.5"),
        ("1", float, "it takes a number; received '1'"),
        (1, bool, "it takes true or false; received 1"),
        (None, str, "it takes a text; received None"),
        (3, dict[str, int], "it takes a table of settings; received 3"),
        ("x", int | None, "it takes a whole number or none; received 'x'"),
        ("x", Literal["a", "b"], "it takes 'a' or 'b'; received 'x'"),
        (["x"], tuple[float, ...], "it takes a list with a number in each place; received ['x']"),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_allowed_ones(value, kind, message):
    with pytest.raises(UsageError) as raised:
        checked("it", value, kind)
    assert str(raised.value) == message


def test_a_mapping_becomes_a_dataclass():
    assert from_mapping(Example, {"name": "a", "sizes": [1], "rate": 2}) == Example(
        name="a", sizes=(1,), rate=2.0
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "the setting 'name' is missing"),
        ({"name": "a", "modes": "fast"}, "unknown setting 'modes'; did you mean 'mode'"),
        ({"name": "a", "mode": "maybe"}, "mode takes 'fast' or 'slow'; received 'maybe'"),
        ({"name": "a", "share": 2}, "share takes a number from 0 to 1; received 2"),
    ],
)
def test_a_mapping_that_is_no_such_dataclass_is_refused(values, message):
    with pytest.raises(UsageError, match=message):
        from_mapping(Example, values)


def test_fields_are_checked_in_place():
    example = Example(name="a", sizes=[1, 2], rate=1)  # type: ignore[arg-type]
    check_fields(example)
    assert (example.sizes, example.rate) == ((1, 2), 1.0)
    wrong = Example(name="a", mode="maybe")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="mode of the thing takes 'fast' or 'slow'"):
        check_fields(wrong, " of the thing")


def algorithm(*, size: int | str = 1, rate=0.5, quiet: "bool" = False, kind: "Nothing" = "a"):  # type: ignore[name-defined] # noqa: F821
    """An annotation that cannot be resolved leaves the others as they are."""


def test_a_text_becomes_the_first_type_that_takes_it():
    parameters = keyword_parameters(algorithm)
    assert list(parameters) == ["size", "rate", "quiet", "kind"]
    chosen = read_settings("rate=1,kind=b", parameters, "hyperparameter of it")
    assert chosen == {"rate": 1.0, "kind": "b"}

    def resolved(*, size: int | str = 1, quiet: bool = False, most: int | None = 3) -> None: ...

    parameters = keyword_parameters(resolved)
    assert read_settings("size=5,quiet=True,most=none", parameters, "hyperparameter of it") == {
        "size": 5,
        "quiet": True,
        "most": None,
    }
    assert read_settings("size=five", parameters, "hyperparameter of it") == {"size": "five"}
    with pytest.raises(UsageError, match="the hyperparameter quiet of it takes true or false; received '1'"):
        read_settings("quiet=1", parameters, "hyperparameter of it")


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (np.int64(3), int, 3),
        (np.float32(0.5), float, 0.5),
        (np.array([1, 2]), tuple[float, ...], (1.0, 2.0)),
        ([np.int8(1), 2], tuple[int, ...], (1, 2)),
        (Path("a/b.py"), str, str(Path("a/b.py"))),
        ((Path("a"), "b"), tuple[str, ...], ("a", "b")),
        (np.True_, bool, True),
    ],
)
def test_a_value_of_numpy_or_a_path_is_a_plain_one(value, kind, expected):
    result = checked("it", value, kind)
    assert result == expected
    assert type(result) is type(expected)
