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
