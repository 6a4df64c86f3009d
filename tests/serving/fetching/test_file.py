import contextlib
import datetime
import hashlib
import io
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from ipaddress import ip_network
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sora.serving.fetching.errors import (
    AddressError,
    FetchError,
    ServerError,
    StoppedError,
    TooLargeError,
    TooSlowError,
    UrlError,
)
from sora.serving.fetching.file import Fetched, FetchLimits, fetch

LOOPBACK = (ip_network("127.0.0.0/8"),)
LIMITS = FetchLimits(max_bytes=1 << 20, connect_seconds=20, total_seconds=20)
BRIEF = FetchLimits(max_bytes=1 << 20, connect_seconds=0.5, total_seconds=0.5)
DATA = np.random.default_rng(0).bytes(300_000)
FOUND = Fetched(len(DATA), hashlib.sha256(DATA).hexdigest())
OK = b"HTTP/1.1 200 OK\r\n"
PLAIN = OK + b"\r\n" + DATA
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PUBLIC = "93.184.215.14"

Handler = Callable[[socket.socket, bytes], None]


def get(url: str, limits: FetchLimits = LIMITS, **options) -> tuple[bytes, Fetched]:
    file = io.BytesIO()
    found = fetch(url, file, limits, **{"allowed_networks": LOOPBACK} | options)
    return file.getvalue(), found


@contextmanager
def scripted(handler: Handler, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve with a function that is given each connection and its request."""

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                plain = self.request
                with context.wrap_socket(plain, server_side=True) if context else plain as connected:
                    handler(connected, connected.recv(65536))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def sends(*parts: bytes) -> Handler:
    return lambda connected, _: connected.sendall(b"".join(parts))


def serves(answers: dict[str, bytes], requests: list[bytes] | None = None) -> Handler:
    """Answer by path; append the requests to the list."""

    def handler(connected: socket.socket, request: bytes) -> None:
        if requests is not None:
            requests.append(request)
        connected.sendall(answers[request.split()[1].decode()])

    return handler


def redirect(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\n\r\n".encode()


def repeats(start: bytes, part: bytes, pause_seconds: float = 0) -> Handler:
    """Send a part again and again, until the client has gone."""

    def handler(connected: socket.socket, _: bytes) -> None:
        connected.sendall(start)
        while True:
            connected.sendall(part)
            time.sleep(pause_seconds)

    return handler


class Names:
    """A resolver that knows only some names, each answering with the next of its addresses in turn."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): rest for name, rest in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, *_, **__) -> list[tuple]:
        self.asked.append(host)
        if host not in self.answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = self.answers[host]
        texts = found.pop(0) if len(found) > 1 else found[0]
        families = [socket.AF_INET6 if ":" in text else socket.AF_INET for text in texts]
        return [
            (family, socket.SOCK_STREAM, 6, "", (text, port))
            for family, text in zip(families, texts, strict=True)
        ]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Names]:
    def known(**answers: list[list[str]]) -> Names:
        resolver = Names(**answers)
        monkeypatch.setattr(socket, "getaddrinfo", resolver)
        return resolver

    return known


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lead every connection to this machine, whatever its address; list the addresses."""
    addresses: list[str] = []
    connect = socket.socket.connect

    def nearby(self: socket.socket, place: tuple[str, int]) -> None:
        addresses.append(place[0])
        connect(self, ("127.0.0.1", place[1]))

    monkeypatch.setattr(socket.socket, "connect", nearby)
    return addresses


def test_a_file_is_written_counted_and_hashed(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    requests: list[bytes] = []
    with scripted(serves({"/a%20%C3%A9.mp4?x=%201": PLAIN}, requests)) as url:
        assert get(f" {url}/a é.mp4?x=%201#t=3 ") == (DATA, FOUND)
    assert requests[0].decode().split("\r\n") == [
        "GET /a%20%C3%A9.mp4?x=%201 HTTP/1.1",
        f"Host: {url.removeprefix('http://')}",
        "User-Agent: sora-video",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
        "",
        "",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 300000\r\n\r\n" + DATA + b"and more",
        PLAIN,
        b"HTTP/1.0 200 OK\r\n\r\n" + DATA,
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Encoding: Identity\r\n\r\n" + DATA,
        CHUNKED + b"1;x=y\r\n" + DATA[:1] + b"\r\n493DF\r\n" + DATA[1:] + b"\r\n0\r\nTrailer: 1\r\n\r\n",
    ],
    ids=["length", "until the end", "1.0", "continue", "chunked"],
)
def test_every_way_to_send_a_file_is_understood(answer: bytes):
    with scripted(sends(answer)) as url:
        assert get(url) == (DATA, FOUND)


def test_nothing_is_looked_up_for_what_is_no_public_url(names):
    resolver = names()
    with pytest.raises(UrlError, match="begin with http:// or https://") as caught:
        get("ftp://example.test/a.mp4")
    assert caught.value.status == HTTPStatus.BAD_REQUEST
    assert resolver.asked == []


@pytest.mark.parametrize(
    "host",
    """127.0.0.1 127.1 2130706433 0x7f000001 0x7f.1 0177.0.0.1 0 0.0.0.0 10.0.0.1 169.254.169.254 localhost
    localhost. 127.0.0.1. １２７.0.0.1 [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1]
    [64:ff9b::7f00:1] [2002:7f00:1::] [fd00:ec2::254] [fe80::1]""".split(),
)
def test_no_spelling_of_a_forbidden_address_is_connected_to(reached, host: str):
    with pytest.raises(AddressError, match="leads to an address that is not public") as caught:
        get(f"http://{host}:9/", allowed_networks=())
    assert caught.value.status == HTTPStatus.BAD_REQUEST
    assert reached == []


@pytest.mark.parametrize(
    "others", [["10.1.2.3"], [PUBLIC, "10.1.2.3"], ["10.1.2.3", PUBLIC], ["fe80::1%eth0"]]
)
def test_one_forbidden_address_closes_the_host_and_is_not_told(names, reached, others: list[str]):
    names(inner_test=[others])
    with pytest.raises(AddressError) as inner:
        get("http://inner.test/")
    with pytest.raises(AddressError) as unknown:
        get("http://nowhere.test/")
    assert str(inner.value) == "inner.test is unknown or leads to an address that is not public"
    assert str(unknown.value) == str(inner.value).replace("inner", "nowhere")
    assert reached == []


def test_a_name_is_looked_up_once_and_the_checked_address_is_taken(names, reached):
    resolver = names(rebound_test=[[PUBLIC], ["127.0.0.1"]])
    with scripted(sends(PLAIN)) as url:
        assert get(url.replace("127.0.0.1", "rebound.test"), allowed_networks=()) == (DATA, FOUND)
    assert resolver.asked == ["rebound.test"]
    assert reached == [PUBLIC]


def test_each_redirect_is_looked_up_and_checked_again(names, reached):
    resolver = names(one_test=[[PUBLIC]], two_test=[["1.1.1.1"]], three_test=[["127.0.0.1"]])
    answers = {"/end": PLAIN}
    with scripted(serves(answers)) as url:
        port = url.rpartition(":")[2]
        answers |= {f"/{name}": redirect(f"http://{name}.test:{port}/end") for name in ("two", "three")}
        assert get(f"http://one.test:{port}/two", allowed_networks=()) == (DATA, FOUND)
        with pytest.raises(AddressError, match=r"three\.test"):
            get(f"http://one.test:{port}/three", allowed_networks=())
    assert resolver.asked == ["one.test", "two.test", "one.test", "three.test"]
    assert reached == [PUBLIC, "1.1.1.1", PUBLIC]


def test_an_address_that_takes_no_connection_leaves_time_for_the_next(names, monkeypatch):
    names(two_test=[["2606:4700::1111", "127.0.0.1"]])
    connect, granted_seconds = socket.socket.connect, []

    def swallowed(self: socket.socket, place: tuple[str, int]) -> None:
        granted_seconds.append(self.gettimeout())
        if ":" in place[0]:
            raise TimeoutError
        connect(self, place)

    monkeypatch.setattr(socket.socket, "connect", swallowed)
    with scripted(sends(PLAIN)) as url:
        assert get(url.replace("127.0.0.1", "two.test"))[1] == FOUND
    assert 0 < granted_seconds[0] <= LIMITS.connect_seconds / 2 < granted_seconds[1]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int):
    with scripted(serves({"/a/b": redirect("../c d?é#f", status), "/c%20d?%C3%A9": PLAIN})) as url:
        assert get(f"{url}/a/b") == (DATA, FOUND)


@pytest.mark.parametrize(
    ("location", "error", "words"),
    [
        ("http://10.0.0.1/", AddressError, r"10\.0\.0\.1 is unknown or leads to"),
        ("http://169.254.169.254/latest/meta-data/", AddressError, "not public"),
        ("//[::1]/", AddressError, "not public"),
        ("file:///etc/passwd", UrlError, "http"),
        ("http://user:word@127.0.0.1/", UrlError, "password"),
        ("http://[", UrlError, "makes sense"),
        ("/a", ServerError, "behind more than 5 redirects"),
        ("", ServerError, "redirects to nowhere"),
    ],
)
def test_redirects_lead_nowhere_that_a_url_may_not(location: str, error: type, words: str):
    requests: list[bytes] = []
    with (
        scripted(serves({"/a": redirect(location)}, requests)) as url,
        pytest.raises(error, match=words),
    ):
        get(f"{url}/a")
    assert len(requests) == (6 if location == "/a" else 1)


@pytest.mark.parametrize(
    ("handler", "error", "words"),
    [
        (sends(OK, b"Content-Length: 1048577\r\n\r\n"), TooLargeError, "more than 1048576 bytes"),
        (repeats(OK + b"\r\n", DATA), TooLargeError, "more than 1048576 bytes"),
        (repeats(CHUNKED, b"493E0\r\n" + DATA + b"\r\n"), TooLargeError, "more than 1048576 bytes"),
        (repeats(CHUNKED + b"FFFFFFFFFFFFFFFF\r\n", DATA), TooLargeError, "more than 1048576 bytes"),
        (repeats(CHUNKED + b"-1\r\n", DATA), ServerError, "something other than HTTP"),
        (repeats(CHUNKED, b"x" * 1000), ServerError, "something other than HTTP"),
        (repeats(OK, b"x" * 70000), ServerError, "something other than HTTP"),
        (repeats(OK, b"X: y\r\n"), ServerError, "something other than HTTP"),
        (sends(OK, b"Content-Length: 10\r\n\r\n12345"), ServerError, "broke after 5 of 10 bytes"),
        (sends(CHUNKED, b"A\r\n12345"), ServerError, "breaks off"),
        (sends(OK, b"Content-Length: -1\r\n\r\n"), ServerError, "something other"),
        (sends(OK, b"Transfer-Encoding: gzip, chunked\r\n\r\n"), ServerError, "something other"),
        (sends(OK, b"Content-Encoding: gzip\r\n\r\n"), ServerError, "compressed"),
        (sends(b"HTTP/1.1 404 <script>\r\n\r\n"), ServerError, "^the server answers 404 Not Found$"),
        (sends(b"HTTP/1.1 206 Partial Content\r\n\r\n123"), ServerError, "answers 206"),
        (sends(b"HTTP/1.1 999 \r\n\r\n"), ServerError, "answers 999$"),
        (sends(b"SSH-2.0-OpenSSH_9.2\r\n"), ServerError, "^the server breaks off, or speaks something other"),
        (sends(b""), ServerError, "breaks off"),
    ],
)
def test_servers_that_lie_break_off_or_never_end_are_told(handler: Handler, error: type, words: str):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if error is TooLargeError else HTTPStatus.BAD_GATEWAY
    file = io.BytesIO()
    with scripted(handler) as url, pytest.raises(error, match=words) as caught:
        fetch(url, file, LIMITS, allowed_networks=LOOPBACK)
    assert caught.value.status == status
    assert len(file.getvalue()) <= LIMITS.max_bytes


@pytest.mark.parametrize(
    "handler",
    [
        repeats(b"", b"", 0.05),
        repeats(b"", b"H", 0.05),
        repeats(OK, b"X", 0.05),
        repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        repeats(OK + b"Content-Length: 100000\r\n\r\n", b"x", 0.05),
        repeats(CHUNKED, b"1\r\nx\r\n", 0.05),
        repeats(CHUNKED + b"0\r\n", b"X: y\r\n"),
    ],
    ids=["silence", "status", "headers", "continue", "body", "chunks", "trailers"],
)
def test_no_server_holds_the_download_longer_than_is_allowed(handler: Handler):
    with (
        scripted(handler) as url,
        pytest.raises(TooSlowError, match=r"took longer than 0\.5 seconds") as caught,
    ):
        get(url, BRIEF)
    assert caught.value.status == HTTPStatus.GATEWAY_TIMEOUT


@contextmanager
def deaf_port() -> Iterator[int]:
    """Give a port that completes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_time_for_reaching_a_server_is_limited_too(monkeypatch):
    limits = FetchLimits(max_bytes=1, connect_seconds=0.3, total_seconds=60)
    with (
        deaf_port() as port,
        pytest.raises(TooSlowError, match=r"reaching 127\.0\.0\.1 took .* 0\.3 seconds"),
    ):
        get(f"https://127.0.0.1:{port}/", limits)
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(60))
    with pytest.raises(TooSlowError, match=r"reaching slow\.test"):
        get("http://slow.test/", limits)
    answered.set()


def test_a_closed_port_is_the_server_s_fault_and_a_deaf_resolver_too(monkeypatch):
    with deaf_port() as port:
        pass
    with pytest.raises(ServerError, match=r"127\.0\.0\.1 cannot be reached \(Connection refused\)"):
        get(f"http://127.0.0.1:{port}/")

    def busy(*_, **__) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", busy)
    with pytest.raises(ServerError, match="cannot be looked up just now"):
        get("http://example.test/")


@pytest.mark.parametrize("start", [b"", OK + b"\r\n"], ids=["before the headers", "in the body"])
def test_a_download_that_nobody_waits_for_ends(start: bytes):
    gone = threading.Event()

    def handler(connected: socket.socket, _: bytes) -> None:
        connected.sendall(start)
        gone.set()
        connected.recv(1)  # until the client hangs up

    with scripted(handler) as url, pytest.raises(StoppedError, match="was stopped"):
        get(url, stop=gone.is_set)


@pytest.mark.parametrize("kind", [OSError, ValueError])
def test_a_full_disk_is_not_blamed_on_the_server(kind: type):
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise kind("no space left")

    with scripted(sends(PLAIN)) as url, pytest.raises(kind, match="no space left"):
        fetch(url, Full(), LIMITS, allowed_networks=LOOPBACK)


PIECES = st.sampled_from(
    [
        *(
            OK,
            b"HTTP/1.1 302 Found\r\n",
            b"Transfer-Encoding:chunked\r\n",
            b"Location:/\r\n",
            b"Location:\xff:\r\n",
        ),
        *(b"Content-Length:5\r\n", b"Content-Length:-1\r\n", b"\r\n", b"5\r\nabcde\r\n", b"0\r\n\r\n"),
        *(b"-1\r\n", b"-5\r\n", b"0x5\r\n", b"FFFFFF\r\n", b";", b"\x00", b"\xff"),
    ]
)


@given(st.lists(PIECES | st.binary(max_size=20), max_size=12).map(b"".join))
@example(CHUNKED + b"-5\r\nabcdefgh\r\n0\r\n\r\n")
@settings(max_examples=100)
def test_whatever_is_answered_there_is_a_file_or_an_error(any_answer: list[bytes], answer: bytes):
    any_answer[1] = answer
    with contextlib.suppress(FetchError):
        data, found = get(any_answer[0].decode())
        assert found == Fetched(len(data), hashlib.sha256(data).hexdigest())


@pytest.fixture(scope="module")
def any_answer() -> Iterator[list[bytes]]:
    """The URL of a server, and what it answers."""
    state = [b"", b""]
    with scripted(lambda connected, _: connected.sendall(state[1])) as url:
        state[0] = url.encode()
        yield state


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of its own making for good.test, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "good.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("good.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("certificate") / "good.pem"
    path.write_bytes(secret + made.public_bytes(pem))
    return path


@pytest.fixture
def tls(certificate: Path) -> tuple[ssl.SSLContext, list[str | None]]:
    """A context of a server, and the names that its clients asked for (SNI)."""
    asked: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    return context, asked


def test_a_certificate_is_verified_against_the_name_in_the_url(monkeypatch, certificate, tls, names):
    names(good_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]], **{"127_0_0_1": [["127.0.0.1"]]})
    context, asked = tls
    with scripted(sends(PLAIN), context) as url:
        with pytest.raises(ServerError, match=r"certificate of good\.test is not valid \(self-signed"):
            get(url.replace("127.0.0.1", "good.test"))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert get(url.replace("127.0.0.1", "good.test.")) == (DATA, FOUND)
        with pytest.raises(ServerError, match=r"certificate of other\.test is not valid \(Hostname mismatch"):
            get(url.replace("127.0.0.1", "other.test"))
        with pytest.raises(ServerError, match="IP address mismatch"):
            get(url)
    assert asked == ["good.test", "good.test", "other.test", None]


def test_a_server_may_not_lead_away_from_https(monkeypatch, certificate, tls, names):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    names(good_test=[["127.0.0.1"]])
    answer = redirect("http://good.test/")
    with scripted(sends(answer), tls[0]) as url, pytest.raises(ServerError, match="from https to http"):
        get(url.replace("127.0.0.1", "good.test"))


def test_a_slow_server_with_tls_is_ended_and_a_plain_one_is_no_tls(monkeypatch, certificate, tls, names):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    names(good_test=[["127.0.0.1"]])
    with scripted(repeats(OK + b"\r\n", b"x", 0.3), tls[0]) as url, pytest.raises(TooSlowError):
        get(url.replace("127.0.0.1", "good.test"), BRIEF)
    with (
        scripted(sends(OK, b"\r\n")) as url,
        pytest.raises(ServerError, match=r"good\.test offers no https"),
    ):
        get(url.replace("http://127.0.0.1", "https://good.test"))


def test_errors_of_this_room_are_all_answers():
    kinds = FetchError.__subclasses__()
    assert {kind.status for kind in kinds} == {400, 413, 502, 503, 504}
