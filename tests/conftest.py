import os
import re
import subprocess
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Before NumPy is imported: its threads wait for each other on a machine that other tests use as well.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# No deadline: the first call of a test may build a cache, and machines are shared.
settings.register_profile("nasbench_lab", deadline=None, max_examples=50)
settings.load_profile("nasbench_lab")

# Modules of tests that train networks import one of these.
NEEDS_TORCH = re.compile(
    r"^(import torch|from torch|from tests\.live_task"
    r"|from nasbench_lab\.benchmarks\.training\.(trainer|devices|pixels|networks|rmsprop)"
    r"|from nasbench_lab\.benchmarks\.live\.measure|from nasbench_lab\.benchmarks\.live import .*measure)",
    re.MULTILINE,
)


class WithoutTorch(pytest.Module):
    """A module of tests that is skipped because PyTorch is not installed."""

    def collect(self) -> Iterable[Any]:
        pytest.skip("needs PyTorch: pip install 'nasbench-lab[live]'", allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> WithoutTorch | None:
    """Skip tests of live training if PyTorch is absent."""
    if find_spec("torch") is None and NEEDS_TORCH.search(module_path.read_text(encoding="utf-8")):
        module: WithoutTorch = WithoutTorch.from_parent(parent, path=module_path)
        return module
    return None


@pytest.fixture(scope="session")
def published_data() -> Path:
    """The folder of published benchmark files; the tests use them, but the package never ships them."""
    repository = Path(__file__).resolve().parents[1]
    given = os.environ.get("NASBENCH_LAB_PUBLISHED_DATA")
    folder = Path(given) if given else repository.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no published data at {folder}; set NASBENCH_LAB_PUBLISHED_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def cifar10(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the images of CIFAR-10 in their official layout."""
    given = os.environ.get("NASBENCH_LAB_CIFAR10")
    if given:
        return Path(given)
    packed = request.getfixturevalue("published_data") / "cifar10"
    if not packed.is_dir():
        pytest.skip("no images of CIFAR-10; set NASBENCH_LAB_CIFAR10 to their folder or archive")
    folder = tmp_path_factory.mktemp("cifar10")
    subprocess.run([sys.executable, packed / "make_batches.py", folder], check=True, capture_output=True)
    return folder
