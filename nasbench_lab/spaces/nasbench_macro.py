"""The search space of NAS-Bench-Macro (Su et al. 2021): eight layers, three choices each."""

from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.graphs import Graph, Operations, chain

# The blocks by their kernel and their expansion.
LABELS: Operations = {
    "identity": ("identity", "skip"),
    "mb3_k3": ("MB3 3x3", "separable"),
    "mb6_k5": ("MB6 5x5", "separable"),
}


class NasBenchMacro(SearchSpace):
    """A choice for each of eight layers in a chain, written as eight digits such as `02012100`.

    0 is the identity, 1 is a MobileNetV2 block with expansion 3 and kernel 3, 2 is one with expansion 6 and
    kernel 5. The layers form three stages of 2, 3 and 3 layers. The first layer of a stage changes the width.
    """

    name = "nasbench_macro"
    cardinalities = (3,) * 8
    operations = ("identity", "mb3_k3", "mb6_k5")

    stages = ((0, 2), (2, 5), (5, 8))

    def canonical(self, architecture: Architecture) -> Architecture:
        """Move identities to the end of their stage, which changes nothing; 3,969 distinct ones remain.

        The first layer of a stage stays in place, since an identity there changes the width.
        """
        layers: list[int] = []
        for start, end in self.stages:
            first, *others = architecture[start:end]
            layers += [first, *sorted(others, key=lambda choice: choice == 0)]
        return tuple(layers)

    def graphs(self, architecture: Architecture) -> tuple[Graph, ...]:
        """The eight layers in a chain."""
        return (chain([LABELS[self.operations[choice]] for choice in architecture]),)

    def format(self, architecture: Architecture) -> str:
        """The published form, such as `02012100`."""
        return "".join(str(choice) for choice in architecture)

    def parse(self, text: str) -> Architecture:
        """Read eight digits from 0 to 2; raises `UsageError` on anything else."""
        architecture = tuple("012".find(digit) for digit in text)
        if not self.is_valid(architecture):
            raise self.not_an_architecture(text)
        return architecture


SPACES = (NasBenchMacro(),)
