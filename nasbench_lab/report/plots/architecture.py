"""Pictures of architectures, on axes of any size or as SVG text."""

import hashlib
import io
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D, Bbox, Transform

from nasbench_lab.report.layout.drawing import LINE, STATES, Box, Curve, Point
from nasbench_lab.report.layout.fitting import MARGIN, Page, fitted
from nasbench_lab.report.plots.style import COLOURS, STYLE, plain
from nasbench_lab.spaces import Architecture, SearchSpace
from nasbench_lab.spaces.graphs import Graph

INK = "#333333"
BLUE, VERMILION, GREEN, PINK, ORANGE, SKY, PURPLE, GREY = COLOURS[:8]
# The colour of each kind of operation, and how much of it fills the box: kinds differ in grey, too.
FILLS = {
    "convolution": (BLUE, 0.30),
    "separable": (SKY, 0.30),
    "dilated": (PURPLE, 0.38),
    "pooling": (ORANGE, 0.28),
    "skip": (GREEN, 0.08),
    "dense": (VERMILION, 0.28),
    "attention": (PINK, 0.30),
    "other": (GREY, 0.14),
    "decision": (BLUE, 0.06),
}
INDEXED = re.compile(r"(\w)_\{([^{}$\\]+)\}")
# Multiples of the type size: the radius of corners, the width of lines, the height of capital letters.
CORNER, STROKE, CAPITALS = 0.3, 0.1, 0.73
ROUND = 0.5523  # the distance of the controls of a quarter of a circle, in radii
BREADTH = 0.75  # of an arrowhead, as a share of its length


def draw_architecture(axes: Axes, space: SearchSpace, architecture: Architecture) -> None:
    """Draw an architecture of a space on axes of any size, and hide their frame and ticks.

    The type is as large as the axes allow, and at most 8 points on axes of 5 x 3 inches. The picture is laid
    out anew whenever the axes change their size.
    """
    axes.set_axis_off()
    axes.add_artist(Picture(space.graphs(architecture)))


def architecture_svg(space: SearchSpace, architecture: Architecture, width: float, height: float) -> str:
    """An architecture as SVG text to stand inside HTML; `width` and `height` are in inches.

    The same architecture gives the same text. Several of them can stand on one page.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        draw_architecture(figure.add_axes((0, 0, 1, 1)), space, architecture)
        with io.StringIO() as file:
            nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
            figure.savefig(file, format="svg", metadata=nothing)
            return _for_html(file.getvalue())


def _for_html(svg: str) -> str:
    """Leave out the XML declaration, and make names and the style sheet hold for this picture alone."""
    svg = svg[svg.index("<svg") :]
    own = "a" + hashlib.sha256(svg.encode()).hexdigest()[:12]
    svg = re.sub(r'\bid="', f'id="{own}-', svg)
    svg = re.sub(r'href="#', f'href="#{own}-', svg).replace("url(#", f"url(#{own}-")
    return svg.replace("<svg", f'<svg id="{own}"', 1).replace(">*{", f">#{own} *{{")


class Picture(Artist):
    """The graphs of an architecture, laid out for the size that their axes have when they are drawn."""

    def __init__(self, graphs: tuple[Graph, ...]) -> None:
        super().__init__()
        self._graphs = graphs
        self._font = FontProperties()
        self._widths: dict[str, float] = {}
        self._place = Affine2D()
        self._laid_out: tuple[float, float] | None = None
        self._parts: list[Artist] = []

    def draw(self, renderer: RendererBase) -> None:
        """Draw everything, after a new layout if the size of the axes has changed."""
        if self.get_visible():
            self._lay_out()
            for part in self._parts:
                part.draw(renderer)
        self.stale = False

    def get_children(self) -> list[Artist]:
        """All parts as laid out for the present size of the axes."""
        self._lay_out()
        return list(self._parts)

    def get_window_extent(self, renderer: RendererBase | None = None) -> Bbox:
        """The rectangle of the axes."""
        return Bbox.null() if self.axes is None else Bbox(self.axes.bbox.get_points())

    def _lay_out(self) -> None:
        axes = self.axes
        if axes is None or axes.figure is None:
            return
        points, box = 72 / axes.figure.dpi, axes.bbox
        self._place.clear().scale(1 / points).translate(box.x0, box.y0)
        size = round(box.width * points, 3), round(box.height * points, 3)
        if self._laid_out != size:
            self._laid_out, self._parts = size, []
            if min(size) > 0:
                page = fitted(self._graphs, *size, self._measure)
                self._parts = list(_parts(page, self._font, self._place))
            for part in self._parts:
                part.set_figure(axes.figure)

    def _measure(self, text: str) -> float:
        """The width of a text as a multiple of the type size."""
        if text not in self._widths:
            path = TextPath((0, 0), _shown(text), size=100, prop=self._font)
            # The controls of outlines lie a hair outside, and `get_extents` takes ten times as long.
            self._widths[text] = float(path.vertices[:, 0].max()) / 100
        return self._widths[text]


def _shown(text: str) -> str:
    """A label as Matplotlib reads it: an index such as that of `c_{k-2}` is set as mathematics."""
    return INDEXED.sub(r"$\1_{\2}$", plain(text))


def _parts(page: Page, font: FontProperties, place: Affine2D) -> Iterator[Artist]:
    """All artists of a page, the lowest first; `place` maps points on the page to pixels."""
    for panel in page.panels:
        em = page.type_size
        to_pixels = Affine2D().translate(MARGIN, panel.bottom).scale(em) + place
        boxes = panel.drawing.boxes
        for curve in panel.drawing.curves:
            yield from _arrow(curve, em, to_pixels)
        for box in boxes:
            yield _frame(box, em, to_pixels)
        for box in boxes:
            yield from _label(box, em, font, to_pixels)
        if panel.title:
            at = (0.0, panel.title_bottom - panel.bottom + 0.5 * LINE - CAPITALS / 2)
            yield _text(panel.title, at, em, font, to_pixels, color=INK, weight="bold", ha="left")


def _arrow(curve: Curve, em: float, to_pixels: Transform) -> Iterator[Artist]:
    (x, y), (base_x, base_y) = curve.tip
    away = (base_y - y) * BREADTH / 2, (x - base_x) * BREADTH / 2
    corners = [(x, y), (base_x + away[0], base_y + away[1]), (base_x - away[0], base_y - away[1])]
    path = _bezier(curve.points) if curve.smooth else _rounded(curve.points)
    yield PathPatch(
        path, facecolor="none", edgecolor=INK, linewidth=STROKE * em, capstyle="butt", transform=to_pixels
    )
    yield Polygon(corners, closed=True, facecolor=INK, edgecolor="none", linewidth=0, transform=to_pixels)


def _bezier(points: Sequence[Point]) -> Path:
    return Path(points, [Path.MOVETO, *[Path.CURVE4] * (len(points) - 1)])


def _rounded(points: Sequence[Point]) -> Path:
    """A line whose corners are rounded."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        vertices += [_towards(corner, before), corner, _towards(corner, after)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*vertices, points[-1]], [*codes, Path.LINETO])


def _towards(corner: Point, other: Point) -> Point:
    """The point on the way from a corner to another point at which the rounding begins."""
    distance = math.dist(corner, other)
    share = min(CORNER, distance / 2) / distance if distance else 0.0
    return corner[0] + share * (other[0] - corner[0]), corner[1] + share * (other[1] - corner[1])


def _frame(box: Box, em: float, to_pixels: Transform) -> Artist:
    face, edge = _colours(box.kind)
    radius = box.height / 2 if box.kind in STATES else CORNER
    path = _round_box(box.x, box.y, box.width / 2, box.height / 2, radius)
    return PathPatch(path, facecolor=face, edgecolor=edge, linewidth=STROKE * em, transform=to_pixels)


def _round_box(x: float, y: float, across: float, down: float, radius: float) -> Path:
    """A rectangle around (x, y) whose corners are quarters of a circle."""
    vertices: list[Point] = []
    for right, up in ((1, 1), (-1, 1), (-1, -1), (1, -1)):
        inner_x, inner_y = x + right * (across - radius), y + up * (down - radius)
        ends = [(inner_x + right * radius, inner_y), (inner_x, inner_y + up * radius)]
        controls = [
            (inner_x + right * radius, inner_y + up * radius * ROUND),
            (inner_x + right * radius * ROUND, inner_y + up * radius),
        ]
        corner = [ends[0], *controls, ends[1]]
        vertices += corner if right == up else corner[::-1]
    codes = [code for _ in range(4) for code in (Path.LINETO, *[Path.CURVE4] * 3)]
    return Path([*vertices, vertices[0]], [Path.MOVETO, *codes[1:], Path.CLOSEPOLY])


def _colours(kind: str) -> tuple[str, str]:
    """The colours of the inside and the frame of a box."""
    if kind in STATES:
        return ("#FFFFFF" if kind == "state" else INK), INK
    colour, share = FILLS.get(kind, FILLS["other"])
    red, green, blue = [1 - share * (1 - each) for each in to_rgb(colour)]
    return to_hex((red, green, blue)), colour


def _label(box: Box, em: float, font: FontProperties, to_pixels: Transform) -> Iterator[Artist]:
    colour = "#FFFFFF" if box.kind in ("input", "output") else "#000000"
    for place, line in enumerate(box.lines):
        above = ((len(box.lines) - 1) / 2 - place) * LINE
        yield _text(
            line, (box.x, box.y + above - CAPITALS / 2), em, font, to_pixels, color=colour, ha="center"
        )


def _text(text: str, at: Point, em: float, font: FontProperties, to_pixels: Transform, **look: Any) -> Text:
    return Text(
        *at,
        _shown(text),
        fontproperties=font,
        fontsize=em,
        va="baseline",
        usetex=False,
        parse_math=True,
        transform=to_pixels,
        **look,
    )
