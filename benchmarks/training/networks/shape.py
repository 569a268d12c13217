"""The settings of a network that a recipe fixes and an architecture does not."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Size and normalisation of a network. The networks of a space use only the settings that apply to them.

    Attributes:
        channels: number of channels after the stem.
        stages: number of parts of equal resolution. From one to the next, the resolution halves and the
            channels double.
        cells: number of cells in each stage.
        stem_stride: stride of the first convolution in NAS-Bench-201's network.
        classes: number of outputs.
        image_channels: number of channels of the images.
        image_size: pixels along a side of the images.
        batch_norm_momentum: weight of the newest batch in the running statistics, PyTorch's convention.
        batch_norm_epsilon: added to the variance.
    """

    channels: int
    stages: int
    cells: int
    stem_stride: int = 1
    classes: int = 10
    image_channels: int = 3
    image_size: int = 32
    batch_norm_momentum: float = 0.1
    batch_norm_epsilon: float = 1e-5
