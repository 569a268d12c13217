"""The notebook of `results/`, run in a Jupyter kernel: no cell fails, and it shows what it showed."""

import re
from typing import Any

import pytest

nbformat: Any = pytest.importorskip("nbformat", reason="Jupyter is not installed; it comes with '.[dev]'")
pytest.importorskip("nbclient", reason="Jupyter is not installed; it comes with '.[dev]'")
pytest.importorskip("ipykernel", reason="Jupyter is not installed; it comes with '.[dev]'")

from tests.notebook import PATH, executed  # noqa: E402

SPEED = re.compile(r"runs in .* evaluations/s")


def shown(notebook):
    """The text form of each output, cell by cell, with the kind of every other form."""
    return [
        [(sorted(output.data), SPEED.sub("", output.data["text/plain"])) for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASBENCH_LAB_DATA", str(tmp_path_factory.mktemp("data")))
        return executed(PATH, tmp_path_factory.mktemp("notebook"))


def test_it_shows_again_what_it_shows(again):
    assert shown(again) == shown(nbformat.read(PATH, as_version=4))


def test_it_shows_progress_tables_pictures_and_figures(again):
    forms = [
        (form, output.data[form])
        for cell in again.cells
        for output in cell.get("outputs", ())
        for form in output.data
    ]
    pages = [text for form, text in forms if form == "text/html"]
    assert sum("runs in" in page for page in pages) == 2
    assert sum(page.count("<svg") for page in pages) == 3
    assert any("dataframe" in page for page in pages)
    assert [form for form, _ in forms].count("image/png") == 2


def test_it_has_no_path_of_this_machine():
    text = PATH.read_text(encoding="utf-8")
    assert not re.findall(r"/(?:home|root|tmp|work|usr)/[\w./-]*", text)
