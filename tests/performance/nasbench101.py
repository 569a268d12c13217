"""NAS-Bench-101 at full size, made up: `python -m tests.performance.nasbench101`.

The script writes a file in the official format with all 423,624 cells, 4 trainings and 3 repeats. The file
takes 2 GB in a temporary folder, which is removed at the end. The script then converts the file, and prints
how long converting, opening and looking up take. With `--partition` it shows instead that the canonical
form and the official hash divide all cells into the same classes.
"""

import argparse
import base64
import json
import resource
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from nasbench_lab.spaces.nasbench101 import SPACES
from tests.nasbench101 import distinct_cells, masked, module, training

(SPACE,) = SPACES


@contextmanager
def timed(what: str, times: int = 1, unit: str = "s", factor: float = 1) -> Iterator[None]:
    started = time.perf_counter()
    yield
    spent = (time.perf_counter() - started) * factor
    print(f"{what:<58}{spent / times:>12,.3f} {unit}", flush=True)


def partition() -> None:
    """Show that distinct canonical cells have distinct hashes.

    The tests show that a cell has the same hash as its canonical form.
    """
    with timed("enumerate the distinct cells"):
        indices = distinct_cells(7).tolist()
    with timed("official hash of each"):
        hashes = {SPACE.module_hash(SPACE.architecture(index)) for index in indices}
    print(f"{len(indices):,} distinct cells, {len(hashes):,} distinct hashes")


def write(path: Path, lengths: tuple[int, ...], cells: list[int]) -> int:
    """Write a made-up official file and return its number of records."""
    from google_crc32c import value as crc32c

    rng = np.random.default_rng(0)
    messages = {
        epochs: [
            base64.b64encode(
                training(epochs, rng.uniform(0.5, 0.94), rng.uniform(0.5, 0.94), epochs * rng.uniform(5, 40))
            ).decode()
            for _ in range(1000)
        ]
        for epochs in lengths
    }
    written = 0
    with path.open("wb", buffering=1 << 20) as file:
        for cell in cells:
            architecture = SPACE.architecture(cell)
            module_hash = SPACE.module_hash(architecture)
            adjacency, operations = module(architecture)
            for epochs in lengths:
                for _ in range(3):
                    message = messages[epochs][written % 1000]
                    data = json.dumps([module_hash, epochs, adjacency, operations, message]).encode()
                    length = struct.pack("<Q", len(data))
                    file.write(length + masked(crc32c(length)) + data + masked(crc32c(data)))
                    written += 1
    return written


def convert(lengths: tuple[int, ...], folder: Path) -> None:
    from nasbench_lab.benchmarks.sources import nasbench101
    from nasbench_lab.benchmarks.tables.file import Table, write_table
    from nasbench_lab.benchmarks.tables.task import TabularTask

    cells = np.random.default_rng(1).permutation(distinct_cells(7)).tolist()
    path = folder / "made_up.tfrecord"
    with timed("write the made-up file"):
        records = write(path, lengths, cells)
    print(f"{records:,} records, {path.stat().st_size / 1e9:.2f} GB; {peak():.2f} GiB at most so far")
    started = time.perf_counter()
    contents = nasbench101.SOURCE.convert([path])
    read = time.perf_counter() - started
    print(f"read and checked in {read:.1f} s, {records / read:,.0f} records a second")
    table_path = folder / "nasbench101.h5"
    with timed("write the table and read it back"):
        write_table(contents, table_path)
    del contents
    print(f"table of {table_path.stat().st_size / 1e6:.0f} MB; {peak():.2f} GiB of memory at most")

    for _ in range(3):
        with timed("open the table and its data set", unit="ms", factor=1e3):
            table = Table(table_path)
            data_set = table.data_set("cifar10")
    with timed("check it against its digest"):
        table.verify()
    task = TabularTask(table, "cifar10")
    rng = np.random.default_rng(2)
    drawn = [SPACE.sample(rng) for _ in range(20_000)]
    new = list(dict.fromkeys(drawn))
    with timed("first lookup of all", unit="ms", factor=1e3):
        task.evaluate(new[0], None, rng)
    with timed("lookup of a cell not seen before", len(new), "microseconds", 1e6):
        for cell in new:
            task.evaluate(cell, None, rng)
    with timed("lookup of a cell seen before", len(new), "microseconds", 1e6):
        for cell in new:
            task.evaluate(cell, None, rng)
    with timed("official hash of a cell, for comparison", 2000, "microseconds", 1e6):
        for cell in new[:2000]:
            SPACE.module_hash(cell)
    with timed("canonical form of a cell", len(new), "microseconds", 1e6):
        for cell in new:
            SPACE.canonical(cell)
    rows = rng.integers(len(data_set), size=1_000_000)
    with timed("a million lookups by row", unit="ms", factor=1e3):
        task.valid_accuracies(rows)
    tuples = np.column_stack([rng.integers(n, size=200_000) for n in SPACE.cardinalities])
    with timed("lookups by cell, 200,000 at once: each", len(tuples), "microseconds", 1e6):
        listed = task.rows(tuples)
    print(f"of these {np.mean(listed >= 0):.1%} were valid")


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--partition", action="store_true", help="compare canonical forms with hashes instead"
    )
    parser.add_argument("--only108", action="store_true", help="the smaller of the two official files")
    settings = parser.parse_args()
    if settings.partition:
        partition()
        return
    with tempfile.TemporaryDirectory() as folder:
        convert((108,) if settings.only108 else (4, 12, 36, 108), Path(folder))


if __name__ == "__main__":
    main()
