"""How fast frames are read: Sora against OpenCV, plain PyAV, decord and TorchCodec, where they install.

    python benchmarks/decode.py [--rounds 5] [--clips FOLDER] [--real VIDEO ...] [--json FILE]

Every reader gives RGB at 224 x 224: all frames of a clip, or 16 spread over it. Milliseconds, the median of
rounds in which all readers take turns, on a quick task five times in a row. Rendered clips are kept in the
folder, for the long one takes minutes.
Ends with 1 where a limit does not hold. Peers are not installed with Sora; what is missing is left out.
"""

import argparse
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from sora.atomic import replacing
from sora.demo.clip import clip_frames
from sora.demo.recording import Recording
from sora.guard import Guard
from sora.video.read import read_frames

SIZE_PX = 224
NUM_CHOSEN = 16
FPS = 30
X265 = {"crf": "26", "preset": "veryfast", "x265-params": "log-level=none:keyint=250"}
X264 = {"crf": "23", "preset": "veryfast", "g": "250", "bf": "3", "sc_threshold": "0"}
Clip = tuple[str, tuple[int, int], int, dict[str, str]]  # codec, size, number of frames, options
CLIPS: dict[str, Clip] = {
    "1080p_h264.mp4": ("libx264", (1920, 1080), 300, X264),
    "1080p_hevc.mp4": ("libx265", (1920, 1080), 300, X265),
    "1080p_h264_long.mp4": ("libx264", (1920, 1080), 6000, X264),
    "240p_h264.mp4": ("libx264", (320, 240), 300, {"crf": "23"}),
    "240p_mpeg4.avi": ("mpeg4", (320, 240), 300, {"q": "3", "g": "12"}),
}
Choose = Callable[[np.ndarray], list[int]]
Reader = Callable[[Path, Choose], np.ndarray]


def main() -> int:
    """Render what is missing, measure, print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument("--clips", type=Path, default=Path("benchmarks/.clips"), help="rendered clips")
    parser.add_argument("--real", type=Path, nargs="*", default=[], help="more videos to read")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    paths = [*render_missing(options.clips), *options.real]
    with Guard() as guard:
        readers = {"sora": read_sora, "guarded": guarded(guard), **peers()}
        rows = [row for path in paths for row in measure(path, readers, options.rounds)]
    limits = check(rows)
    show(rows, limits)
    if options.json:
        options.json.write_text(json.dumps({"rows": rows, "limits": limits}, indent=2) + "\n")
    return int(not all(limits.values()))


def every(times: np.ndarray) -> list[int]:
    """Choose all frames."""
    return list(range(len(times)))


def spread(times: np.ndarray) -> list[int]:
    """Choose the centres of 16 equal parts."""
    return [int((part + 0.5) * len(times) / NUM_CHOSEN) for part in range(NUM_CHOSEN)]


def square(width: int, height: int) -> tuple[int, int]:
    """Stretch to the size of network input."""
    return SIZE_PX, SIZE_PX


def read_sora(path: Path, choose: Choose) -> np.ndarray:
    """Read in this process."""
    return read_frames(path, choose, square, num_threads=0).pixels


def guarded(guard: Guard) -> Reader:
    """Read through a child process with budgets."""
    return lambda path, choose: guard.read_frames(path, choose, square).pixels


def peers() -> dict[str, Reader]:
    """Give the peers that can be imported."""
    found: dict[str, Reader] = {"opencv": read_opencv, "opencv seek": seek_opencv, "pyav": read_pyav}
    for name, reader in (("decord", read_decord), ("torchcodec", read_torchcodec)):
        try:
            importlib.import_module(name)
        except (ImportError, OSError, RuntimeError) as error:
            print(f"{name} is left out: {str(error).splitlines()[0]}", file=sys.stderr)
        else:
            found[name] = reader
    return found


def read_opencv(path: Path, choose: Choose) -> np.ndarray:
    """Read through, converting only what is chosen."""
    capture = cv2.VideoCapture(str(path))
    wanted = choose(np.empty(int(capture.get(cv2.CAP_PROP_FRAME_COUNT))))
    chosen, pictures = set(wanted), []
    for place in range(max(wanted) + 1):
        capture.grab()
        if place in chosen:
            pictures.append(_small_rgb(capture.retrieve()[1]))
    return np.stack(pictures)


def seek_opencv(path: Path, choose: Choose) -> np.ndarray:
    """Set the position before each frame that does not follow the last."""
    capture, at, pictures = cv2.VideoCapture(str(path)), 0, []
    for place in choose(np.empty(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))):
        if place != at:
            capture.set(cv2.CAP_PROP_POS_FRAMES, place)
        pictures.append(_small_rgb(capture.read()[1]))
        at = place + 1
    return np.stack(pictures)


def _small_rgb(picture: np.ndarray) -> np.ndarray:
    # INTER_AREA, for the others filter too: without, fine detail turns into noise.
    small = cv2.resize(picture, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2RGB)


def read_pyav(path: Path, choose: Choose) -> np.ndarray:
    """Read through in the plain way of PyAV's documentation."""
    pictures = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        wanted = choose(np.empty(stream.frames))
        chosen = set(wanted)
        for place, frame in enumerate(container.decode(stream)):
            if place in chosen:
                pictures.append(frame.to_ndarray(format="rgb24", width=SIZE_PX, height=SIZE_PX))
            if place == wanted[-1]:
                break
    return np.stack(pictures)


def read_decord(path: Path, choose: Choose) -> np.ndarray:
    """Read a batch."""
    import decord

    reader = decord.VideoReader(str(path), width=SIZE_PX, height=SIZE_PX)
    return reader.get_batch(choose(np.empty(len(reader)))).asnumpy()


def read_torchcodec(path: Path, choose: Choose) -> np.ndarray:
    """Read by index and resize in the decoder."""
    from torchcodec.decoders import VideoDecoder
    from torchcodec.transforms import Resize

    decoder = VideoDecoder(str(path), num_ffmpeg_threads=0, transforms=[Resize((SIZE_PX, SIZE_PX))])
    frames = decoder.get_frames_at(choose(np.empty(len(decoder))))
    return frames.data.permute(0, 2, 3, 1).numpy()


def measure(path: Path, readers: dict[str, Reader], num_rounds: int) -> Iterator[dict[str, Any]]:
    """Yield a row for all frames, except of the long clip, and one for 16 of them."""
    for task, choose in (("all", every), ("16", spread)):
        if task == "all" and "long" in path.name:
            continue
        takers = {name: reader for name, reader in readers.items() if task == "16" or name != "opencv seek"}
        times: dict[str, list[float]] = {name: [] for name in takers}
        for number in range(num_rounds + 1):
            for name, reader in takers.items():
                taken = turn(name, reader, path, choose)
                times[name] += taken if number else []  # the first round warms up
        medians = {name: round(statistics.median(values), 1) for name, values in times.items()}
        yield {"clip": path.name, "seconds": seconds_of(path), "frames": task, "milliseconds": medians}


def turn(name: str, reader: Reader, path: Path, choose: Choose) -> list[float]:
    """Return the milliseconds of one reader's turn: five readings, or one where that takes long."""
    taken: list[float] = []
    while len(taken) < 5 and sum(taken) < 300:
        start = time.perf_counter()
        pixels = reader(path, choose)
        taken.append((time.perf_counter() - start) * 1000)
        assert pixels.shape[1:] == (SIZE_PX, SIZE_PX, 3), f"{name} gave {pixels.shape}"
    return taken


def seconds_of(path: Path) -> float:
    """Return the duration of a video."""
    with av.open(str(path)) as container:
        return round((container.duration or 0) / av.time_base, 2)


def check(rows: list[dict[str, Any]]) -> dict[str, bool]:
    """Return the limits and whether they hold."""
    limits = {}
    for row in rows:
        name, took = f"{row['clip']}, {row['frames']}", row["milliseconds"]
        plain = min(took["opencv"], took["pyav"], took.get("opencv seek", took["opencv"]))
        limits[f"{name}: at most 1.05 of OpenCV and PyAV"] = took["sora"] <= 1.05 * plain
        if row["seconds"] >= 5:
            limits[f"{name}: guarded at most 1.2"] = took["guarded"] <= 1.2 * took["sora"]
        if "decord" in took:
            limits[f"{name}: at least 0.9 of decord's speed"] = took["decord"] >= 0.9 * took["sora"]
        if "1080p" in name and row["frames"] == "all":
            limits[f"{name}: at least 1.8 of OpenCV's speed"] = took["opencv"] >= 1.8 * took["sora"]
        if "long" in name:
            limits[f"{name}: at least 1.5 of OpenCV's seeking"] = took["opencv seek"] >= 1.5 * took["sora"]
    return limits


def show(rows: list[dict[str, Any]], limits: dict[str, bool]) -> None:
    """Print the times, how many times as long each peer takes, and the limits that do not hold."""
    names = list(rows[-1]["milliseconds"])
    table = Table("clip", "frames", *names, title="milliseconds (times Sora's)")
    for row in rows:
        took = row["milliseconds"]
        cells = [f"{took[n]:.0f} ({took[n] / took['sora']:.2f})" if n in took else "" for n in names]
        table.add_row(row["clip"], row["frames"], *cells)
    Console(width=150).print(table)
    broken = [name for name, holds in limits.items() if not holds]
    print(f"{len(limits) - len(broken)} of {len(limits)} limits hold", *broken, sep="\n  not: ")


def render_missing(folder: Path) -> list[Path]:
    """Render the clips that are not there yet, from the demo's figures; return all."""
    folder.mkdir(parents=True, exist_ok=True)
    scene: list[np.ndarray] = []
    for name, clip in CLIPS.items():
        if not (folder / name).exists():
            print(f"rendering {name}", file=sys.stderr)
            scene = scene or list(render_scene())
            encode(folder / name, scene, clip)
    return [folder / name for name in CLIPS]


def render_scene() -> Iterator[np.ndarray]:
    """Yield ten seconds of a dancing figure, uint8 RGB (1080, 1920, 3)."""
    recording = Recording("mp4", "h264", FPS, 1920, 1080, 300, "none", "", 1.0)
    return clip_frames(0, 1, "dance", 0, recording)


def encode(path: Path, scene: list[np.ndarray], clip: Clip) -> None:
    """Write the scene, to and fro as often as it takes."""
    codec, size, num_frames, options = clip
    there_and_back = [*scene, *reversed(scene)]
    with replacing(path) as temporary, av.open(str(temporary), "w") as container:
        stream = container.add_stream(codec, rate=FPS, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(num_frames):
            picture = there_and_back[number % len(there_and_back)]
            frame = av.VideoFrame.from_ndarray(
                cv2.resize(picture, size, interpolation=cv2.INTER_AREA), "rgb24"
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


if __name__ == "__main__":
    sys.exit(main())
