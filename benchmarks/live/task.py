"""A task that trains architectures. A finished training is looked up from then on."""

import copy
import logging
import math
from collections.abc import Callable, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from nasbench_lab.benchmarks.live.cache import EvaluationCache, Key
from nasbench_lab.benchmarks.live.pack import Protocol
from nasbench_lab.benchmarks.training.outcome import Epoch, Outcome
from nasbench_lab.benchmarks.training.recipes import Recipe
from nasbench_lab.benchmarks.training.scores import score_names
from nasbench_lab.benchmarks.training_seeds import TrainingSeeds
from nasbench_lab.errors import UsageError
from nasbench_lab.processes import explaining_lost_processes
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.contract import FLOPS, PARAMETERS, VALID_ACCURACY, Evaluation, Metric, Metrics, Query
from nasbench_lab.search.task import Scores, SharedNetwork, TaskDefaults, unknown_metric
from nasbench_lab.spaces import Architecture, SearchSpace

if TYPE_CHECKING:
    from nasbench_lab.benchmarks.training.images import ImageSet
    from nasbench_lab.benchmarks.training.networks import Trainable

log = logging.getLogger(__name__)
Progress = Callable[[str, int, Epoch], None]
PROXY = "proxy:"  # begins the names of zero-cost scores


class LiveTask(TaskDefaults):
    """A task that trains architectures by one recipe on one set of images, and keeps the outcomes.

    The canonical form of an architecture is trained, so equal cells are trained only once. Accuracies
    after fewer epochs are read from the curve of the whole training. A training that diverged is kept in
    the cache as a failure. Other failures, such as too little memory, are not kept there, since the
    training may succeed another time or on another machine.

    Args:
        space: any space that `nasbench_lab.benchmarks.training.networks` knows.
        recipe: the recipe to train by, made for this space or for all spaces.
        images: the images to train on.
        cache: the cache in which outcomes are kept and looked up.
        epochs: number of epochs after which a search sees the accuracy; None for the recipe's number.
        seeds: number of training seeds, counted from 0.
        seed: the training seed a search sees, see `TrainingSeeds`.
        device: the device, as PyTorch names it; None for the fastest.
        jobs: number of trainings of a batch that run at once, each in its own process.
        progress: called after each epoch with the architecture, the epoch's number and the epoch.

    Raises:
        UsageError: the arguments do not fit together, or PyTorch is not installed.
    """

    lists_every_architecture = True
    charges_seconds = True
    resumable = True
    optimum = None
    metrics = MappingProxyType(
        {
            VALID_ACCURACY: Metric("higher", "%"),
            "parameters": PARAMETERS,
            "flops": FLOPS,
            **{f"{PROXY}{name}": Metric("higher", on_request=True) for name in score_names()},
        }
    )

    def __init__(
        self,
        space: SearchSpace,
        recipe: Recipe,
        images: "ImageSet",
        cache: EvaluationCache,
        *,
        epochs: int | None = None,
        seeds: int = 1,
        seed: str = "random",
        device: str | None = None,
        jobs: int = 1,
        progress: Progress | None = None,
    ) -> None:
        check_device(device)
        self._check_networks(space, recipe)
        self._recipe, self._images, self._cache = recipe, images, cache
        self.epochs = self._checked(recipe.epochs if epochs is None else epochs)
        self.fidelities = tuple(range(1, recipe.epochs + 1))
        self.name = f"{space.name}/{images.name}"
        self.space = space
        self._seeds = TrainingSeeds(seeds, seed)
        self._device, self._jobs, self._progress = device, jobs, progress
        self._known: dict[Key, Outcome] = {}
        self._scored: dict[tuple[Architecture, str], tuple[float, float]] = {}

    def evaluate(
        self, architecture: Architecture, epochs: int | None, rng: np.random.Generator
    ) -> Evaluation:
        """Train an architecture, or look up its finished training. A failure is an evaluation, too."""
        if not self.space.is_valid(architecture):
            raise ValueError(f"{architecture!r} is not an architecture of {self.space.name}")
        after = self.epochs if epochs is None else self._checked(epochs)
        seeds = self._seeds.draw(rng)
        outcomes = [self._outcome(architecture, seed) for seed in seeds]
        reached = [outcome.epochs[after - 1] for outcome in outcomes if len(outcome.epochs) >= after]
        failed = len(reached) < len(outcomes)
        spent = [_seconds(outcome, after) for outcome in outcomes]
        return Evaluation(
            valid_accuracy=0.0 if failed else _mean([epoch.valid_accuracy for epoch in reached]),
            seconds=sum(spent),
            epochs=after,
            source="live",
            metrics=_sizes(outcomes[0]),
            failed=failed,
            training=f"{self._recipe.epochs} epochs, seed {seeds[0] if len(seeds) == 1 else 'mean'}",
            train_seconds=sum(_train_seconds(outcome, after) for outcome in outcomes),
        )

    def test_accuracy(self, architecture: Architecture) -> float:
        """The reported accuracy of an incumbent, in percent: mean over the seeds; NaN if one failed."""
        tests = [self._outcome(architecture, seed).test for seed in self._seeds.all]
        return _mean([math.nan if test is None else test.accuracy for test in tests])

    def prepare(self, queries: Sequence[Query], rng: np.random.Generator) -> None:
        """Train the architectures of a batch, several at once; `rng` is left unchanged.

        A training gives the same outcome alone or beside others, so only the time changes.
        """
        from joblib import Parallel, delayed

        if self._jobs == 1:
            return
        ahead = copy.deepcopy(rng)
        missing = {
            key: (query.architecture, seed)
            for query in queries
            if self.space.is_valid(query.architecture)
            for seed in self._seeds.draw(ahead)
            if self._find(key := self._key(query.architecture, seed)) is None
        }
        if len(missing) > 1:
            # Processes, not threads, since PyTorch has one random generator for all threads.
            with explaining_lost_processes():
                trained = Parallel(n_jobs=self._jobs, backend="loky")(
                    delayed(self.train)(*each) for each in missing.values()
                )
            self._known |= zip(missing, trained, strict=True)

    def train(self, architecture: Architecture, seed: int) -> Outcome:
        """Train, and keep the outcome. If another process kept one meanwhile, return that one."""
        from nasbench_lab.benchmarks.training.devices import find_device
        from nasbench_lab.benchmarks.training.trainer import train

        key = self._key(architecture, seed)
        checkpoint = self._cache.checkpoint(key)
        outcome = train(
            self._network(self.space.canonical(architecture)),
            self._recipe,
            self._images,
            seed=seed,
            device=find_device(self._device),
            checkpoint=checkpoint,
            progress=None if self._progress is None else partial(self._progress, key.architecture),
        )
        if outcome.failure:
            log.warning("training %s with seed %d failed: %s", key.architecture, seed, outcome.failure)
        if not outcome.failure or outcome.diverged:
            outcome = self._cache.put(key, self._recipe, self._images, outcome)
            checkpoint.unlink(missing_ok=True)
        return outcome

    @property
    def protocol(self) -> Protocol:
        """The settings that all trainings of this task share."""
        return Protocol(self._space_text, self._recipe.digest, self._images.digest, self._network_digest)

    def is_known(self, architecture: Architecture, seed: int) -> bool:
        """Whether a training is in the cache."""
        return self._find(self._key(architecture, seed)) is not None

    @property
    def card(self) -> TaskCard:
        """The description of this task in figures and reports."""
        recipe = self._recipe
        by = f"of live training by the recipe {recipe.title}"
        seen_after = f"after {self.epochs} epochs"
        if self.epochs < recipe.epochs:
            seen_after = f"after {self.epochs} of {recipe.epochs} epochs"
        return TaskCard(
            name=self.name,
            title=f"{self.space.name}, {self._images.title}",
            metric="accuracy (%)",
            searched=f"validation accuracy {seen_after} {by} ({self._seeds.searched})",
            reported=f"test accuracy after {recipe.epochs} epochs {by} ({self._seeds.reported})",
            cost="simulated seconds",
            optimum=None,
            digest="+".join(filter(None, (recipe.digest, self._images.digest, self._network_digest))),
            citation="trained by nasbench_lab",
            licence="",
        )

    def _checked(self, epochs: int) -> int:
        """Return `epochs`; raises `UsageError` if the recipe has no accuracy after that many."""
        if not 1 <= epochs <= self._recipe.epochs:
            raise UsageError(
                f"the recipe {self._recipe.name} trains for {self._recipe.epochs} epochs, so there is"
                f" no accuracy after {epochs}"
            )
        return epochs

    def _key(self, architecture: Architecture, seed: int) -> Key:
        return Key(
            space=self._space_text,
            architecture=self.space.format(self.space.canonical(architecture)),
            recipe=self._recipe.digest,
            epochs=self._recipe.epochs,
            images=self._images.digest,
            seed=seed,
            network=self._network_digest,
        )

    @property
    def _space_text(self) -> str:
        """The text by which the cache knows the space."""
        return self.space.name

    @property
    def _network_digest(self) -> str:
        """Digest of the function that makes the networks; empty for the networks of the space."""
        return ""

    def _check_networks(self, space: SearchSpace, recipe: Recipe) -> None:
        """Raise `UsageError` if there are no networks for the space and the recipe."""
        from nasbench_lab.benchmarks.training.networks import check_space

        recipe.check_space(space.name)
        check_space(space.name)

    def _network(self, architecture: Architecture) -> "Trainable":
        """The network of a canonical architecture."""
        from nasbench_lab.benchmarks.training.networks import SpaceNetwork

        return SpaceNetwork(self.space.name, architecture)

    def _find(self, key: Key) -> Outcome | None:
        if key not in self._known:
            outcome = self._cache.get(key)
            if outcome is None:
                return None
            self._known[key] = outcome
        return self._known[key]

    def _outcome(self, architecture: Architecture, seed: int) -> Outcome:
        key = self._key(architecture, seed)
        outcome = self._find(key)
        if outcome is None:
            outcome = self._known[key] = self.train(architecture, seed)
        return outcome

    def score(self, architecture: Architecture, metrics: Sequence[str]) -> Scores:
        """Size, FLOPs and zero-cost scores of an untrained network; raises `UsageError` for other metrics.

        A score that was computed before is charged the same seconds again. Size and FLOPs cost nothing.
        """
        known = {name: metric for name, metric in self.metrics.items() if name != VALID_ACCURACY}
        for name in metrics:
            if name not in known:
                raise unknown_metric(self.name, name, known)
        canonical = self.space.canonical(architecture)
        found = {name: self._score(canonical, name) for name in metrics}
        values = {name: value for name, (value, _) in found.items()}
        return Scores(values, sum(seconds for _, seconds in found.values()), "live")

    def _score(self, architecture: Architecture, metric: str) -> tuple[float, float]:
        """A metric of a canonical architecture, and the seconds it cost."""
        from nasbench_lab.benchmarks.training.devices import find_device
        from nasbench_lab.benchmarks.training.scoring import compute_score, count_size

        if (architecture, metric) not in self._scored:
            network, recipe, images = self._network(architecture), self._recipe, self._images
            device = find_device(self._device)
            if metric.startswith(PROXY):
                name = metric.removeprefix(PROXY)
                self._scored[architecture, metric] = compute_score(name, network, recipe, images, device)
            else:
                size = count_size(network, recipe, images, device)
                self._scored[architecture, metric] = getattr(size, metric), 0.0
        return self._scored[architecture, metric]

    def shared_network(self, seed: int) -> SharedNetwork:
        """A new network with shared weights, which a search trains by steps of the recipe.

        Raises `UsageError` if the architectures share no weights.
        """
        from nasbench_lab.benchmarks.training.devices import find_device
        from nasbench_lab.benchmarks.training.shared_training import SharedTraining

        return SharedTraining(
            self.space.name, self._recipe, self._images, seed=seed, device=find_device(self._device)
        )


def check_device(device: str | None) -> None:
    """Raise `UsageError` if the device cannot be used, or if PyTorch is not installed."""
    try:
        from nasbench_lab.benchmarks.training.devices import find_device
    except ImportError as error:
        raise UsageError(
            f"live training needs PyTorch ({error}); install it with: pip install 'nasbench-lab[live]'"
        ) from None
    find_device(device)


def _sizes(outcome: Outcome) -> Metrics:
    """The metrics that need no training; none if the network could not be made."""
    sizes = {"parameters": outcome.parameters, "flops": outcome.flops}
    return Metrics({name: value for name, value in sizes.items() if not math.isnan(value)})


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _seconds(outcome: Outcome, epochs: int) -> float:
    """Seconds of a training up to an epoch, plus one validation pass.

    If the training failed before the end of that epoch, all its seconds.
    """
    passed = outcome.epochs[epochs - 1].valid_seconds if len(outcome.epochs) >= epochs else 0.0
    return _train_seconds(outcome, epochs) + passed


def _train_seconds(outcome: Outcome, epochs: int) -> float:
    """Seconds of a training up to an epoch; if it failed before the end of that epoch, all its seconds."""
    if len(outcome.epochs) < epochs:
        return outcome.failed_seconds
    return outcome.epochs[epochs - 1].train_seconds
