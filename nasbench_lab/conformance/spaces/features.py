"""Rules of a search space: architectures as numbers, for models that predict."""

import numpy as np

from nasbench_lab.conformance.rules import Rule, require, shown
from nasbench_lab.conformance.spaces.examples import drawn
from nasbench_lab.spaces.base import SearchSpace


def encoding_is_one_hot(space: SearchSpace, rng: np.random.Generator) -> None:
    """A block of numbers for each decision, 1 at its choice and 0 elsewhere."""
    width = sum(space.cardinalities)
    architectures = list(drawn(space, rng))
    encoded = space.encode(architectures)
    shape = (len(architectures), width)
    require(
        encoded.shape == shape and encoded.dtype == np.float32,
        f"encode gave shape {encoded.shape} of {encoded.dtype}; expected {shape} of float32",
    )
    starts = np.cumsum((0, *space.cardinalities[:-1]))
    for architecture, row in zip(architectures, encoded, strict=True):
        expected = np.isin(np.arange(width), starts + architecture)
        require((row == expected).all(), f"encode([{architecture}]) is {shown(row.tolist())}")
    nothing = space.encode([])
    require(nothing.shape == (0, width), f"encode([]) has shape {nothing.shape}; expected {(0, width)}")


def features_are_numbers_of_each_architecture_alone(space: SearchSpace, rng: np.random.Generator) -> None:
    """A row of finite numbers for each, whatever the others are."""
    architectures = list(drawn(space, rng))
    features = space.features(architectures)
    require(
        features.dtype == np.float32 and features.ndim == 2 and len(features) == len(architectures),
        f"features gave shape {features.shape} of {features.dtype}; expected a row of float32 for each",
    )
    require(np.isfinite(features).all(), "features gave numbers that are not finite")
    nothing = space.features([])
    expected = (0, features.shape[1])
    require(nothing.shape == expected, f"features([]) has shape {nothing.shape}; expected {expected}")
    for architecture, row in zip(architectures, features, strict=True):
        alone = space.features([architecture])[0]
        require((alone == row).all(), f"features of {architecture} differ among others")


def features_are_those_of_the_canonical_architecture(space: SearchSpace, rng: np.random.Generator) -> None:
    """Unless the space has features of its own."""
    if type(space).features is not SearchSpace.features:
        return
    architectures = list(drawn(space, rng, 200))
    canonical = [space.canonical(architecture) for architecture in architectures]
    differ = (space.features(architectures) != space.features(canonical)).any(axis=1)
    for architecture, wrong in zip(architectures, differ, strict=True):
        require(not wrong, f"features of {architecture} differ from those of its canonical form")


RULES: tuple[Rule, ...] = (
    encoding_is_one_hot,
    features_are_numbers_of_each_architecture_alone,
    features_are_those_of_the_canonical_architecture,
)
