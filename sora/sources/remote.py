"""Opening the file behind a URL, from where a broken download stopped."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, InvalidURL
from typing import IO
from urllib.parse import quote

import fsspec

from sora.errors import VideoError

_STALL_SECONDS = 30.0
_MAY_PASS = frozenset({408, 425, 429, 500, 502, 503, 504})
_KEPT_IN_URLS = "%/:=&?~#+!$,;'@()*[]"
_FOR_GOOD = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)


class NetworkError(Exception):
    """The network or the server failed; the same request may work later."""


@dataclass(frozen=True)
class Remote:
    """The open file behind a URL.

    Attributes:
        stream: its bytes from ``offset`` on.
        offset: 0 where the server cannot resume, or the file is not what it was.
        size: bytes of the whole file, as far as the server tells.
        version: names this state of the file; empty where the server gives none.
    """

    stream: IO[bytes] | HTTPResponse
    offset: int
    size: int | None
    version: str

    def read(self, num_bytes: int) -> bytes:
        """Return up to so many further bytes; none at the end.

        Raises:
            NetworkError: the connection broke.
        """
        with _translated():
            return self.stream.read(num_bytes)


@contextmanager
def open_remote(url: str, offset: int, version: str) -> Iterator[Remote]:
    """Open a URL at ``offset``, if it still is the ``version`` that the first bytes came from.

    http and https are spoken here, for fsspec does not check the version when it resumes. A redirection leads
    to http or https only. Every other scheme is fsspec's.

    Raises:
        VideoError: the file is not there or not to be had.
        NetworkError: the same request may work later.
    """
    is_http = url.startswith(("http://", "https://"))
    with _translated():
        remote = (_open_http if is_http else _open_fsspec)(url, offset, version)
    with closing(remote.stream):
        yield remote


def _open_http(url: str, offset: int, version: str) -> Remote:
    headers = {"User-Agent": "sora-video", "Accept-Encoding": "identity"}
    if offset and version:
        headers |= {"Range": f"bytes={offset}-", "If-Range": version}
    request = urllib.request.Request(quote(url, safe=_KEPT_IN_URLS), headers=headers)
    try:
        response = _http_only().open(request, timeout=_STALL_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not offset:
            raise
        return _open_http(url, 0, "")  # nothing lies beyond what has come: a run ended just before the end
    length = response.headers["Content-Length"]
    if response.status != 206:
        return Remote(response, 0, int(length) if length else None, _version(response))
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers["Content-Range"] or "")
    if not found or int(found[1]) != offset:
        raise VideoError(f"the server was asked for the bytes from {offset} on and sends others")
    return Remote(response, offset, int(found[2]), _version(response))


def _http_only() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _version(response: HTTPResponse) -> str:
    """Return what If-Range takes: a strong entity tag, else a date (RFC 9110, 13.1.5)."""
    tag = response.headers["ETag"] or ""
    return tag if tag.startswith('"') else response.headers["Last-Modified"] or ""


def _open_fsspec(url: str, offset: int, version: str) -> Remote:
    filesystem, path = fsspec.url_to_fs(url)
    found = str(filesystem.ukey(path))
    start = offset if version == found else 0
    stream = filesystem.open(path, "rb")
    stream.seek(start)
    return Remote(stream, start, filesystem.info(path).get("size"), found)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except urllib.error.HTTPError as error:
        text = f"the server answers {error.code} ({error.reason})"
        raise NetworkError(text) if error.code in _MAY_PASS else VideoError(text) from error
    except (ValueError, InvalidURL) as error:
        raise VideoError(f"cannot be fetched: not a URL that makes sense ({error})") from error
    except _FOR_GOOD as error:
        raise VideoError(f"cannot be fetched ({error.strerror or error})") from error
    except urllib.error.URLError as error:
        # A reason in words is urllib's own: the URL leads to something that is not http.
        kind = NetworkError if isinstance(error.reason, OSError) else VideoError
        raise kind(f"the server cannot be reached ({error.reason})") from error
    except (OSError, HTTPException) as error:
        raise NetworkError(f"the connection broke ({error})") from error
