"""Networks of plain chains: each convolution with batch normalisation, as VGG is trained today."""

from torch import nn

from nasbench_lab.benchmarks.training.networks.shape import Shape
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import Architecture
from nasbench_lab.spaces.chain import SMALLEST_IMAGE, SPACES, Conv, Dense, Dropout, Layer, Pool

(SPACE,) = SPACES
ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def network(architecture: Architecture, shape: Shape) -> nn.Module:
    """The layers of a chain in order, and a dense layer that gives the classes.

    Convolutions keep the resolution (rounded up where the stride halves it), and are followed by batch
    normalisation, then activation. What the last one gives is flattened, so that dense layers grow with the
    image. Images of shape `(n, image_channels, image_size, image_size)` give `(n, classes)`.

    The architecture says how many layers and channels there are: `shape.channels`, `shape.stages` and
    `shape.cells` have no say. Raises `UsageError` where images are smaller than 8x8 pixels.
    """
    if shape.image_size < SMALLEST_IMAGE:
        raise UsageError(
            f"architectures of {SPACE.name} take images of {SMALLEST_IMAGE} pixels a side or more;"
            f" received {shape.image_size}"
        )
    channels, size = shape.image_channels, shape.image_size
    modules: list[nn.Module] = []
    for layer in SPACE.layers(architecture):
        modules += _modules(layer, channels, size, shape)
        match layer:
            case Conv(_, outputs, stride, _):
                channels, size = outputs, -(-size // stride)
            case Pool():
                size //= 2
            case Dense(units, _):
                channels, size = units, 1
    return nn.Sequential(*modules, nn.Flatten(), nn.Linear(channels * size * size, shape.classes))


def _modules(layer: Layer, channels: int, size: int, shape: Shape) -> list[nn.Module]:
    """A layer on what comes from the one before: `channels` of `size` x `size`."""
    match layer:
        case Conv(kernel, outputs, stride, activation):
            return [
                nn.Conv2d(channels, outputs, kernel, stride, kernel // 2, bias=False),
                nn.BatchNorm2d(outputs, eps=shape.batch_norm_epsilon, momentum=shape.batch_norm_momentum),
                ACTIVATIONS[activation](),
            ]
        case Pool():
            return [nn.MaxPool2d(2)]
        case Dense(units, activation):
            return [nn.Flatten(), nn.Linear(channels * size * size, units), ACTIVATIONS[activation]()]
        case Dropout(rate):
            return [nn.Dropout(rate)]
