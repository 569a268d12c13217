"""The view that a search has of a task: epochs, training seed, fallbacks, settings of live training."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from nasbench_lab.settings import checked


@dataclass(frozen=True, kw_only=True)
class LiveSettings:
    """Settings of live training. None of them changes a result on the same kind of device.

    Raises `UsageError` if one is of another type; a path may be a text.

    Attributes:
        data_dir: folder or archive of the images; None for the folder to which `data fetch` downloads them.
        device: PyTorch's name of the device; None for the fastest.
        cache: folder of finished trainings; None for the one in the data folder.
        jobs: number of trainings of one batch that run at once.
    """

    data_dir: Path | None = None
    device: str | None = None
    cache: Path | None = None
    jobs: int = 1

    def __post_init__(self) -> None:
        for name in ("data_dir", "cache"):
            given = checked(name, getattr(self, name), str | None)
            object.__setattr__(self, name, None if given is None else Path(given))
        object.__setattr__(self, "device", checked("device", self.device, str | None))
        object.__setattr__(self, "jobs", checked("jobs", self.jobs, int))

    def absolute(self) -> "LiveSettings":
        """The same settings with absolute paths, valid for a process in any folder."""
        data_dir, cache = (path and path.absolute() for path in (self.data_dir, self.cache))
        return replace(self, data_dir=data_dir, cache=cache)


@dataclass(frozen=True, kw_only=True)
class View:
    """The view that a search has of a task.

    Attributes:
        epochs: training epochs behind the accuracy that a search sees; None for the longest training.
        training_seed: `random`, `mean` or a seed's label.
        cost: the cost of an evaluation: `seconds`, if the benchmark lists them, or training `epochs`.
        only_listed: whether a search stays within the architectures that the table lists.
        fallback: the sources to ask, in this order, for an architecture that the table does not list.
        recipe: the recipe of live training.
        live: the settings of live training.
    """

    epochs: int | None = None
    training_seed: str = "random"
    cost: Literal["seconds", "epochs"] = "seconds"
    only_listed: bool = False
    fallback: tuple[str, ...] = ()
    recipe: str = ""
    live: LiveSettings = LiveSettings()
