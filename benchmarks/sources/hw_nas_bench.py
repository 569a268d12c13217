"""HW-NAS-Bench (Li et al. 2021): latency and energy of the NAS-Bench-201 cells on six devices.

The official file lists the latency (milliseconds) and energy (millijoules) of every cell, in the order of
NAS-Bench-201. It lists no accuracy, so it cannot answer a search alone. The table made here is therefore a
copy of the NAS-Bench-201 table, with these columns in place of its latency, and with its own name, citation
and digest. Accuracies and times are copied, not linked: the table does not change if NAS-Bench-201 is
imported again. Its `source_sha256` records the NAS-Bench-201 table that it was made from. The eyeriss columns
are the authors' estimates; all others were measured. The file's FBNet part and its `arithmetic_intensity`
are not read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.formats.limits import read_limited, sha256
from nasbench_lab.benchmarks.formats.pickles import read_numbers
from nasbench_lab.benchmarks.sources.base import Source
from nasbench_lab.benchmarks.tables.contents import Contents, DataSet
from nasbench_lab.benchmarks.tables.file import Table
from nasbench_lab.errors import TableError, UsageError
from nasbench_lab.spaces import find_space

NAME = "hw_nas_bench"
FILES = "HW-NAS-Bench-v1_0.pickle (and the table of nasbench201, where it is not the imported one)"
MOST_BYTES = 256 * 2**20
MOST = 1e9

# From the name of a data set in the NAS-Bench-201 table to its name in the official file.
PUBLISHED = {"cifar10": "cifar10", "cifar100": "cifar100", "imagenet16-120": "ImageNet16-120"}
LATENCY = ("edgegpu", "raspi4", "edgetpu", "pixel3", "eyeriss", "fpga")
ENERGY = ("edgegpu", "eyeriss", "fpga")


def convert(paths: Sequence[Path]) -> Contents:
    """Join the official file to a NAS-Bench-201 table; raises `TableError` if either is not as expected.

    Args:
        paths: the official file, then the file of the table.
    """
    if len(paths) != 2:
        raise UsageError(f"{NAME} is imported from one file, {FILES}; received {len(paths)}")
    path = paths[0]
    metrics = _metrics(path)
    table = Table(paths[1])
    data_sets = {}
    for name, official in PUBLISHED.items():
        if name in table.data_set_names and official in metrics:
            data_sets[name] = _joined(table.data_set(name), metrics[official], f"{path}, {official}")
    if not data_sets:
        raise TableError(f"{path} and {table.path} have no data set in common")
    digests = {path.name: sha256(path), f"table {table.name}": table.digest}
    contents = SOURCE.contents(data_sets, digests)
    return replace(contents, citation=f"{SOURCE.citation} Accuracies: {table.citation}")


def _metrics(path: Path) -> Mapping[Any, Any]:
    try:
        content = read_numbers(read_limited(path, MOST_BYTES))
    except ValueError as error:
        raise TableError(f"{path} cannot be read: {error}") from None
    metrics = content.get("nasbench201") if type(content) is dict else None
    if type(metrics) is not dict:
        raise TableError(f"{path} holds nothing about nasbench201")
    return metrics


def _joined(data_set: DataSet, metrics: Any, where: str) -> DataSet:
    if data_set.space != "nasbench201" or data_set.keys is not None:
        raise TableError(
            f"{where}: the table of nasbench201 lists {len(data_set):,} architectures of {data_set.space};"
            " all of nasbench201 are needed, in its order"
        )
    if type(metrics) is not dict:
        raise TableError(f"{where}: there are no metrics")
    _check_order(metrics.get("config"), where)
    latency = {device: _column(metrics, f"{device}_latency", where) for device in LATENCY}
    energy = {device: _column(metrics, f"{device}_energy", where) for device in ENERGY}
    listed = {device: column for device, column in latency.items() if column is not None}
    if not listed:
        raise TableError(f"{where}: there is no latency on any of {', '.join(LATENCY)}")
    return replace(
        data_set,
        latency=listed,
        energy={device: column for device, column in energy.items() if column is not None},
    )


def _check_order(configurations: Any, where: str) -> None:
    """Check that the cells are in the order of NAS-Bench-201, if the file names the cell of each entry."""
    if configurations is None:
        return
    space = find_space("nasbench201")
    for index in range(space.size):
        given = (
            configurations[index] if type(configurations) is list and index < len(configurations) else None
        )
        if type(given) is not dict or given.get("arch_str") != space.format(space.architecture(index)):
            raise TableError(
                f"{where}: entry {index} is not the cell that NAS-Bench-201 has at this position"
            )


def _column(metrics: Mapping[Any, Any], name: str, where: str) -> NDArray[np.float64] | None:
    """One metric of every cell; None if it was not measured on this data set."""
    values = metrics.get(name)
    if values is None:
        return None
    size = find_space("nasbench201").size
    if type(values) is not list or len(values) != size:
        raise TableError(f"{where}: {name} is not a list of {size:,} numbers")
    for index, value in enumerate(values):
        if type(value) not in (float, int) or not 0 <= value <= MOST:
            raise TableError(f"{where}, entry {index}: {name} is not a number between 0 and {MOST:g}")
    return np.array(values, dtype=np.float64)


SOURCE = Source(
    name=NAME,
    title="HW-NAS-Bench",
    citation=(
        "C. Li, Z. Yu, Y. Fu, Y. Zhang, Y. Zhao, H. You, Q. Yu, Y. Wang and Y. Lin. HW-NAS-Bench:"
        " Hardware-Aware Neural Architecture Search Benchmark. ICLR 2021."
    ),
    licence="MIT",
    homepage="https://github.com/GATECH-EIC/HW-NAS-Bench",
    files=FILES,
    convert=convert,
    joins="nasbench201",
)
