"""NAS-Bench-Macro (Su et al. 2021): 6,561 networks on CIFAR-10, three trainings of 50 epochs each.

Only the test accuracy of each training's best epoch was published. There is no validation accuracy and no
time, and none is made up: test accuracy never stands in for validation accuracy.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nasbench_lab.benchmarks.fetch import Download
from nasbench_lab.benchmarks.formats.limits import read_text, sha256
from nasbench_lab.benchmarks.sources.base import Source, only_file
from nasbench_lab.benchmarks.tables.contents import Contents, DataSet, Measurement, Training
from nasbench_lab.errors import TableError
from nasbench_lab.spaces import find_space

NAME = "nasbench_macro"
FILES = "nas-bench-macro_cifar10.json, as it is or packed with gzip"
MOST_BYTES = 16 * 2**20
EPOCHS = 50
SEEDS = ("0", "1", "2")


def convert(paths: Sequence[Path]) -> Contents:
    """Read the JSON; raises `TableError` on anything that is not as published."""
    path = only_file(paths, NAME, FILES)
    published = _read(path)
    space = find_space(NAME)
    networks = [space.format(space.architecture(i)) for i in range(space.size)]
    missing = [network for network in networks if network not in published]
    if missing or len(published) != len(networks):
        raise TableError(
            f"{path} lists {len(published):,} networks; {len(missing):,} of the {len(networks):,} needed are"
            f" missing{f', first {missing[0]}' if missing else ''}"
        )
    accuracy = np.array([_accuracies(published[network], f"{path}, {network}") for network in networks])
    data_set = DataSet(
        title="CIFAR-10",
        space=NAME,
        parameters=np.array([_number(published[n], "params", f"{path}, {n}") for n in networks]) / 1e6,
        flops=np.array([_number(published[n], "flops", f"{path}, {n}") for n in networks]) / 1e6,
        trainings={EPOCHS: Training(test_accuracy=Measurement(accuracy[:, None, :], (EPOCHS,), SEEDS))},
    )
    return SOURCE.contents({"cifar10": data_set}, {path.name: sha256(path)})


def _read(path: Path) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in found if names.count(name) > 1)
            raise TableError(f"{path} gives {twice[:80]!r} twice")
        return found

    try:
        published = json.loads(read_text(path, MOST_BYTES), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise TableError(f"{path} is not JSON: {error}") from None
    if not isinstance(published, dict):
        raise TableError(f"{path} does not hold results by network; expected {FILES}")
    return published


def _accuracies(results: object, where: str) -> list[float]:
    values = results.get("test_acc") if isinstance(results, dict) else None
    if not isinstance(values, list) or len(values) != len(SEEDS):
        raise TableError(f"{where}: test_acc is not a list of {len(SEEDS)} accuracies")
    return [_checked(value, 100.0, f"{where}: test_acc") for value in values]


def _number(results: Any, field: str, where: str) -> float:
    return _checked(results.get(field), 1e12, f"{where}: {field}")


def _checked(value: object, most: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise TableError(f"{what} is not a number between 0 and {most:g}")
    return float(value)


SOURCE = Source(
    name=NAME,
    title="NAS-Bench-Macro",
    citation=(
        "X. Su, T. Huang, Y. Li, S. You, F. Wang, C. Qian, C. Zhang and C. Xu. Prioritized Architecture"
        " Sampling with Monto-Carlo Tree Search. CVPR 2021."
    ),
    licence="Apache-2.0",
    homepage="https://github.com/xiusu/NAS-Bench-Macro",
    files=FILES,
    convert=convert,
    optima={("cifar10", "test"): 93.1267},
    downloads=(
        # No checksum was published. This one is from a copy that has all 6,561 networks and the published
        # optimum.
        Download(
            url="https://raw.githubusercontent.com/xiusu/NAS-Bench-Macro/master/data/nas-bench-macro_cifar10.json",
            checksum="sha256:686dee8363cc21cca8c1f321ad5749454f2d9b9ca5972682e137e539bc522297",
            size=1_178_821,
        ),
    ),
)
