"""Whether broken and hostile videos do any harm: thousands of mutated clips, bombs and playlists.

    python benchmarks/mutate.py [--clips 5000] [--seed 0] [--json FILE]

Every file is probed and read through the guarded child, as ``sora inspect`` and ``sora predict`` do. Each
must be read or refused with a reason; the parent must neither crash nor hang. Ends with 1 where a limit does
not hold.
"""

import argparse
import collections
import json
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from sora.errors import VideoError
from sora.guard import Budget, Guard
from sora.video.probe import probe
from sora.video.read import read_frames

CUTS = 200
FAULT = "fault"
BUDGET = Budget(seconds=5, memory_gib=0.5)
KINDS = (
    ("a.mp4", "libx264", "yuv420p", {"g": "10", "bf": "3"}),
    ("a.mkv", "libx265", "yuv420p", {"x265-params": "log-level=none:keyint=10"}),
    ("a.avi", "mpeg4", "yuv420p", {"g": "10"}),
    ("a.webm", "libvpx-vp9", "yuv420p", {"cpu-used": "8", "deadline": "realtime"}),
    ("a.flv", "flv", "yuv420p", {}),
    ("a.ts", "mpeg2video", "yuv420p", {"bf": "2"}),
    ("b.avi", "mjpeg", "yuvj420p", {}),
    ("a.gif", "gif", "rgb8", {}),
    ("b.mp4", "libx264", "yuv420p", {"g": "10"}),  # its index lies in front, so that a cut leaves frames
)
MUXING = {"b.mp4": {"movflags": "faststart"}}


def main() -> int:
    """Make the files, read them all, print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=5000, help="mutated clips (default: 5000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Guard(BUDGET, 2) as guard:
        folder = Path(name)
        sources = [write_clip(folder / kind[0], kind) for kind in KINDS]
        figures = {
            "mutated": read_all(guard, mutated(folder, sources, options.clips, options.seed), options.clips),
            "cut": read_all(guard, cut_short(folder, [sources[0], sources[-1]]), 2 * CUTS),
            "bombs": [read_bomb(guard, path) for path in bombs(folder)],
            "playlists": read_playlists(guard, folder, sources[0]),
        }
    limits = check(figures, options.clips)
    show(figures, limits)
    if options.json:
        options.json.write_text(json.dumps({**figures, "limits": limits}, indent=2) + "\n")
    return int(not all(limits.values()))


def attempt(path: Path) -> str:
    """Probe and read one file, in the child; return what came of it."""
    facts = probe(path)
    try:
        frames = read_frames(path, spread, small)
    except VideoError as error:
        return f"refused: {error}"
    return "read, with a break" if frames.warning or facts.error else "read"


def spread(times: np.ndarray) -> list[int]:
    """Choose eight frames."""
    return [part * len(times) // 8 for part in range(8)]


def small(width: int, height: int) -> tuple[int, int]:
    """Give a size."""
    return 64, 64


def read_all(guard: Guard, files: Iterator[Path], count: int) -> dict[str, Any]:
    """Read each file; return the kinds of outcome and the longest time in seconds."""
    outcomes: collections.Counter[str] = collections.Counter()
    slowest = 0.0
    quiet = not sys.stderr.isatty()
    for path in track(files, total=count, console=Console(stderr=True), disable=quiet, transient=True):
        start = time.monotonic()
        outcomes[outcome_of(guard, path)] += 1
        slowest = max(slowest, time.monotonic() - start)
        path.unlink()
    return {"outcomes": dict(outcomes.most_common()), "slowest_seconds": round(slowest, 2)}


def outcome_of(guard: Guard, path: Path) -> str:
    """Return the kind of outcome of one file."""
    try:
        found = guard.call(attempt, path)
    except VideoError as error:
        return str(error)
    except Exception as error:  # whatever it is, it is a fault of ours
        return f"{FAULT}: {error!r}"
    return found if found.startswith("read") else "refused with a reason"


def write_clip(path: Path, kind: tuple[str, str, str, dict[str, str]]) -> Path:
    """Write 40 frames of moving noise, 96 x 64."""
    texture = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    _, codec, pix_fmt, options = kind
    return encode(path, codec, pix_fmt, options, (np.roll(texture, 2 * i, axis=1) for i in range(40)))


def encode(
    path: Path, codec: str, pix_fmt: str, options: dict[str, str], frames: Iterator[np.ndarray]
) -> Path:
    """Write a video of uint8 RGB frames."""
    with av.open(str(path), "w", options=MUXING.get(path.name, {})) as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.pix_fmt = pix_fmt
        for number, pixels in enumerate(frames):
            if number == 0:
                stream.height, stream.width = pixels.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
    return path


def mutated(folder: Path, sources: list[Path], count: int, seed: int) -> Iterator[Path]:
    """Yield files with bits flipped, a piece cut out, or a piece of another file put in."""
    rng = np.random.default_rng(seed)
    contents = [source.read_bytes() for source in sources]
    change: tuple[Callable[..., bytes], ...] = (flip_bits, cut_out, splice)
    for number in range(count):
        which = int(rng.integers(len(sources)))
        other = contents[int(rng.integers(len(sources)))]
        path = folder / f"mutated{number}{sources[which].suffix}"
        path.write_bytes(change[number % 3](contents[which], other, rng))
        yield path


def flip_bits(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Flip from one bit to one in a hundred."""
    bits = np.unpackbits(np.frombuffer(data, np.uint8))
    share = 10 ** rng.uniform(-5, -2)
    bits[rng.integers(0, len(bits), max(1, int(len(bits) * share)))] ^= 1
    return np.packbits(bits).tobytes()


def cut_out(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Leave out a piece."""
    first, last = sorted(rng.integers(0, len(data), 2))
    return data[:first] + data[last:]


def splice(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Put a piece of another file over this one."""
    start, length = int(rng.integers(len(other))), int(rng.integers(1, 4000))
    place = int(rng.integers(len(data)))
    return data[:place] + other[start : start + length] + data[place + length :]


def cut_short(folder: Path, sources: list[Path]) -> Iterator[Path]:
    """Yield MP4s cut at evenly spread places."""
    for source in sources:
        data = source.read_bytes()
        for place in np.linspace(1, len(data) - 1, CUTS).astype(int):
            path = folder / f"cut{place}.mp4"
            path.write_bytes(data[:place])
            yield path


def bombs(folder: Path) -> Iterator[Path]:
    """Yield small files that unpack to a frame of 16,000 x 16,000, or to over a million frames."""
    huge = (np.zeros((16_000, 16_000, 3), np.uint8) for _ in range(1))
    yield encode(folder / "huge.avi", "png", "gray", {}, huge)
    yield claim_size(encode(folder / "lying.png.avi", "png", "rgb24", {}, huge_claim()), 16_000)
    yield many_frames(folder / "many.mkv", 1_200_000)
    yield many_frames(folder / "many.mp4", 1_200_000)


def huge_claim() -> Iterator[np.ndarray]:
    """Yield one small frame."""
    yield np.zeros((64, 64, 3), np.uint8)


def claim_size(path: Path, side_px: int) -> Path:
    """Let the picture within an AVI say that it is larger than the header says."""
    data = bytearray(path.read_bytes())
    place = data.index(b"IHDR") + 4
    data[place : place + 8] = struct.pack(">II", side_px, side_px)
    path.write_bytes(data)
    return path


def many_frames(path: Path, count: int) -> Path:
    """Write one tiny encoded frame over and over."""
    picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), "rgb24")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=1000)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        first = [*stream.encode(picture), *stream.encode()][0]
        data = bytes(first)
        for number in range(count):
            packet = av.Packet(data)
            packet.stream, packet.pts, packet.dts = stream, number, number
            packet.time_base = stream.codec_context.time_base
            packet.is_keyframe = True
            container.mux(packet)
    return path


def read_bomb(guard: Guard, path: Path) -> dict[str, Any]:
    """Read one; return the reason and the time in seconds."""
    start = time.monotonic()
    try:
        found = guard.call(attempt, path)
    except VideoError as error:
        found = f"stopped: {error}"
    seconds = round(time.monotonic() - start, 2)
    return {"file": path.name, "bytes": path.stat().st_size, "outcome": found, "seconds": seconds}


def read_playlists(guard: Guard, folder: Path, good: Path) -> list[dict[str, Any]]:
    """Read playlists that name a good file and a server, dressed as .mp4; count what the server is asked."""
    asked: list[str] = []

    class Ears(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = HTTPServer(("127.0.0.1", 0), Ears)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    rows = []
    for name, text in playlists(good.name, f"http://127.0.0.1:{server.server_port}/x.ts").items():
        path = folder / f"{name}.mp4"
        path.write_text(text)
        rows.append({**read_bomb(guard, path), "requests": len(asked)})
    server.shutdown()
    return rows


def playlists(file: str, address: str) -> dict[str, str]:
    """Return playlists of each kind that FFmpeg knows, naming a file and an address."""
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n"
    mpd = '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{}</BaseURL></MPD>'
    concat = "ffconcat version 1.0\nfile {}\n"
    sdp = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    kinds = {"hls": hls, "dash": mpd, "concat": concat}
    named = {
        f"{kind}_{n}": text.format(n_)
        for kind, text in kinds.items()
        for n, n_ in (("file", file), ("address", address))
    }
    return {**named, "sdp": sdp}


def check(figures: dict[str, Any], num_clips: int) -> dict[str, bool]:
    """Return the limits and whether they hold."""
    return {
        "every mutated clip has an outcome": sum(figures["mutated"]["outcomes"].values()) == num_clips,
        "every cut MP4 has an outcome": sum(figures["cut"]["outcomes"].values()) == 2 * CUTS,
        "none is a fault of the program": not any(
            outcome.startswith(FAULT) for kind in ("mutated", "cut") for outcome in figures[kind]["outcomes"]
        ),
        "no clip takes longer than the budget": max(figures[k]["slowest_seconds"] for k in ("mutated", "cut"))
        < 7,
        "no bomb is read": all(not row["outcome"].startswith("read") for row in figures["bombs"]),
        "bombs are refused within 5 s": all(row["seconds"] < 5 for row in figures["bombs"]),
        "no playlist is read": all(row["outcome"].startswith("refused") for row in figures["playlists"]),
        "no playlist opens a socket": all(row["requests"] == 0 for row in figures["playlists"]),
    }


def show(figures: dict[str, Any], limits: dict[str, bool]) -> None:
    """Print the figures and the limits."""
    console = Console(width=140)
    for name in ("mutated", "cut"):
        table = Table("outcome", "files", title=f"{name}, slowest {figures[name]['slowest_seconds']} s")
        for outcome, count in figures[name]["outcomes"].items():
            table.add_row(outcome, str(count))
        console.print(table)
    for name in ("bombs", "playlists"):
        table = Table(*figures[name][0], title=name)
        for row in figures[name]:
            table.add_row(*map(str, row.values()))
        console.print(table)
    for limit, holds in limits.items():
        print("holds   " if holds else "BROKEN  ", limit)


if __name__ == "__main__":
    sys.exit(main())
