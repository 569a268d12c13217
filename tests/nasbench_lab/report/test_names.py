import pytest

from nasbench_lab.report.names import display_name, display_names


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("random_search", "Random search"),
        ("reinforce", "REINFORCE"),
        ("regularized_evolution:sample_size=3,b=2", "Regularized evolution (sample size 3, b 2)"),
        ("path/to/my_search.py:width=2", "My search (width 2)"),
        ("package.module:my_search", "My search"),
        ("My label 2", "My label 2"),
        ("mine:scheme=a:b", "Mine (scheme a:b)"),
        ("mine:scheme=a=b,x=1", "Mine (scheme a=b, x 1)"),
    ],
)
def test_display_name(label: str, name: str) -> None:
    assert display_name(label) == name


def test_settings_are_shown_where_they_tell_two_apart() -> None:
    assert display_names(["evolve:size=1", "other:size=1", "evolve:size=2"]) == [
        "Evolve (size 1)",
        "Other",
        "Evolve (size 2)",
    ]


def test_names_that_would_read_the_same_stay_labels() -> None:
    assert display_names(["a/mine.py", "b/mine.py", "other"]) == ["a/mine.py", "b/mine.py", "Other"]
