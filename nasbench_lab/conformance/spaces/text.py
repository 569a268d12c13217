"""Rules of a search space: architectures as text."""

import numpy as np

from nasbench_lab.conformance.rules import Rule, require, shown
from nasbench_lab.conformance.spaces.examples import drawn
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces.base import SearchSpace

HOSTILE = (
    *("", " ", "-", "|", "|||+|", "none", "0" * 100_000, "9-9-9-9-9-9", "1-1", "٠٢٠١٢١٠٠", "nan", "\0"),
    *("::,,,", "\n", "=", "()", "\ud800", "🙂" * 50, "-1", "1e400", "0x0", "𝟘-𝟘", "%s%n", "{}"),
)
"""Texts that hardly any space reads as an architecture."""


def text_leads_back_to_its_architecture(space: SearchSpace, rng: np.random.Generator) -> None:
    """`parse` inverts `format`, and the text can be printed on one line."""
    for architecture in drawn(space, rng):
        text = space.format(architecture)
        require(text.isprintable(), f"format({architecture}) is {shown(text)}, which cannot be printed")
        back = space.parse(text)
        require(back == architecture, f"format({architecture}) is {text!r}, which parse reads as {back}")


def other_text_is_refused(space: SearchSpace, rng: np.random.Generator) -> None:
    """`UsageError` with the name of the space and an example, in one line."""
    for text in (*HOSTILE, *_random_texts(rng)):
        _is_refused_or_means_what_it_says(space, text)


def a_damaged_text_is_refused_or_means_what_it_says(space: SearchSpace, rng: np.random.Generator) -> None:
    """Nothing is read as the architecture that it might mean."""
    for architecture in drawn(space, rng):
        text = space.format(architecture)
        for piece in ("", "9", "|", " ", "-", "+", "x", "\n"):
            where = int(rng.integers(len(text) + 1))
            _is_refused_or_means_what_it_says(space, text[:where] + piece + text[where + 1 :])
        _is_refused_or_means_what_it_says(space, text + "\n")


def _is_refused_or_means_what_it_says(space: SearchSpace, text: str) -> None:
    try:
        architecture = space.parse(text)
    except UsageError as error:
        message = str(error)
        expected = f"is not an architecture of {space.name}; one would be"
        one_line = len(message.splitlines()) == 1 and message.isprintable()
        require(
            expected in message and one_line,
            f"parse({shown(text)}) says {shown(message)}; it says in one line that it {expected} ...",
        )
        return
    back = space.format(architecture)
    require(back == text, f"parse reads {shown(text)} as {architecture}, whose text is {back!r}")


def _random_texts(rng: np.random.Generator) -> list[str]:
    """Texts of letters from all of Unicode."""
    lengths = rng.integers(1, 12, size=50)
    return ["".join(map(chr, rng.integers(1, 2 ** rng.integers(6, 17), size=length))) for length in lengths]


RULES: tuple[Rule, ...] = (
    text_leads_back_to_its_architecture,
    other_text_is_refused,
    a_damaged_text_is_refused_or_means_what_it_says,
)
