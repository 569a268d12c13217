"""Download published files, and compare their checksums.

An interrupted download can be resumed. A file has its real name only when it is complete.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from nasbench_lab.errors import FetchError
from nasbench_lab.files import lock

if TYPE_CHECKING:
    from requests import Response

Progress = Callable[[int, int], None]

TIMEOUT = 30
# An interruption loses less than this number of bytes.
PIECE = 2**16
NOT_SATISFIABLE = 416
PARTIAL_CONTENT = 206


@dataclass(frozen=True, kw_only=True)
class Download:
    """A published file at a plain address.

    Attributes:
        url: address of the file, which ends in its name.
        checksum: `sha256:` or `md5:`, then the digest in hexadecimal.
        size: size in bytes, to show to the user; only the checksum decides whether a file is right.
    """

    url: str
    checksum: str
    size: int

    @property
    def file(self) -> str:
        """The file's name."""
        return PurePosixPath(self.url).name

    @property
    def digest(self) -> str:
        """The checksum's digest."""
        return self.checksum.partition(":")[2]


def fetch(download: Download, folder: Path, progress: Progress | None = None) -> Path:
    """Download a file into a folder, unless it is there already; returns its path.

    If the connection breaks, the bytes received so far stay in the folder as `<file>.part`, and the next call
    resumes from there. The file gets its name only if its checksum is right.

    Args:
        progress: called with the bytes received so far and the bytes of the whole file.

    Raises:
        FetchError: the address cannot be reached or answers with an error, the connection broke, the file
            is not the published one (it is then deleted), it cannot be written, or another process is
            downloading it.
    """
    import pooch
    import requests

    path = folder / download.file
    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(
            download.url,
            known_hash=download.checksum,
            fname=download.file,
            path=folder,
            downloader=_Resuming(path.with_name(f"{path.name}.part"), download.size, progress),
        )
    except requests.RequestException as error:
        raise FetchError(
            f"{download.url} cannot be reached, or the connection broke ({_cause(error)}); check the network"
            " and run this again to resume the download"
        ) from None
    except OSError as error:
        raise FetchError(f"{path} cannot be written: {error.strerror or _one_line(error)}") from None
    except ValueError as error:
        raise FetchError(f"{download.url} does not give the published file: {_one_line(error)}") from None
    return path


def _cause(error: BaseException) -> str:
    """The innermost cause of an error of requests. It holds a urllib3 error, which may hold another."""
    for inner in (getattr(error, "reason", None), *reversed(error.args)):
        if isinstance(inner, BaseException):
            return _cause(inner)
    return _one_line(error).rpartition(": ")[2]


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


@contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Keep other processes from writing to a partial file."""
    if sys.platform == "win32":  # Windows cannot rename an open file
        yield
        return
    try:
        locked = lock(part)
    except BlockingIOError:
        raise FetchError(
            f"another process is downloading {part.with_suffix('')}; wait for it, or end it and run this"
            " again"
        ) from None
    with locked:
        try:
            yield
        finally:
            if part.exists() and part.stat().st_size == 0:
                part.unlink()


class _Resuming:
    """The downloader that pooch calls. It resumes from an existing partial file."""

    def __init__(self, part: Path, size: int, progress: Progress | None) -> None:
        self._part = part
        self._size = size
        self._progress = progress or (lambda received, size: None)

    def __call__(self, url: str, output_file: str, _pooch: object) -> None:
        with _alone(self._part):
            self._download(url)
            self._part.replace(output_file)

    def _download(self, url: str) -> None:
        import requests

        received = self._part.stat().st_size if self._part.exists() else 0
        # In a compressed transfer, lengths and byte ranges would not be those of the file.
        headers = {"Accept-Encoding": "identity"}
        if received:
            headers["Range"] = f"bytes={received}-"
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.ok:
                self._receive(response, received if response.status_code == PARTIAL_CONTENT else 0)
            # If nothing is left to send, the checksum tells whether the partial file is complete.
            elif not (received and response.status_code == NOT_SATISFIABLE):
                answer = f"{response.status_code} {response.reason}"
                raise FetchError(f"{url} cannot be fetched: the server answered {answer}")

    def _receive(self, response: "Response", received: int) -> None:
        """Write the response after the first `received` bytes of the partial file."""
        import requests

        announced = response.headers.get("Content-Length")
        whole = received + int(announced) if announced else self._size
        with self._part.open("ab" if received else "wb") as file:
            for piece in response.iter_content(PIECE):
                file.write(piece)
                received += len(piece)
                self._progress(received, whole)
            file.flush()
            os.fsync(file.fileno())
        if announced and received < whole:
            raise requests.ConnectionError(f"it ended after {received:,} of {whole:,} bytes")
