"""Reading the URLs that strangers send: http and https, nothing hidden."""

import re
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from sora.serving.fetching.errors import UrlError

_PORTS = {"http": 80, "https": 443}
_MAX_CHARACTERS = 4096
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_BRACKETS = re.compile(r"\[[^\[\]]+\](:[0-9]*)?")
_KEPT = string.punctuation  # what is quoted already stays so


@dataclass(frozen=True)
class RemoteUrl:
    """A URL, taken apart once: what is checked is what is connected to.

    Attributes:
        scheme: http or https.
        host: a name (ASCII, lower case, no dot at the end) or an address, IPv6 without brackets.
        port: 1 to 65535.
        target: path and query, quoted.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def joined(self, location: str) -> "RemoteUrl":
        """Return where a Location header (decoded as ISO 8859-1) leads from here.

        Raises:
            UrlError: nowhere that may be followed.
        """
        base = f"{self.scheme}://{self.authority}{self.target}"
        with _translated():
            return parse_url(urljoin(base, quote(location, safe=_KEPT, encoding="iso-8859-1")))


def parse_url(text: str) -> RemoteUrl:
    """Take a URL apart.

    A host in other letters is put into ASCII (IDNA 2003, RFC 3490). Unusual spellings of an address (127.1,
    0x7f000001) are left to the resolver; what they lead to is checked.

    Raises:
        UrlError: it is no URL, neither http nor https, or holds a user name, a zone or control characters.
    """
    if len(text) > _MAX_CHARACTERS:
        raise UrlError(f"the URL has more than {_MAX_CHARACTERS} characters")
    if any(letter < " " or letter == "\x7f" for letter in text):
        raise UrlError("the URL holds control characters")  # urlsplit drops some of them in silence
    with _translated():
        parts = urlsplit(text.strip())
        if parts.scheme not in _PORTS:
            raise UrlError("only URLs that begin with http:// or https:// are fetched")
        if "@" in parts.netloc:
            raise UrlError("the URL holds a user name or a password; only files open to all are fetched")
        return RemoteUrl(parts.scheme, _host(parts), _port(parts), _target(parts))


def _host(parts: SplitResult) -> str:
    if "[" in parts.netloc:
        return _ipv6(parts)
    ascii_host = (parts.hostname or "").encode("idna").decode("ascii").lower().removesuffix(".")
    if len(ascii_host) > 253 or not _HOST.fullmatch(ascii_host):
        raise UrlError("the URL has no host, or one that cannot exist")
    return ascii_host


def _ipv6(parts: SplitResult) -> str:
    if not _BRACKETS.fullmatch(parts.netloc):  # not every Python minds what stands beside or in them
        raise UrlError("the URL has square brackets around something other than an IPv6 address")
    address = IPv6Address(parts.hostname or "")
    if address.scope_id is not None:
        raise UrlError("the URL names a network interface (%) of one machine")
    return str(address)


def _port(parts: SplitResult) -> int:
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    if not port:
        raise UrlError("the URL has port 0, which no server has")
    return port


def _target(parts: SplitResult) -> str:
    query = f"?{quote(parts.query, safe=_KEPT)}" if parts.query else ""
    return quote(parts.path or "/", safe=_KEPT) + query


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ValueError as error:  # of urllib, of ipaddress, of the IDNA codec
        raise UrlError("this is not a URL that makes sense") from error
