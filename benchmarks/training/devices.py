"""The device to train on: CUDA, MPS or a CPU."""

import platform
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from nasbench_lab.errors import UsageError


def find_device(name: str | None = None) -> torch.device:
    """The device called `name`, or the fastest one by default; raises `UsageError` if it is not available."""
    if name is None:
        return torch.device(available_devices()[0])
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    here = available_devices()
    if device is None or name not in (*here, device.type, "cpu:0") or device.type not in here:
        raise UsageError(f"there is no device {name!r} here; there is {', '.join(here)}")
    return device


def available_devices() -> list[str]:
    """Names of all devices of this machine, the fastest first; the CPU is always included."""
    cuda = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    names = ["cuda", *cuda] if cuda else []
    return [*names, *["mps"] * torch.backends.mps.is_available(), "cpu"]


def describe_device(device: torch.device) -> str:
    """Describe a device in text, with the versions that its results depend on."""
    if device.type == "cuda":
        kind = torch.cuda.get_device_name(device)
    else:
        kind = f"{device.type} ({platform.machine()}, {torch.backends.cpu.get_cpu_capability()})"
    return f"{kind}, torch {torch.__version__}"


@contextmanager
def undisturbed(device: torch.device) -> Iterator[None]:
    """Compute with one thread; afterwards restore the number of threads and PyTorch's generators."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            yield
    finally:
        torch.set_num_threads(threads)


def precision(device: torch.device) -> AbstractContextManager[object]:
    """Half precision on CUDA. On most CPUs it is slower than single precision."""
    return torch.autocast("cuda", torch.float16) if device.type == "cuda" else nullcontext()


def now(device: torch.device) -> float:
    """Seconds: processor time on a CPU, to which other work on the machine adds nothing; else clock time."""
    if device.type == "cpu":
        return time.process_time()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
