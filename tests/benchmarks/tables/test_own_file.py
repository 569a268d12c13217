import bz2
import gzip
import io
import lzma
import zipfile

import numpy as np
import pytest

from nasbench_lab.benchmarks.tables.own_file import read_own_file
from nasbench_lab.errors import TableError

TABLE = "cell,acc (%),hours\n00,61.5,0.5\n12,,1.5\n"
NAMES = ("cell", "acc (%)", "hours")
NUMERIC = ("acc (%)", "hours")


def read(tmp_path, content, names=NAMES, numeric=NUMERIC):
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_own_file(path, names, numeric)


def zipped(text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("table.csv", text)
    return buffer.getvalue()


SAME = {
    "a byte-order mark": "\ufeff" + TABLE,
    "blank lines": "\n" + TABLE.replace("\n12", "\n\n \n,,\n12") + "\n\n,,\n",
    "line ends of Windows": TABLE.replace("\n", "\r\n"),
    "line ends of old Macs": TABLE.replace("\n", "\r"),
    "semicolons": TABLE.replace(",", ";"),
    "tabs": TABLE.replace(",", "\t"),
    "decimal commas": TABLE.replace(",", ";").replace(".", ","),
    "tabs and decimal commas": TABLE.replace(",", "\t").replace(".", ","),
    "spaces": TABLE.replace("61.5", " 61.5 ").replace(",,", ",  ,"),
    "UTF-16": TABLE.encode("utf-16"),
    "UTF-16 of a spreadsheet": TABLE.replace(",", "\t").replace(".", ",").encode("utf-16"),
    "gzip": gzip.compress(TABLE.encode(), mtime=0),
    "bzip2": bz2.compress(TABLE.encode()),
    "xz": lzma.compress(TABLE.encode()),
    "zip": zipped(TABLE),
}


@pytest.mark.parametrize("content", [TABLE, *SAME.values()], ids=["plain", *SAME])
def test_files_of_all_kinds_hold_the_same(tmp_path, content):
    file = read(tmp_path, content)
    assert file.column("cell") == ("00", "12")
    np.testing.assert_array_equal(file.numbers("acc (%)"), [61.5, np.nan])
    np.testing.assert_array_equal(file.numbers("hours"), [0.5, 1.5])


def test_windows_1252_in_a_name(tmp_path):
    file = read(tmp_path, "cell,Qualität\n00,1\n".encode("windows-1252"), ("cell", "Qualität"), ("Qualität",))
    assert file.numbers("Qualität").tolist() == [1]


def test_the_expected_names_tell_the_separator(tmp_path):
    names = ("cell", "a;b;c;d")
    assert read(tmp_path, "cell,a;b;c;d\n00,1\n", names, names[1:]).numbers("a;b;c;d").tolist() == [1]
    names = ("cell", "a,b,c,d")
    assert read(tmp_path, "cell;a,b,c,d\n00;1,5\n", names, names[1:]).numbers("a,b,c,d").tolist() == [1.5]


def test_a_quoted_field_may_have_line_breaks(tmp_path):
    file = read(tmp_path, 'cell,"acc\n(%)",hours\n"0\u20280",1,2\n11,x,3\n', ("cell",), ("hours",))
    assert file.column("cell") == ("0\u20280", "11")
    with pytest.raises(TableError, match=r"line 4, column 'acc\\n\(%\)': 'x' is not a number"):
        file.numbers("acc\n(%)")
    with pytest.raises(TableError, match=r"unknown column 'acc'.* Known: acc\\n\(%\), cell, hours"):
        file.column("acc")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TABLE.replace("61.5", "61,5"), "line 2: it has 4 fields; the header has 3"),
        (TABLE.replace("61.5", '"61,5"'), "line 2, column 'acc .%.': '61,5' is not a number"),
        (
            TABLE.replace(",", ";").replace("61.5", "61,5"),
            "line 2, column 'hours': '0.5' has a point, and other numbers of the file have a decimal comma;",
        ),
        (
            TABLE.replace(",", ";").replace("61.5", "1.061,5"),
            "line 2, column 'acc .%.': '1.061,5' has a point, .* none between thousands",
        ),
        (
            TABLE.replace(",", ";").replace("61.5", "1,061,5").replace("0.5", "1").replace("1.5", "2"),
            "not a n",
        ),
        (TABLE.replace("hours", "cell"), "line 1: it names the column 'cell' twice"),
        ("\n\n" + TABLE.replace("hours", "cell"), "line 3: it names the column 'cell' twice"),
        ("\n\n", "table.csv has no rows"),
        (gzip.compress(TABLE.encode(), mtime=0)[:-3], "cannot be read: .*; check the file, or save it again"),
    ],
)
def test_errors_name_the_place(tmp_path, content, message):
    def numbers():
        file = read(tmp_path, content)
        return [file.numbers(name) for name in NUMERIC]

    with pytest.raises(TableError, match=message):
        numbers()


def test_too_large_a_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("nasbench_lab.benchmarks.tables.own_file.MOST_BYTES", 20)
    with pytest.raises(TableError, match=r"holds more than 20 bytes, .*; check the file, or save it again"):
        read(tmp_path, gzip.compress(TABLE.encode()))
