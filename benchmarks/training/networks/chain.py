"""Networks of plain chains. Batch normalisation follows each convolution, as VGG is trained today."""

from torch import nn

from nasbench_lab.benchmarks.training.networks.shape import Shape
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces import Architecture
from nasbench_lab.spaces.chain import SMALLEST_IMAGE, SPACES, Conv, Dense, Dropout, Layer, Pool

(SPACE,) = SPACES
ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def network(architecture: Architecture, shape: Shape) -> nn.Module:
    """The layers of a chain in order, then a dense layer with one output per class.

    Convolutions keep the resolution, or halve it (rounded up) if their stride is 2. Batch normalisation and
    then activation follow each of them. The output of the last convolution or pooling is flattened, so dense
    layers grow with the image. Images of shape `(n, image_channels, image_size, image_size)` give
    `(n, classes)`.

    The architecture alone fixes the layers and their channels: `shape.channels`, `shape.stages` and
    `shape.cells` are ignored. Raises `UsageError` if images are smaller than 8x8 pixels.
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
    """The modules of a layer; its input has `channels` channels of `size` x `size` pixels."""
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
