"""The device to train on: CUDA, MPS or a CPU."""

import platform

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
