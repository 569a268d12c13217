"""A problem of one's own for tests: a space, a task, and a benchmark with two data sets."""

from pathlib import Path

from nasbench_lab import Categorical, DeclaredSpace, Evaluation, Ordered
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.task import TaskDefaults

SPACE = DeclaredSpace("toys", {"width": Ordered(16, 32, 64, 128), "act": Categorical("relu", "tanh")})
# A file of a problem: this one, with a task in it.
FILE = Path(__file__).read_text(encoding="utf-8") + "\n\nmy_problem = Toy()\n"


class Toy(TaskDefaults):
    """A task on a space of eight architectures, with noise in what a search sees."""

    epochs = 1
    fidelities: tuple[int, ...] = (1,)
    charges_seconds = False
    optimum = None
    lists_every_architecture = True
    space = SPACE

    def __init__(self, name="toys/blocks", digest=""):
        self.name = name
        self.card = TaskCard(
            name=name,
            title="Toys",
            metric="accuracy (%)",
            searched="accuracy",
            reported="accuracy",
            cost="evaluations",
            optimum=None,
            digest=digest,
            citation="",
            licence="",
        )

    def evaluate(self, architecture, epochs, rng):
        return Evaluation(self.test_accuracy(architecture) + rng.normal())

    def test_accuracy(self, architecture):
        return 10.0 * sum(architecture)


class Toys:
    """A benchmark with two data sets."""

    name = "toys"
    title = "Toys"
    licence = ""
    digest = ""
    data_set_names = ("blocks", "trains")
    answers_everything = True

    def check_data_set(self, data_set):
        assert data_set in self.data_set_names

    def task(self, data_set, view):
        return Toy(f"toys/{data_set}")

    def listed(self):
        return {}

    def facts(self):
        return {}

    def verify(self):
        pass
