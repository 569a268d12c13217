"""Text of any of the encodings in which editors and spreadsheets save it."""

import codecs
import re
from pathlib import Path

from nasbench_lab.errors import TableError

# UTF-32 comes first: its mark begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF8: "UTF-8-SIG",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
ZERO = re.compile(r"\0")
CONTROL = re.compile(r"[\0-\x08\x0e-\x1f]")


def decoded(content: bytes, path: Path) -> str:
    """A file's content as text, without its byte-order mark.

    A mark says which Unicode encoding it is. Text without a mark is UTF-8, or else UTF-16 if it has zero
    bytes, or else Windows-1252. Raises `TableError` if it is none of them.
    """
    mark = next((mark for mark in MARKS if content.startswith(mark)), None)
    candidates = [MARKS[mark]] if mark else ["UTF-8"]
    if not mark and b"\0" in content:
        # A letter of the Latin alphabet has its zero byte last in the little-endian order.
        candidates += ["UTF-16-LE" if content.find(b"\0") % 2 else "UTF-16-BE"]
    elif not mark:
        candidates += ["Windows-1252"]
    for encoding in candidates:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Nearly all bytes are text in these encodings, also those of an image or a program.
        if not (ZERO if encoding == "UTF-8" else CONTROL).search(text):
            return text
    raise TableError(
        f"{path} is not text: it cannot be read as {' or '.join(candidates)}; save it as CSV or TOML in UTF-8"
    )
