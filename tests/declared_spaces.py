"""Declared search spaces for tests: without and with conditions, small and too large to list."""

from nasbench_lab.spaces import find_space
from nasbench_lab.spaces.decisions import Categorical, Ordered
from nasbench_lab.spaces.declared import DeclaredSpace

PLAIN = DeclaredSpace(
    "plain",
    {
        "width": Ordered(16, 32, 64, 128),
        "op": Categorical("conv(3x3)", "skip", "none", "max pool"),
        "rate": Ordered(1e-05, 0.5, 1),
        "bias": Categorical(True, False),
    },
)
CONDITIONS = DeclaredSpace(
    "conditions",
    {
        "optimizer": Categorical("sgd", "adam", "none"),
        "momentum": Ordered(0.0, 0.9, 0.99, when={"optimizer": "sgd"}),
        "nesterov": Categorical(False, True, when={"momentum": (0.9, 0.99)}),
        "width": Ordered(16, 32, 64),
        "beta": Ordered(0.9, 0.95, when={"optimizer": ["adam"], "width": [32, 64]}),
        "only": Categorical("one"),
    },
)
LARGE = DeclaredSpace(
    "large",
    {"switch": Categorical(False, True)}
    | {f"layer {i}": Ordered(*range(10), when={"switch": True} if i % 2 else None) for i in range(17)},
)
DECLARED = {f"declared {space.name}": find_space(space.definition) for space in (PLAIN, CONDITIONS, LARGE)}
