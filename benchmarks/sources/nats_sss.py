"""The size space of NATS-Bench (Dong et al. 2021): 32,768 networks on three data sets, per seed and epoch.

Each network was trained for 1, 12 and 90 epochs, each time with a separate schedule.
`nasbench_lab.benchmarks.formats.nats_files` lists the values that are read from the official files. The
authors measured the seconds of an epoch once, in the shortest training, and list them for all three.
"""

from collections.abc import Sequence
from pathlib import Path

from nasbench_lab.benchmarks.formats.nats_records import Layout
from nasbench_lab.benchmarks.sources.base import Source, only_file
from nasbench_lab.benchmarks.sources.nats import read_data_sets
from nasbench_lab.benchmarks.tables.contents import Contents
from nasbench_lab.errors import TableError

NAME = "nats_sss"
FILES = "the folder NATS-sss-v1_0-50262-simple or NATS-sss-v1_0-50262.pickle.pbz2"
LAYOUT = Layout("nats_sss", {"01": 1, "12": 12, "90": 90})


def convert(paths: Sequence[Path]) -> Contents:
    """Read official files; raises `TableError` on anything that is not as published."""
    path = only_file(paths, NAME, FILES)
    if not path.exists():
        raise TableError(f"there is no file {path}")
    data_sets, digests = read_data_sets(path, LAYOUT)
    return SOURCE.contents(data_sets, digests)


SOURCE = Source(
    name=NAME,
    title="NATS-Bench size space",
    citation=(
        "X. Dong, L. Liu, K. Musial and B. Gabrys. NATS-Bench: Benchmarking NAS Algorithms for Architecture"
        " Topology and Size. IEEE TPAMI 44(7), 2022."
    ),
    licence="MIT",
    homepage="https://github.com/D-X-Y/NATS-Bench",
    files=FILES,
    convert=convert,
)
