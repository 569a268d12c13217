import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_lab.benchmarks.formats.text import decoded
from nasbench_lab.errors import TableError

PATH = Path("table.csv")
TEXT = "title = 'Müller, 5 µs'\r\nno control characters – none\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "windows-1252"]
)
def test_text_is_read_in_the_encodings_of_editors(encoding):
    assert decoded(TEXT.encode(encoding), PATH) == TEXT


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE])
def test_a_mark_says_the_order_of_bytes(mark):
    encoding = "utf-16-be" if mark == codecs.BOM_UTF16_BE else "utf-32-be"
    assert decoded(mark + TEXT.encode(encoding), PATH) == TEXT


@pytest.mark.parametrize(
    ("content", "tried"),
    [
        (b"\x81", "UTF-8 or Windows-1252"),
        (b"\x89PNG\r\n\x1a\n", "UTF-8 or Windows-1252"),
        (b"\0\0\0\0", "UTF-8 or UTF-16-BE"),
        (b"a\0b", "UTF-8 or UTF-16-LE"),
        (codecs.BOM_UTF8 + b"\xff", "UTF-8-SIG"),
        (codecs.BOM_UTF16_LE + b"a", "UTF-16"),
    ],
)
def test_everything_else_is_refused_with_what_was_tried(content, tried):
    with pytest.raises(TableError, match=f"table.csv is not text: it cannot be read as {tried}; save it as"):
        decoded(content, PATH)


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_text_survives(text):
    text = text.removeprefix("\ufeff")
    assert decoded(text.encode(), PATH) == text
    assert decoded(text.encode("utf-16"), PATH) == text
