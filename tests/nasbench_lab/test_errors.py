import pytest

from nasbench_lab.errors import shown, unknown_name

KNOWN = ["random_search", "local_search", "random_search_weight_sharing", "reinforce", "nats-bench"]


@pytest.mark.parametrize(
    ("received", "meant"),
    [
        ("Random-Search", "random_search"),
        ("Random search", "random_search"),
        (" random_search", "random_search"),
        ("RANDOM  SEARCH ", "random_search"),
        ("REINFORCE", "reinforce"),
        ("nats_bench", "nats-bench"),
        ("Random search weight sharing", "random_search_weight_sharing"),
    ],
)
def test_a_name_that_is_only_written_otherwise_is_suggested_alone(received, meant):
    assert str(unknown_name("algorithm", received, KNOWN)).startswith(
        f"unknown algorithm {received!r}; did you mean {meant!r}? Known: "
    )


def test_typing_mistakes_are_found_in_any_case():
    assert "did you mean 'reinforce'?" in str(unknown_name("algorithm", "REINFORC", KNOWN))
    assert str(unknown_name("algorithm", "zzz", KNOWN)).startswith("unknown algorithm 'zzz'. Known: ")


def test_a_part_of_a_name_suggests_it():
    assert "did you mean 'learning_rate'?" in str(unknown_name("setting", "rate", ["learning_rate", "x"]))
    assert "did you mean 'latency:raspi4'" in str(unknown_name("metric", "raspi", ["latency:raspi4", "x"]))
    assert "did you mean" not in str(unknown_name("setting", "ra", ["learning_rate", "generations"]))


def test_two_names_that_are_alike_are_both_suggested():
    assert "did you mean 'a-b' or 'a_b'?" in str(unknown_name("thing", "A B", ["a-b", "a_b"]))


class Loud:
    def __repr__(self):
        return "one\n  two"


class Broken:
    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "'a'"), (Loud(), "one two"), (Broken(), "a Broken"), ("x" * 99, "'" + "x" * 79)],
)
def test_a_received_value_is_one_short_line(value, text):
    assert shown(value) == text


def test_a_number_that_python_does_not_print_is_named_by_its_type():
    assert shown(10**5000) == "a number too long to print"
