import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_lab.benchmarks.training.networks import Shape, build_network
from nasbench_lab.benchmarks.training.networks.nasbench201 import EDGES, live_edges
from nasbench_lab.benchmarks.training.supernets import build_supernet, spaces_with_supernets
from nasbench_lab.errors import UsageError
from nasbench_lab.spaces.nasbench201 import CONV_1X1, CONV_3X3, SPACES

(space,) = SPACES
SHAPE = Shape(channels=4, stages=2, cells=2, image_size=8)
CELLS = st.tuples(*[st.integers(0, 4)] * 6)
KERNELS = {CONV_1X1: "1x1", CONV_3X3: "3x3"}


def shared():
    torch.manual_seed(0)
    return build_supernet("nasbench201", SHAPE)


def alone(network, cell):
    """The network of one cell, with copies of the shared weights."""
    copy = build_network("nasbench201", cell, SHAPE)
    weights = network.state_dict()
    own = {}
    for name in copy.state_dict():
        place, _, rest = name.partition(".convolutions.")
        if rest:
            edge, _, rest = rest.partition(".")
            choice = cell[EDGES.index(tuple(map(int, edge.split("-"))))]
            own[name] = weights[f"layers.{place}.convolutions.{edge} {KERNELS[choice]}.{rest}"]
        else:
            own[name] = weights[f"layers.{name}"]
    copy.load_state_dict(own)
    return copy


def images(count=5):
    return torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(1))


@given(cell=CELLS)
@settings(max_examples=40, deadline=None)
def test_a_path_is_the_network_of_its_cell(cell):
    network = shared()
    expected = alone(network, cell)
    torch.testing.assert_close(network(images(), cell), expected(images()), rtol=0, atol=0)


@given(cell=CELLS)
@settings(max_examples=20, deadline=None)
def test_only_the_weights_on_a_path_have_gradients(cell):
    network = shared()
    network(images(), cell).square().sum().backward()
    moved = {
        name.split(".convolutions.")[1].split(".")[0]
        for name, weights in network.named_parameters()
        if weights.grad is not None and ".convolutions." in name
    }
    live = live_edges(cell)
    assert moved == {f"{a}-{b} {KERNELS[choice]}" for (a, b), choice in live.items() if choice in KERNELS}


def test_it_has_the_convolutions_of_all_cells_once():
    def size(network):
        return sum(weights.numel() for weights in network.parameters())

    empty = size(build_network("nasbench201", (0,) * 6, SHAPE))
    ones, threes = (size(build_network("nasbench201", (kind,) * 6, SHAPE)) for kind in KERNELS)
    assert size(shared()) == ones + threes - empty


def test_another_space_has_none():
    assert spaces_with_supernets() == ("nasbench201",)
    message = "architectures of nasbench101 share no weights here; those of nasbench201 do"
    with pytest.raises(UsageError, match=message):
        build_supernet("nasbench101", SHAPE)


def test_every_architecture_has_a_path():
    network = shared().eval()
    rng = np.random.default_rng(0)
    with torch.no_grad():
        logits = [network(images(2), space.sample(rng)) for _ in range(30)]
    assert all(each.shape == (2, 10) and each.isfinite().all() for each in logits)
