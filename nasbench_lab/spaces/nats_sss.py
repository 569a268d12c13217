"""The size search space of NATS-Bench (Dong et al. 2021)."""

from nasbench_lab.spaces.base import Architecture, SearchSpace
from nasbench_lab.spaces.graphs import Graph, chain

# The layers of the published network, each with the kind of its operation. `/2` halves the resolution.
LAYERS = (
    *(("cell, {}", "other"), ("residual, {}, /2", "convolution"), ("cell, {}", "other")),
    *(("residual, {}, /2", "convolution"), ("cell, {}", "other")),
)


class NatsSss(SearchSpace):
    """The number of channels in each of five stages of a network whose cell is fixed.

    The official order is the order of the choices; the last stage changes fastest.

    Attributes:
        channels: the choices of each stage, in order.
    """

    name = "nats_sss"
    cardinalities = (8,) * 5
    channels = (8, 16, 24, 32, 40, 48, 56, 64)

    def graphs(self, architecture: Architecture) -> tuple[Graph, ...]:
        """The five layers in a chain, each with its channels."""
        layers = zip(LAYERS, architecture, strict=True)
        return (chain([(label.format(self.channels[choice]), kind) for (label, kind), choice in layers]),)

    def format(self, architecture: Architecture) -> str:
        """The published form, channels in order: `64:48:8:8:16`."""
        return ":".join(str(self.channels[choice]) for choice in architecture)

    def parse(self, text: str) -> Architecture:
        """Read the published form; raises `UsageError` on anything else."""
        choices = {str(channels): choice for choice, channels in enumerate(self.channels)}
        architecture = tuple(choices.get(part, -1) for part in text.split(":", maxsplit=5))
        if not self.is_valid(architecture):
            raise self.not_an_architecture(text)
        return architecture


SPACES = (NatsSss(),)
