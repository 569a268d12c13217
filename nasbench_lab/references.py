"""References to code of one's own: `path/to/file.py`, `path/to/file.py:name`, `package.module:name`."""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from nasbench_lab.errors import NasbenchLabError, UsageError
from nasbench_lab.own_files import check_unchanged, import_file

END_OF_FILE = re.compile(r"\.py(?=[:/]|$)")
NAME = re.compile(r":([^\W\d]\w*)(?=[:/]|$)")
MODULE = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*)" + NAME.pattern)


class Reference(NamedTuple):
    """Where an object of one's own is.

    Attributes:
        file: the absolute path of its file; None if it is in a module.
        module: the name of its module; empty if it is in a file.
        name: its own name; empty if a file is given alone.
    """

    file: Path | None
    module: str
    name: str

    @property
    def text(self) -> str:
        """The reference as text, which is valid in any folder."""
        return str(self.file or self.module) + f":{self.name}" * bool(self.name)

    @property
    def label(self) -> str:
        """A short name for it."""
        return self.name or (self.file.stem if self.file else "")


class Found(NamedTuple):
    """An object, and the digest of the code that it comes from."""

    object: Any
    sha256: str


def read_reference(text: str) -> tuple[Reference, str] | None:
    """The reference at the start of a text, and the rest of the text after it; None if there is none.

    A path may have `.py`, `:` and `=` in the names of its folders: the part of the text that is a file is
    the path.
    """
    ends = [match.end() for match in END_OF_FILE.finditer(text)]
    if ends:
        end = next((end for end in ends if _path(text[:end]).is_file()), ends[0])
        named = NAME.match(text, end)
        rest = text[named.end() if named else end :]
        return Reference(_path(text[:end]).absolute(), "", named[1] if named else ""), rest
    matched = MODULE.match(text)
    return (Reference(None, matched[1], matched[2]), text[matched.end() :]) if matched else None


def names_a_file(text: str) -> bool:
    """Whether a text begins with the path of a file that exists."""
    read = read_reference(text)
    return read is not None and read[0].file is not None and read[0].file.is_file()


def _path(text: str) -> Path:
    # The shell leaves a `~` in quotes as it is. A file may have it in its name.
    path = Path(text)
    return path.expanduser() if text.startswith("~/") and not path.exists() else path


def find_own(
    reference: Reference,
    what: str,
    wanted: Callable[[ModuleType], dict[str, Any]],
    error: type[NasbenchLabError] = UsageError,
) -> Found:
    """Find an object of one's own.

    Args:
        reference: where it is. In a file without a name, it is the object that is named like the file, or
            else the only one that is wanted.
        what: a word for it, for messages.
        wanted: the objects of a module that may be meant, by name.
        error: raised if the code cannot be imported.

    Raises `UsageError` if there is no such file, module or object.
    """
    if reference.file is not None:
        if not reference.file.is_file():
            raise UsageError(f"there is no {what} file {reference.file}")
        module, sha256 = import_file(reference.file, error)
    else:
        module = _import_module(reference, what, error)
        sha256 = digest_of_module(module, error)
    name = reference.name or re.sub(r"\W", "_", reference.label)
    if hasattr(module, name):
        return Found(getattr(module, name), sha256)
    choices = wanted(module)
    if not reference.name and len(choices) == 1:
        return Found(next(iter(choices.values())), sha256)
    known = f"it has {' and '.join(choices)}" if choices else f"it has no {what} at all"
    where = reference.file or getattr(module, "__file__", None) or module.__name__
    if reference.name:
        raise UsageError(f"{where} has no {what} {name!r}; {known}")
    raise UsageError(
        f"{where} has no {what} that is named like the file, {name!r}; {known}: write {where}:NAME"
    )


def digest_of_module(module: ModuleType, error: type[NasbenchLabError] = UsageError) -> str:
    """The digest of a module's file; empty without a file. Raises `error` if it was edited since."""
    file = getattr(module, "__file__", None)
    return check_unchanged(module.__name__, [Path(file)], error) if file else ""


def _import_module(reference: Reference, what: str, error: type[NasbenchLabError]) -> ModuleType:
    try:
        return import_module(reference.module)
    except ImportError as failure:
        raise UsageError(
            f"cannot import {reference.module!r} for the {what} {reference.text!r}: {failure}"
        ) from None
    except Exception as failure:
        raise error(
            f"{reference.module} cannot be imported: {type(failure).__name__}: {failure}"
        ) from failure
