"""Plain chains of layers, as in LeNet, AlexNet and VGG: convolutions, then dense layers, no branches."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.graphs import Graph, chain


class Conv(NamedTuple):
    """A convolution and its activation; `stride` 2 halves the resolution."""

    kernel: int
    channels: int
    stride: int
    activation: str

    def __str__(self) -> str:
        return f"conv{self.kernel}x{self.kernel}-{self.channels}-s{self.stride}-{self.activation}"


class Pool(NamedTuple):
    """2x2 max-pooling, which halves the resolution."""

    def __str__(self) -> str:
        return "pool"


class Dense(NamedTuple):
    """A fully connected layer and its activation."""

    units: int
    activation: str

    def __str__(self) -> str:
        return f"fc-{self.units}-{self.activation}"


class Dropout(NamedTuple):
    """Dropout; `rate` is the share of values that are dropped."""

    rate: float

    def __str__(self) -> str:
        return f"dropout-{self.rate}"


Layer = Conv | Pool | Dense | Dropout
Layers = tuple[Layer, ...]

ACTIVATIONS = ("relu", "sigmoid", "tanh")
POOLS: tuple[Layers, ...] = ((), (Pool(),))
DROPOUTS: tuple[Layers, ...] = ((), (Dropout(0.25),), (Dropout(0.5),))

CONVOLUTIONS = [Conv(*choices) for choices in product((3, 5), (16, 32, 64), (1, 2), ACTIVATIONS)]
DENSE = [Dense(*choices) for choices in product((64, 128, 256), ACTIVATIONS)]


@dataclass(frozen=True)
class Slots:
    """Neighbouring slots of the same kind.

    Attributes:
        count: number of slots.
        cardinalities: choices of each decision of a slot; the first decision is absent (0) or present (1).
        held: the layers of a present slot, for each combination of its other choices, in order.
    """

    count: int
    cardinalities: tuple[int, ...]
    held: Sequence[Layers]

    @cached_property
    def layers(self) -> dict[Architecture, Layers]:
        """The layers of a slot, by its choices; empty for an absent slot."""
        return dict(zip(self._choices(), [()] * len(self.held) + list(self.held), strict=True))

    @cached_property
    def texts(self) -> dict[Architecture, str]:
        """The text of a slot, by its choices; in parentheses for an absent slot."""
        texts = ["|".join(map(str, layers)) for layers in self.held]
        return dict(zip(self._choices(), [f"({text})" for text in texts] + texts, strict=True))

    @cached_property
    def choices(self) -> dict[str, Architecture]:
        """The choices of a slot, by its text."""
        return {text: choices for choices, text in self.texts.items()}

    def _choices(self) -> Iterable[Architecture]:
        return product(*map(range, self.cardinalities))


SLOTS = (
    Slots(5, (2, 2, 3, 2, 3, 2, 3), [(c, *p, *d) for c, p, d in product(CONVOLUTIONS, POOLS, DROPOUTS)]),
    Slots(2, (2, 3, 3, 3), [(dense, *dropout) for dense, dropout in product(DENSE, DROPOUTS)]),
)
MOST_HALVINGS = 3
SMALLEST_IMAGE = 2**MOST_HALVINGS


class Chain(SearchSpace):
    """Five slots for convolutions, then two for dense layers; any of them may be absent.

    The decisions of a convolution slot are: absent or present, kernel, channels, stride, activation,
    whether 2x2 max-pooling follows, and dropout. The decisions of a dense slot are: absent or present,
    units, activation, dropout. An architecture is valid if at least one slot is present, and strides and
    pooling halve the resolution at most three times. This leaves one pixel of an 8x8 image.

    The text form names the layers in order, such as `conv3x3-32-s2-relu|pool|fc-128-tanh|dropout-0.25`.
    An absent slot is written in parentheses, with the layers that it would hold. The last slots of a kind
    are left out if they have the first choice throughout, so a canonical architecture has no parentheses.
    """

    name = "chain"
    cardinalities = tuple([choices for slots in SLOTS for choices in slots.cardinalities * slots.count])

    def is_valid(self, architecture: Architecture) -> bool:
        """Whether a tuple is an architecture of this space; never raises."""
        if not self._in_range(architecture):
            return False
        layers = self.layers(architecture)
        return len(layers) > 0 and sum(map(_halves, layers)) <= MOST_HALVINGS

    def layers(self, architecture: Architecture) -> Layers:
        """The layers from the input on, without the last layer, which outputs the classes."""
        return tuple(
            [
                layer
                for slots, row in _rows(architecture)
                for choices in row
                for layer in slots.layers[choices]
            ]
        )

    def canonical(self, architecture: Architecture) -> Architecture:
        """Move absent slots behind the present slots of their kind, and set all their choices to 0."""
        canonical: Architecture = ()
        for slots, row in _rows(architecture):
            present = [choice for choices in row if choices[0] for choice in choices]
            canonical += _filled(present, slots)
        return canonical

    def graphs(self, architecture: Architecture) -> tuple[Graph, ...]:
        """The layers that are present, in a chain; a convolution's `/2` is its stride."""
        return (chain([_label(layer) for layer in self.layers(architecture)]),)

    def format(self, architecture: Architecture) -> str:
        """The layers in order: `conv3x3-32-s2-relu|pool|fc-128-tanh|dropout-0.25`."""
        texts: list[str] = []
        for slots, row in _rows(architecture):
            written = max([i for i, choices in enumerate(row, start=1) if any(choices)], default=0)
            texts += [slots.texts[choices] for choices in row[:written]]
        return "|".join(texts)

    def parse(self, text: str) -> Architecture:
        """Read the output of `format`; raises `UsageError` on anything else."""
        parts = re.split(r"\|(?=\(|conv|fc)", text)
        architecture: Architecture = ()
        for slots in SLOTS:
            read = [choice for part in parts for choice in slots.choices.get(part, ())]
            architecture += _filled(read, slots)
        # Unknown parts were dropped and parts out of order were moved, so the text would differ.
        if not self.is_valid(architecture) or self.format(architecture) != text:
            raise self.not_an_architecture(text)
        return architecture


def _rows(architecture: Architecture) -> Iterator[tuple[Slots, list[Architecture]]]:
    """The slots of each kind, with the choices of each slot."""
    start = 0
    for slots in SLOTS:
        width = len(slots.cardinalities)
        end = start + width * slots.count
        yield slots, [architecture[place : place + width] for place in range(start, end, width)]
        start = end


def _filled(choices: list[int], slots: Slots) -> Architecture:
    """Choices of the first slots of a kind, then the first choice for all other slots."""
    return (*choices, *[0] * (len(slots.cardinalities) * slots.count - len(choices)))


def _label(layer: Layer) -> tuple[str, str]:
    """A layer's short text, and the kind of its operation."""
    match layer:
        case Conv(kernel, channels, stride, activation):
            halving = ", /2" if stride == 2 else ""
            return f"conv {kernel}x{kernel}, {channels}{halving}, {activation}", "convolution"
        case Pool():
            return "max pool 2x2", "pooling"
        case Dense(units, activation):
            return f"fc {units}, {activation}", "dense"
        case Dropout(rate):
            return f"dropout {rate}", "other"


def _halves(layer: Layer) -> bool:
    return isinstance(layer, Pool) or (isinstance(layer, Conv) and layer.stride == 2)


SPACES = (Chain(),)
