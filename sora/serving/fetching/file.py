"""Fetching the file that a stranger names by URL, without reaching what only this machine can reach."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, responses
from typing import Protocol

from sora.serving.fetching.addresses import Network
from sora.serving.fetching.connection import OpenConnection, Patience, connect
from sora.serving.fetching.errors import ServerError, TooLargeError
from sora.serving.fetching.url import RemoteUrl, parse_url

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK_BYTES = 64 * 1024
_NOT_HTTP = "the server breaks off, or speaks something other than HTTP"


class Sink(Protocol):
    """Where the bytes of a file go."""

    def write(self, data: bytes, /) -> object:
        """Append ``data``."""


@dataclass(frozen=True)
class FetchLimits:
    """What one file may cost.

    Attributes:
        max_bytes: of the file, whatever length the server declares.
        connect_seconds: for reaching one server: name, connection and TLS; anew after a redirect.
        total_seconds: for everything, from the first name to the last byte.
    """

    max_bytes: int
    connect_seconds: float
    total_seconds: float


@dataclass(frozen=True)
class Fetched:
    """What came: bytes, and their SHA-256 as hexadecimal digits."""

    num_bytes: int
    sha256: str


def _never() -> bool:
    return False


def fetch(
    url: str,
    file: Sink,
    limits: FetchLimits,
    *,
    allowed_networks: tuple[Network, ...] = (),
    stop: Callable[[], bool] = _never,
) -> Fetched:
    """Write the file behind an http or https URL into ``file``, which after an error holds a part of it.

    Each host on the way, redirects included, is resolved once, must have none but public addresses, and is
    connected to at one of these: what a name leads to later does not matter (DNS rebinding).

    Args:
        url: as the stranger gave it.
        file: open for writing in binary mode.
        limits: bytes and seconds.
        allowed_networks: not public, and yet open to every stranger: for tests and intranets.
        stop: says whether to give up; asked often, so it must be quick. ``threading.Event().is_set`` is.

    Raises:
        FetchError: one of `sora.serving.fetching.errors`, with the status to answer and the reason.
    """
    patience = Patience("fetching the file", limits.total_seconds, stop)
    place = parse_url(url)
    for _ in range(_MAX_REDIRECTS + 1):
        reaching = patience.part(f"reaching {place.host}", limits.connect_seconds)
        with connect(place, allowed_networks, reaching) as connected:
            response = _ask(OpenConnection(place, connected, patience), place)
            if response.status not in _REDIRECTS:
                return _receive(response, file, limits.max_bytes)
            place = _redirected(place, response)
    raise ServerError(f"the file lies behind more than {_MAX_REDIRECTS} redirects")


def _ask(connection: OpenConnection, place: RemoteUrl) -> HTTPResponse:
    headers = {
        "Host": place.authority,
        "User-Agent": "sora-video",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    with _translated():
        connection.request("GET", place.target, headers=headers)
        return connection.getresponse()


def _redirected(place: RemoteUrl, response: HTTPResponse) -> RemoteUrl:
    location = response.headers["Location"]
    if not location:
        raise ServerError(f"{place.host} redirects to nowhere")
    following = place.joined(location)
    if place.scheme == "https" and following.scheme == "http":
        raise ServerError(f"{place.host} redirects from https to http")
    return following


def _receive(response: HTTPResponse, file: Sink, max_bytes: int) -> Fetched:
    declared = _declared_bytes(response)
    _check_size(declared or 0, max_bytes)
    num_bytes, digest = 0, hashlib.sha256()
    for chunk in _chunks(response):
        num_bytes += len(chunk)
        _check_size(num_bytes, max_bytes)
        digest.update(chunk)
        file.write(bytes(chunk))
    if declared is not None and num_bytes != declared:
        raise ServerError(f"the connection broke after {num_bytes} of {declared} bytes")
    return Fetched(num_bytes, digest.hexdigest())


def _declared_bytes(response: HTTPResponse) -> int | None:
    """Return how many bytes an answer with the plain file announces.

    Raises:
        ServerError: it is something else.
    """
    status, headers = response.status, response.headers
    if status != HTTPStatus.OK:
        raise ServerError(f"the server answers {status} {responses.get(status, '')}".rstrip())
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ServerError("the server sends the file compressed, although it was asked not to")
    if response.chunked:
        return None
    length = headers.get("Content-Length")
    if "Transfer-Encoding" in headers or (length and not re.fullmatch("[0-9]{1,18}", length)):
        raise ServerError(_NOT_HTTP)
    return int(length) if length else None


def _check_size(num_bytes: int, max_bytes: int) -> None:
    if num_bytes > max_bytes:
        raise TooLargeError(f"the file has more than {max_bytes} bytes")


def _chunks(response: HTTPResponse) -> Iterator[memoryview]:
    """Yield what comes, always in the same memory.

    `readinto` holds no more than that even if a chunk claims to have -1 bytes, which `read` takes for all
    there are.
    """
    buffer = bytearray(_CHUNK_BYTES)
    while True:
        with _translated():
            num_bytes = response.readinto(buffer)
        if not num_bytes:
            return
        yield memoryview(buffer)[:num_bytes]


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the network may raise into words; those of the server itself are not passed on."""
    try:
        yield
    except HTTPException as error:
        raise ServerError(_NOT_HTTP) from error
    except OSError as error:
        raise ServerError("the connection broke") from error
