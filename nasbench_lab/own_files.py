"""Import a Python file by its path, and the modules that lie beside it.

The folder of the file is put at the end of Python's path. So the file finds a module beside it at any time,
and a file that is called `numpy.py` or `random.py` never takes the place of the library. If a module beside
the file has the name of a module elsewhere that belongs to no library, the import is refused: either of the
two could be meant.
"""

import ast
import hashlib
import importlib
import re
import site
import sys
import sysconfig
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from nasbench_lab.errors import NasbenchLabError, UsageError, place_of


class OwnFile(NamedTuple):
    """The module that a file makes, and the digest of all code that it consists of."""

    module: ModuleType
    sha256: str


_imported: dict[Path, OwnFile] = {}
_digests: dict[str, str] = {}


def import_file(path: Path, error: type[NasbenchLabError] = UsageError) -> OwnFile:
    """Run the current version of a file, once per process.

    The digest is that of the file, or of the file and all modules beside it that it imports. Raises `error`
    if the file cannot be imported, or if a module beside it was edited after this process imported it.
    """
    path = Path(path).absolute()
    # Python would run old cached bytecode if the file was edited within the same second.
    source = path.read_bytes()
    _put_on_path(path.parent)
    beside, hidden = _modules_beside(path, source, error)
    sha256 = _digest([source, *(each.read_bytes() for files in beside.values() for each in files)])
    if path in _imported and _imported[path].sha256 == sha256:
        return _imported[path]
    for name, files in beside.items():
        if name in sys.modules:
            check_unchanged(name, files, error)
    # Under a name of its own, a file called numpy.py does not replace numpy.
    name = f"nasbench_lab_file_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        exec(compile(source, path, "exec"), vars(module))
    except (Exception, SystemExit) as failure:
        del sys.modules[name]
        reason = f"{type(failure).__name__}: {failure}"
        if not isinstance(failure, SyntaxError):
            reason += place_of(failure)
        if isinstance(failure, ImportError) and hidden:
            reason += (
                f"; {' and '.join(map(str, hidden))} beside it was not used, because Python or an installed"
                " package has a module of this name: rename it"
            )
        raise error(f"{path} cannot be imported: {reason}") from failure
    finally:
        sys.dont_write_bytecode = writes_bytecode
    for name, files in beside.items():
        check_unchanged(name, files, error)
    _imported[path] = OwnFile(module, sha256)
    return _imported[path]


def check_unchanged(module: str, files: list[Path], error: type[NasbenchLabError] = UsageError) -> str:
    """The digest of a module's files; raises `error` if they were edited since this process used it.

    Python imports a module only once, so files that were edited since then differ from the code that runs.
    """
    digest = _digest([each.read_bytes() for each in files])
    if _digests.setdefault(module, digest) != digest:
        raise error(
            f"{files[0]} has changed since this Python process imported it; restart Python to compare the new"
            " version"
        )
    return digest


def _digest(contents: list[bytes]) -> str:
    """SHA-256 of a content, or of the digests of several. How a line ends makes no difference."""
    # git may write a file with CR LF on one machine and with LF on another.
    digests = [hashlib.sha256(re.sub(rb"\r\n?", b"\n", content)) for content in contents]
    if len(digests) == 1:
        return digests[0].hexdigest()
    return hashlib.sha256(b"".join(digest.digest() for digest in digests)).hexdigest()


def _put_on_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    importlib.invalidate_caches()


def _modules_beside(
    path: Path, source: bytes, error: type[NasbenchLabError]
) -> tuple[dict[str, list[Path]], list[Path]]:
    """The modules beside a file that it imports, directly or not.

    Returns:
        The files of each module by its name, and the files that a library of the same name hides.
    """
    found: dict[str, list[Path]] = {}
    hidden: list[Path] = []
    waiting = [source]
    while waiting:
        for name in _imported_names(waiting.pop()):
            files = _files_of(path.parent, name)
            if not files or name in found or files[0] in hidden:
                continue
            there = _found_by_python(name)
            if there is not None and there.resolve() == files[0].resolve():
                found[name] = files
                waiting += [each.read_bytes() for each in files]
            elif there is None or _is_of_a_library(there):
                hidden.append(files[0])
            else:
                raise error(
                    f"{path} imports {name}, and there are two of them, {files[0]} beside it and {there},"
                    " which Python finds first; rename one of the two"
                )
    return dict(sorted(found.items())), hidden


def _imported_names(source: bytes) -> Iterator[str]:
    """The top-level names of all imports in a source, also of those in functions."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):  # running the file gives the reason
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.partition(".")[0]


def _files_of(folder: Path, name: str) -> list[Path]:
    """The files of a module or of a package in a folder, the one that is run first in front."""
    first = folder / name / "__init__.py"
    if first.is_file():
        return [first, *(each for each in sorted(first.parent.rglob("*.py")) if each != first)]
    module = folder / f"{name}.py"
    return [module] if module.is_file() else []


def _found_by_python(name: str) -> Path | None:
    """The file that an import of a top-level name gives; None for a module that is part of Python."""
    if name in sys.stdlib_module_names:
        return None
    module = sys.modules.get(name)
    spec = find_spec(name) if module is None else None
    file = spec.origin if spec is not None else getattr(module, "__file__", None)
    return Path(file) if file else None


def _is_of_a_library(file: Path) -> bool:
    folders = [sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib")]
    return any(file.is_relative_to(folder) for folder in [*folders, site.getusersitepackages()])
