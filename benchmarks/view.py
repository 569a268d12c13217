"""How a search sees a task: epochs, training seed, fallbacks, and where live training takes place."""

from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class LiveSettings:
    """Where live training takes place; none of it changes a result on the same kind of device.

    Attributes:
        data_dir: the images, a folder or an archive; None for the place where `data fetch` puts them.
        device: as PyTorch names it; None for the fastest.
        cache: folder of finished trainings; None for the one in the data folder.
        jobs: trainings of one batch that run at once.
    """

    data_dir: Path | None = None
    device: str | None = None
    cache: Path | None = None
    jobs: int = 1

    def absolute(self) -> "LiveSettings":
        """The same for a process in any folder."""
        data_dir, cache = (path and path.absolute() for path in (self.data_dir, self.cache))
        return replace(self, data_dir=data_dir, cache=cache)


@dataclass(frozen=True, kw_only=True)
class View:
    """How a search sees a task.

    Attributes:
        epochs: training epochs behind the accuracy that a search sees; None for the longest training.
        training_seed: `random`, `mean` or a seed's label.
        fallback: the sources that are asked, in this order, for an architecture the table does not list.
        recipe: of live training.
        live: where live training takes place.
    """

    epochs: int | None = None
    training_seed: str = "random"
    fallback: tuple[str, ...] = ()
    recipe: str = ""
    live: LiveSettings = LiveSettings()
