"""Tables that ship with the project, measured by it."""

from pathlib import Path

FOLDER = Path(__file__).parent.parent / "data"


def embedded_names() -> list[str]:
    """The benchmarks whose tables need not be brought."""
    return sorted(path.stem for path in FOLDER.glob("*.h5"))


def embedded_path(name: str) -> Path:
    """The file of an embedded table, whether there is one or not."""
    return FOLDER / f"{name}.h5"


def unfinished_path(table: Path) -> Path:
    """Where the seeds lie that a table is not measured with yet, but for some cells."""
    return table.parent / "unfinished" / table.name
