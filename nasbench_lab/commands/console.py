"""The terminal: one console for all commands, on any encoding."""

import codecs
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# Substitutes for characters that the terminal's encoding lacks.
PLAIN = {"−": "-", "–": "-", "—": "-", "─": "-", "…": "...", "±": "+-", "µ": "u", "×": "x"}


def console(*, stderr: bool = False) -> "Console":
    """A console that prints text as it is: nothing in a path or a label is markup or an emoji."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def grid(*headings: str) -> "Table":
    """An empty table without lines."""
    from rich.table import Table

    return Table(*headings, box=None, pad_edge=False, header_style="bold")


def print_anything_on(stream: TextIO) -> None:
    """Let a stream print characters that its encoding lacks, and file names that are not text.

    They are replaced by the nearest plain character, or else by their code.
    """
    reconfigure = getattr(stream, "reconfigure", None)  # a notebook's stream has none, and takes all text
    if reconfigure is not None:
        codecs.register_error("nasbench_lab", _plain)
        reconfigure(errors="nasbench_lab")


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(PLAIN.get(each) or _code(each) for each in characters), error.end


def _code(character: str) -> str:
    # Python keeps a byte of a file name that is not text as U+DC80 to U+DCFF.
    byte = ord(character) - 0xDC00
    return (
        f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else character.encode("ascii", "backslashreplace").decode()
    )
