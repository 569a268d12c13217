"""The package can be imported from any folder, beside any other package."""

import shutil
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


def test_packages_of_the_same_names_do_not_matter(tmp_path):
    for name in ("benchmarks", "algorithms"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("print('a stranger')")
    code = (
        "from nasbench_lab.benchmarks.tables import embedded; from nasbench_lab.algorithms import reinforce;"
        "print(embedded.embedded_names(), reinforce.__name__)"
    )
    outcome = python(code, cwd=tmp_path)
    assert outcome.stdout == "['cifar10-mini'] nasbench_lab.algorithms.reinforce\n", outcome.stderr


def test_a_source_tree_without_links_works(tmp_path):
    ignored = shutil.ignore_patterns("__pycache__", "*.h5")
    for name in ("benchmarks", "algorithms"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    nasbench_lab_alone = shutil.ignore_patterns("__pycache__", "benchmarks", "algorithms")
    shutil.copytree(ROOT / "nasbench_lab", tmp_path / "nasbench_lab", ignore=nasbench_lab_alone)
    outcome = python(
        "import nasbench_lab.benchmarks.catalog as c, nasbench_lab.algorithms.reinforce as r;"
        "print(len(c.all_sources()), c.__file__, r.__file__)",
        cwd=tmp_path,
    )
    assert outcome.returncode == 0, outcome.stderr
    count, *files = outcome.stdout.split()
    assert int(count) > 5
    assert files == [
        str(tmp_path / "benchmarks" / "catalog.py"),
        str(tmp_path / "algorithms" / "reinforce.py"),
    ]


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


@pytest.mark.parametrize(
    "module",
    [
        "compare",
        "figures",
        "reproduce",
        "data",
        "algorithms.__main__",
        "benchmarks.__main__",
        "protocols",
        "recipes",
    ],
)
def test_help_does_not_import_what_is_slow(module, tmp_path):
    code = (
        f"import sys\nfrom nasbench_lab.{module} import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "slow = {'torch', 'numpy', 'rich', 'pandas', 'h5py', 'scipy', 'matplotlib', 'seaborn'}\n"
        "slow |= {'statsmodels', 'joblib'}\n"
        "sys.exit(', '.join(slow & set(sys.modules)) or 0)"
    )
    outcome = python(code, cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
