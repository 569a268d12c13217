"""Rules for every search space; a new file in `nasbench_lab/spaces` is tested automatically."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_lab.conformance.rules import check_rule
from nasbench_lab.conformance.spaces import SPACE_RULES
from nasbench_lab.conformance.spaces.examples import whole_of
from nasbench_lab.conformance.spaces.text import HOSTILE
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import all_spaces, find_space
from tests.declared_spaces import DECLARED
from tests.listed_spaces import LISTED

SPACES = all_spaces() | DECLARED | LISTED
pytestmark = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)


@pytest.mark.parametrize("rule", SPACE_RULES, ids=lambda rule: rule.__name__)
def test_keeps_the_rule(rule, space):
    check_rule(rule, space.name, space, np.random.default_rng(2024))


def test_is_found_by_its_definition(space):
    assert find_space(space.definition) is whole_of(space)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_hostile_text_is_refused(space, text):
    with pytest.raises(UsageError, match=f"is not an architecture of {space.name}"):
        space.parse(text)


@given(text=st.text())
def test_any_other_text_is_refused(space, text):
    try:
        architecture = space.parse(text)
    except UsageError as error:
        message = str(error)
    else:
        assert space.format(architecture) == text
        return
    assert f"is not an architecture of {space.name}; one would be" in message
    assert len(message.splitlines()) == 1


@given(junk=st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_nothing_else_is_valid_and_asking_never_raises(space, junk):
    assert space.is_valid(junk) is False
    assert space.is_valid((junk,) * (len(space.cardinalities) + 1)) is False
    space.is_valid((junk,) * len(space.cardinalities))


def test_is_the_same_after_an_import_in_another_process(space):
    """The rule sends the space to the other process; here that one finds it by itself."""
    found = (
        f"find_space({space.definition!r})" if space is whole_of(space) else f"LISTED[{space_id(space)!r}]"
    )
    program = (
        "import numpy as np; from nasbench_lab.spaces import find_space;"
        "from tests.listed_spaces import LISTED;"
        f"space = {found}; rng = np.random.default_rng(7);"
        "first = space.sample(rng); print([first, space.mutate(first, rng), space.canonical(first)])"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    rng = np.random.default_rng(7)
    first = space.sample(rng)
    assert there.stdout.strip() == str([first, space.mutate(first, rng), space.canonical(first)])


def space_id(space):
    return next(name for name, each in SPACES.items() if each is space)
