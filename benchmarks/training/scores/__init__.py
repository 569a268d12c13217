"""Zero-cost scores: values of an untrained network that may predict its accuracy. One file per score.

A file `benchmarks/training/scores/<name>.py` defines `score(network, images, labels)`: the score of a network
in training mode on one batch. It may change the network. Higher is better for every score.
"""

import pkgutil


def score_names() -> tuple[str, ...]:
    """Names of all scores."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))
