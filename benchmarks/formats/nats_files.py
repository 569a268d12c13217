"""Reads the official files of NAS-Bench-201 and NATS-Bench, which hold records of the same form.

There are three forms: a folder with one packed pickle per architecture (`NATS-tss-v1_0-3ffb9-simple`), one
packed pickle of everything (`NATS-tss-v1_0-3ffb9.pickle.pbz2`), and a file of `torch.save`
(`NAS-Bench-201-v1_1-096897.pth`). Nothing in them is executed, see `nasbench_lab.benchmarks.formats.pickles`.
Each architecture is reduced to the table's quantities as soon as it is read.

Sources of the table's quantities:

- CIFAR-10: validation accuracy from the training on `cifar10-valid` (half of the training images), split
  `x-valid`; test accuracy from the training on `cifar10` (all of them), split `ori-test`.
- CIFAR-100 and ImageNet16-120: splits `x-valid` and `x-test`. Their `ori-test` is the union of both. A
  search that saw it would see test data, so it is never read.
- The shorter trainings are separate trainings with their own schedule. They are kept apart.
- The values of a seed that an architecture lacks are NaN.
- Cost: `train_seconds` is the sum of the seconds of each epoch so far; `valid_seconds` is one validation
  pass, the mean over the epochs so far, as in the official `simulate_train_eval`.
- Parameters, multiply-adds (both in millions) and latency (of one batch on the authors' GPU) come from the
  longest training and its lowest seed. For some cells the records of the shorter training differ.
"""

import bz2
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from nasbench_lab.benchmarks.formats.limits import sha256
from nasbench_lab.benchmarks.formats.nats_records import Layout, Trained, check_meta, checked, reduced, short
from nasbench_lab.benchmarks.formats.pickles import Readable, read_plain
from nasbench_lab.benchmarks.formats.torch_files import is_torch_file, opened_pickle
from nasbench_lab.errors import TableError
from nasbench_lab.processes import explaining_lost_processes
from nasbench_lab.refusals import explaining_refusals

PACKED_START = b"BZh"
CELL_FILE = re.compile(r"([0-9]{6})\.pickle\.pbz2")
META_FILE = "meta.pickle.pbz2"

# Limits of size and of the unpacking ratio, several times those of the published files.
MOST_BYTES = 4 * 2**20
MOST_UNPACKED = 8

# With fewer files, starting other processes takes longer than reading.
MANY_FILES = 200


@dataclass
class Records:
    """All records that were read.

    Attributes:
        source_sha256: digest of the file; for a folder, digest of the list of its files and their digests.
        trained: the trainings of each architecture, by official index.
    """

    source_sha256: dict[str, str]
    trained: dict[int, list[Trained]] = field(default_factory=dict)


def is_nats(path: Path) -> bool:
    """Whether a path is a folder, a file packed with bzip2, or a file of `torch.save`."""
    if path.is_dir():
        return True
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError:
        return False
    return start.startswith(PACKED_START) or is_torch_file(start)


def read_records(path: Path, layout: Layout) -> Records:
    """All records in official files; raises `TableError` if anything differs from the published form."""
    records = _read_folder(path, layout) if path.is_dir() else _read_file(path, layout)
    if not records.trained:
        raise TableError(f"{path} holds no architecture")
    return records


def _read_folder(folder: Path, layout: Layout) -> Records:
    """The records of a folder, one file per architecture; many files are read on all cores."""
    named = ((CELL_FILE.fullmatch(path.name), path) for path in sorted(folder.iterdir()))
    paths = {int(match[1]): path for match, path in named if match}
    if not paths:
        raise TableError(f"{folder} has no files such as 000000.pickle.pbz2; a `simple` folder is expected")
    meta = folder / META_FILE
    digests = []
    if meta.exists():
        listed, digest = _read_packed(meta)
        check_meta(listed, layout, str(meta))
        digests.append(f"{digest}  {meta.name}\n")
    records = Records({})
    with explaining_lost_processes("no table was written: start again, with more memory free"):
        for index, trained, digest in _in_parallel(paths, layout):
            records.trained[index] = trained
            digests.append(f"{digest}  {paths[index].name}\n")
    records.source_sha256[f"{folder.name}/"] = hashlib.sha256("".join(digests).encode()).hexdigest()
    return records


def _in_parallel(paths: Mapping[int, Path], layout: Layout) -> Iterable[tuple[int, list[Trained], str]]:
    if len(paths) < MANY_FILES:
        return (_read_cell(path, index, layout) for index, path in paths.items())
    from joblib import Parallel, delayed

    calls = (delayed(_read_cell)(path, index, layout) for index, path in paths.items())
    results: Iterator[tuple[int, list[Trained], str]] = Parallel(
        n_jobs=-1, batch_size=32, return_as="generator"
    )(calls)
    return results


def _read_cell(path: Path, index: int, layout: Layout) -> tuple[int, list[Trained], str]:
    """The index of one architecture, its trainings, and its file's digest."""
    states, digest = _read_packed(path)
    where = str(path)
    if type(states) is not dict:
        raise TableError(f"{where} does not hold records by training")
    found = {name: reduced(state, layout, where) for name, state in states.items()}
    return index, checked(index, found, layout, where), digest


def _read_packed(path: Path) -> tuple[Any, str]:
    """The content of a small packed file, and the file's digest."""
    try:
        with explaining_refusals(path), path.open("rb") as file:
            packed = file.read(MOST_BYTES + 1)
        if len(packed) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES:,} bytes; the published file is smaller")
        unpacked = _Limited(bz2.BZ2File(BytesIO(packed)), MOST_BYTES)
        return read_plain(unpacked), hashlib.sha256(packed).hexdigest()
    except (OSError, EOFError, ValueError) as error:
        raise TableError(f"{path} cannot be read: {error}; fetch it again") from None


def _read_content(path: Path, reduce: Callable[[dict[Any, Any]], None]) -> Any:
    with path.open("rb") as file:
        packed = file.read(3) == PACKED_START
    if packed:
        most = MOST_BYTES + MOST_UNPACKED * path.stat().st_size
        with bz2.BZ2File(path) as unpacked:
            return read_plain(_Limited(unpacked, most), finished=reduce)
    with opened_pickle(path) as pickled:
        return read_plain(pickled, weights=True, finished=reduce, alone=False)


def _read_file(path: Path, layout: Layout) -> Records:
    """The records of one file; each architecture is reduced while the file is read."""
    where = str(path)

    def reduce(state: dict[Any, Any]) -> None:
        if "all_results" in state:
            trained = reduced(state, layout, where)
            _empty(state)
            state["trained"] = trained

    try:
        with explaining_refusals(path):
            content = _read_content(path, reduce)
    except (OSError, EOFError, ValueError) as error:
        raise TableError(f"{path} cannot be read: {error}; fetch it again") from None
    check_meta(content, layout, where)
    states = content.get("arch2infos")
    if type(states) is not dict:
        raise TableError(f"{where} has no records: 'arch2infos' is missing")
    records = Records({path.name: sha256(path)})
    for index, by_training in states.items():
        if type(by_training) is not dict:
            raise TableError(f"{where}, architecture {short(index)}: there are no records by training")
        found = {
            name: state.get("trained") if type(state) is dict else None for name, state in by_training.items()
        }
        records.trained[index] = checked(index, found, layout, where)
    return records


class _Limited:
    """A file with a limit: `read` raises `ValueError` beyond `most_bytes` bytes."""

    def __init__(self, file: Readable, most_bytes: int) -> None:
        self._file = file
        self._most = most_bytes
        self._given = 0

    def read(self, size: int, /) -> bytes:
        data = self._file.read(size)
        self._given += len(data)
        if self._given > self._most:
            raise ValueError(f"it unpacks to more than {self._most:,} bytes; the published file is smaller")
        return data


def _empty(state: dict[Any, Any]) -> None:
    """Free the records; otherwise the pickle's memory would keep them."""
    for result in state["all_results"].values():
        for value in result.values():
            if type(value) is dict:
                value.clear()
        result.clear()
    state.clear()
