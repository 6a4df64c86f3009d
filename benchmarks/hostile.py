"""Requests to the service, good and hostile, each with the answers that are right for it.

An outcome is the status of the answer, "left" where the client hung up on purpose, or "closed" where the
server did so without an answer. An error without a sentence, and a 503 that does not say when to come again,
are outcomes of their own, right for nothing.
"""

import contextlib
import itertools
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import av
import httpx
import numpy as np

PRIVATE_URL = "http://10.1.2.3/clip.mp4"
_PATIENCE_SECONDS = 120.0
_BUSY = frozenset({"503"})


@dataclass
class Target:
    """A service under load, and what it has said so far that it must keep.

    Attributes:
        url: of its root.
        clip: the bytes of a good MP4; ``new_clip`` makes others of it.
        hostile: bytes of what is no good video, by kind.
        token: that it wants; empty: none.
        files: URL of a server that redirects to ``PRIVATE_URL``; the service must be allowed to go there.
        acknowledged: content hashes of feedback that it has taken.
        jobs: places of jobs that it has taken.
    """

    url: str
    clip: bytes
    hostile: dict[str, bytes]
    files: str
    token: str = ""
    acknowledged: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def headers(self) -> dict[str, str]:
        """What proves who asks."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def new_clip(self) -> bytes:
        """Return a good video that nobody has sent before."""
        return another(self.clip, next(self.numbers))


class Kind(NamedTuple):
    """One kind of request: how it is made, and which outcomes are right."""

    send: Callable[[Target], str]
    right: frozenset[str]


def another(clip: bytes, number: int) -> bytes:
    """Return an MP4 with the same pictures and other bytes: a box that means nothing is put at its end."""
    return clip + struct.pack(">I4sQ", 16, b"free", number)


def answered(target: Target, path: str = "/classify", method: str = "POST", **request: Any) -> httpx.Response:
    """Ask on a connection of its own; return the answer."""
    headers = target.headers | request.pop("headers", {})
    with httpx.Client(base_url=target.url, timeout=_PATIENCE_SECONDS) as client:
        return client.request(method, path, headers=headers, **request)


def outcome_of(call: Callable[[], httpx.Response]) -> str:
    """Return what a request came to."""
    try:
        answer = call()
    except httpx.TimeoutException:
        return f"none in {_PATIENCE_SECONDS:g} s"
    except httpx.TransportError:
        return "closed"
    if answer.is_success:
        return str(answer.status_code)
    if not answer.headers.get("content-type", "").startswith("application/json") or not answer.json().get(
        "error"
    ):
        return f"{answer.status_code} without a reason"
    if answer.status_code == 503 and "retry-after" not in answer.headers:
        return "503 without Retry-After"
    return str(answer.status_code)


def form(data: bytes, name: str = "clip.mp4") -> dict[str, Any]:
    """Return a video as a form sends it."""
    return {"files": {"video": (name, data, "video/mp4")}}


def asks(path: str, make: Callable[[Target], dict[str, Any]]) -> Callable[[Target], str]:
    """Return the function that sends what ``make`` makes."""
    return lambda target: outcome_of(lambda: answered(target, path, **make(target)))


def sends(kind: str) -> Callable[[Target], str]:
    """Return the function that sends what is no good video."""
    return asks("/classify", lambda target: form(target.hostile[kind]))


def gives_feedback(target: Target) -> str:
    """Correct a label, and remember what was acknowledged."""

    def call() -> httpx.Response:
        answer = answered(target, "/feedback", params={"label": "other"}, **form(target.new_clip()))
        if answer.status_code == 201:
            target.acknowledged.append(answer.json()["content_hash"])
        return answer

    return outcome_of(call)


def submits(target: Target) -> str:
    """Submit a job; every other is cancelled at once."""

    def call() -> httpx.Response:
        answer = answered(target, "/jobs", params={"task": "classify"}, **form(target.new_clip()))
        if answer.status_code == 202:
            target.jobs.append(answer.headers["location"])
            if len(target.jobs) % 2:
                return answered(target, target.jobs[-1], "DELETE")
        return answer

    return outcome_of(call)


def stays_until(target: Target, seconds: float, head: str, chunks: Iterator[bytes], pause: float = 0) -> str:
    """Send a body by hand until the server answers or hangs up."""
    address = httpx.URL(target.url)
    end = time.monotonic() + seconds
    with socket.create_connection((address.host, address.port), timeout=seconds) as connection:
        try:
            connection.sendall(_head(target, head))
            for chunk in chunks:
                if select.select([connection], [], [], pause)[0] or time.monotonic() > end:
                    break
                connection.sendall(chunk)
            start = connection.recv(12)
        except TimeoutError:
            return f"none in {seconds:g} s"
        except OSError:
            return "closed"
    return start.split()[1].decode() if start.startswith(b"HTTP/1.1 ") else "closed"


def _head(target: Target, lines: str) -> bytes:
    proof = "".join(f"{name}: {value}\r\n" for name, value in target.headers.items())
    return f"POST /classify HTTP/1.1\r\nHost: {httpx.URL(target.url).host}\r\n{lines}{proof}\r\n".encode()


def never_ends(target: Target) -> str:
    """Send chunks without a length for ever."""
    chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
    return stays_until(target, 60, "Transfer-Encoding: chunked\r\n", itertools.repeat(chunk))


def drips(target: Target) -> str:
    """Send one byte now and then."""
    return stays_until(target, 60, "Content-Length: 100000\r\n", itertools.repeat(b"x"), 0.2)


def declares_much(target: Target) -> str:
    """Say that 10 GB will come."""
    return stays_until(target, 60, f"Content-Length: {10 * 2**30}\r\n", iter([b"some"]))


def leaves(target: Target, part: float) -> str:
    """Hang up after a part of the body; 1: before the answer."""
    clip, address = target.new_clip(), httpx.URL(target.url)
    head = _head(target, f"Content-Length: {len(clip)}\r\n")
    with (
        contextlib.suppress(OSError),
        socket.create_connection((address.host, address.port), 30) as connection,
    ):
        connection.sendall(head + clip[: round(part * len(clip))])
        time.sleep(0.1)
    return "left"


def _named(target: Target) -> dict[str, Any]:
    return form(target.new_clip(), "../../../etc/pass\0wd<script>alert(1)</script>/..\\x.mp4")


KINDS: dict[str, Kind] = {
    "new clip": Kind(asks("/classify", lambda t: form(t.new_clip())), frozenset({"200"}) | _BUSY),
    "known clip": Kind(asks("/classify", lambda t: {"content": t.clip}), frozenset({"200"}) | _BUSY),
    "tags": Kind(asks("/tag", lambda t: form(t.new_clip())), frozenset({"200"}) | _BUSY),
    "moderation": Kind(asks("/moderate", lambda t: form(t.clip)), frozenset({"200"}) | _BUSY),
    "feedback": Kind(gives_feedback, frozenset({"201"}) | _BUSY),
    "job": Kind(submits, frozenset({"202", "200", "409"}) | _BUSY),
    "path as name": Kind(asks("/classify", _named), frozenset({"200"}) | _BUSY),
    "text": Kind(sends("text"), frozenset({"400"}) | _BUSY),
    "no bytes": Kind(sends("no bytes"), frozenset({"400"}) | _BUSY),
    "truncated": Kind(sends("truncated"), frozenset({"400"}) | _BUSY),
    "audio only": Kind(sends("audio only"), frozenset({"400"}) | _BUSY),
    "one frame": Kind(sends("one frame"), frozenset({"200"}) | _BUSY),
    "huge frame": Kind(sends("huge frame"), frozenset({"400"}) | _BUSY),
    "huge picture": Kind(sends("huge picture"), frozenset({"400"}) | _BUSY),
    "4 hours": Kind(sends("4 hours"), frozenset({"413"}) | _BUSY),
    "playlist": Kind(sends("playlist"), frozenset({"400"}) | _BUSY),
    "concat list": Kind(sends("concat list"), frozenset({"400"}) | _BUSY),
    "private URL": Kind(
        asks("/classify", lambda t: {"json": {"url": PRIVATE_URL}}), frozenset({"400"}) | _BUSY
    ),
    "URL to a private one": Kind(
        asks("/classify", lambda t: {"json": {"url": t.files}}), frozenset({"400"}) | _BUSY
    ),
    "wrong token": Kind(
        asks("/classify", lambda t: {"headers": {"Authorization": "Bearer wrong"}, **form(t.clip)}),
        frozenset({"401"}) | _BUSY,
    ),
    "10 GB declared": Kind(declares_much, frozenset({"413"}) | _BUSY),
    "never ends": Kind(never_ends, frozenset({"413", "408", "closed"}) | _BUSY),
    "drips": Kind(drips, frozenset({"408"}) | _BUSY),
    "leaves while it sends": Kind(lambda t: leaves(t, 0.5), frozenset({"left"})),
    "leaves before the answer": Kind(lambda t: leaves(t, 1.0), frozenset({"left"})),
}


def hostile_videos(folder: Path, clip: bytes) -> dict[str, bytes]:
    """Write what is no good video; return the bytes by kind."""
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    picture = bytearray(_encoded(folder / "p.avi", "png", "rgb24", [0], noise))
    place = picture.index(b"IHDR") + 4
    picture[place : place + 8] = struct.pack(">II", 16_000, 16_000)
    raw = _encoded(folder / "f.y4m", "rawvideo", "yuv420p", [0], noise)
    return {
        "text": b"no video at all\n" * 1000,
        "no bytes": b"",
        "truncated": clip[: len(clip) // 3],
        "audio only": _sound(folder / "sound.mp4"),
        "one frame": _encoded(folder / "one.mp4", "libx264", "yuv420p", [0], noise),
        "huge frame": raw.replace(b"W64 H48", b"W99999 H99999"),
        "huge picture": bytes(picture),
        "4 hours": _encoded(folder / "4h.mkv", "mpeg4", "yuv420p", [900 * n for n in range(17)], noise),
        "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n",
        "concat list": b"ffconcat version 1.0\nfile /etc/passwd\n",
    }


def _encoded(path: Path, codec: str, pixels: str, seconds: list[int], picture: np.ndarray) -> bytes:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=1)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = pixels
        for place in seconds:
            frame = av.VideoFrame.from_ndarray(np.roll(picture, place, 1), "rgb24")
            frame.pts = place
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


def _sound(path: Path) -> bytes:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000, layout="mono")
        samples = np.random.default_rng(0).normal(0, 0.1, (1, 16_000)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(samples, "fltp", "mono")
        frame.sample_rate = 16_000
        container.mux([*stream.encode(frame), *stream.encode()])
    return path.read_bytes()


@contextlib.contextmanager
def redirecting() -> Iterator[str]:
    """Serve a URL on this machine that leads to a private address; yield it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", PRIVATE_URL)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/clip.mp4"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
