"""A web server on this machine, for tests: it sends one file, and can break off at a given byte."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Server(ThreadingHTTPServer):
    """A server that sends `content` for every path.

    Attributes:
        requests: the range that each request asked for; None if it asked for the whole file.
        cut: the number of bytes after which the connection is closed; None to send everything.
        ranges: whether a request for a range gets the range; otherwise it gets the whole file.
        announced: whether the length is sent before the content.
        status: the status of an error to send instead of the content; None for no error.
    """

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.requests: list[str | None] = []
        self.cut: int | None = None
        self.ranges = True
        self.announced = True
        self.status: int | None = None

    def url(self, file: str = "file.bin") -> str:
        """The address of a file."""
        return f"http://127.0.0.1:{self.server_port}/folder/{file}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.requests.append(asked)
        assert self.headers["Accept-Encoding"] == "identity"
        if self.server.status is not None:
            self.send_error(self.server.status)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.server.ranges else 0
        if start and start >= len(self.server.content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            last = len(self.server.content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{last + 1}")
        if self.server.announced:
            self.send_header("Content-Length", str(len(self.server.content) - start))
        self.end_headers()
        end = None if self.server.cut is None else start + self.server.cut
        self.wfile.write(self.server.content[start:end])

    def log_message(self, *arguments: object) -> None:
        """Print nothing."""


@contextmanager
def serving(content: bytes) -> Iterator[Server]:
    """Run a server in its own thread."""
    with Server(content) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
