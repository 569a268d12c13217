import pytest


@pytest.fixture(autouse=True)
def one_thread():
    """Use one thread: networks this small are faster on it, above all on a busy machine."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
