"""The three packages belong together, and the parts know only what they may."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import nasbench_lab

ROOT = Path(nasbench_lab.__file__).resolve().parent.parent


def python(code, *, cwd, flags=()):
    return subprocess.run(
        [sys.executable, *flags, "-c", code],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", ["benchmarks", "algorithms"])
def test_a_stranger_of_the_same_name_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    refused = python("import nasbench_lab", cwd=tmp_path)
    assert refused.returncode == 1
    assert f"nasbench_lab needs its own package '{name}' at {ROOT / name}, but Python finds" in refused.stderr
    assert str(tmp_path / name / "__init__.py") in refused.stderr
    assert python("import nasbench_lab", cwd=tmp_path, flags=["-P"]).returncode == 0


def test_the_comparison_is_callable_before_and_after_its_module_is_imported(tmp_path):
    code = (
        "import nasbench_lab; assert callable(nasbench_lab.compare); import nasbench_lab.compare;"
        "assert callable(nasbench_lab.compare); from nasbench_lab import Comparison, compare;"
        "assert callable(compare); Comparison(); print(nasbench_lab.__all__)"
    )
    outcome = python(code, cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = nasbench_lab.nothing


@pytest.mark.parametrize("module", ["compare", "figures", "data"])
def test_help_does_not_import_what_is_slow(module, tmp_path):
    code = (
        f"import sys\nfrom nasbench_lab.{module} import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "slow = {'torch', 'pandas', 'h5py', 'scipy', 'matplotlib', 'seaborn', 'statsmodels', 'joblib'}\n"
        "sys.exit(', '.join(slow & set(sys.modules)) or 0)"
    )
    outcome = python(code, cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        (
            "nasbench_lab/statistics",
            ("benchmarks", "algorithms", "nasbench_lab.plots", "matplotlib", "pandas"),
        ),
        ("nasbench_lab/plots", ("benchmarks", "algorithms", "scipy.stats", "nasbench_lab.store")),
        ("nasbench_lab/spaces", ("benchmarks", "algorithms", "nasbench_lab.search")),
        ("algorithms", ("benchmarks",)),
        ("benchmarks", ("algorithms", "nasbench_lab.experiment", "nasbench_lab.store", "nasbench_lab.plots")),
    ],
)
def test_a_part_knows_only_what_stands_before_it(folder, forbidden):
    for path in (ROOT / folder).rglob("*.py"):
        for module in imports(path):
            assert not module.startswith(forbidden), f"{path} imports {module}"
