"""Connecting to a host that a stranger named: resolved once, checked, and never waited for too long."""

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from http.client import HTTPConnection
from ipaddress import ip_address
from typing import Any

from sora.serving.fetching.addresses import Address, Network, may_be_reached
from sora.serving.fetching.errors import AddressError, ServerError, StoppedError, TooSlowError
from sora.serving.fetching.url import RemoteUrl

_POLL_SECONDS = 0.2


class Patience:
    """How long something may still take.

    Args:
        what: names it in the error.
        seconds: from now on.
        stop: asked again and again; once it says True, nothing is waited for any more.
    """

    def __init__(self, what: str, seconds: float, stop: Callable[[], bool]) -> None:
        self._what = what
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._stop = stop

    def left_seconds(self) -> float:
        """Return what is left, more than 0.

        Raises:
            StoppedError: it is to be stopped.
            TooSlowError: nothing is left.
        """
        if self._stop():
            raise StoppedError(f"{self._what} was stopped")
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.ended()
        return left

    def moment_seconds(self) -> float:
        """Return how long to wait before asking again; raises as `left_seconds`."""
        return min(self.left_seconds(), _POLL_SECONDS)

    def ended(self) -> TooSlowError:
        """Return the error that says so."""
        return TooSlowError(f"{self._what} took longer than {self._seconds:g} seconds")

    def part(self, what: str, seconds: float) -> "Patience":
        """Return the patience with a part of it, which ends with the whole at the latest."""
        left = self.left_seconds()
        return Patience(what, seconds, self._stop) if seconds < left else self


class OpenConnection(HTTPConnection):
    """HTTP over a socket that is open already; it opens none itself."""

    auto_open = 0

    def __init__(self, url: RemoteUrl, connected: socket.socket, patience: Patience) -> None:
        super().__init__(url.host, url.port)
        self.sock: Any = _PatientSocket(connected, patience)


class _PatientSocket:
    """What http.client needs of a socket, with one deadline for all that is sent and received."""

    def __init__(self, connected: socket.socket, patience: Patience) -> None:
        self._socket = connected
        self._patience = patience

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(self._patience.left_seconds())
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_PatientReader(self._socket, self._patience))

    def close(self) -> None:
        """Leave the socket to who opened it: http.client closes before the body is read."""


class _PatientReader(io.RawIOBase):
    def __init__(self, connected: socket.socket, patience: Patience) -> None:
        self._socket = connected
        self._patience = patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            self._socket.settimeout(self._patience.moment_seconds())
            try:
                return self._socket.recv_into(buffer)
            except TimeoutError:
                continue


def connect(url: RemoteUrl, allowed_networks: tuple[Network, ...], patience: Patience) -> socket.socket:
    """Resolve the host of a URL once, and connect to an address that was checked, with TLS for https.

    All addresses of the host must be public or allowed, not only the one that is taken. The certificate is
    verified against the host in the URL. Proxies are not used.

    Raises:
        AddressError: the host is unknown, or has an address that is not public.
        ServerError: there is no connection to be had.
        TooSlowError: the patience is at its end.
        StoppedError: it is to be stopped; an attempt that is under way is not interrupted.
    """
    addresses = _resolve(url, patience)
    if not addresses or not all(may_be_reached(address, allowed_networks) for address in addresses):
        raise AddressError(f"{url.host} is unknown or leads to an address that is not public")
    try:
        plain = _connect(addresses, url.port, patience)
        return _encrypt(plain, url.host, patience) if url.scheme == "https" else plain
    except ssl.SSLCertVerificationError as error:
        raise ServerError(f"the certificate of {url.host} is not valid ({error.verify_message})") from error
    except ssl.SSLError as error:
        raise ServerError(f"{url.host} offers no https that can be used") from error
    except TimeoutError as error:
        raise patience.ended() from error
    except OSError as error:
        raise ServerError(f"{url.host} cannot be reached ({error.strerror or 'no answer'})") from error


def _resolve(url: RemoteUrl, patience: Patience) -> list[Address]:
    """Return the addresses of the host; none if it is unknown.

    The resolver can be neither interrupted nor given a time limit, so it is left behind in a thread.
    """
    lookup: Future[list[Any]] = Future()

    def look_up() -> None:
        try:
            lookup.set_result(socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM))
        except OSError as error:
            lookup.set_exception(error)

    threading.Thread(target=look_up, daemon=True).start()
    while not wait([lookup], timeout=patience.moment_seconds()).done:
        pass
    try:
        found = lookup.result()
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise ServerError(f"{url.host} cannot be looked up just now") from error
        return []
    return [ip_address(place[0]) for *_, place in found]


def _connect(addresses: list[Address], port: int, patience: Patience) -> socket.socket:
    """Return a connection to the first address that takes one; each has its share of the time."""
    failure = OSError()
    for number, address in enumerate(addresses):
        share_seconds = patience.left_seconds() / (len(addresses) - number)
        try:
            return _connect_one(address, port, share_seconds)
        except OSError as error:
            failure = error
    raise failure


def _connect_one(address: Address, port: int, seconds: float) -> socket.socket:
    connected = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        connected.settimeout(seconds)
        connected.connect((str(address), port))
    except OSError:
        connected.close()
        raise
    return connected


def _encrypt(plain: socket.socket, host: str, patience: Patience) -> socket.socket:
    with plain:  # empty once it is wrapped
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        plain.settimeout(patience.left_seconds())
        return context.wrap_socket(plain, server_hostname=host)
