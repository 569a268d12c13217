"""NAS-Bench-301 (Siems, Zimmer et al. 2020; Zela et al. 2022): a surrogate, with no table behind it.

    /                        format_version, benchmark, source_sha256, created_by, digest
    /valid_accuracy/<i>/     the arrays of a `Forest`: member i of the ensemble, in percent
    /seconds/<i>/            the same for the training time, in seconds

The predictions are those of the official ensembles. They come from the same trees, without the libraries
that made them. Nothing in the file is ever executed.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.formats.hdf5 import DAMAGE, check_digest, created, digest_of, opened
from nasbench_lab.benchmarks.surrogates.configuration import SETTINGS, SPACE, configuration_vectors
from nasbench_lab.benchmarks.surrogates.file import read_forest, write_forest
from nasbench_lab.benchmarks.surrogates.forest import Forest
from nasbench_lab.benchmarks.tables.contents import DataSet
from nasbench_lab.benchmarks.view import View
from nasbench_lab.errors import TableError, UsageError, unknown_name
from nasbench_lab.files import replacing
from nasbench_lab.search.card import TaskCard
from nasbench_lab.search.contract import Evaluation, Metric
from nasbench_lab.search.task import TaskDefaults
from nasbench_lab.spaces import Architecture
from nasbench_lab.version import __version__

FORMAT_VERSION = 1
NAME, DATA_SET = "nasbench301", "cifar10"
TITLE = "NAS-Bench-301"
CITATION = (
    "J. Siems, L. Zimmer, A. Zela, J. Lukasik, M. Keuper and F. Hutter. NAS-Bench-301 and the Case for"
    " Surrogate Benchmarks for Neural Architecture Search. arXiv 2008.09777, 2020."
)
LICENCE = "unknown"
EPOCHS = 100
VALID_ACCURACY, SECONDS = "valid_accuracy", "seconds"
IMPORT = f"python -m nasbench_lab.data import {NAME}"


class Ensembles:
    """The published ensembles of boosted trees: a benchmark without a table.

    Attributes:
        members: the forests of each ensemble, by `valid_accuracy` (percent) and `seconds`.
        source_sha256: of the official files, by name.
        path: the file they were read from, or None.
        digest: of that file's content, or empty.
    """

    name = NAME
    title = TITLE
    citation = CITATION
    licence = LICENCE
    data_set_names = (DATA_SET,)
    answers_everything = True

    def __init__(
        self,
        members: Mapping[str, Sequence[Forest]],
        source_sha256: Sequence[str],
        path: Path | None = None,
        digest: str = "",
    ) -> None:
        self.members = {quantity: tuple(forests) for quantity, forests in members.items()}
        self.source_sha256 = tuple(source_sha256)
        self.path = path
        self.digest = digest

    def facts(self) -> dict[str, str]:
        """Facts for a reader, each under a short name."""
        return {
            "title": self.title,
            "citation": self.citation,
            "licence": self.licence,
            "surrogates": str(self.path),
            "digest": self.digest,
            "space": SPACE.name,
            "members": ", ".join(f"{len(forests)} of {name}" for name, forests in self.members.items()),
            "read from": "; ".join(self.source_sha256),
        }

    def check_data_set(self, data_set: str) -> None:
        """Raise `UsageError` if there is no such data set."""
        if data_set not in self.data_set_names:
            raise unknown_name(f"data set of {self.name}", data_set, self.data_set_names)

    def task(self, data_set: str, view: View) -> "EnsemblesTask":
        """The data set as a search sees it; raises `UsageError` for unknown data sets, epochs or seeds."""
        return EnsemblesTask(self, data_set, epochs=view.epochs, seed=view.training_seed)

    def listed(self) -> Mapping[str, DataSet]:
        """Return an empty mapping: a surrogate lists no architecture."""
        return {}

    def predict(self, quantity: str, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """The prediction of each member of an ensemble, in percent or seconds, shape `(members, n)`."""
        vectors = configuration_vectors(architectures)
        return np.stack([forest.predict(vectors) for forest in self.members[quantity]])

    def verify(self) -> None:
        """Compare the content with the stored digest; raises `TableError` if they differ or reading fails."""
        if self.path is None:
            return
        check_digest(self.path, self.digest, partial(_damaged, self.path))


def write_ensembles(ensembles: Ensembles, path: Path) -> None:
    """Write the ensembles; an existing file is replaced only once the new one is complete."""
    with replacing(path) as temporary, created(temporary) as file:
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["benchmark"] = NAME
        file.attrs["created_by"] = f"nasbench_lab {__version__}"
        file.attrs["source_sha256"] = "\n".join(ensembles.source_sha256)
        for quantity, forests in ensembles.members.items():
            for number, forest in enumerate(forests):
                write_forest(forest, file.create_group(f"{quantity}/{number}"))
        file.attrs["digest"] = digest_of(file)


def keep_ensembles(ensembles: Ensembles, path: Path) -> Ensembles:
    """Write the ensembles and read them back; raises `TableError` if that fails."""
    try:
        write_ensembles(ensembles, path)
    except OSError as error:
        raise TableError(f"the surrogates {path} cannot be written: {error}") from None
    return read_ensembles(path)


def read_ensembles(path: Path) -> Ensembles:
    """Read and check the ensembles; raises `TableError` if missing, damaged or of another version."""
    try:
        with opened(path) as file:
            version = file.attrs.get("format_version")
            if file.attrs.get("benchmark") != NAME or version != FORMAT_VERSION:
                raise TableError(
                    f"{path} holds no surrogates of {TITLE} in format version {FORMAT_VERSION}; import the"
                    f" official files again: {IMPORT} FOLDER_OR_ZIP"
                )
            members = {
                quantity: [
                    read_forest(file[quantity][str(i)], len(SETTINGS)) for i in range(len(file[quantity]))
                ]
                for quantity in (VALID_ACCURACY, SECONDS)
            }
            sources, digest = (_text(file.attrs, name) for name in ("source_sha256", "digest"))
            for quantity, forests in members.items():
                if not forests:
                    raise ValueError(f"it has no members that predict {quantity}")
    except FileNotFoundError:
        raise TableError(
            f"the surrogates of {TITLE} are not here; bring them with: {IMPORT} FOLDER_OR_ZIP"
        ) from None
    except TableError:
        raise
    except DAMAGE as error:
        raise _damaged(path, error) from None
    return Ensembles(members, sources.splitlines(), path, digest)


def _text(attributes: Any, name: str) -> str:
    value = attributes[name]
    if not isinstance(value, str):
        raise ValueError(f"attribute {name} is {value!r}")
    return value


def _damaged(path: Path, reason: str | BaseException) -> TableError:
    if isinstance(reason, BaseException):
        reason = f"{type(reason).__name__}: {reason}"
    return TableError(
        f"the surrogates {path} are damaged ({' '.join(reason.split())}); import the official files again:"
        f" {IMPORT} FOLDER_OR_ZIP"
    )


class EnsemblesTask(TaskDefaults):
    """Answers a search as NAS-Bench-301 does, for every architecture of the DARTS space.

    A search sees the validation accuracy after 100 epochs, predicted as the mean of the ensemble. With seed
    `random`, each evaluation adds noise. It is drawn from a normal distribution with the standard deviation
    of the members, as in `predict(with_noise=True)` of the official package. The cost of an evaluation is
    the mean of the ensemble of training times. No surrogate of test accuracy was published. The reported
    accuracy is therefore the mean of the ensemble, without noise.

    Args:
        ensembles: as imported.
        data_set: `cifar10`.
        epochs: 100, or None for the same.
        seed: `random` or `mean`.

    Raises:
        UsageError: for any other data set, epochs or seed.
    """

    lists_every_architecture = True
    charges_seconds = True
    optimum = None
    space = SPACE
    metrics = MappingProxyType({VALID_ACCURACY: Metric("higher", "%")})

    def __init__(
        self, ensembles: Ensembles, data_set: str, *, epochs: int | None = None, seed: str = "random"
    ) -> None:
        ensembles.check_data_set(data_set)
        self.name = f"{ensembles.name}/{data_set}"
        if seed not in ("random", "mean"):
            raise UsageError(
                f"{self.name} has no training seed {seed!r}; it has 'random', which draws from the spread of"
                " the ensemble, and 'mean'"
            )
        self.seed = seed
        self.epochs = EPOCHS
        self.fidelities = (EPOCHS,)
        self._ensembles = ensembles
        # Predicted once per process: the evaluation without noise, and the noise.
        self._known: dict[Architecture, tuple[Evaluation, float]] = {}
        self._check(epochs)

    def evaluate(
        self, architecture: Architecture, epochs: int | None, rng: np.random.Generator
    ) -> Evaluation:
        """Predict the result of a training; raises `ValueError` if the architecture is not valid."""
        self._check(epochs)
        evaluation, spread = self._known.get(architecture) or self._predict(architecture)
        if self.seed == "mean":
            return evaluation
        drawn = evaluation.valid_accuracy + spread * rng.standard_normal()
        return evaluation._replace(valid_accuracy=min(max(drawn, 0.0), 100.0))

    def test_accuracy(self, architecture: Architecture) -> float:
        """The reported value of an incumbent: its predicted validation accuracy without noise, in percent."""
        return (self._known.get(architecture) or self._predict(architecture))[0].valid_accuracy

    @property
    def card(self) -> TaskCard:
        """The description of this task in figures and reports."""
        count = len(self._ensembles.members[VALID_ACCURACY])
        by = f"as predicted by the published surrogate ({count} boosted forests"
        seen = "their mean" if self.seed == "mean" else "their mean, with noise of their spread each time"
        return TaskCard(
            name=self.name,
            title=f"{TITLE}, CIFAR-10",
            metric="accuracy (%)",
            searched=f"validation accuracy after {EPOCHS} epochs {by}, {seen})",
            reported=(
                f"validation accuracy after {EPOCHS} epochs {by}, their mean; no surrogate of test accuracy"
                " was published, so that no test accuracy is reported)"
            ),
            cost="simulated seconds",
            optimum=None,
            digest=self._ensembles.digest,
            citation=CITATION,
            licence=LICENCE,
        )

    def _check(self, epochs: int | None) -> None:
        if epochs not in (None, EPOCHS):
            raise UsageError(
                f"the surrogate of {self.name} predicts no validation accuracy after {epochs} epochs; it"
                f" predicts it after {EPOCHS}"
            )

    def _predict(self, architecture: Architecture) -> tuple[Evaluation, float]:
        if not self.space.is_valid(architecture):
            raise ValueError(f"{architecture!r} is not an architecture of {self.space.name}")
        accuracies = self._ensembles.predict(VALID_ACCURACY, [architecture])[:, 0]
        seconds = float(self._ensembles.predict(SECONDS, [architecture]).mean())
        evaluation = Evaluation(
            # A sum of trees may slightly leave the range of the values it was fitted on.
            valid_accuracy=min(max(float(accuracies.mean()), 0.0), 100.0),
            seconds=max(seconds, 0.0),
            epochs=EPOCHS,
            training=f"{EPOCHS} epochs",
            source="surrogate",
        )
        # The variance is divided by the number of members, as in the official package, not by one less.
        self._known[architecture] = evaluation, float(accuracies.std())
        return self._known[architecture]
