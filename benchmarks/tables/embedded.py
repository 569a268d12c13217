"""Tables that ship with the project, measured by it."""

from pathlib import Path

FOLDER = Path(__file__).parent.parent / "data"


def embedded_names() -> list[str]:
    """Names of the benchmarks whose tables ship with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.h5"))


def embedded_path(name: str) -> Path:
    """The path of an embedded table. The file may not exist."""
    return FOLDER / f"{name}.h5"


def is_embedded(table: Path) -> bool:
    """Whether the file of a table ships with the project."""
    return table.is_relative_to(FOLDER)


def unfinished_path(table: Path) -> Path:
    """The path of a second table: the seeds that only some cells were measured with so far."""
    return table.parent / "unfinished" / table.name
