"""How good and how fast ``sora enhance`` is: super-resolution, restoration, and what an interruption costs.

    python benchmarks/enhance.py CLIPS... [--sheet FILE] [--skip rates,memory,kill] [--json FILE]

Quality: frames of each of CLIPS are shrunk by 2 (area) and enlarged again, by the network, by Lanczos and by
bicubic interpolation; PSNR and SSIM of luma against the frames, without a border of 8 px. Noise of known
strength is added to frames and taken away again. Rates are of whole videos, from decoding to coding, beside
the network alone on as many threads. Memory is of ten minutes of video. Ends with 1 where a limit does not
hold.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from statistics import mean, median
from typing import Any

import av
import cv2
import numpy as np
import psutil
from projects import ROOT
from rich.console import Console
from rich.table import Table

from sora.enhance.effect import Enhancement, Options
from sora.enhance.enlarging import enlarge
from sora.enhance.network import load_enlarger
from sora.transcode.effect import Frame
from sora.transcode.pipeline import num_cores
from sora.transcode.run import Job, transcode
from sora.video.read import iterate_frames

LIMITS = {"dB over Lanczos": 0.5, "of the network's rate": 0.8, "cores busy": 0.85, "memory growth MiB": 32}
NUM_FRAMES, BORDER_PX = 5, 8
NOISES = (5, 15)
NUM_NOISY = 16
MINUTES, TINY = 10, (80, 60)
SETTLING_SECONDS = 20
CROP_PX, SHOWN_PX = 64, 256


def main() -> int:
    """Measure, print; return 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--sheet", type=Path, help="write a PNG of crops of each clip")
    parser.add_argument("--skip", default="", help="of rates, memory, kill: those not wanted")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    figures: dict[str, Any] = {"quality": quality(options.clips), "noise": noise(options.clips)}
    if options.sheet:
        cv2.imwrite(str(options.sheet), sheet(options.clips)[..., ::-1])
    with tempfile.TemporaryDirectory() as folder:
        if "rates" not in options.skip:
            small, large = (320, 240, 24), (1920, 1080, 4)
            figures["rates"] = [rate(options.clips[0], size, Path(folder)) for size in (small, large)]
        if "memory" not in options.skip:
            figures["memory"] = memory(options.clips[0], Path(folder))
        if "kill" not in options.skip:
            figures["same bytes after kill -9"] = killed(options.clips[0], Path(folder))
    failed = list(failures(figures))
    show(figures, failed)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(bool(failed))


def quality(clips: list[Path]) -> list[dict[str, Any]]:
    """Return a row for each clip: PSNR and SSIM of each way to enlarge."""
    rows = []
    for clip in clips:
        found: dict[str, list[tuple[float, float]]] = {}
        for truth in spread_frames(clip):
            for name, made in enlarged(truth).items():
                found.setdefault(name, []).append(compare(truth, made))
        row: dict[str, Any] = {"clip": clip.name}
        for name, values in found.items():
            row[f"{name} dB"], row[f"{name} SSIM"] = (mean(column) for column in zip(*values, strict=True))
        rows.append(row)
    return rows


def enlarged(truth: np.ndarray) -> dict[str, np.ndarray]:
    """Return a frame shrunk and enlarged again, by each way."""
    height, width = truth.shape[:2]
    small = cv2.resize(truth, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return {
        "network": enlarge(small, load_enlarger(), 2),
        "Lanczos": cv2.resize(small, (width, height), interpolation=cv2.INTER_LANCZOS4),
        "bicubic": cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC),
    }


def compare(truth: np.ndarray, made: np.ndarray) -> tuple[float, float]:
    """Return PSNR and SSIM of luma."""
    one, other = (luma(picture)[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX] for picture in (truth, made))
    return psnr(one, other), ssim(one, other)


def luma(picture: np.ndarray) -> np.ndarray:
    """Return float64 (H, W) in [0, 255], not rounded, for rounding would be an error of its own."""
    return picture @ np.array([0.299, 0.587, 0.114])


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio in decibels."""
    return float(10 * np.log10(255**2 / np.mean((one - other) ** 2)))


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Return the structural similarity with its usual constants (Wang et al., 2004)."""

    def blurred(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (11, 11), 1.5)

    mean_one, mean_other = blurred(one), blurred(other)
    variance_one, variance_other = blurred(one**2) - mean_one**2, blurred(other**2) - mean_other**2
    covariance = blurred(one * other) - mean_one * mean_other
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_one * mean_other + c1) * (2 * covariance + c2)
    below = (mean_one**2 + mean_other**2 + c1) * (variance_one + variance_other + c2)
    return float(np.mean(above / below))


def noise(clips: list[Path]) -> list[dict[str, Any]]:
    """Return mean PSNR of noisy frames of all clips, and of what is left after denoising."""
    rows = []
    for deviation in NOISES:
        found = [denoised(clip, deviation) for clip in clips]
        before, after = (mean(column) for column in zip(*found, strict=True))
        rows.append({"noise": deviation, "noisy dB": before, "denoised dB": after})
    return rows


def denoised(clip: Path, deviation: float) -> tuple[float, float]:
    """Return the PSNR of the last of a clip's first frames with noise, before and after denoising."""
    effect, random = Enhancement(Options(denoise=True), None), np.random.default_rng(0)
    state, before = None, None
    for number, truth in enumerate(islice(frames(clip), NUM_NOISY)):
        given = np.clip(np.rint(truth + random.normal(0, deviation, truth.shape)), 0, 255).astype(np.uint8)
        frame = Frame(number, number / 25, given, before)
        state, finished = effect.finish(state, frame, effect.prepare(frame))
        before = given
    made = effect.render(frame, finished)
    return psnr(truth.astype(float), given), psnr(truth.astype(float), made)


def rate(clip: Path, size: tuple[int, int, int], folder: Path) -> dict[str, Any]:
    """Return frames per second at a size (width, height, how many frames), and those of the network alone."""
    width, height, count = size
    video = write_video(folder / f"{width}.mp4", clip, (width, height), count)
    picture = next(frames(video))
    bare_seconds = timed(lambda: bare(picture, count))[0]
    effect = Enhancement(Options(2), load_enlarger())
    seconds, cpu_seconds = timed(lambda: transcode(Job(video, folder / f"{width}-out.mp4"), effect))
    return {
        "size": f"{width} x {height}",
        "frames/s": count / seconds,
        "network frames/s": count / bare_seconds,
        "share": bare_seconds / seconds,
        "cores busy": cpu_seconds / seconds / num_cores(),
    }


def bare(picture: np.ndarray, count: int) -> None:
    """Enlarge a picture so many times on all cores, and do nothing else."""
    with ThreadPoolExecutor(num_cores()) as pool:
        list(pool.map(lambda _: enlarge(picture, load_enlarger(), 2), range(count)))


def timed(work: Any) -> tuple[float, float]:
    """Return the seconds that something takes, and those of processors."""
    start, cpu_start = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - cpu_start


def memory(clip: Path, folder: Path) -> dict[str, float]:
    """Return the memory of the command over ten minutes of video at a small size, in MiB."""
    video = write_video(folder / "long.mp4", clip, TINY, MINUTES * 60 * 25)
    with command(video, folder / "long-out.mp4", "--scale", "2", "--denoise") as process:
        samples = [(time.perf_counter(), mib) for mib in watched(process)]
    start, end = samples[0][0] + SETTLING_SECONDS, samples[-1][0]
    third = (end - start) / 3
    early = median(mib for seconds, mib in samples if start <= seconds < start + third)
    late = median(mib for seconds, mib in samples if seconds >= end - third)
    return {"early MiB": early, "late MiB": late, "growth MiB": late - early, "minutes": (end - start) / 60}


def watched(process: subprocess.Popen[bytes]) -> Iterator[float]:
    """Yield the memory of a process, four times a second, until it ends."""
    while process.poll() is None:
        yield psutil.Process(process.pid).memory_info().rss / 2**20
        time.sleep(0.25)


def killed(clip: Path, folder: Path) -> bool:
    """Return whether a run that was killed half-way gives the bytes of an undisturbed one."""
    video = write_video(folder / "kill.mp4", clip, TINY, 400)
    undisturbed, output = folder / "undisturbed.mp4", folder / "again.mp4"
    words = "--scale", "2", "--denoise"
    with command(video, undisturbed, *words):
        pass
    with command(video, output, *words) as process:
        while process.poll() is None and len(list(folder.glob(f".{output.name}.parts/*/part-*"))) < 2:
            time.sleep(0.05)
        process.kill()
    was_there = output.exists()
    with command(video, output, *words):
        pass
    return not was_there and output.read_bytes() == undisturbed.read_bytes()


def command(video: Path, output: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start ``sora enhance``."""
    start = [sys.executable, "-c", "from sora.cli import app; app()", "enhance"]
    return subprocess.Popen(
        [*start, str(video), "-o", str(output), *words], cwd=ROOT, stdout=subprocess.DEVNULL
    )


def write_video(path: Path, clip: Path, size: tuple[int, int], count: int) -> Path:
    """Write so many frames of a clip, over and over, at a size."""
    pictures = [cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in islice(frames(clip), 60)]
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "18"})
        (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
        for picture in islice(cycle(pictures), count):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(stream.encode())
    return path


def frames(clip: Path) -> Iterator[np.ndarray]:
    """Yield the frames of a clip at an even size, uint8 RGB."""
    for frame in iterate_frames(clip, lambda width, height: (width // 2 * 2, height // 2 * 2)):
        yield frame.pixels


def spread_frames(clip: Path) -> list[np.ndarray]:
    """Return a few frames of a clip, evenly spaced among the first hundred."""
    found = list(islice(frames(clip), 100))
    return [found[place] for place in np.linspace(0, len(found) - 1, NUM_FRAMES).round().astype(int)]


def sheet(clips: list[Path]) -> np.ndarray:
    """Return a row of crops for each clip: truth, network, Lanczos, bicubic; those with the most edges."""
    rows = []
    for clip in clips:
        truth = spread_frames(clip)[NUM_FRAMES // 2]
        edges = cv2.blur(cv2.Canny(truth, 100, 200), (CROP_PX, CROP_PX))
        half = CROP_PX // 2
        inner = edges[half : truth.shape[0] - half, half : truth.shape[1] - half]
        top, left = np.unravel_index(inner.argmax(), inner.shape)
        crops = [
            one[top : top + CROP_PX, left : left + CROP_PX] for one in (truth, *enlarged(truth).values())
        ]
        shown = [cv2.resize(one, (SHOWN_PX, SHOWN_PX), interpolation=cv2.INTER_NEAREST) for one in crops]
        rows.append(np.hstack(shown))
    return np.vstack(rows)


def failures(figures: dict[str, Any]) -> Iterator[str]:
    """Yield the limits that do not hold."""
    gain = mean(row["network dB"] - row["Lanczos dB"] for row in figures["quality"])
    if gain < LIMITS["dB over Lanczos"]:
        yield f"{gain:.2f} dB over Lanczos"
    for row in figures.get("rates", []):
        if row["share"] < LIMITS["of the network's rate"] or row["cores busy"] < LIMITS["cores busy"]:
            yield f"rate at {row['size']}"
    if figures.get("memory", {}).get("growth MiB", 0) > LIMITS["memory growth MiB"]:
        yield "memory grows"
    if not figures.get("same bytes after kill -9", True):
        yield "other bytes after kill -9"


def show(figures: dict[str, Any], failed: list[str]) -> None:
    """Print tables."""
    console = Console()
    for name, rows in figures.items():
        listed = rows if isinstance(rows, list) else [rows if isinstance(rows, dict) else {name: rows}]
        table = Table(*listed[0], title=name)
        for row in listed:
            table.add_row(
                *(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values())
            )
        console.print(table)
    gains = [row["network dB"] - row["Lanczos dB"] for row in figures["quality"]]
    console.print(f"over Lanczos: mean {mean(gains):+.2f} dB, least {min(gains):+.2f} dB")
    console.print(f"limits that do not hold: {', '.join(failed) or 'none'}")


if __name__ == "__main__":
    sys.exit(main())
