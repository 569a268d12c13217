"""NAS-Bench-301's official surrogates, version 1.0, from figshare's folder or zip archive.

The folders `xgb_v1.0` and `lgb_runtime_v1.0` each hold an ensemble. Each of its members has a folder with
`surrogate_model.model`, a pickled booster, and `model_config.json`. The booster's trees are read from the
pickle without running it, see `nasbench_lab.benchmarks.surrogates.boosters`. The graph networks in
`gnn_gin_v1.0` are not read.
"""

import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath

from nasbench_lab.benchmarks.formats.limits import sha256
from nasbench_lab.benchmarks.sources.base import Source, only_file
from nasbench_lab.benchmarks.surrogates.boosters import read_booster
from nasbench_lab.benchmarks.surrogates.configuration import SETTINGS
from nasbench_lab.benchmarks.surrogates.ensembles import (
    CITATION,
    LICENCE,
    NAME,
    SECONDS,
    TITLE,
    VALID_ACCURACY,
    Ensembles,
    keep_ensembles,
    read_ensembles,
)
from nasbench_lab.benchmarks.surrogates.forest import Forest
from nasbench_lab.errors import TableError
from nasbench_lab.refusals import explaining_refusals

MODEL, CONFIG = "surrogate_model.model", "model_config.json"
FILES = "nasbench301_models_v1.0.zip, or the folder unpacked from it"
# From the quantity that an ensemble predicts to its folder and the official names of its kind of model.
FOLDERS = {
    VALID_ACCURACY: ("xgb_v1.0", ("xgb", "lgb")),
    SECONDS: ("lgb_runtime_v1.0", ("lgb_time", "xgb_time")),
}
MOST_FILES = 10_000
MOST_MEMBERS = 100
MOST_BYTES = {MODEL: 2**29, CONFIG: 2**16}

# The exceptions that `zipfile` raises on damaged files.
DAMAGE = (zipfile.BadZipFile, NotImplementedError, RuntimeError, OverflowError, EOFError, OSError, zlib.error)

Read = Callable[[int], bytes]
"""Reads at most so many bytes of a file."""
Files = Mapping[PurePosixPath, Read]


def convert(paths: Sequence[Path]) -> Ensembles:
    """Read the official ensembles; raises `TableError` with one clear line on anything unexpected."""
    path = only_file(paths, TITLE, FILES)
    with _opened(path) as files:
        members: dict[str, list[Forest]] = {quantity: [] for quantity in FOLDERS}
        for quantity, (folder, models) in FOLDERS.items():
            for model in _members(path, files, folder):
                where = f"{path}: {model}"
                _check_config(files, model.with_name(CONFIG), where, models)
                content = _content(files[model], MOST_BYTES[MODEL], where)
                try:
                    members[quantity].append(read_booster(BytesIO(content), len(SETTINGS)))
                except ValueError as error:
                    raise TableError(f"{where} cannot be read: {error}; fetch it again") from None
    if path.is_dir():
        return Ensembles(members, [f"{sha256(path / file)}  {file}" for file in _models(files)])
    return Ensembles(members, [f"{sha256(path)}  {path.name}"])


@contextmanager
def _opened(path: Path) -> Iterator[Files]:
    """Open a folder or archive: its models and settings by path. Nothing is unpacked to the disk."""
    if path.is_dir():
        found = [file for file in path.rglob("*") if file.name in MOST_BYTES and file.is_file()]
        yield {
            PurePosixPath(file.relative_to(path).as_posix()): partial(_read_file, file)
            for file in found[:MOST_FILES]
        }
        return
    try:
        with explaining_refusals(path), zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if PurePosixPath(info.filename).name in MOST_BYTES]
            yield {
                PurePosixPath(info.filename): partial(_read_member, path, archive, info)
                for info in infos[:MOST_FILES]
            }
    except FileNotFoundError:
        raise TableError(f"there is no file {path}") from None
    except DAMAGE as error:
        raise _unreadable(str(path), error) from None


def _models(files: Files) -> list[PurePosixPath]:
    """Paths of the members of all ensembles that are read, sorted."""
    folders = {folder for folder, _ in FOLDERS.values()}
    return sorted(file for file in files if file.name == MODEL and folders & set(file.parts))


def _members(path: Path, files: Files, folder: str) -> list[PurePosixPath]:
    """Paths of the members of one ensemble, sorted; raises `TableError` if there are none or too many."""
    members = [file for file in _models(files) if folder in file.parts]
    if not 0 < len(members) <= MOST_MEMBERS:
        raise TableError(
            f"{path} has {len(members)} files {folder}/*/{MODEL}; expected 1 to {MOST_MEMBERS}. Give {FILES};"
            " its boosted trees (xgb_v1.0 and lgb_runtime_v1.0) are read, its graph networks are not"
        )
    return members


def _check_config(files: Files, config: PurePosixPath, where: str, models: Sequence[str]) -> None:
    """Refuse a member that predicts another quantity or takes inputs other than the 56 hyperparameters."""
    if config not in files:
        raise TableError(f"{where} has no {CONFIG} beside it; fetch it again")
    try:
        settings = json.loads(_content(files[config], MOST_BYTES[CONFIG], where))
    except (ValueError, RecursionError):
        raise TableError(f"the {CONFIG} beside {where} is not JSON; fetch it again") from None
    if not isinstance(settings, dict) or settings.get("model") not in models:
        received = repr(settings.get("model") if isinstance(settings, dict) else settings)[:40]
        raise TableError(f"{where} is a model of kind {received}; expected {' or '.join(models)}")
    if settings.get("param:bananas_enc"):
        raise TableError(f"{where} was fitted on path encodings; no published model was")


def _read_file(path: Path, most_bytes: int) -> bytes:
    with explaining_refusals(path), path.open("rb") as opened:
        return opened.read(most_bytes)


def _read_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, most_bytes: int) -> bytes:
    with explaining_refusals(path), archive.open(member) as opened:
        return opened.read(most_bytes)


def _content(read: Read, most_bytes: int, where: str) -> bytes:
    try:
        content = read(most_bytes + 1)
    except DAMAGE as error:
        raise _unreadable(where, error) from None
    if len(content) > most_bytes:
        raise TableError(f"{where} holds more than {most_bytes:,} bytes; published models are smaller")
    return content


def _unreadable(where: str, error: BaseException) -> TableError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return TableError(f"{where} cannot be read: {reason}; fetch it again")


SOURCE = Source(
    name=NAME,
    title=TITLE,
    citation=CITATION,
    licence=LICENCE,
    homepage="https://github.com/automl/nasbench301",
    files=FILES,
    convert=convert,
    keep=keep_ensembles,
    opened=read_ensembles,
)
