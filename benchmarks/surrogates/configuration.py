"""The input of NAS-Bench-301's surrogates: ConfigSpace 0.4.12's vector of a DARTS architecture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.spaces import Architecture
from nasbench_lab.spaces.darts import NODES, PAIRS, SPACES, Darts

SPACE: Darts = SPACES[0]


# The searched hyperparameters in ConfigSpace's order: by depth of their conditions, then by name.
# `tests/benchmarks/sources/nasbench301/make.py` names the 22 that are not searched.
CELLS = ("normal", "reduce")
ALWAYS = [f"edge_{cell}_{edge}" for cell in CELLS for edge in (0, 1)]
INPUTS = [f"inputs_node_{cell}_{node}" for cell in CELLS for node in (3, 4, 5)]
CONDITIONAL = [f"edge_{cell}_{edge}" for cell in CELLS for edge in sorted(map(str, range(2, 14)))]
PLACES = {
    **{name: place for place, name in enumerate(ALWAYS, start=10)},
    **{name: place for place, name in enumerate(INPUTS, start=15)},
    **{name: place for place, name in enumerate(CONDITIONAL, start=32)},
}
FIRST_EDGE = {2: 0, 3: 2, 4: 5, 5: 9}
# The published setting of the others, as ConfigSpace 0.4.12 scales it. Fixed choices and constants are 0.
SETTINGS = np.full(56, -1.0, dtype=np.float32)
SETTINGS[[*range(10), 14, *range(21, 32)]] = 0.0
SETTINGS[0] = 0.5863451791322545  # batch size
SETTINGS[4] = 0.16666444442962952  # holes of Cutout
SETTINGS[5] = 0.3099999239999697  # length of Cutout
SETTINGS[14] = 0.003149999006299998  # initial channels
SETTINGS[21] = 0.000749999001499998  # layers
SETTINGS[24] = -3.6888794541139363  # learning rate
SETTINGS[25] = 0.8988764044943821  # momentum
SETTINGS[26] = -8.111728083308073  # weight decay
SETTINGS[27] = 0.009949999019899998  # epochs of the cosine schedule
SETTINGS[28] = 1e-12  # its last learning rate
SETTINGS[31] = 0.7051278400653053  # alpha of Mixup


def configuration_vectors(architectures: Sequence[Architecture]) -> NDArray[np.float32]:
    """The input of the official surrogates: ConfigSpace 0.4.12's vector of each architecture.

    A vector has one number for each hyperparameter of the published `configspace.json`, as ConfigSpace
    orders and scales them. A searched hyperparameter is the index of its choice. It is -1 if a condition
    leaves it without a value, as in NAS-Bench-301. The others have their published setting.

    Args:
        architectures: n architectures of the space `darts`.

    Returns:
        Shape `(n, 56)`.
    """
    vectors = np.tile(SETTINGS, (len(architectures), 1))
    for vector, architecture in zip(vectors, architectures, strict=True):
        for kind, cell in zip(CELLS, SPACE.cells(architecture), strict=True):
            for node, pairs, edges in zip(NODES, PAIRS, cell, strict=True):
                (_, one), (_, other) = edges
                if len(pairs) > 1:
                    vector[PLACES[f"inputs_node_{kind}_{node}"]] = pairs.index((one, other))
                for operation, source in edges:
                    vector[PLACES[f"edge_{kind}_{FIRST_EDGE[node] + source}"]] = operation
    return vectors
