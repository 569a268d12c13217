"""A picture as data: boxes with labels, and the curves between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

Point = tuple[float, float]
Measure = Callable[[str], float]
"""The width of a text on one line, as a multiple of the type size."""

LINE = 1.2  # height of a line of text
PADDING = (0.4, 0.2)  # between a label and the frame of its box, across and down
STATES = ("input", "output", "state")


@dataclass(frozen=True)
class Box:
    """A label of one or more lines in a frame; `x` and `y` are its centre, and y points up."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    kind: str

    @property
    def left(self) -> float:
        """The x of its left side."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """The x of its right side."""
        return self.x + self.width / 2

    def holds(self, point: Point, margin: float = 0.0) -> bool:
        """Whether a point lies in the box or within a margin around it."""
        across, down = self.width / 2 + margin, self.height / 2 + margin
        return abs(point[0] - self.x) < across and abs(point[1] - self.y) < down


@dataclass(frozen=True)
class Curve:
    """A smooth curve, or a line with rounded corners.

    Attributes:
        points: of a smooth curve, cubic Bezier segments: a point, two controls, a point, and so on; of a
            line, its corners.
        smooth: which of the two it is.
        tip: the point of its arrowhead and the point that the arrowhead comes from.
    """

    points: tuple[Point, ...]
    smooth: bool
    tip: tuple[Point, Point]


@dataclass(frozen=True)
class Drawing:
    """Boxes and curves within a rectangle whose lower left corner is (0, 0)."""

    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]


class Plan(Protocol):
    """A way to draw a graph: the least room that it takes, and its drawing in a larger rectangle."""

    @property
    def width(self) -> float:
        """The least width."""

    @property
    def height(self) -> float:
        """The least height."""

    def drawing(self, width: float, height: float) -> Drawing:
        """The drawing, spread over a rectangle that is at least as large."""


def broken(label: str, lines: int) -> tuple[str, ...]:
    """A label on at most so many lines, the longest of them as short as possible.

    It is broken at commas, which are then left out, or else before `=`, or else at blanks.

    >>> broken("conv 3x3, 64, /2, relu", 2)
    ('conv 3x3', '64, /2, relu')
    """
    between = next((each for each in (", ", " = ") if each in label), " ")
    words = [word for word in label.split(between) if word.strip()]
    ways: list[tuple[str, ...]] = [(label,)]
    for place in range(1, len(words) if lines > 1 else 0):
        rest = between.join(words[place:])
        rest = f"= {rest}" if between == " = " else rest
        ways.append((between.join(words[:place]), *broken(rest, lines - 1)))
    return min(ways, key=lambda way: (max(map(len, way)), len(way), -len(way[0])))


def size(lines: Sequence[str], kind: str, measure: Measure) -> tuple[float, float]:
    """Width and height of the box around a label; a short state is as wide as high: a circle."""
    width = max(measure(line) for line in lines) + 2 * PADDING[0]
    height = LINE * len(lines) + 2 * PADDING[1]
    return (max(width, height) if kind in STATES else width), height
