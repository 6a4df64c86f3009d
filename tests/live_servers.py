"""A real RTSP server on this machine: MPEG-TS in RTP over the connection of the commands."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:track1\r\n"
TS_PACKET = 188
TRANSPORT = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"


@dataclass
class Played:
    """What the server plays: a transport stream, after which it hangs up, or falls silent if told so."""

    data: bytes
    falls_silent: bool = False
    num_plays: int = 0


@contextmanager
def rtsp_server(played: Played) -> Iterator[str]:
    """Serve; yield the address."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):
                while request := self.rfile.readline().decode().split():
                    headers = dict(iter(self._header, None))
                    self._answer(request[0], headers.get("cseq", "0"))
                    if request[0] == "PLAY":
                        played.num_plays += 1
                        self._play()
                        if not played.falls_silent:
                            return

        def _header(self) -> tuple[str, str] | None:
            name, _, value = self.rfile.readline().decode().strip().partition(":")
            return (name.lower(), value.strip()) if name else None

        def _answer(self, method: str, number: str) -> None:
            more = {
                "OPTIONS": "Public: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n",
                "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n\r\n{SDP}",
                "SETUP": f"{TRANSPORT}\r\n",
            }
            text = f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n" + more.get(method, "Session: 1\r\n\r\n")
            self.wfile.write(text.encode())

        def _play(self) -> None:
            size = 7 * TS_PACKET
            for number, start in enumerate(range(0, len(played.data), size)):
                header = struct.pack("!BBHII", 0x80, 33, number % 65536, 3000 * number, 1)
                packet = header + played.data[start : start + size]
                self.wfile.write(struct.pack("!cBH", b"$", 0, len(packet)) + packet)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"rtsp://127.0.0.1:{server.server_address[1]}/camera"
        finally:
            server.shutdown()
            thread.join()
