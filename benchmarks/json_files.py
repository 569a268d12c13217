"""A folder of finished work, one small JSON file each, so that nothing is done twice.

Any number of processes may read and write at once, on any number of machines that share the folder. A file
is written under a temporary name and then renamed, so it is whole or absent. If two processes do the same
work at once, the first result is kept, and the second process uses it too.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from nasbench_lab.files import replacing
from nasbench_lab.refusals import explaining_refusals
from nasbench_lab.version import __version__

FORMAT_VERSION = 1
LARGEST = 2**20  # bytes; a training of a thousand epochs takes a fifth of it

# The errors that reading a damaged file raises.
DAMAGE = (OSError, ValueError, msgspec.DecodeError)

log = logging.getLogger(__name__)


class Keyed(Protocol):
    """A piece of finished work: a dataclass of plain values."""

    @property
    def key(self) -> Any:
        """A dataclass of plain values. Equal keys have equal results."""


Entry = TypeVar("Entry", bound=Keyed)


class JsonFiles(Generic[Entry]):
    """A folder of entries, each in the file that its key names.

    Args:
        folder: made when first written to.
        kind: the dataclass of an entry, its types checked when a file is read.
        check: raises `ValueError` for an entry that cannot be, whatever its types.
    """

    def __init__(self, folder: Path, kind: type[Entry], check: Callable[[Entry], None]) -> None:
        self.folder = folder
        self._kind = kind
        self._check = check

    def path(self, key: Any) -> Path:
        """The file of a key, whether it is there or not."""
        # A field that was added later is left out at its default value, so older files keep their names.
        content = {
            field.name: getattr(key, field.name)
            for field in fields(key)
            if getattr(key, field.name) != field.default
        }
        name = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:40]
        # Folders of at most a few hundred files: some file systems are slow with many thousands.
        return self.folder / name[:2] / f"{name}.json"

    def entry(self, key: Any) -> Entry | None:
        """The entry of a key; None if it is unknown or, with a warning, if its file is damaged.

        Raises `RefusedError` if the operating system refuses to read it.
        """
        return self._read(self.path(key))

    def keep(self, entry: Entry) -> Entry:
        """Keep an entry unless there is one already, and return the one that is kept.

        Raises `OSError` if the folder cannot be written. Raises `RefusedError` if the operating system
        refuses to read the one that is there.
        """
        content = {
            "format_version": FORMAT_VERSION,
            "created_by": f"nasbench_lab {__version__}",
            **asdict(entry),  # type: ignore[call-overload]
        }
        text = json.dumps(content, indent=1) + "\n"
        path = self.path(entry.key)
        try:
            with replacing(path, first_stays=True) as temporary:
                temporary.write_text(text)
        except FileExistsError:
            kept = self.entry(entry.key)
            if kept is not None:
                return kept
            with replacing(path) as temporary:  # it was damaged
                temporary.write_text(text)
        return entry

    def entries(self) -> Iterator[Entry]:
        """Every entry, in the order of the file names. A damaged file is left out, with a warning.

        Raises `RefusedError` if the operating system refuses to read one.
        """
        for path in sorted(self.folder.glob("??/*.json")):
            entry = self._read(path)
            if entry is not None:
                yield entry

    def _read(self, path: Path) -> Entry | None:
        """The entry in a file; None if the file is absent, or, with a warning, if it is damaged."""
        try:
            entry = self._decoded(path)
            if self.path(entry.key) != path:
                raise ValueError("it holds another evaluation than its name says")
        except FileNotFoundError:
            return None
        except DAMAGE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            log.warning("the evaluation %s cannot be read (%s); it is ignored", path, reason[:200])
            return None
        return entry

    def _decoded(self, path: Path) -> Entry:
        """Read an entry; raises one of `DAMAGE` if it is damaged."""
        with explaining_refusals(path), path.open("rb") as file:
            text = file.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise ValueError(f"it is larger than {LARGEST:,} bytes")
        version = msgspec.json.decode(text, type=_Version).format_version
        if version != FORMAT_VERSION:
            raise ValueError(f"its format version is {version}, not {FORMAT_VERSION}")
        entry = msgspec.json.decode(text, type=self._kind)
        self._check(entry)
        return entry


class _Version(msgspec.Struct):
    format_version: int
