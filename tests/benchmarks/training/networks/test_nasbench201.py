"""NAS-Bench-201 networks against published sizes and against a second network written from the paper."""

import bz2
import csv
import gzip
from functools import cache
from itertools import pairwise, product
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from nasbench_lab.benchmarks.formats.pickles import read_plain
from nasbench_lab.benchmarks.training.networks import Shape
from nasbench_lab.benchmarks.training.networks.count import count
from nasbench_lab.benchmarks.training.networks.nasbench201 import EDGES, live_edges, network
from nasbench_lab.spaces.nasbench201 import CONV_1X1, CONV_3X3, NONE, POOL, SKIP, SPACES

(space,) = SPACES
PUBLISHED = Shape(channels=16, stages=3, cells=5)
SMALL = Shape(channels=6, stages=2, cells=2, image_size=8)
CELLS = st.tuples(*[st.integers(0, 4)] * 6)


@cache
def counted(architecture, shape=PUBLISHED):
    with torch.device("meta"):
        return count(network(architecture, shape), shape)


@given(architecture=CELLS)
@settings(max_examples=5)
def test_published_formula_of_parameters(architecture):
    """Dead edges count too: the published network has the weights of every convolution."""
    ones, threes = architecture.count(CONV_1X1), architecture.count(CONV_3X3)
    assert round(counted(architecture).parameters * 1e6) == 73306 + 28000 * ones + 243040 * threes


@given(architecture=CELLS)
@settings(max_examples=3)
def test_every_convolution_costs_what_it_costs_alone(architecture):
    """Dead edges count too, because the published network computes them."""
    empty = counted((NONE,) * 6).flops
    one, three = (counted((kind, *[NONE] * 5)).flops - empty for kind in (CONV_1X1, CONV_3X3))
    expected = empty + one * architecture.count(CONV_1X1) + three * architecture.count(CONV_3X3)
    assert counted(architecture).flops == pytest.approx(expected)
    assert three == pytest.approx(9 * one)


IMAGES = {"cifar10": (10, 32), "cifar10-valid": (10, 32), "cifar100": (100, 32), "ImageNet16-120": (120, 16)}


@pytest.mark.parametrize("index", [0, 11])
def test_published_parameters_and_flops(published_data, index):
    """The numbers of every training in the official files are compared.

    The official FLOPs are larger by one for each class: the bias of the classifier. It is not counted here,
    nor in NAS-Bench-Macro. All other numbers are the same on every data set.
    """
    folder = published_data / "nasbench201" / "NATS-tss-v1_0-3ffb9-simple"
    with bz2.open(folder / f"{index:06d}.pickle.pbz2") as file:
        published = read_plain(file)
    seen = set()
    for budget in published.values():
        for (data_set, _), training in budget["all_results"].items():
            classes, size = IMAGES[data_set]
            shape = Shape(channels=16, stages=3, cells=5, classes=classes, image_size=size)
            found = counted(space.parse(budget["arch_str"]), shape)
            assert round(found.parameters * 1e6) == round(training["params"] * 1e6)
            assert round(found.flops * 1e6) + classes == round(training["flop"] * 1e6)
            seen.add(data_set)
    assert seen == set(IMAGES)


def test_published_parameters_of_a_sample(published_data):
    with gzip.open(published_data / "nasbench201" / "nb201_combined.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))[::2500]
    for row in rows:
        assert round(counted(space.parse(row["arch_str"])).parameters * 1e6) == int(row["params_c10"])


def paths(architecture):
    """Every path from the input to the output along edges that are not `none`, as a set of edges."""
    leads = {edge for edge, choice in zip(EDGES, architecture, strict=True) if choice != NONE}
    ways = ([0, 3], [0, 1, 3], [0, 2, 3], [0, 1, 2, 3])
    walked = [set(pairwise(way)) for way in ways]
    return [edges for edges in walked if edges <= leads]


def test_live_edges_are_those_of_the_paths():
    for architecture in product(range(5), repeat=6):
        live = live_edges(architecture)
        assert set(live) == set().union(*paths(architecture))
        assert all(architecture[EDGES.index(edge)] == choice for edge, choice in live.items())
        # The edges into a node come before the edges out of it.
        order = list(live)
        assert all(first[1] != second[0] or i < j
                   for i, first in enumerate(order) for j, second in enumerate(order))  # fmt: skip


def norm(weights, name, x):
    """Batch normalisation by the statistics of the batch."""
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, correction=0)
    scale, shift = weights[f"{name}.weight"], weights[f"{name}.bias"]
    return (x - mean) / (variance + 1e-5).sqrt() * scale[:, None, None] + shift[:, None, None]


def relu_conv_norm(weights, convolution, normalisation, x, stride=1):
    kernel = weights[f"{convolution}.weight"]
    y = functional.conv2d(torch.clamp(x, min=0), kernel, stride=stride, padding=kernel.shape[-1] // 2)
    return norm(weights, normalisation, y)


def pool(x):
    """The mean of a 3x3 window, over the pixels that are in the image."""
    windows = functional.pad(x, (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1).sum((-1, -2))
    inside = functional.pad(torch.ones_like(x), (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1).sum((-1, -2))
    return windows / inside


def cell_once_more(weights, name, architecture, x):
    """Compute every edge in turn, dead or alive, as `InferCell` of NAS-Bench-201 does."""
    nodes, choices = [x], iter(architecture)
    for target in (1, 2, 3):
        total = torch.zeros_like(x)
        for source in range(target):
            choice, value = next(choices), nodes[source]
            if choice == SKIP:
                total = total + value
            elif choice == POOL:
                total = total + pool(value)
            elif choice in (CONV_1X1, CONV_3X3):
                edge = f"{name}.convolutions.{source}-{target}"
                total = total + relu_conv_norm(weights, f"{edge}.0", f"{edge}.1", value)
        nodes.append(total)
    return nodes[3]


def network_once_more(weights, architecture, x):
    """Two stages of two cells, layer by layer; names are positions in the network."""
    x = norm(weights, "1", functional.conv2d(x, weights["0.weight"], padding=1))
    for name in ("2", "3"):
        x = cell_once_more(weights, name, architecture, x)
    y = relu_conv_norm(weights, "4.block.1", "4.block.2", x, stride=2)
    y = relu_conv_norm(weights, "4.block.4", "4.block.5", y)
    halved = (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4
    x = y + functional.conv2d(halved, weights["4.shortcut.1.weight"])
    for name in ("5", "6"):
        x = cell_once_more(weights, name, architecture, x)
    x = torch.clamp(norm(weights, "7", x), min=0).mean((2, 3))
    return x @ weights["11.weight"].T + weights["11.bias"]


def compare(architecture, shifts, seed=0):
    torch.manual_seed(seed)
    whole = network(architecture, SMALL).double()
    for name, weights in whole.named_parameters():
        # Without this, batch normalisation would scale by 1 and shift by 0.
        if weights.ndim == 1 and (shifts or "weight" in name):
            torch.nn.init.normal_(weights, mean=0.5, std=0.5)
    x = torch.randn(5, 3, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        expected = network_once_more(whole.state_dict(), architecture, x)
        torch.testing.assert_close(whole(x), expected, rtol=1e-7, atol=1e-7)


ALIVE = [cell for cell in product(range(5), repeat=6) if set(live_edges(cell)) == set(EDGES)]


@given(architecture=st.sampled_from(ALIVE), seed=st.integers(0, 99))
@settings(max_examples=12)
def test_cells_compute_what_the_paper_says(architecture, seed):
    compare(architecture, shifts=True, seed=seed)


@pytest.mark.parametrize("choice", [SKIP, CONV_1X1, CONV_3X3, POOL])
@pytest.mark.parametrize("position", range(6))
def test_every_operation_on_every_edge(position, choice):
    others = [SKIP, CONV_1X1, POOL, CONV_3X3, SKIP, CONV_1X1]
    others[position] = choice
    compare(tuple(others), shifts=True)


@given(architecture=CELLS)
@settings(max_examples=20)
def test_dead_edges_change_nothing_at_the_start(architecture):
    """Batch normalisation of zeros gives its shift, which starts at 0.

    In the published network, that shift is trained if a convolution follows `none`. NATS-Bench still treats
    such cells as equal to those without the convolution (`to_unique_str`). In this package they are equal.
    """
    compare(architecture, shifts=False)


def test_where_nothing_reaches_the_output_all_is_finite():
    dead = [cell for cell in product((NONE, CONV_3X3), repeat=6) if not live_edges(cell)]
    assert (NONE,) * 6 in dead
    for architecture in dead:
        torch.manual_seed(0)
        whole = network(architecture, SMALL)
        logits = whole(torch.randn(4, 3, 8, 8))
        assert torch.isfinite(logits).all()
        # The network gives the same answer for every image.
        torch.testing.assert_close(logits, logits[:1].expand(4, -1))
        functional.cross_entropy(logits, torch.arange(4)).backward()
        gradients = [weights.grad for weights in whole.parameters() if weights.grad is not None]
        assert all(torch.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize(
    ("size", "stride", "sizes"),
    [(32, 1, [32, 32, 16, 8]), (8, 2, [4, 4, 2, 1]), (13, 1, [13, 13, 7, 4]), (4, 4, [1, 1, 1, 1])],
)
def test_each_stage_halves_the_resolution(size, stride, sizes):
    shape = Shape(channels=4, stages=3, cells=1, stem_stride=stride, image_size=size)
    layers: Any = network((CONV_3X3,) * 6, shape)
    x, seen = torch.randn(2, 3, size, size), []
    for position, layer in enumerate(layers[:7]):
        x = layer(x)
        if position in (1, 2, 4, 6):
            seen.append(x.shape[1:])
    assert seen == [(channels, side, side) for channels, side in zip([4, 4, 8, 16], sizes, strict=True)]
