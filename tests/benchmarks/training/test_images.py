import gzip
import hashlib
import io
import pickle
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_lab.benchmarks.training import images
from nasbench_lab.benchmarks.training.images import open_images
from nasbench_lab.errors import ImagesError, UsageError
from tests import cifar10_files
from tests.cifar10_files import NDARRAY, RECONSTRUCT, array, batch, batch_of

NAMES = (*cifar10_files.BATCHES, "test_batch")
MADE = {name: cifar10_files.images(i, 3 + i) for i, name in enumerate(NAMES)}
WRITTEN = {name: batch_of(*made) for name, made in MADE.items()}


def write_folder(folder, batches=None):
    folder.mkdir(parents=True)
    for name, content in (WRITTEN if batches is None else batches).items():
        (folder / name).write_bytes(content)
    return folder


def archive_of(members):
    """A packed archive of `(name, content)` or `TarInfo` members."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                entry = tarfile.TarInfo(member[0])
                entry.size = len(member[1])
                archive.addfile(entry, io.BytesIO(member[1]))
    return content.getvalue()


def official(batches=None):
    """Members in the order of the published archive, which is not the order of the batches."""
    folder = tarfile.TarInfo("cifar-10-batches-py")
    folder.type = tarfile.DIRTYPE
    order = [NAMES[i] for i in (3, 5, 2, 1, 4, 0)]
    listed = WRITTEN if batches is None else batches
    batch_members = [(f"cifar-10-batches-py/{name}", listed[name]) for name in order if name in listed]
    return [folder, ("cifar-10-batches-py/readme.html", b"<html>"), *batch_members]


def refused(path):
    with pytest.raises(ImagesError) as raised:
        open_images("cifar10", path)
    message = str(raised.value)
    assert len(message.splitlines()) == 1
    return message


def check_made(read):
    """Compare the images with the data they were made from, not with another reading of the files."""
    train = np.concatenate([MADE[name][0] for name in NAMES[:5]])
    assert (read.train_images.reshape(len(train), -1) == train).all()
    assert read.train_images.shape == (len(train), 3, 32, 32)
    assert read.train_labels.tolist() == [label for name in NAMES[:5] for label in MADE[name][1]]
    assert (read.test_images.reshape(-1, 3072) == MADE["test_batch"][0]).all()
    assert read.test_labels.tolist() == MADE["test_batch"][1]
    assert {a.dtype for a in (read.train_images, read.test_images)} == {np.dtype(np.uint8)}
    assert {a.dtype for a in (read.train_labels, read.test_labels)} == {np.dtype(np.int64)}
    # PyTorch warns about read-only arrays.
    assert all(a.flags.writeable for a in (read.train_images, read.test_images))


def test_reads_the_folder_wherever_it_is_said_to_be(tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "cifar-10-batches-py")
    for place in (folder, tmp_path):
        check_made(open_images("cifar10", place))
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path))
    read = open_images("cifar10")
    check_made(read)
    assert (read.name, read.title, len(read.class_names)) == ("cifar10", "CIFAR-10", 10)


def test_reads_the_archive_without_unpacking_it(tmp_path):
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(archive_of(official()))
    for place in (path, tmp_path):
        check_made(open_images("cifar10", place))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("keys", ["bytes", "text"])
def test_reads_newer_pickles(tmp_path, protocol, keys):
    def key(name):
        return name.encode() if keys == "bytes" else name

    batches = {
        name: pickle.dumps({key("batch_label"): b"", key("labels"): labels, key("data"): pixels}, protocol)
        for name, (pixels, labels) in MADE.items()
    }
    check_made(open_images("cifar10", write_folder(tmp_path / "batches", batches)))


def test_planes_are_red_green_blue_row_by_row(tmp_path):
    pixels = np.arange(3072, dtype=np.uint16).astype(np.uint8)[None]
    batches = WRITTEN | {"test_batch": batch_of(pixels, [7])}
    image = open_images("cifar10", write_folder(tmp_path / "batches", batches)).test_images[0]
    assert image[2, 5, 9] == (2 * 1024 + 5 * 32 + 9) % 256
    assert image[1, 0, 1] == 1


def test_the_digest_is_of_shapes_pixels_and_labels(tmp_path):
    read = open_images("cifar10", write_folder(tmp_path / "a"))
    expected = hashlib.sha256()
    for part in (read.train_images, read.train_labels, read.test_images, read.test_labels):
        expected.update(str(part.shape).encode() + part.tobytes())
    assert read.digest == expected.hexdigest()
    pixels, labels = MADE["test_batch"]
    changed = {
        "pixel": batch_of(pixels ^ (np.arange(pixels.size).reshape(pixels.shape) == 0), labels),
        "label": batch_of(pixels, [9 - labels[0], *labels[1:]]),
    }
    digests = {
        open_images("cifar10", write_folder(tmp_path / what, WRITTEN | {"test_batch": content})).digest
        for what, content in changed.items()
    }
    assert len(digests | {read.digest}) == 3


def test_what_is_not_there_says_how_to_bring_it(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_LAB_DATA", str(tmp_path))
    for place in (None, tmp_path, tmp_path / "nothing"):
        message = refused(place)
        assert "python -m nasbench_lab.data fetch cifar10" in message
        assert "--data-dir" in message
        assert str(tmp_path) in message
    with pytest.raises(UsageError, match="unknown set of images 'cifar100'; did you mean 'cifar10'"):
        open_images("cifar100")


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_missing_batch_is_named(tmp_path, name):
    batches = {other: content for other, content in WRITTEN.items() if other != name}
    folder = write_folder(tmp_path / "cifar-10-batches-py", batches)
    assert f"there is no file {folder / name}; fetch CIFAR-10 again" in refused(folder)
    (tmp_path / "archive.tar.gz").write_bytes(archive_of(official(batches)))
    assert f"there is no {name} in it" in refused(tmp_path / "archive.tar.gz")


PIXELS, LABELS = MADE["data_batch_2"]
ARRAY = array(PIXELS.tobytes(), PIXELS.shape)


def with_labels(labels):
    return batch(ARRAY, []).replace(b"labelsq\x04]q\x05", b"labelsq\x04" + labels)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (batch(array(PIXELS.tobytes(), (12288,)), LABELS), "rows of 3,072"),
        (batch(array(PIXELS.tobytes(), (4, 3, 1024)), LABELS), "rows of 3,072"),
        (batch(array(PIXELS.tobytes(), (8, 1536)), LABELS), "rows of 3,072"),
        (batch(array(PIXELS.tobytes(), (5, 3072)), LABELS), "another size"),
        (batch(array(bytes(4 * 3072), (4, 768), kind=b"i4", order=b"<"), LABELS), "bytes"),
        (batch(array(PIXELS.tobytes(), (4, 3072), fortran=True), LABELS), "row by row"),
        (batch(RECONSTRUCT + NDARRAY + b"K\x00\x85U\x01b\x87R", LABELS), "rows"),
        (batch(b"]", LABELS), "rows of 3,072 unsigned bytes"),
        (batch(ARRAY, LABELS[:-1]), "labels are not a list of 4 numbers"),
        (batch(ARRAY, [*LABELS, 1]), "labels are not a list of 4 numbers"),
        (batch(ARRAY, [10, 1, 2, 3]), "whole numbers from 0 to 9"),
        (batch(ARRAY, [-1, 1, 2, 3]), "whole numbers from 0 to 9"),
        (with_labels(b"](\x88\x89\x88\x89e"), "whole numbers from 0 to 9"),
        (with_labels(b"](NNNNe"), "whole numbers from 0 to 9"),
        (with_labels(b"](\x8a\x09" + b"\x7f" * 9 + b"K\x01" * 3 + b"e"), "whole numbers from 0 to 9"),
        (with_labels(b"(K\x01K\x01K\x01K\x01t"), "labels are not a list of 4 numbers"),
        (with_labels(b"N"), "labels are not a list of 4 numbers"),
        (pickle.dumps({b"labels": LABELS}, 4), "rows of 3,072 unsigned bytes"),
        (pickle.dumps({b"data": PIXELS}, 4), "labels are not a list"),
        (pickle.dumps([PIXELS, LABELS], 4), "does not hold a batch of images"),
        (pickle.dumps({b"data": PIXELS.astype("f4"), b"labels": LABELS}, 4), "other than unsigned bytes"),
        (pickle.dumps({b"data": PIXELS.astype("O"), b"labels": LABELS}, 4), "other than plain data"),
        (WRITTEN["data_batch_2"][:-1000], "cut off or damaged"),
        (WRITTEN["data_batch_2"] + b"more", "does not hold exactly one object"),
        (b"\x80\x02cos\nsystem\nU\x04exit\x85R.", "the pickle names 'os.system'"),
        (b"version https://git-lfs.github.com/spec/v1\n", "more than plain data"),
        (b"", "cut off or damaged"),
    ],
)  # fmt: skip
def test_a_batch_that_is_not_as_published_is_refused(tmp_path, content, message):
    batches = WRITTEN | {"data_batch_2": content}
    folder = write_folder(tmp_path / "cifar-10-batches-py", batches)
    line = refused(folder)
    assert message in line
    assert str(folder / "data_batch_2") in line
    (tmp_path / "archive.tar.gz").write_bytes(archive_of(official(batches)))
    line = refused(tmp_path / "archive.tar.gz")
    assert message in line
    assert "cifar-10-batches-py/data_batch_2" in line


def entry(name, kind, **settings):
    made = tarfile.TarInfo(name)
    made.type = kind
    for field, value in settings.items():
        setattr(made, field, value)
    return made


FIRST = "cifar-10-batches-py/data_batch_1"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([entry(FIRST, tarfile.SYMTYPE, linkname="/etc/passwd"), *official()], "not one plain file"),
        ([entry(FIRST, tarfile.LNKTYPE, linkname="other"), *official()], "not one plain file"),
        ([entry(FIRST, tarfile.FIFOTYPE), *official()], "not one plain file"),
        ([entry(FIRST, tarfile.DIRTYPE), *official()], "not one plain file"),
        ([*official(), (FIRST, WRITTEN["data_batch_1"])], "data_batch_1 is not one plain file"),
        ([(f"../{FIRST}", b"x"), ("/etc/evil", b"x")], "there is no data_batch_1, data_batch_2"),
        ([(f"./{FIRST}", WRITTEN["data_batch_1"])], "there is no data_batch_1"),
        ([], "there is no data_batch_1"),
    ],
)
def test_an_archive_of_something_else_is_refused(tmp_path, members, message):
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(archive_of(members))
    assert message in refused(path)
    assert list(tmp_path.iterdir()) == [path]


def test_members_outside_are_never_written(tmp_path):
    path = tmp_path / "inner" / "archive.tar.gz"
    path.parent.mkdir()
    path.write_bytes(archive_of([("../outside", b"x"), (f"{tmp_path}/absolute", b"x"), *official()]))
    check_made(open_images("cifar10", path))
    assert list(tmp_path.rglob("*")) == [path.parent, path]


def test_what_is_larger_than_published_is_refused(tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "cifar-10-batches-py")
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(archive_of(official()))
    with monkeypatch.context() as patched:
        patched.setattr(images, "MOST_BATCH_BYTES", 1000)
        assert "larger than 1,000 bytes" in refused(folder)
        assert "bytes; published batches are smaller" in refused(path)
    monkeypatch.setattr(images, "MOST_ARCHIVE_BYTES", 50_000)
    assert "unpacks to more than 50,000 bytes" in refused(path)


def test_a_bomb_in_an_archive_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "MOST_ARCHIVE_BYTES", 2**22)
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(archive_of([("zeros", bytes(2**24)), *official()]))
    assert "unpacks to more than" in refused(path)
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**32
    path.write_bytes(gzip.compress(header.tobuf() + bytes(2**24)))
    assert "unpacks to more than" in refused(path)
    path.write_bytes(gzip.compress(archive_unpacked() + bytes(2**24)))
    assert "unpacks to more than" in refused(path)


def archive_unpacked():
    return gzip.decompress(archive_of(official()))


PACKED = archive_of(official())


@pytest.mark.parametrize("length", [0, 1, 9, 500, len(PACKED) // 2, len(PACKED) - 8, len(PACKED) - 1])
def test_an_archive_cut_off_is_refused(tmp_path, length):
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(PACKED[:length])
    assert f"{path} cannot be read: " in refused(tmp_path)


@settings(max_examples=60)
@given(position=st.integers(0, 2**20), bit=st.integers(0, 7), where=st.sampled_from(["packed", "headers"]))
def test_a_damaged_archive_is_refused_or_read(tmp_path_factory, position, bit, where):
    path = tmp_path_factory.mktemp("damaged") / "archive.tar.gz"
    content = bytearray(PACKED if where == "packed" else archive_unpacked())
    # Each member begins with a header: 512 bytes with a name, lengths and a checksum.
    at = position % len(content) if where == "packed" else position % 2048
    content[at] ^= 1 << bit
    path.write_bytes(content if where == "packed" else gzip.compress(content, 1))
    try:
        open_images("cifar10", path)
    except ImagesError as error:
        message = str(error)
        assert len(message.splitlines()) == 1
    else:
        # The checksum covers all packed data, but not the first ten bytes.
        assert where == "headers" or at < 10


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(WRITTEN["test_batch"])
    assert f"{path} cannot be read: Not a gzipped file" in refused(path)
    path.write_bytes(gzip.compress(b"noise" * 1000))
    assert f"{path} cannot be read: " in refused(path)


def test_digits_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    read = open_images("digits")
    grey, labels = datasets.load_digits(return_X_y=True)
    assert read.train_images.shape == (1437, 3, 8, 8)
    assert read.test_images.shape == (360, 3, 8, 8)
    every = np.concatenate([read.train_images, read.test_images])
    assert (every == every[:, :1]).all()
    assert (np.abs(every[:, 0].reshape(-1, 64) / 255 * 16 - grey) < 0.04).all()
    assert every.max() == 255
    assert np.concatenate([read.train_labels, read.test_labels]).tolist() == labels.tolist()
    assert read.digest == open_images("digits", Path("anywhere")).digest
    assert read.class_names == tuple("0123456789")


def test_digits_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImagesError, match=r"pip install 'nasbench-lab\[predictors\]'"):
        open_images("digits")


def test_images_need_no_torch():
    program = (
        "import sys, nasbench_lab.benchmarks.training.images; "
        "print('torch' in sys.modules, 'sklearn' in sys.modules)"
    )
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert outcome.stdout == "False False\n"


def test_reads_the_real_images(cifar10):
    read = open_images("cifar10", cifar10)
    assert read.train_images.shape == (50_000, 3, 32, 32)
    assert np.bincount(read.train_labels).tolist() == [5000] * 10
    assert np.bincount(read.test_labels).tolist() == [1000] * 10
    means = read.train_images.mean(axis=(0, 2, 3)) / 255
    assert np.allclose(means, [0.4914, 0.4822, 0.4465], atol=1e-3)
