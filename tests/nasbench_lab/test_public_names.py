import subprocess
import sys

import pytest

import nasbench_lab


@pytest.mark.parametrize("name", nasbench_lab.__all__)
def test_every_public_name_is_there(name):
    assert getattr(nasbench_lab, name) is not None


def test_only_public_names_are_shown():
    assert sorted(dir(nasbench_lab)) == sorted(nasbench_lab.__all__)
    assert not set(nasbench_lab._MODULES) ^ (set(nasbench_lab.__all__) - {"__version__"})


def test_the_import_waits_for_nothing():
    code = "import sys, nasbench_lab; assert not {'numpy', 'msgspec', 'h5py'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=100).returncode == 0


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'nasbench_lab' has no attribute 'Compare'"):
        _ = nasbench_lab.Compare


@pytest.mark.parametrize(
    "imports",
    [
        "nasbench_lab",
        "nasbench_lab.compare, nasbench_lab.figures, nasbench_lab.data, nasbench_lab.report.tables",
    ],
)
def test_tab_completion_offers_the_public_names_alone(imports):
    code = (
        f"import rlcompleter, nasbench_lab, {imports}\n"
        "completer = rlcompleter.Completer({'nasbench_lab': nasbench_lab})\n"
        "offered = iter(lambda: completer.complete('nasbench_lab.', len(found)), None)\n"
        "found = []\n"
        "for each in offered: found.append(each)\n"
        "print(*found)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], timeout=100, capture_output=True, text=True, check=True
    ).stdout.split()
    offered = {name.removeprefix("nasbench_lab.").partition("(")[0] for name in shown}
    assert offered == set(nasbench_lab.__all__) - {"__version__"}
