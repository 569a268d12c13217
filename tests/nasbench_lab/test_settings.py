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


def lists(
    *,
    sizes: list[int] = [1],  # noqa: B006 -- only its type is used
    pair: tuple[int, str] = (1, "a"),
    shape: tuple[float, ...] = (),
    anything=None,
    guessed=(0.5, 1.5),
    scheme: str = "",
    folder: Path = Path(),
    required,
    any_list: list = [],  # noqa: B006
): ...


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("sizes=[1,2]", {"sizes": [1, 2]}),
        ("sizes=(1, 2),scheme=a", {"sizes": [1, 2], "scheme": "a"}),
        ("sizes=[]", {"sizes": []}),
        ("pair=(2,b)", {"pair": (2, "b")}),
        ("shape=[1,2.5]", {"shape": (1.0, 2.5)}),
        ("guessed=(1,2)", {"guessed": (1.0, 2.0)}),
        ("any_list=[1,a,true,2.5]", {"any_list": [1, "a", True, 2.5]}),
        ("anything=3", {"anything": 3}),
        ("anything=word", {"anything": "word"}),
        ("anything=none", {"anything": None}),
        ("required=0.5", {"required": 0.5}),
        ("scheme=a:b", {"scheme": "a:b"}),
        ("scheme=a=b,sizes=[3]", {"scheme": "a=b", "sizes": [3]}),
        ("scheme='a,b=c',sizes=[3]", {"scheme": "a,b=c", "sizes": [3]}),
        ('scheme="it\'s"', {"scheme": "it's"}),
        ("scheme=f(a,b),sizes=[3]", {"scheme": "f(a,b)", "sizes": [3]}),
        ("scheme=it's,sizes=[3]", {"scheme": "it's", "sizes": [3]}),
        ("scheme=:),sizes=[3]", {"scheme": ":)", "sizes": [3]}),
        ("scheme=", {"scheme": ""}),
        ("folder=x=y/a:b", {"folder": Path("x=y/a:b")}),
        (" sizes = [1]", {"sizes": [1]}),
    ],
)
def test_a_value_may_have_the_signs_of_the_grammar_in_it(text, chosen):
    found = read_settings(text, keyword_parameters(lists), "hyperparameter of it")
    assert found == chosen
    assert {type(each) for each in found.values()} == {type(each) for each in chosen.values()}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sizes=1,2", "sizes of it takes a list with a whole number in each place; received '1'"),
        ("sizes=[1,x]", r"sizes of it takes a list with a whole number in each place; received '\[1,x\]'"),
        ("pair=(1,a,b)", r"the hyperparameter pair of it takes a list .*; received '\(1,a,b\)'"),
        ("any_list=x", r"any_list of it takes a list, as in \[1,2\]; received 'x'"),
        ("scheme=a,b", "hyperparameter of it is written key=value, separated by commas; received 'b'"),
        ("scheme=a,scheme=b", "the hyperparameter scheme of it is set twice; received 'scheme=a,scheme=b'"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(text, message):
    with pytest.raises(UsageError, match=message):
        read_settings(text, keyword_parameters(lists), "hyperparameter of it")


def test_a_received_value_is_on_one_line():
    with pytest.raises(UsageError, match=r"^it takes a whole number; received array\(\[\[0\], \[0\]\]\)$"):
        checked("it", np.zeros((2, 1), dtype=int), int)
