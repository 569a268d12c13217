"""The description of a stored comparison, `comparison.json`: read and written whole."""

import json
from pathlib import Path
from typing import Any

from nasbench_lab.comparison.growing import Header
from nasbench_lab.errors import StoreError
from nasbench_lab.files import replacing
from nasbench_lab.refusals import explaining_refusals

FORMAT_VERSION = 1


def write_header(folder: Path, header: Header) -> None:
    """Write the `comparison.json` of a folder."""
    with replacing(folder / "comparison.json") as temporary:
        text = json.dumps({"format_version": FORMAT_VERSION, **header}, indent=2)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_header(folder: Path) -> dict[str, Any]:
    """The content of the `comparison.json` of a folder; raises `StoreError` if it cannot be read."""
    path = folder / "comparison.json"
    try:
        with explaining_refusals(path):
            header = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(
            f"there is no stored comparison in {path.parent}: it has no comparison.json"
        ) from None
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from None
    if not isinstance(header, dict) or header.get("format_version") != FORMAT_VERSION:
        version = header.get("format_version") if isinstance(header, dict) else None
        raise StoreError(
            f"{path} has format version {version}; this version of nasbench_lab reads {FORMAT_VERSION}"
        )
    return header
