"""NAS-Bench-101 networks against published sizes and against a second network written from the paper."""

import csv
import gzip
from itertools import permutations
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from nasbench_lab.benchmarks.training.networks import Shape
from nasbench_lab.benchmarks.training.networks.nasbench101 import network, published_form, vertex_channels
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces.nasbench101 import SPACES

(space,) = SPACES
PUBLISHED = Shape(channels=128, stages=3, cells=3)
SMALL = Shape(channels=16, stages=2, cells=1, image_size=8)
NAMES = {"3": "conv3x3-bn-relu", "1": "conv1x1-bn-relu", "2": "maxpool3x3"}


def parameters(architecture, shape=PUBLISHED):
    with torch.device("meta"):
        return sum(weights.numel() for weights in network(architecture, shape).parameters())


def listed(row):
    """The architecture of a row of the published subset."""
    vertices, edges = int(row["n_vertices"]), iter(row["adj_upper_rowmajor"])
    adjacency = [next(edges) if x < y else "0" for x in range(vertices) for y in range(vertices)]
    return space.from_published(
        "".join(adjacency), ["input", *[NAMES[operation] for operation in row["ops"]], "output"]
    )


def test_published_numbers_of_parameters(published_data):
    """Check a sample, and the rows whose number depends on the order of the vertices."""
    with gzip.open(published_data / "nasbench101" / "nb101_30k.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    reordered = [row for row in rows[:800] if is_reordered(listed(row))]
    assert len(reordered) > 5
    for row in rows[::300] + reordered:
        assert parameters(listed(row)) == int(row["params"])


def is_reordered(architecture):
    """Whether a full-size cell has three vertices before the output and differs from its published form."""
    graph = published_form(architecture)
    written = set(zip(*np.nonzero(matrix_of(architecture)), strict=True))
    return len(graph.sources(graph.output)) == 3 and graph.output == 6 and written != graph.edges


@pytest.mark.parametrize(
    ("edges", "kernels"),
    [("000001-00000", [1]), ("100000-00001", [1, 3]), ("100001-00001", [1, 3, 1])],
    ids=["input to output", "one convolution", "one convolution and the input"],
)
def test_small_cells_counted_by_hand(edges, kernels):
    """Every projection starts at the input of the cell; the 3x3 convolution follows the first projection."""
    stages = [(128, 128)] * 3 + [(128, 256)] + [(256, 256)] * 2 + [(256, 512)] + [(512, 512)] * 2
    by_hand = 27 * 128 + 2 * 128 + 512 * 10 + 10
    for inputs, outputs in stages:
        for kernel in kernels:
            by_hand += (inputs if kernel == 1 else outputs) * outputs * kernel**2 + 2 * outputs
    assert parameters(space.parse(f"{edges}-0000-000-00-0:{','.join(['conv3x3'] * 5)}")) == by_hand


def matrix_of(architecture):
    matrix = np.zeros((7, 7), dtype=int)
    matrix[np.triu_indices(7, 1)] = architecture[:21]
    return matrix


def reordered(architecture, order):
    """The same cell with its inner vertices in another order; None if an edge would lead backward."""
    places = [0, *order, 6]
    matrix = matrix_of(architecture)[np.ix_(places, places)]
    if np.tril(matrix).any():
        return None
    return (*matrix[np.triu_indices(7, 1)].tolist(), *[architecture[20 + vertex] for vertex in order])


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_isomorphic_cells_are_one_network(seed):
    architecture = space.sample(np.random.default_rng(seed))
    graph = published_form(architecture)
    for order in permutations(range(1, 6)):
        other = reordered(architecture, order)
        assert other is None or published_form(other) == graph
    assert published_form(space.canonical(architecture)) == graph


def test_dead_vertices_do_not_count():
    alive = space.parse("100000-00001-0000-000-00-0:conv3x3,conv1x1,conv1x1,conv1x1,conv1x1")
    # Vertex 2 is not reached, and 3 leads nowhere.
    dead = space.parse("101000-00001-0001-000-00-0:conv3x3,conv3x3,maxpool3x3,conv1x1,conv1x1")
    assert published_form(dead) == published_form(alive)
    assert parameters(dead) == parameters(alive)


def test_channels_are_divided_as_published():
    """Three vertices share the 128 channels of the output; the first two get one more than the last."""
    graph = published_form(
        space.parse("111000-00011-0001-001-00-0:conv3x3,conv1x1,maxpool3x3,conv3x3,conv3x3")
    )
    channels = vertex_channels(graph, 128)
    assert channels[graph.output] == 128
    last = [channels[vertex] for vertex in graph.sources(graph.output)]
    assert last == [43, 43, 42]


def written_once_more(weights, matrix, operations, inputs, x, outputs):
    """A cell as the paper describes it, by functions only, from the adjacency matrix of its pruned graph."""
    count = len(matrix)
    leads = [vertex for vertex in range(1, count - 1) if matrix[vertex][count - 1]]
    channels = [inputs, *[0] * (count - 2), outputs]
    for position, vertex in enumerate(leads):
        channels[vertex] = outputs // len(leads) + (1 if position < outputs % len(leads) else 0)
    for vertex in range(count - 2, 0, -1):
        for target in range(1, count - 1):
            if matrix[vertex][target] and vertex not in leads:
                channels[vertex] = max(channels[vertex], channels[target])

    def conv_bn_relu(name, values):
        kernel = weights[f"{name}.0.weight"]
        y = functional.conv2d(values, kernel, padding=kernel.shape[-1] // 2)
        mean, variance = y.mean((0, 2, 3), keepdim=True), y.var((0, 2, 3), keepdim=True, correction=0)
        y = (y - mean) / (variance + 1e-5).sqrt()
        scale, shift = weights[f"{name}.1.weight"], weights[f"{name}.1.bias"]
        return torch.clamp(y * scale[:, None, None] + shift[:, None, None], min=0)

    values = [x]
    for vertex in range(1, count - 1):
        total = torch.zeros(len(x), channels[vertex], *x.shape[2:])
        for source in range(1, vertex):
            if matrix[source][vertex]:
                total = total + values[source][:, : channels[vertex]]
        if matrix[0][vertex]:
            total = total + conv_bn_relu(f"projections.{vertex}", x)
        if operations[vertex - 1] == 2:
            padded = functional.pad(total, (1, 1, 1, 1), value=-torch.inf)
            values.append(padded.unfold(2, 3, 1).unfold(3, 3, 1).amax((-1, -2)))
        else:
            values.append(conv_bn_relu(f"operations.{vertex - 1}", total))
    result = torch.cat([values[vertex] for vertex in leads], dim=1) if leads else 0
    return result + conv_bn_relu(f"projections.{count - 1}", x) if matrix[0][count - 1] else result


@pytest.mark.parametrize("seed", range(8))
def test_cells_compute_what_the_paper_says(seed):
    torch.manual_seed(seed)
    architecture = space.sample(np.random.default_rng(seed))
    graph = published_form(architecture)
    matrix = np.zeros((graph.output + 1,) * 2, dtype=int)
    matrix[tuple(np.array(sorted(graph.edges)).T)] = 1
    whole: Any = network(architecture, SMALL)
    x = torch.randn(4, 3, 8, 8)
    stem, first, _, second, *_, dense = whole
    for weights in whole.parameters():  # else normalisation would scale by 1 and shift by 0
        torch.nn.init.normal_(weights, std=0.5)
    with torch.no_grad():
        y = written_once_more(first.state_dict(), matrix, graph.operations, 16, stem(x), 16)
        y = functional.max_pool2d(y, 2)
        y = written_once_more(second.state_dict(), matrix, graph.operations, 16, y, 32)
        expected = y.mean((2, 3)) @ dense.weight.T + dense.bias
        torch.testing.assert_close(whole(x), expected, rtol=1e-4, atol=1e-4)


def test_weights_begin_as_published():
    torch.manual_seed(0)
    whole: Any = network(space.parse("100000-00001-0000-000-00-0:" + ",".join(["conv3x3"] * 5)), PUBLISHED)
    weights = whole[1].operations[0][0].weight
    assert weights.std().item() == pytest.approx((9 * 128) ** -0.5, rel=0.01)
    assert weights.abs().max().item() <= 2 * (9 * 128) ** -0.5 / 0.8796 * 1.001
    assert not whole[-1].bias.any()


def test_too_few_channels_are_refused():
    with pytest.raises(UsageError, match="among up to 5 vertices; received 4 channels, choose 5 or more"):
        network(space.sample(np.random.default_rng(0)), Shape(channels=4, stages=1, cells=1))
