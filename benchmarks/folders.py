"""Where tables, surrogates and finished trainings are kept."""

import os
from pathlib import Path

from nasbench_lab.errors import TableError


def data_folder() -> Path:
    """Where tables are kept: `$NASBENCH_LAB_DATA`, or else the user's cache folder."""
    given = os.environ.get("NASBENCH_LAB_DATA")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("nasbench_lab", appauthor=False))


def table_path(name: str) -> Path:
    """The file that holds a benchmark's imported table, whether it is there or not."""
    return data_folder() / f"{name}.h5"


def cache_folder() -> Path:
    """Where finished trainings are kept unless another folder is named."""
    return data_folder() / "evaluations"


def surrogate_path(benchmark: str, data_set: str) -> Path:
    """The file that holds a surrogate, whether it is there or not."""
    if Path(data_set).name != data_set or Path(benchmark).name != benchmark:
        raise TableError(f"{benchmark}/{data_set} cannot be a file name, so its surrogate cannot be kept")
    return data_folder() / "surrogates" / benchmark / f"{data_set}.h5"
