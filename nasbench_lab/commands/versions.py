"""Versions in one line, for `--version` and for reports of faults."""

import platform

from nasbench_lab.version import __version__


def version_line() -> str:
    """This package, Python, NumPy and PyTorch; the libraries are not imported for it."""
    # Imported here: `--help` must not wait for it.
    from importlib.metadata import PackageNotFoundError, version

    parts = [f"nasbench_lab {__version__}", f"Python {platform.python_version()}"]
    for package in ("numpy", "torch"):
        try:
            parts.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            parts.append(f"{package} none")
    return ", ".join(parts)
