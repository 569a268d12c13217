"""Fetching published files: with a checksum, going on after a cut, never half there under the real name."""

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
# After a cut, less than this is lost.
PIECE = 2**16
NOT_SATISFIABLE = 416
PARTIAL_CONTENT = 206


@dataclass(frozen=True, kw_only=True)
class Download:
    """A published file at a plain address.

    Attributes:
        url: its address, which ends in its name.
        checksum: `sha256:` or `md5:` and the digest in hexadecimal.
        size: in bytes, to tell the user; the checksum alone decides.
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
    """Bring a file into a folder, unless it is there already; returns its path.

    What was received before the connection broke is kept beside it, as `<file>.part`, and the next call
    goes on from there. The file gets its name when its checksum is right.

    Args:
        progress: called with the bytes received so far and the bytes of the whole file.

    Raises:
        FetchError: the address cannot be reached or answers with an error, the connection broke, the file
            is not the published one (then nothing of it is kept), it cannot be written, or another process
            is downloading it.
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
            " and run this again, which goes on where it stopped"
        ) from None
    except OSError as error:
        raise FetchError(f"{path} cannot be written: {error.strerror or _one_line(error)}") from None
    except ValueError as error:
        raise FetchError(f"{download.url} does not give the published file: {_one_line(error)}") from None
    return path


def _cause(error: BaseException) -> str:
    """What is behind an error of requests, which holds one of urllib3, which may hold another."""
    for inner in (getattr(error, "reason", None), *reversed(error.args)):
        if isinstance(inner, BaseException):
            return _cause(inner)
    return _one_line(error).rpartition(": ")[2]


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


@contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Keep other processes from writing to a part."""
    if sys.platform == "win32":  # there a file that is open cannot be renamed
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
    """What pooch calls to download: it goes on with the part that is there."""

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
        # Packed for the way, a file has other lengths and places.
        headers = {"Accept-Encoding": "identity"}
        if received:
            headers["Range"] = f"bytes={received}-"
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.ok:
                self._receive(response, received if response.status_code == PARTIAL_CONTENT else 0)
            # Where nothing is left to send, the checksum says whether the part is the whole.
            elif not (received and response.status_code == NOT_SATISFIABLE):
                answer = f"{response.status_code} {response.reason}"
                raise FetchError(f"{url} cannot be fetched: the server answered {answer}")

    def _receive(self, response: "Response", received: int) -> None:
        """Write what comes, after the first `received` bytes of the part."""
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
