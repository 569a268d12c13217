import pytest

from nasbench_lab import Comparison
from nasbench_lab.comparison.execution import default_folder
from nasbench_lab.comparison.paths import folder_name, with_absolute_paths
from nasbench_lab.comparison.tasks import TaskFinder, check_sources
from nasbench_lab.errors import UsageError


@pytest.mark.parametrize(
    ("tasks", "name"),
    [
        (["nasbench_graph/cora"], "nasbench_graph-cora"),
        (["nasbench_graph"], "nasbench_graph"),
        (["nasbench_graph/cora", "nasbench_graph/arxiv", "nasbench_graph/cs"], "nasbench_graph-3-data-sets"),
        (["nasbench_graph/cora", "cifar10-mini"], "nasbench_graph-and-cifar10-mini"),
        (["a/b", "a/c", "d/e"], "a-and-d"),
        (["a/b", "c/d", "e"], "a-and-2-others"),
        (["x y/spirals.py:one", "x y/spirals.py:two"], "spirals-one-and-spirals-two"),
        (["task spirals/two", "task spirals/three"], "spirals-2-data-sets"),
        (["benchmark spirals", "cifar10-mini"], "spirals-and-cifar10-mini"),
    ],
)
def test_a_folder_is_named_after_all_its_tasks(tasks, name):
    assert folder_name(tasks) == name
    stem, _, digest = default_folder(Comparison(benchmark=tuple(tasks))).name.rpartition("-")
    assert (stem, len(digest)) == (name, 8)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cifar10-mini,nasbench_graph/cora", "cifar10-mini nasbench_graph/cora"),
        ("cifar10-mini/cifar10, nasbench_graph", "cifar10-mini/cifar10 nasbench_graph"),
        ("cifar10-mini/cifar10,other", "cifar10-mini/cifar10 cifar10-mini/other"),
        ("cifar10-mni,toy", "cifar10-mni toy"),
        ("cifar10-mini,problem.py", "cifar10-mini problem.py"),
        ("a.py,b.py:it", "a.py b.py:it"),
    ],
)
def test_benchmarks_with_commas_between_them_are_explained(text, names):
    references = with_absolute_paths(Comparison(benchmark=(text,))).benchmark
    with pytest.raises(UsageError) as raised:
        TaskFinder().expand(references)
    assert str(raised.value) == (
        f"unknown benchmark {text!r}; separate names by spaces: --benchmark {names} (in Python: a list)"
    )


def test_fallbacks_with_commas_between_them_are_explained():
    with pytest.raises(
        UsageError,
        match=r"fallback 'surrogate,live'; separate names by spaces: --fallback surrogate live \(in Pyt",
    ):
        check_sources(["toy"], ["surrogate,live"], "")
