"""The graphs of architectures, held against their published texts, which are read here anew."""

import ast
import re

import numpy as np
import pytest

from nasbench_lab.spaces import SearchSpace, all_spaces, find_space
from nasbench_lab.spaces.graphs import Edge, Graph, Node
from tests.declared_spaces import CONDITIONS
from tests.listed_spaces import LISTED
from tests.nasbench101 import module


def drawn(name, count=200):
    space = find_space(name)
    rng = np.random.default_rng(5)
    return [(space, space.sample(rng)) for _ in range(count)]


def operations(graph):
    """The labels of the nodes between input and output."""
    assert (graph.nodes[0].kind, graph.nodes[-1].kind) == ("input", "output")
    return [node.label for node in graph.nodes[1:-1]]


def is_chain(graph):
    return [(edge.source, edge.target) for edge in graph.edges] == [
        (place, place + 1) for place in range(len(graph.nodes) - 1)
    ]


SHORT = {
    "skip_connect": "skip",
    "nor_conv_1x1": "conv 1x1",
    "nor_conv_3x3": "conv 3x3",
    "avg_pool_3x3": "avg pool 3x3",
}


def test_nasbench201_is_its_text():
    for space, architecture in drawn("nasbench201"):
        (graph,) = space.graphs(architecture)
        nodes = space.format(architecture).split("+")
        expected = {
            (int(source), target): SHORT[name]
            for target, node in enumerate(nodes, start=1)
            for name, source in re.findall(r"(\w+)~(\d)", node)
            if name != "none"
        }
        assert {(edge.source, edge.target): edge.label for edge in graph.edges} == expected
        assert [node.label for node in graph.nodes] == ["in", "1", "2", "out"]


def test_transnas_micro_is_its_text():
    for space, architecture in drawn("transnas_micro"):
        (graph,) = space.graphs(architecture)
        digits = re.sub("_", "", space.format(architecture).removeprefix("64-41414-"))
        pairs = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
        names = {"1": "skip", "2": "conv 1x1", "3": "conv 3x3"}
        expected = {pair: names[digit] for pair, digit in zip(pairs, digits, strict=True) if digit != "0"}
        assert {(edge.source, edge.target): edge.label for edge in graph.edges} == expected


def test_nasbench101_is_its_pruned_matrix_and_operations():
    names = {"conv3x3-bn-relu": "conv 3x3", "conv1x1-bn-relu": "conv 1x1", "maxpool3x3": "max pool 3x3"}
    for space, architecture in drawn("nasbench101"):
        adjacency, labels = module(architecture)
        size = len(labels.split(","))
        matrix = np.array(list(adjacency), dtype=int).reshape(size, size)
        paths = np.linalg.matrix_power(np.eye(size, dtype=int) + matrix, size) > 0
        kept = np.flatnonzero(paths[0] & paths[:, -1])
        (graph,) = space.graphs(architecture)
        assert operations(graph) == [names[labels.split(",")[vertex]] for vertex in kept[1:-1]]
        drawn_matrix = np.zeros((len(kept), len(kept)), dtype=int)
        for edge in graph.edges:
            drawn_matrix[edge.source, edge.target] += 1
        assert (drawn_matrix == matrix[np.ix_(kept, kept)]).all()


def test_darts_is_its_genotype():
    kinds = {"max": "pooling", "avg": "pooling", "ski": "skip", "sep": "separable", "dil": "dilated"}
    for space, architecture in drawn("darts"):
        graphs = space.graphs(architecture)
        assert [graph.title for graph in graphs] == ["normal cell", "reduction cell"]
        text = space.format(architecture)
        for graph, cell in zip(graphs, ("normal", "reduce"), strict=True):
            genotype = ast.literal_eval(re.search(rf"{cell}=(\[\(.*?\)\])", text)[1])  # type: ignore[index]
            expected = [
                (source, 2 + place // 2, kinds[name[:3]], name[-3:] if name[-1].isdigit() else "skip")
                for place, (name, source) in enumerate(genotype)
            ]
            *edges, first, second, third, fourth = graph.edges
            found = [(edge.source, edge.target, edge.kind, edge.label.split()[-1]) for edge in edges]
            assert found == expected
            assert {first, second, third, fourth} == {Edge(node, 6) for node in range(2, 6)}
            names = ["c_{k-2}", "c_{k-1}", "0", "1", "2", "3", "c_{k}"]
            assert [node.label for node in graph.nodes] == names


@pytest.mark.parametrize("name", ["nasbench_graph", "nasbench_graph_proteins"])
def test_nasbench_graph_is_its_text(name):
    for space, architecture in drawn(name):
        (graph,) = space.graphs(architecture)
        links, names = space.format(architecture).split(":")
        labels = [label.lower().removesuffix("conv") for label in operations(graph)]
        assert labels == names.split(",")
        sources = [int(source) for source in links.split("-")]
        ends = set(range(1, 5)) - set(sources)
        expected = {*zip(sources, range(1, 5), strict=True), *[(end, 5) for end in ends]}
        assert {(edge.source, edge.target) for edge in graph.edges} == expected


def test_nasbench_macro_is_its_digits():
    for space, architecture in drawn("nasbench_macro"):
        (graph,) = space.graphs(architecture)
        names = ["identity", "MB3 3x3", "MB6 5x5"]
        assert operations(graph) == [names[int(digit)] for digit in space.format(architecture)]
        assert is_chain(graph)


def test_nats_sss_shows_the_channels():
    for space, architecture in drawn("nats_sss"):
        (graph,) = space.graphs(architecture)
        channels = [re.findall(r", (\d+)", label)[0] for label in operations(graph)]
        assert ":".join(channels) == space.format(architecture)
        assert [label.endswith("/2") for label in operations(graph)] == [False, True, False, True, False]
        assert is_chain(graph)


def test_transnas_macro_shows_channels_and_halvings():
    space = find_space("transnas_macro")
    (graph,) = space.graphs(space.parse("64-1234-basic"))
    assert operations(graph) == ["module, 64", "module, 128", "module, 128, /2", "module, 256, /2"]
    for space, architecture in drawn("transnas_macro"):
        (graph,) = space.graphs(architecture)
        assert len(operations(graph)) == len(space.format(architecture).split("-")[1])
        assert is_chain(graph)


def test_a_chain_is_its_text():
    space = find_space("chain")
    text = "conv3x3-32-s2-relu|pool|conv5x5-64-s1-tanh|dropout-0.5|fc-128-tanh|dropout-0.25"
    (graph,) = space.graphs(space.parse(text))
    assert operations(graph) == [
        *("conv 3x3, 32, /2, relu", "max pool 2x2", "conv 5x5, 64, tanh", "dropout 0.5"),
        *("fc 128, tanh", "dropout 0.25"),
    ]
    assert is_chain(graph)
    absent = "(conv3x3-32-s2-relu)|conv5x5-64-s1-tanh"
    assert operations(space.graphs(space.parse(absent))[0]) == ["conv 5x5, 64, tanh"]


def test_a_declared_space_shows_active_decisions():
    architecture = CONDITIONS.parse("optimizer=adam,(momentum=0.9),width=32,beta=0.95,only=one")
    (graph,) = CONDITIONS.graphs(architecture)
    assert [node.label for node in graph.nodes] == [
        *("optimizer = adam", "width = 32", "beta = 0.95", "only = one")
    ]
    assert graph.edges == ()


def test_any_other_space_shows_its_choices():
    class Plain(SearchSpace):
        name = "plain"
        cardinalities = (3, 4)

    nodes = (Node("0: 2", "decision"), Node("1: 3", "decision"))
    assert Plain().graphs((2, 3)) == (Graph("decision: choice", nodes),)


@pytest.mark.parametrize("space", LISTED.values(), ids=LISTED)
def test_a_listed_part_shows_what_the_whole_space_shows(space):
    architecture = space.sample(np.random.default_rng(0))
    assert space.graphs(architecture) == space.whole.graphs(architecture)


def test_every_operation_has_a_label_and_a_kind():
    for space in all_spaces().values():
        if hasattr(space, "operations"):
            rng = np.random.default_rng(0)
            for _ in range(300):
                space.graphs(space.sample(rng))
