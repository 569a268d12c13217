"""Pictures of architectures, measured as they are drawn."""

import io
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from nasbench_lab.report.plots.architecture import FILLS, Picture, architecture_svg, draw_architecture
from nasbench_lab.spaces import SearchSpace, all_spaces, find_space
from nasbench_lab.spaces.decisions import Categorical
from nasbench_lab.spaces.declared import DeclaredSpace
from nasbench_lab.spaces.graphs import KINDS, Graph, Node
from tests.declared_spaces import DECLARED

SPACES = all_spaces() | DECLARED
CELL = find_space("nasbench201")
BEST = CELL.parse(
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
)


def picture_on(axes):
    (picture,) = [each for each in axes.get_children() if isinstance(each, Picture)]
    return picture


def texts_on(axes):
    """The text artists of a picture, and their rectangles in pixels."""
    renderer = FigureCanvasAgg(axes.figure).get_renderer()
    texts = [part for part in picture_on(axes).get_children() if isinstance(part, Text)]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts]


def assert_readable(axes):
    """All labels inside the axes, and none on another."""
    boxes = texts_on(axes)
    assert boxes
    area = axes.bbox
    for text, box in boxes:
        assert area.x0 <= box.x0, text
        assert box.x1 <= area.x1, text
        assert area.y0 <= box.y0 + 1, text
        assert box.y1 <= area.y1 + 1, text
    for (one, first), (other, second) in combinations(boxes, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        down = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert across <= 0 or down <= 0, f"{one} lies on {other}"


@pytest.mark.parametrize(("size", "count"), [((2.2, 1.6), 20), ((5, 3), 5)], ids=["small", "large"])
@pytest.mark.parametrize("name", SPACES)
def test_labels_are_inside_and_apart(name, size, count):
    space = SPACES[name]
    rng = np.random.default_rng(3)
    for _ in range(count):
        figure = Figure(figsize=size, dpi=200)
        axes = figure.add_axes((0, 0, 1, 1))
        draw_architecture(axes, space, space.sample(rng))
        assert_readable(axes)


def test_the_labels_are_those_of_the_graph():
    axes = Figure(figsize=(5, 3)).add_axes((0, 0, 1, 1))
    draw_architecture(axes, CELL, BEST)
    shown = sorted(text for text, _ in texts_on(axes))
    assert shown == sorted(["in", "1", "2", "out", "skip", *["conv 3x3"] * 5])
    assert not axes.axison


def test_both_cells_of_darts_are_drawn_one_below_the_other():
    space = find_space("darts")
    axes = Figure(figsize=(5, 3)).add_axes((0, 0, 1, 1))
    draw_architecture(axes, space, space.sample(np.random.default_rng(0)))
    titles = {text: box.y0 for text, box in texts_on(axes) if text.endswith("cell")}
    assert titles["normal cell"] > titles["reduction cell"]
    assert sum(text == "$c_{k-2}$" for text, _ in texts_on(axes)) == 2


def test_the_picture_follows_the_size_of_its_axes():
    figure = Figure(figsize=(5, 3), layout="constrained")
    axes = figure.subplots(2, 2)[1, 1]
    draw_architecture(axes, CELL, BEST)
    sizes = set()
    for size in ((2.2, 1.6), (8, 5)):
        figure.set_size_inches(size)
        FigureCanvasAgg(figure).draw()
        assert_readable(axes)
        sizes |= {part.get_fontsize() for part in picture_on(axes).get_children() if isinstance(part, Text)}
    assert len(sizes) == 2


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
@pytest.mark.parametrize("tight", [None, "tight"])
def test_it_is_saved_in_any_format_cropped_or_not(kind, tight):
    def saved(draw):
        figure = Figure(figsize=(3, 2))
        axes = figure.subplots()
        axes.set_axis_off()
        if draw:
            draw_architecture(axes, CELL, BEST)
        with io.BytesIO() as file:
            figure.savefig(file, format=kind, bbox_inches=tight)
            return file.getvalue()

    assert len(saved(draw=True)) > len(saved(draw=False)) + 1000


def test_cropping_keeps_the_whole_picture():
    """Nothing but white is at the border of a cropped picture, and not all is white."""
    figure = Figure(figsize=(3, 2), dpi=150)
    draw_architecture(figure.subplots(), CELL, BEST)
    with io.BytesIO() as file:
        figure.savefig(file, format="png", bbox_inches="tight")
        file.seek(0)
        image = matplotlib.image.imread(file)
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    assert (border == 1).all()
    assert (image[..., :3] < 0.5).any()


def test_axes_without_room_are_left_empty():
    figure = Figure(figsize=(3, 2))
    axes = figure.add_axes((0, 0, 0, 0.5))
    draw_architecture(axes, CELL, BEST)
    FigureCanvasAgg(figure).draw()
    assert picture_on(axes).get_children() == []


def test_an_invisible_picture_is_not_drawn():
    figure = Figure(figsize=(3, 2))
    axes = figure.add_axes((0, 0, 1, 1))
    draw_architecture(axes, CELL, BEST)
    picture_on(axes).set_visible(False)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    assert (np.asarray(canvas.buffer_rgba()) == 255).all()


def test_signs_with_a_meaning_to_matplotlib_or_html_are_shown_as_they_are():
    space = DeclaredSpace("signs", {"a$b$_{x": Categorical("<&>", "$2^3$", "100 %")})
    axes = Figure(figsize=(5, 3)).add_axes((0, 0, 1, 1))
    draw_architecture(axes, space, (1,))
    assert_readable(axes)
    ET.fromstring(architecture_svg(space, (0,), 3, 2))


def test_every_kind_of_operation_has_a_look_of_its_own():
    assert set(FILLS) == set(KINDS[3:])
    assert len(set(FILLS.values())) == len(FILLS)


def test_kinds_are_told_by_colour():
    class Kinds(SearchSpace):
        name = "kinds"
        cardinalities = (2,)

        def graphs(self, architecture):
            return (Graph("", tuple([Node(kind, kind) for kind in KINDS])),)

    axes = Figure(figsize=(5, 3)).add_axes((0, 0, 1, 1))
    draw_architecture(axes, Kinds(), (0,))
    frames = [part for part in picture_on(axes).get_children() if not isinstance(part, Text)]
    assert len(frames) == len(KINDS)
    assert len({(part.get_facecolor(), part.get_edgecolor()) for part in frames}) == len(KINDS) - 1


@pytest.mark.parametrize("name", SPACES)
def test_svg_is_the_same_twice_and_well_formed(name):
    space = SPACES[name]
    architecture = space.sample(np.random.default_rng(8))
    first, second = (architecture_svg(space, architecture, 3, 2) for _ in range(2))
    assert first == second
    root = ET.fromstring(first)
    assert root.attrib["width"] == "216pt"
    assert root.attrib["height"] == "144pt"


def test_svg_is_the_same_in_another_process_and_whatever_the_settings_are():
    program = (
        "import sys; from nasbench_lab.report.plots.architecture import architecture_svg;"
        "from nasbench_lab.spaces import find_space;"
        f"sys.stdout.write(architecture_svg(find_space('nasbench201'), {BEST}, 3, 2))"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 5, "svg.fonttype": "none"}):
        assert architecture_svg(CELL, BEST, 3, 2) == there.stdout


def test_two_svgs_on_one_page_share_no_name():
    def names(svg):
        return {each for element in ET.fromstring(svg).iter() for key, each in element.items() if key == "id"}

    other = (*BEST[:-1], 4)
    first, second = (architecture_svg(CELL, architecture, 3, 2) for architecture in (BEST, other))
    assert names(first)
    assert not names(first) & names(second)
    assert "<style" in first
    assert ">*{" not in first
    for svg in (first, second):
        links = {
            each.removeprefix("#")
            for element in ET.fromstring(svg).iter()
            for key, each in element.items()
            if key.endswith("href")
        }
        assert links
        assert links <= names(svg)


def test_settings_are_left_alone_and_used():
    mine: Any = {"font.family": "serif", "font.size": 13.0, "lines.linewidth": 4.0, "patch.linewidth": 3.0}
    with matplotlib.rc_context(mine):
        before = dict(matplotlib.rcParams)
        figure = Figure(figsize=(3, 2))
        axes = figure.add_axes((0, 0, 1, 1))
        draw_architecture(axes, CELL, BEST)
        FigureCanvasAgg(figure).draw()
        assert_readable(axes)
        architecture_svg(CELL, BEST, 3, 2)
        assert dict(matplotlib.rcParams) == before
        texts = [part for part in picture_on(axes).get_children() if isinstance(part, Text)]
        assert {text.get_fontfamily()[0] for text in texts} == {"serif"}
        assert max(float(text.get_fontsize()) for text in texts) <= 8


def test_pyplot_is_not_needed():
    program = (
        "import sys; from matplotlib.figure import Figure;"
        "from nasbench_lab.report.plots.architecture import draw_architecture;"
        "from nasbench_lab.spaces import find_space;"
        f"draw_architecture(Figure().subplots(), find_space('nasbench201'), {BEST});"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
