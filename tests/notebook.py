"""Run the notebook of `results/`, and keep it with its output: `python -m tests.notebook`."""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

PATH = Path(__file__).resolve().parent.parent / "results" / "notebook" / "spirals.ipynb"


def executed(path: Path, folder: Path) -> nbformat.NotebookNode:
    """The notebook with the output of a new Jupyter kernel that works in a folder."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    for cell in notebook.cells:
        # The times of the cells would differ in each version of the file.
        cell.metadata.pop("execution", None)
    return notebook


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        notebook = executed(PATH, Path(folder))
        print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    nbformat.write(notebook, PATH)
