"""The two search spaces of TransNAS-Bench-101 (Duan et al. 2021): cells, and skeletons of networks."""

import re

from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.graphs import Graph, Operations, cell_of_four, chain

LABELS: Operations = {
    "skip_connect": ("skip", "skip"),
    "conv_1x1": ("conv 1x1", "convolution"),
    "conv_3x3": ("conv 3x3", "convolution"),
}
WIDTH = 64  # channels before the first module

CELL = re.compile(r"64-41414-([0-3])_([0-3])([0-3])_([0-3])([0-3])([0-3])")
SKELETON = re.compile("64-([1-4]{4,6})-basic")

NONE, SKIP = 0, 1
MODULES = (4, 6)
HALVINGS = (1, 4)
DOUBLINGS = (1, 3)


class TransNasMicro(SearchSpace):
    """A cell of four nodes: the operation on each of its six edges, such as `64-41414-1_02_333`.

    The edges are ordered as published: into node 1 from 0; into node 2 from 0 and 1; into node 3 from
    0, 1 and 2. A node is the sum of its edges; node 0 is the input, node 3 the output. The text begins with
    the width and the skeleton, which are the same for all cells.

    Attributes:
        operations: the choices of each edge, in order.
    """

    name = "transnas_micro"
    cardinalities = (4,) * 6
    operations = ("none", "skip_connect", "conv_1x1", "conv_3x3")

    def canonical(self, architecture: Architecture) -> Architecture:
        """Set `none` on edges that change nothing, and sort nodes 1 and 2 if no edge joins them.

        Only cells that compute the same function count as the same. These are fewer than in NAS-Bench-201: a
        skip connection from the input has weights if the cell changes the width, and a convolution without
        input still gives the bias of its normalization. Some cells that are equal through chains of skip
        connections are kept apart.
        """
        cell, before = list(architecture), None
        while cell != before:
            before = list(cell)
            _drop_idle_edges(cell)
        e01, e02, e12, e03, e13, e23 = cell
        swapped = (e02, e01, e12, e03, e23, e13)
        return min(tuple(cell), swapped) if e12 == NONE else tuple(cell)

    def graphs(self, architecture: Architecture) -> tuple[Graph, ...]:
        """Four nodes with operations on the edges between them; edges with `none` are left out."""
        return (cell_of_four(tuple([self.operations[choice] for choice in architecture]), LABELS),)

    def format(self, architecture: Architecture) -> str:
        """The published form, such as `64-41414-1_02_333`."""
        one, two, three, four, five, six = architecture
        return f"64-41414-{one}_{two}{three}_{four}{five}{six}"

    def parse(self, text: str) -> Architecture:
        """Read the published form; raises `UsageError` on anything else."""
        form = CELL.fullmatch(text)
        if form is None:
            raise self.not_an_architecture(text)
        return tuple(int(digit) for digit in form.groups())


def _drop_idle_edges(cell: list[int]) -> None:
    """Set `none` on edges into a node without output, and on skip connections from a node without input."""
    if cell[5] == NONE:
        cell[1] = cell[2] = NONE
    if cell[2] == cell[4] == NONE:
        cell[0] = NONE
    if cell[0] == NONE:
        cell[2], cell[4] = (NONE if edge == SKIP else edge for edge in (cell[2], cell[4]))
    if cell[1] == cell[2] == NONE and cell[5] == SKIP:
        cell[5] = NONE


class TransNasMacro(SearchSpace):
    """A chain of four to six modules of two residual blocks, written as `64-1234-basic`.

    Module 1 keeps width and resolution, 2 doubles the width, 3 halves the resolution, 4 does both. The
    fifth and the sixth decision may also be 0 (no module). A network halves the resolution one to four
    times and doubles the width one to three times, which leaves the published 3,256 networks.
    """

    name = "transnas_macro"
    cardinalities = (4, 4, 4, 4, 5, 5)

    def is_valid(self, architecture: Architecture) -> bool:
        """Whether a tuple is an architecture of this space; never raises."""
        if not self._in_range(architecture) or (architecture[4] == 0 and architecture[5] != 0):
            return False
        modules = self.modules(architecture)
        halvings = sum(module > 2 for module in modules)
        doublings = sum(module in (2, 4) for module in modules)
        return HALVINGS[0] <= halvings <= HALVINGS[1] and DOUBLINGS[0] <= doublings <= DOUBLINGS[1]

    def modules(self, architecture: Architecture) -> tuple[int, ...]:
        """The modules of a network from the input on, each from 1 to 4."""
        first = tuple(choice + 1 for choice in architecture[: MODULES[0]])
        return first + tuple(choice for choice in architecture[MODULES[0] :] if choice)

    def graphs(self, architecture: Architecture) -> tuple[Graph, ...]:
        """The modules in a chain, each with its channels; `/2` halves the resolution."""
        width, labels = WIDTH, []
        for module in self.modules(architecture):
            width *= 2 if module in (2, 4) else 1
            labels.append(f"module, {width}, /2" if module > 2 else f"module, {width}")
        return (chain([(label, "convolution") for label in labels]),)

    def format(self, architecture: Architecture) -> str:
        """The published form, such as `64-1234-basic`."""
        return f"64-{''.join(map(str, self.modules(architecture)))}-basic"

    def parse(self, text: str) -> Architecture:
        """Read the published form; raises `UsageError` on anything else."""
        form = SKELETON.fullmatch(text)
        digits = [int(digit) for digit in form[1]] if form else []
        first, others = digits[: MODULES[0]], digits[MODULES[0] :]
        absent = [0] * (MODULES[1] - len(digits))
        architecture = (*[digit - 1 for digit in first], *others, *absent)
        if not self.is_valid(architecture):
            raise self.not_an_architecture(text)
        return architecture


SPACES = (TransNasMicro(), TransNasMacro())
