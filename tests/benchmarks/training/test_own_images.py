import numpy as np
import pytest

from nasbench_lab.benchmarks.training import own_images
from nasbench_lab.benchmarks.training.images import open_images
from nasbench_lab.benchmarks.training.own_images import image_set, read_images
from nasbench_lab.errors import ImagesError


def made(n, shape=(8, 8, 3), classes=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(256, size=(n, *shape), dtype=np.uint8), np.arange(n) % classes


TRAIN, TEST = made(20), made(8, seed=1)


def test_all_layouts_give_the_same_images():
    last = image_set("mine", TRAIN, TEST)
    first = image_set("mine", *((np.moveaxis(images, 3, 1), labels) for images, labels in (TRAIN, TEST)))
    assert last.train_images.shape == (20, 3, 8, 8)
    assert last.train_images[5, 2, 1, 7] == TRAIN[0][5, 1, 7, 2]
    assert (last.train_images == first.train_images).all()
    assert last.digest == first.digest
    assert last.class_names == ("0", "1", "2", "3")
    assert (last.name, last.title) == ("mine", "mine")
    assert last.train_images.flags.c_contiguous
    assert last.train_images.flags.writeable
    grey = image_set("grey", (TRAIN[0][..., 0], TRAIN[1]), (TEST[0][..., 0], TEST[1]))
    assert grey.train_images.shape == (20, 1, 8, 8)


def test_the_caller_keeps_the_arrays():
    images, labels = TRAIN[0].copy(), TRAIN[1].copy()
    read = image_set("mine", (images, labels), TEST)
    images[:] = 0
    labels[:] = 0
    assert read.digest == image_set("mine", TRAIN, TEST).digest
    assert read.train_images.any()


def test_content_fixes_the_digest():
    other = TRAIN[0].copy()
    other[3, 0, 0, 0] += 1
    digests = {
        image_set("a", TRAIN, TEST).digest,
        image_set("b", TRAIN, TEST, title="B").digest,
        image_set("a", (other, TRAIN[1]), TEST).digest,
        image_set("a", (TRAIN[0], TRAIN[1][::-1]), TEST).digest,
    }
    assert len(digests) == 3


def test_the_digits_from_arrays_are_those_of_the_set():
    pytest.importorskip("sklearn")
    digits = open_images("digits")
    again = image_set(
        "digits",
        (digits.train_images.astype(np.int32), digits.train_labels.astype(np.uint8)),
        (digits.test_images.tolist(), digits.test_labels.tolist()),
    )
    assert again.digest == digits.digest


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (
            (TRAIN[0] / 255, TRAIN[1]),
            TEST,
            r"training images are whole numbers from 0 to 255; received float64",
        ),
        ((TRAIN[0].astype(int) - 1, TRAIN[1]), TEST, "received -1 to 254"),
        ((TRAIN[0].astype(int) * 2, TRAIN[1]), TEST, "received 0 to 510"),
        ((TRAIN[0] > 5, TRAIN[1]), TEST, "received bool"),
        ((TRAIN[0][:, :6], TRAIN[1]), TEST, r"images are square, .* received \(20, 6, 8, 3\)"),
        (made(20, (8, 8, 5)), TEST, r"1 to 4 channels; received \(20, 8, 8, 5\)"),
        (made(20, (64,)), TEST, r"received \(20, 64\)"),
        ((TRAIN[0], TRAIN[1][:-1]), TEST, "received 20 images and 19 labels"),
        (TRAIN, made(0), "test images, and one image or more; received 0 images"),
        ((TRAIN[0], TRAIN[1] - 1), TEST, "training labels are whole numbers from 0, .*, from -1 to 2"),
        ((TRAIN[0], TRAIN[1] / 1), TEST, "labels are whole numbers from 0, .* received float64"),
        ((TRAIN[0], np.eye(20, dtype=int)), TEST, r"of shape \(20, 20\)"),
        ((TRAIN[0], TRAIN[1].astype(str)), TEST, "labels are whole numbers"),
        ((TRAIN[0], 10**6 * TRAIN[1]), TEST, "labels are whole numbers from 0, .*to 3000000"),
        (TRAIN, made(8, (4, 4, 3)), r"same channels and size; .* \(3, 8, 8\) and \(3, 4, 4\)"),
        (TRAIN, made(8, (8, 8, 1)), "same channels and size"),
        ((TRAIN[0] * np.array([1, 0, 1], np.uint8), TRAIN[1]), TEST, "channel 1 has the value 0 in all"),
        (made(20, classes=1), made(8, classes=1), "there are two or more classes"),
    ],
)
def test_arrays_that_are_no_images_are_one_line(train, test, message):
    with pytest.raises(ImagesError, match=message) as raised:
        image_set("mine", train, test)
    assert "\n" not in str(raised.value)


def test_too_few_class_names_are_refused():
    with pytest.raises(ImagesError, match="the labels go to 3, and there are 2 class names"):
        image_set("mine", TRAIN, TEST, class_names=("a", "b"))
    assert image_set("mine", TRAIN, TEST, class_names="abcde").class_names == tuple("abcde")


@pytest.mark.parametrize("spelling", own_images.SPELLINGS)
@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_a_file_is_read(tmp_path, spelling, write):
    path = tmp_path / "birds.npz"
    column = TRAIN[1][:, None]  # as in Keras's file of CIFAR-10
    write(path, **dict(zip(spelling, (TRAIN[0], column, *TEST), strict=True)), class_names=list("abcd"))
    read = read_images(path)
    assert (read.name, read.class_names) == ("birds", tuple("abcd"))
    assert read.digest == image_set("mine", TRAIN, TEST).digest


def test_files_that_hold_no_images_are_one_line(tmp_path, monkeypatch):
    def refused(message):
        with pytest.raises(ImagesError, match=message) as raised:
            read_images(path)
        assert str(path) in str(raised.value)
        assert "\n" not in str(raised.value)

    path = tmp_path / "x.npz"
    refused("there is no file")
    for content in (b"", b"PK\x03\x04", b"not an archive", b"\x93NUMPY"):
        path.write_bytes(content)
        refused("cannot be read as an .npz file")
    np.savez(path, images=TRAIN[0])
    refused("holds images; images are the arrays train_images, .* or x_train")
    np.savez(path, train_images=np.array([{}], dtype=object))
    refused("cannot be read as an .npz file: .*pickle")
    np.savez(path, train_images=TRAIN[0], train_labels=TRAIN[1], test_images=TRAIN[0], test_labels=TEST[1])
    refused("received 20 images and 8 labels")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused("cannot be read as an .npz file")
    path.write_bytes(whole)
    monkeypatch.setattr(own_images, "LARGEST_FILE", 1000)
    refused("it unpacks to .* bytes; at most 1,000 are read")
