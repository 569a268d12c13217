"""The folders of tables, surrogates and finished trainings."""

import os
from pathlib import Path

from nasbench_lab.errors import TableError


def data_folder() -> Path:
    """The folder of tables: `$NASBENCH_LAB_DATA`, or else a folder in the user's cache."""
    given = os.environ.get("NASBENCH_LAB_DATA")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("nasbench_lab", appauthor=False))


def table_path(name: str) -> Path:
    """The path of a benchmark's imported table, whether or not the file exists."""
    return data_folder() / f"{name}.h5"


def cache_folder() -> Path:
    """The default folder of finished trainings."""
    return data_folder() / "evaluations"


def surrogate_path(benchmark: str, data_set: str) -> Path:
    """The path of a surrogate, whether or not the file exists; raises `TableError` for an unusable name."""
    if Path(data_set).name != data_set or Path(benchmark).name != benchmark:
        raise TableError(f"{benchmark}/{data_set} cannot be a file name, so its surrogate cannot be kept")
    return data_folder() / "surrogates" / benchmark / f"{data_set}.h5"
