"""Networks of NAS-Bench-Macro (Su et al. 2021): a chain of MobileNetV2 blocks (Sandler et al. 2018)."""

from torch import Tensor, nn

from nasbench_lab.benchmarks.training.networks.shape import Shape
from nasbench_lab.spaces import Architecture
from nasbench_lab.spaces.nasbench_macro import SPACES

(SPACE,) = SPACES
BLOCKS = {1: (3, 3), 2: (6, 5)}
"""Expansion and kernel of each choice except 0, the identity."""

HEAD = 40
"""Width of the head as a multiple of the stem's width. At the published size it has 1,280 channels."""


def network(architecture: Architecture, shape: Shape) -> nn.Module:
    """The network of eight choices. The published size is 32 channels.

    The network is a 3x3 stem of `shape.channels` channels, eight layers in three stages, a 1x1 convolution to
    40 times the stem's channels, global average pooling and a dense layer. The first layer of each stage
    halves the resolution and doubles the channels. Isomorphic architectures give the same network. Images of
    shape `(n, image_channels, size, size)`, of any size, give `(n, classes)`.

    The space fixes the number of stages and layers: `shape.stages` and `shape.cells` are ignored.
    """
    canonical = SPACE.canonical(architecture)
    channels = shape.channels
    layers: list[nn.Module] = [*_conv_bn(shape.image_channels, channels, 3, shape), nn.ReLU(inplace=True)]
    for start, end in SPACE.stages:
        layers.append(_layer(canonical[start], channels, 2 * channels, 2, shape))
        channels *= 2
        layers += [_layer(choice, channels, channels, 1, shape) for choice in canonical[start + 1 : end]]
    width = HEAD * shape.channels
    layers += [*_conv_bn(channels, width, 1, shape), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, shape.classes))


def _layer(choice: int, inputs: int, outputs: int, stride: int, shape: Shape) -> nn.Module:
    if choice in BLOCKS:
        return InvertedResidual(inputs, outputs, stride, *BLOCKS[choice], shape)
    if stride == 1:
        return nn.Identity()
    return nn.Sequential(*_conv_bn(inputs, outputs, 1, shape, stride=stride))


class InvertedResidual(nn.Module):
    """A MobileNetV2 block: widen, filter each channel separately, narrow; with stride 1, add the input."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, expansion: int, kernel: int, shape: Shape
    ) -> None:
        super().__init__()
        width = expansion * inputs
        self.layers = nn.Sequential(
            *_conv_bn(inputs, width, 1, shape),
            nn.ReLU(inplace=True),
            *_conv_bn(width, width, kernel, shape, stride=stride, groups=width),
            nn.ReLU(inplace=True),
            *_conv_bn(width, outputs, 1, shape),
        )
        self.residual = stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


def _conv_bn(
    inputs: int, outputs: int, kernel: int, shape: Shape, *, stride: int = 1, groups: int = 1
) -> tuple[nn.Module, nn.Module]:
    return (
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=shape.batch_norm_epsilon, momentum=shape.batch_norm_momentum),
    )
