"""The help of a command, for a terminal of any width."""

import re
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

MOST_COLUMNS = 100  # longer lines are hard to read
TEXT_AT = 28  # the column of the texts


class Line(NamedTuple):
    """One option: its form, as it is typed, and its text."""

    form: str
    text: str


class Group(NamedTuple):
    """The options under a title; without a title they are the values that a command takes."""

    title: str
    lines: Sequence[Line]


def print_help(prog: str, summary: str, groups: Sequence[Group]) -> None:
    """Print the use of a command, its summary, and its options in groups."""
    values = "".join(f" {line.form}" for group in groups if not group.title for line in group.lines)
    print(f"usage: {prog}{values} [OPTIONS]\n")
    print(paragraphs(summary))
    for title, lines in groups:
        if lines:
            print(f"\n{title}:" if title else "")
        for line in lines:
            print(entry(line))


def print_commands(prog: str, summary: str, commands: Mapping[str, str]) -> None:
    """Print the commands that a command has, each with the first paragraph of its summary."""
    print(f"usage: {prog} COMMAND ...\n")
    print(f"{paragraphs(summary)}\n")
    for name, text in commands.items():
        print(entry(Line(name, text.partition("\n\n")[0]), text_at=max(map(len, commands)) + 4))
    print("\n" + paragraphs(f"{prog} COMMAND --help describes a command."))


def paragraphs(text: str) -> str:
    """A text with its lines filled; paragraphs with indented lines, such as code, are left alone."""
    return "\n\n".join(
        each if re.search(r"^[\s|>*-]", each, re.MULTILINE) else wrapped(each) for each in text.split("\n\n")
    )


def entry(line: Line, text_at: int = TEXT_AT) -> str:
    """One option: its form, and its text in a column on the right of it."""
    form = f"  {line.form}"
    margin = " " * text_at
    if not line.text:
        return form
    # A form that reaches into the column of the texts has a line of its own.
    if len(form) + 2 > text_at:
        return f"{form}\n" + wrapped(line.text, margin, margin)
    return wrapped(line.text, form.ljust(text_at), margin)


def wrapped(text: str, first: str = "", others: str = "") -> str:
    """A text filled to the width of the terminal: `first` before its first line, `others` before the others.

    A path or a setting is never broken.
    """
    width = min(shutil.get_terminal_size().columns, MOST_COLUMNS)
    lines = textwrap.wrap(
        text,
        max(width, len(others) + 20),
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)
