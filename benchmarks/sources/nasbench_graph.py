"""NAS-Bench-Graph (Qin et al. 2022) from the installed package `nas-bench-graph`, which ships its tables.

The package is not imported: its files are found and read as data. For each architecture, a file lists the
validation and test performance as fractions, the latency in seconds and the parameters in millions. Each
value is the mean of three runs: on Cora, with 500 validation and 1,000 test nodes, every accuracy is a whole
number of thirds of a node. The package has no per-epoch records.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from nasbench_lab.benchmarks.formats.limits import read_limited, sha256
from nasbench_lab.benchmarks.formats.pickles import read_numbers
from nasbench_lab.benchmarks.sources.base import Source
from nasbench_lab.benchmarks.tables.contents import Contents, DataSet, Measurement, Training
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.spaces import find_space
from nasbench_lab.spaces.nasbench_graph import NasBenchGraph

NAME = "nasbench_graph"
MOST_BYTES = 16 * 2**20

# The index of an operation is its digit in the package's keys. This also holds for `proteins`, which uses
# only five of them.
OPERATIONS = ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc", "skip")

# Title and number of training epochs, from the paper's table of hyperparameters.
PUBLISHED = {
    "cora": ("Cora", 400),
    "citeseer": ("CiteSeer", 400),
    "pubmed": ("PubMed", 500),
    "cs": ("Coauthor-CS", 400),
    "physics": ("Coauthor-Physics", 200),
    "photo": ("Amazon-Photo", 500),
    "computers": ("Amazon-Computers", 500),
    "arxiv": ("ogbn-arxiv", 500),
    "proteins": ("ogbn-proteins", 500),
}

FIELDS = ("valid_perf", "perf", "latency", "para")


def convert(paths: Sequence[Path] = ()) -> Contents:
    """Read the files of the installed package; raises `TableError` if they are not as published.

    Args:
        paths: the folder that holds the `.bench` files; empty for the folder of the installed package.
    """
    if len(paths) > 1:
        raise UsageError(f"{NAME} is imported from one folder, {SOURCE.files}; received {len(paths)} paths")
    folder = paths[0] if paths else _installed()
    files = {name: folder / f"{name}.bench" for name in PUBLISHED}
    data_sets = {name: _data_set(name, path) for name, path in files.items()}
    return SOURCE.contents(data_sets, {path.name: sha256(path) for path in files.values()})


def _installed() -> Path:
    package = find_spec("nas_bench_graph")
    if package is None or package.origin is None:
        raise TableError("the package nas-bench-graph is not installed: pip install nas-bench-graph")
    return Path(package.origin).parent / "light"


def _data_set(name: str, path: Path) -> DataSet:
    title, epochs = PUBLISHED[name]
    space = "nasbench_graph_proteins" if name == "proteins" else "nasbench_graph"
    keys, columns = _columns(path, space)
    valid, test, latency, parameters = columns
    return DataSet(
        title=title,
        space=space,
        keys=keys,
        metric="ROC-AUC (%)" if name == "proteins" else "accuracy (%)",
        parameters=parameters,
        latency={"gpu": latency * 1e3},
        trainings={
            epochs: Training(
                valid_accuracy=Measurement(valid[:, None, None] * 100, (epochs,), ("mean",)),
                test_accuracy=Measurement(test[:, None, None] * 100, (epochs,), ("mean",)),
            )
        },
    )


def _columns(path: Path, space_name: str) -> tuple[Any, Any]:
    """Keys of the table's rows, ascending, shape `(A,)`, and the four fields, shape `(4, A)`."""
    try:
        listed = read_numbers(read_limited(path, MOST_BYTES))
    except ValueError as error:
        raise TableError(f"{path} cannot be read: {error}") from None
    if not isinstance(listed, dict):
        raise TableError(f"{path} does not hold a table by architecture")
    space = find_space(space_name)
    assert isinstance(space, NasBenchGraph)
    digits = {OPERATIONS.index(operation): choice for choice, operation in enumerate(space.operations)}
    needed = _canonical_indices(space)
    rows = {}
    for key, fields in listed.items():
        architecture = _architecture(key, digits)
        index = space.index(architecture) if space.is_valid(architecture) else -1
        if index not in needed:
            raise TableError(f"{path}: key {key!r:.40} is not a canonical architecture of {space_name}")
        rows[index] = _numbers(fields, f"{path}, key {key}")
    if len(rows) != len(needed):
        raise TableError(f"{path} lists {len(rows):,} architectures; all {len(needed):,} are needed")
    keys = np.array(sorted(rows), dtype=np.int64)
    return keys, np.array([rows[key] for key in keys.tolist()]).T


@cache
def _canonical_indices(space: NasBenchGraph) -> frozenset[int]:
    """Indices of the distinct architectures of a space."""
    architectures = map(space.architecture, range(space.size))
    return frozenset(space.index(space.canonical(a)) for a in architectures if space.is_valid(a))


def _architecture(key: object, digits: dict[int, int]) -> tuple[int, ...]:
    """Topology and four operations from the five decimal digits of a key; invalid for any other key."""
    if not isinstance(key, int) or not 0 <= key < 10**5:
        return ()
    topology, *operations = (int(digit) for digit in f"{key:05d}")
    return (topology, *(digits.get(operation, -1) for operation in operations))


def _numbers(fields: object, where: str) -> list[float]:
    if not isinstance(fields, dict) or set(fields) != set(FIELDS):
        raise TableError(f"{where}: expected the fields {', '.join(FIELDS)}")
    for name in FIELDS:
        value = fields[name]
        most = 1.0 if name in ("valid_perf", "perf") else 1e6
        if not isinstance(value, float) or not isfinite(value) or not 0 <= value <= most:
            raise TableError(f"{where}: {name} is not a number between 0 and {most:g}")
    return [fields[name] for name in FIELDS]


SOURCE = Source(
    name=NAME,
    title="NAS-Bench-Graph",
    citation=(
        "Y. Qin, Z. Zhang, X. Wang, Z. Zhang and W. Zhu. NAS-Bench-Graph: Benchmarking Graph Neural"
        " Architecture Search. NeurIPS 2022 Datasets and Benchmarks."
    ),
    licence="Apache-2.0",
    homepage="https://github.com/THUMNLab/NAS-Bench-Graph",
    files="the folder `light` of the package nas-bench-graph (read from the installed package without one)",
    convert=convert,
    packaged=True,
)
