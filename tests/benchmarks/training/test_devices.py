import pytest
import torch

from nasbench_lab.benchmarks.training.devices import available_devices, describe_device, find_device
from nasbench_lab.errors import UsageError


@pytest.fixture
def devices(monkeypatch):
    """A function that sets which accelerators PyTorch reports."""

    def there_are(cuda=0, mps=False):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    there_are()
    return there_are


@pytest.mark.parametrize(
    ("cuda", "mps", "names"),
    [
        (0, False, ["cpu"]),
        (0, True, ["mps", "cpu"]),
        (2, False, ["cuda", "cuda:0", "cuda:1", "cpu"]),
    ],
)
def test_the_fastest_is_first_and_taken(devices, cuda, mps, names):
    devices(cuda, mps)
    assert available_devices() == names
    assert str(find_device()) == names[0]
    assert [str(find_device(name)) for name in names] == names


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps", "gpu", "", "meta", "xpu", "cpu:1", "cuda:x"])
def test_what_is_not_here_is_refused_in_one_line(devices, name):
    with pytest.raises(UsageError) as raised:
        find_device(name)
    assert str(raised.value) == f"there is no device {name!r} here; there is cpu"


def test_a_device_that_is_one_too_many_is_refused(devices):
    devices(cuda=2)
    with pytest.raises(UsageError, match="there is no device 'cuda:2' here; there is cuda, cuda:0, cuda:1"):
        find_device("cuda:2")


def test_the_cpu_is_always_there(devices):
    assert find_device("cpu:0").type == "cpu"
    words = describe_device(torch.device("cpu"))
    assert words.startswith("cpu (")
    assert words.endswith(f"torch {torch.__version__}")


def test_a_gpu_is_described_by_its_name(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"H200 {device}")
    assert describe_device(torch.device("cuda:1")) == f"H200 cuda:1, torch {torch.__version__}"
