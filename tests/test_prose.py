"""Comments and docstrings are plain English: short sentences with the subject in front."""

import ast
import io
import re
import tokenize
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("nasbench_lab", "benchmarks", "algorithms", "tests")
# In a thousand words. Clauses that begin with these words stand where the subject belongs. The codebases that
# this one is held against have 1.5 to 5.4 of each.
MOST_WHAT_AND_WHERE = 9.0


def files(folder):
    """Every Python file of a folder, links not followed."""
    return [path for path in sorted((ROOT / folder).rglob("*.py")) if not set(path.parts) & {"__pycache__"}]


def prose(path):
    """The comments and docstrings of a file, one text each."""
    source = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string.lstrip("# ")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                yield docstring


def words(path):
    """The words of a file's comments and docstrings, in lower case."""
    return [word.lower() for text in prose(path) for word in re.findall(r"[A-Za-z][A-Za-z'-]*", text)]


def test_prose_is_found():
    here = words(Path(__file__))
    assert "plain" in here
    assert "return" not in here


@pytest.mark.parametrize("folder", FOLDERS)
def test_sentences_begin_with_their_subject(folder):
    counts = {path: Counter(words(path)) for path in files(folder)}
    total = sum(sum(count.values()) for count in counts.values())
    assert total > 100
    found = {path: count["what"] + count["where"] for path, count in counts.items()}
    rate = 1000 * sum(found.values()) / total
    worst = ", ".join(str(path.relative_to(ROOT)) for path in sorted(found, key=found.__getitem__)[:-6:-1])
    assert rate <= MOST_WHAT_AND_WHERE, (
        f"{folder}: 'what' and 'where' stand {rate:.1f} times in a thousand words; begin the sentence with"
        f" its subject, and write 'if' or 'which' or the noun itself. Most of them: {worst}"
    )
