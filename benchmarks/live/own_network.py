"""A task that trains the networks of one's own function."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_lab.benchmarks.folders import data_folder
from nasbench_lab.benchmarks.live.cache import EvaluationCache
from nasbench_lab.benchmarks.live.task import LiveTask, Progress, check_device
from nasbench_lab.benchmarks.own_code import check_call, digest_of, space_text
from nasbench_lab.benchmarks.training.images import ImageSet, open_images
from nasbench_lab.benchmarks.training.own_images import read_images
from nasbench_lab.benchmarks.training.recipes import Recipe, find_recipe
from nasbench_lab.benchmarks.view import View
from nasbench_lab.errors import UsageError
from nasbench_lab.search.task import SharedNetwork
from nasbench_lab.spaces import Architecture, SearchSpace

if TYPE_CHECKING:
    from nasbench_lab.benchmarks.training.networks import Trainable

Factory = Callable[[Architecture], Any]


class NetworkTask(LiveTask):
    """A task whose networks a function of one's own makes, trained by one of our recipes.

        space = DeclaredSpace("convs", {"width": Ordered(8, 16, 32), "kernel": Ordered(3, 5)})

        def network(architecture):
            width, kernel = space.values(architecture).values()
            return nn.Sequential(
                nn.Conv2d(3, width, kernel, padding="same"), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                nn.Linear(width, 10),
            )

        task = NetworkTask(space, network, "digits", "cifar10-mini:train_images=1200,valid_images=237")

    Everything else is as in `LiveTask`: seeds, epochs, the cache. Trainings of an edited function are not
    used for the new one. Its code is all that `own_code.digest_of` counts; for anything else, set another
    `version`. A function that raises an exception makes a failed evaluation.

    Args:
        space: any search space.
        network: `network(architecture)` returns a new `torch.nn.Module`, which maps images
            `(n, channels, size, size)` to `(n, classes)`. PyTorch's generator, which draws the weights,
            follows the training seed.
        images: one of our sets of images by name, the path of an `.npz` file (see `own_images.read_images`),
            or an `ImageSet` (see `own_images.image_set`).
        recipe: a recipe or its text, such as `cifar10-mini:epochs=10,image_size=28`. Its settings of a
            network, such as `channels` and `batch_norm_momentum`, have no effect. Images are averaged down to
            its `image_size`.
        name: of the task; by default the names of the space and the images.
        epochs, seeds, seed, device, jobs, progress: see `LiveTask`.
        data_dir: folder or archive of our images, see `open_images`.
        cache: folder of the trainings; by default `own-networks` in the data folder.
        version: a text that tells apart trainings which the code does not.

    Raises:
        UsageError: the arguments do not fit together, or PyTorch is not installed.
        ImagesError: the images are missing or cannot be used.
    """

    def __init__(
        self,
        space: SearchSpace,
        network: Factory,
        images: "ImageSet | str | Path",
        recipe: Recipe | str,
        *,
        name: str = "",
        epochs: int | None = None,
        seeds: int = 1,
        seed: str = "random",
        device: str | None = None,
        jobs: int = 1,
        progress: Progress | None = None,
        data_dir: Path | str | None = None,
        cache: Path | str | None = None,
        version: str = "",
    ) -> None:
        if not isinstance(space, SearchSpace):
            raise UsageError(f"space is a SearchSpace, such as a DeclaredSpace; received {space!r:.80}")
        check_call(network, "network", "architecture")
        self._factory = network
        # The code is read here: a process that is given this task may not have its source.
        self._code = digest_of(network, version)
        folder = data_folder() / "own-networks" if cache is None else Path(cache).expanduser()
        super().__init__(
            space,
            find_recipe(recipe) if isinstance(recipe, str) else recipe,
            _image_set(images, data_dir),
            EvaluationCache(folder.absolute()),  # a worker process may be in another folder
            epochs=epochs,
            seeds=seeds,
            seed=seed,
            device=device,
            jobs=jobs,
            progress=progress,
        )
        self.name = name or self.name

    def viewed(self, view: View) -> "NetworkTask":
        """The same task as a view shows it, with those of the view's settings that are set."""
        task = copy.copy(self)
        task.epochs = self.epochs if view.epochs is None else self._checked(view.epochs)
        if view.training_seed != View().training_seed:
            task._seeds = self._seeds.showing(view.training_seed)
        if view.live.device is not None:
            check_device(view.live.device)
            task._device = view.live.device
        if view.live.cache is not None:
            task._cache = EvaluationCache(view.live.cache)
        task._jobs = max(self._jobs, view.live.jobs)
        return task

    def shared_network(self, seed: int) -> SharedNetwork:
        """Raise `UsageError`: a function makes each network apart."""
        raise UsageError(
            f"{self.name} has no network with shared weights: its function makes each network apart"
        )

    @property
    def _space_text(self) -> str:
        return space_text(self.space)

    @property
    def _network_digest(self) -> str:
        return self._code

    def _check_networks(self, space: SearchSpace, recipe: Recipe) -> None:
        """Accept every space and every recipe: the function makes the networks."""

    def _network(self, architecture: Architecture) -> "Trainable":
        from nasbench_lab.benchmarks.training.networks.own import OwnNetwork

        text = f"{self.space.name} {self.space.format(architecture)}"
        return OwnNetwork(self._factory, architecture, text, self._code)


def _image_set(images: "ImageSet | str | Path", data_dir: Path | str | None) -> ImageSet:
    if isinstance(images, ImageSet):
        return images
    if Path(images).suffix == ".npz":
        return read_images(images)
    return open_images(str(images), None if data_dir is None else Path(data_dir))
