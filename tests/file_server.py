"""A real HTTP server on this machine whose faults a test chooses."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """What one path answers.

    Attributes:
        data: the file.
        tag: its ETag; empty: none is sent, and ranges are refused.
        breaks_after: bytes after which each of the first answers stops short, in order.
        status: sent in place of the file.
        location: where to be sent on.
        declared: a Content-Length that may lie; -1 sends none.
        ranges: the Range header of each request so far.
    """

    data: bytes = b""
    tag: str = '"one"'
    breaks_after: list[int] = field(default_factory=list)
    status: int = 200
    location: str = ""
    declared: int | None = None
    ranges: list[str | None] = field(default_factory=list)


@contextmanager
def file_server(files: dict[str, Served]) -> Iterator[str]:
    """Serve ``files`` by path; yield the URL of the root."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self, files[self.path.lstrip("/")])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(request: BaseHTTPRequestHandler, served: Served) -> None:
    asked = request.headers["Range"]
    served.ranges.append(asked)
    if served.status != 200:
        request.send_response(served.status)
        if served.location:
            request.send_header("Location", served.location)
        request.end_headers()
        return
    start = int(re.findall(r"\d+", asked)[0]) if asked and request.headers["If-Range"] == served.tag else 0
    if start and start >= len(served.data):
        request.send_error(416)
        return
    send_file(request, served, start)


def send_file(request: BaseHTTPRequestHandler, served: Served, start: int) -> None:
    body = served.data[start:]
    request.send_response(206 if start else 200)
    if start:
        request.send_header("Content-Range", f"bytes {start}-{len(served.data) - 1}/{len(served.data)}")
    if served.tag:
        request.send_header("ETag", served.tag)
    if served.declared != -1:
        request.send_header("Content-Length", str(len(body) if served.declared is None else served.declared))
    request.end_headers()
    count = served.breaks_after.pop(0) if served.breaks_after else len(body)
    with suppress(ConnectionError):  # the client may have had enough
        request.wfile.write(body[:count])
    request.close_connection = True
